//! What a search promises, by example.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{BeamSearch, BeamSearchConfig, Filter, Hypothesis};
use crate::{Beam, Error, TableScorer, TokenId, Trie};

fn trie(identifiers: &[(&[u32], u32)]) -> Trie {
    let identifiers = identifiers.iter().map(|&(tokens, value)| {
        let tokens: Vec<TokenId> = tokens.iter().copied().map(TokenId::new).collect();
        (tokens, value)
    });
    Trie::from_identifiers(identifiers).unwrap()
}

fn search(results: usize, width: usize) -> BeamSearch {
    BeamSearchConfig::new(results)
        .with_width(width)
        .init()
        .unwrap()
}

fn values(found: &[Hypothesis]) -> Vec<u32> {
    found.iter().map(|found| found.value).collect()
}

#[test]
fn without_allowed_values_a_list_is_empty_and_the_scorer_is_not_asked() {
    let mut never = |_: usize, _: &[Beam], _: &[TokenId], _: &mut [f32]| panic!("asked");
    let empty = trie(&[]);
    assert_eq!(
        search(3, 3).search(&empty, 2, &mut never, None).unwrap(),
        [[], []]
    );

    let trie = trie(&[(&[1, 2], 0), (&[1], 1)]);
    let filters = [
        Filter::Exclude(&[1, 0]),
        Filter::Allow(&[]),
        Filter::Allow(&[7]),
    ];
    let found = search(3, 3)
        .search_filtered(&trie, &filters, &mut never)
        .unwrap();
    assert_eq!(found, [[], [], []]);
    assert!(
        search(3, 3)
            .search(&trie, 0, &mut never, None)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_request_without_allowed_values_leaves_the_others_their_rows() {
    let trie = trie(&[(&[0, 0], 0), (&[0, 1], 1), (&[1, 0], 2)]);
    let table = vec![-1., -2., -1., -2., -9., -9., -9., -9., -1., -2., -2., -1.];
    let mut scorer = TableScorer::new(3, 2, 2, table).unwrap();
    let exclude = [vec![], vec![0, 1, 2], vec![]];
    let found = search(1, 2)
        .search(&trie, 3, &mut scorer, Some(&exclude))
        .unwrap();
    assert_eq!(
        found.iter().map(|found| values(found)).collect::<Vec<_>>(),
        [vec![0], vec![], vec![1]]
    );
}

#[test]
fn excluded_values_take_no_place_in_the_beam() {
    // Nine of the ten likeliest first tokens lead to excluded values only.
    let identifiers: Vec<([u32; 2], u32)> = (0..12).map(|i| ([i, 0], i)).collect();
    let identifiers: Vec<(&[u32], u32)> = identifiers
        .iter()
        .map(|(tokens, i)| (&tokens[..], *i))
        .collect();
    let trie = trie(&identifiers);
    let table = (0..2 * 12).map(|i| -(i as f32)).collect();
    let mut scorer = TableScorer::new(1, 2, 12, table).unwrap();
    let exclude = [(0..9).collect()];
    let found = search(3, 1)
        .search(&trie, 1, &mut scorer, Some(&exclude))
        .unwrap();
    assert_eq!(values(&found[0]), [9, 10, 11]);
}

#[test]
fn a_search_ends_as_soon_as_no_prefix_can_improve_the_list() {
    // A short identifier at -1; the long one is at -2 after its first token.
    let trie = trie(&[(&[0], 0), (&[1, 0, 0, 0, 0], 1)]);
    let mut depths = Vec::new();
    let mut scorer = |depth: usize, _: &[Beam], candidates: &[TokenId], scores: &mut [f32]| {
        depths.push(depth);
        for (score, token) in scores.iter_mut().zip(candidates.iter().cycle()) {
            *score = -1.0 - token.get() as f32;
        }
    };
    let found = search(1, 5).search(&trie, 1, &mut scorer, None).unwrap();
    assert_eq!(
        found[0],
        [Hypothesis {
            value: 0,
            score: -1.0
        }]
    );
    let found = search(2, 5).search(&trie, 1, &mut scorer, None).unwrap();
    assert_eq!(values(&found[0]), [0, 1]);
    assert_eq!(found[0][1].score, -6.0);
    assert_eq!(depths, [0, 0, 1, 2, 3, 4]);
}

#[test]
fn ties_go_to_the_shorter_then_the_better_parent_then_the_smaller_token() {
    let trie = trie(&[
        (&[0, 0], 5),
        (&[0, 1], 4),
        (&[1, 0], 3),
        (&[1, 1], 2),
        (&[2], 1),
    ]);
    // Totals of -3 everywhere, but the prefix 1 is ahead of the prefix 0.
    let mut scorer = |depth: usize, beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]| {
        for (beam, row) in beams.iter().zip(scores.chunks_exact_mut(candidates.len())) {
            for (score, token) in row.iter_mut().zip(candidates) {
                *score = match (depth, token.get(), beam.token.get()) {
                    (0, 0, _) | (1, _, 1) => -2.0,
                    (0, 1, _) | (1, _, 0) => -1.0,
                    _ => -3.0,
                };
            }
        }
    };
    let found = search(5, 5).search(&trie, 1, &mut scorer, None).unwrap();
    assert_eq!(values(&found[0]), [1, 3, 2, 5, 4]);
    assert!(found[0].iter().all(|found| found.score == -3.0));
}

#[test]
fn what_is_no_log_probability_is_refused_with_its_place() {
    let trie = trie(&[(&[0, 3], 0), (&[0, 4], 1)]);
    let run = |bad: f32| {
        let mut scorer = |depth: usize, _: &[Beam], candidates: &[TokenId], scores: &mut [f32]| {
            scores.fill(-1.0);
            if depth == 1 {
                scores[2 * candidates.len() - 1] = bad;
            }
        };
        search(2, 2).search(&trie, 2, &mut scorer, None)
    };
    for bad in [f32::NAN, 0.01, f32::INFINITY] {
        match run(bad).unwrap_err() {
            Error::NotALogProbability {
                request,
                depth,
                token,
                score,
            } => {
                assert_eq!((request, depth, token), (1, 1, TokenId::new(4)));
                assert_eq!(score.to_bits(), bad.to_bits());
            }
            error => panic!("{error}"),
        }
    }
    // Rounding errors count as 0, and -inf is the worst score, but no exclusion.
    assert_eq!(
        run(1e-6).unwrap()[1][0],
        Hypothesis {
            value: 1,
            score: -1.0
        }
    );
    assert_eq!(
        run(f32::NEG_INFINITY).unwrap()[1][1].score,
        f32::NEG_INFINITY
    );

    let mut forgetful = |_: usize, _: &[Beam], _: &[TokenId], _: &mut [f32]| {};
    let error = search(1, 1)
        .search(&trie, 1, &mut forgetful, None)
        .unwrap_err();
    assert!(
        error.to_string().contains("NaN") && error.to_string().contains("depth 0"),
        "{error}"
    );
}

#[test]
#[should_panic(expected = "each of 2 requests, found 1")]
fn one_list_of_excluded_values_per_request_is_expected() {
    let mut scorer = |_: usize, _: &[Beam], _: &[TokenId], _: &mut [f32]| {};
    search(1, 1)
        .search(&trie(&[]), 2, &mut scorer, Some(&[vec![]]))
        .unwrap();
}

#[test]
fn a_batch_large_enough_for_several_threads_is_searched_like_its_requests_alone() {
    let mut rng = StdRng::seed_from_u64(1);
    let (requests, levels, tokens) = (40, 4, 64);
    let table: Vec<f32> = (0..requests * levels * tokens)
        .map(|_| -rng.random::<f32>() * 9.0)
        .collect();
    let mut identifiers: Vec<Vec<TokenId>> = (0..3_000)
        .map(|_| {
            (0..levels)
                .map(|_| TokenId::new(rng.random_range(0..tokens as u32)))
                .collect()
        })
        .collect();
    identifiers.sort();
    identifiers.dedup();
    let trie = Trie::from_identifiers(identifiers.into_iter().zip(0..)).unwrap();
    let exclude: Vec<Vec<u32>> = (0..requests)
        .map(|_| (0..20).map(|_| rng.random_range(0..3_000)).collect())
        .collect();
    assert!(requests * 20 * tokens >= super::PARALLEL_SCORES);

    let mut scorer = TableScorer::new(requests, levels, tokens, table.clone()).unwrap();
    let batch = search(10, 20)
        .search(&trie, requests, &mut scorer, Some(&exclude))
        .unwrap();
    for (request, found) in batch.iter().enumerate() {
        let rows = &table[request * levels * tokens..][..levels * tokens];
        let mut scorer = TableScorer::new(1, levels, tokens, rows.to_vec()).unwrap();
        let exclude = &exclude[request..][..1];
        assert_eq!(
            &search(10, 20)
                .search(&trie, 1, &mut scorer, Some(exclude))
                .unwrap()[0],
            found
        );
    }
}
