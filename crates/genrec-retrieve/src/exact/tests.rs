//! Against scoring everything at once.

use proptest::prelude::*;

use super::*;

fn tensor(rows: &[Vec<f32>]) -> Tensor<2> {
    let values: Vec<f32> = rows.concat();
    let dim = values.len() / rows.len();
    Tensor::from_data(TensorData::new(values, [rows.len(), dim]), &Device::flex())
}

fn ids(items: &[u32]) -> Vec<ItemId> {
    items.iter().copied().map(ItemId::new).collect()
}

/// Small whole numbers, whose dot products are exact; the same for the same seed.
fn whole(rows: usize, dim: usize, mut seed: u64) -> Vec<Vec<f32>> {
    let mut draw = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 33) % 6) as f32 - 2.0
    };
    (0..rows)
        .map(|_| (0..dim).map(|_| draw()).collect())
        .collect()
}

/// The naive twin: every score, then the list.
fn naive(rows: &[Vec<f32>], query: &[f32], k: usize, without: &[ItemId]) -> Ranked {
    let dot = |row: &Vec<f32>| row.iter().zip(query).map(|(a, b)| a * b).sum();
    let mut scores: Vec<f32> = rows.iter().map(dot).collect();
    for item in without {
        scores[item.index()] = f32::NEG_INFINITY;
    }
    Ranked::from_scores(&scores, k)
}

fn refusal<T>(result: Result<T>) -> String {
    result.err().expect("to be refused").to_string()
}

#[test]
fn ties_that_straddle_blocks_are_one_group() {
    // Two items of score 2, one in each of the first and third block, everything else ties at 1.
    let mut rows = vec![vec![1.0]; 2 * ITEMS + 5];
    rows[7][0] = 2.0;
    rows[2 * ITEMS + 1][0] = 2.0;
    let search = ExactSearch::new(tensor(&rows), Similarity::Dot).unwrap();
    let query = || tensor(&[vec![1.0]]);
    let two = search.nearest(query(), 1, &[]).unwrap().remove(0);
    assert_eq!((two.items(), two.ranks()), (&ids(&[7])[..], &[2][..]));
    assert_eq!(two.beyond(), [ItemId::from_index(2 * ITEMS + 1)]);
    let four = search.nearest(query(), 4, &[]).unwrap().remove(0);
    assert_eq!(four.ranks(), [2, 2, rows.len() as u32, rows.len() as u32]);
    assert_eq!(four, naive(&rows, &[1.0], 4, &[]));
}

#[test]
fn equal_rows_tie_wherever_they_lie_in_their_blocks() {
    // Not whole numbers: the product must add up in the same order at every place of a block, its ends included.
    let odd: Vec<f32> = (0..19).map(|i| (i as f32 * 0.7).sin()).collect();
    let mut rows: Vec<Vec<f32>> = (0..ITEMS + 77)
        .map(|i| {
            (0..19)
                .map(|j| ((i * 19 + j) as f32).cos() * 0.01)
                .collect()
        })
        .collect();
    let places = [
        0,
        1,
        7,
        15,
        16,
        100,
        ITEMS - 1,
        ITEMS,
        ITEMS + 63,
        ITEMS + 64,
        ITEMS + 76,
    ];
    for place in places {
        rows[place].clone_from(&odd);
    }
    for similarity in [Similarity::Dot, Similarity::Cosine] {
        let search = ExactSearch::new(tensor(&rows), similarity).unwrap();
        for queries in [1, 2, 5, 64, 65] {
            let asked = tensor(&vec![odd.clone(); queries]);
            for ranked in search.nearest(asked, 3, &[]).unwrap() {
                let last = places.len() as u32;
                assert_eq!(
                    ranked.ranks(),
                    [last; 3],
                    "{similarity:?}, {queries} queries"
                );
            }
        }
    }
}

#[test]
fn cosine_knows_no_lengths_and_gives_zero_to_rows_without_one() {
    let rows = [
        vec![0.0, 0.0],
        vec![1e-30, 0.0],
        vec![3e30, -4e30],
        vec![0.0, 2.0],
    ];
    let search = ExactSearch::new(tensor(&rows), Similarity::Cosine).unwrap();
    let asked = tensor(&[vec![1e-25, 0.0], vec![0.0, 0.0]]);
    let answers = search.nearest(asked, 4, &[]).unwrap();
    assert_eq!(answers[0].items(), ids(&[1, 2, 0, 3]));
    assert!((answers[0].scores()[1] - 0.6).abs() < 1e-6);
    assert_eq!(answers[0].scores()[2..], [0.0, 0.0]);
    assert_eq!(answers[0].ranks(), [1, 2, 4, 4]);
    assert_eq!(
        (answers[1].scores(), answers[1].ranks()),
        (&[0.0; 4][..], &[4; 4][..])
    );
}

#[test]
fn nothing_asked_and_nothing_left() {
    let rows = whole(5, 3, 1);
    let search = ExactSearch::new(tensor(&rows), Similarity::Dot).unwrap();
    let asked = || tensor(&rows[..2]);
    assert!(
        search
            .nearest(asked(), 0, &[])
            .unwrap()
            .iter()
            .all(Ranked::is_empty)
    );
    assert_eq!(search.nearest(asked(), 9, &[]).unwrap()[1].len(), 5);
    let all = ids(&[0, 1, 2, 3, 4, 4]);
    let answers = search.nearest(asked(), 9, &[&all, &all[2..]]).unwrap();
    assert_eq!((answers[0].len(), answers[1].len()), (0, 2));
    let none = Tensor::<2>::empty([0, 3], &Device::flex());
    assert!(search.nearest(none, 4, &[]).unwrap().is_empty());
}

#[test]
fn what_cannot_be_compared_is_refused_with_its_place() {
    let nan = [vec![1.0, 2.0], vec![3.0, f32::NAN]];
    let message = refusal(ExactSearch::new(tensor(&nan), Similarity::Dot));
    assert!(message.contains("row 1, column 1 is NaN"), "{message}");
    let message = refusal(ExactSearch::new(
        Tensor::empty([0, 3], &Device::flex()),
        Similarity::Dot,
    ));
    assert!(message.contains("0 rows of 3 values"), "{message}");

    let rows = [vec![1.0, 2.0], vec![3e30, 0.0]];
    let search = ExactSearch::new(tensor(&rows), Similarity::Dot).unwrap();
    let message = refusal(search.nearest(tensor(&[vec![1.0]]), 1, &[]));
    assert!(
        message.contains("1 values") && message.contains('2'),
        "{message}"
    );
    let message = refusal(search.nearest(tensor(&[vec![f32::INFINITY, 0.0]]), 1, &[]));
    assert!(
        message.contains("queries: row 0, column 0 is inf"),
        "{message}"
    );
    let message = refusal(search.nearest(tensor(&[vec![1.0, 0.0], vec![1e9, 0.0]]), 1, &[]));
    assert!(
        message.contains("row 1 has length 1.00e9") && message.contains("3.00e30"),
        "{message}"
    );
    let asked = || tensor(&rows[..1]);
    let message = refusal(search.nearest(asked(), 1, &[&[], &[]]));
    assert!(message.contains("2 lists"), "{message}");
    let message = refusal(search.nearest(asked(), 1, &[&ids(&[0, 2])]));
    assert!(message.contains("place 1 of list 0 is item 2"), "{message}");

    let message = refusal(search.clone().extended(tensor(&[vec![1.0]])));
    assert!(message.contains("1 values"), "{message}");
    let message = refusal(
        search
            .clone()
            .updated(&ids(&[1, 0, 1]), tensor(&whole(3, 2, 1))),
    );
    assert!(
        message.contains("item 1 comes at places 0 and 2"),
        "{message}"
    );
    let message = refusal(search.updated(&ids(&[2]), asked()));
    assert!(message.contains("item 2"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Blocks of items and queries, new and updated rows and items to leave out: as scoring everything at once.
    #[test]
    fn blocks_answer_as_all_scores(
        sizes in (1_usize..2 * ITEMS + 100, 0_usize..ITEMS, 0_usize..20),
        dim in 1_usize..5,
        queries in 1_usize..QUERIES + 10,
        k in 0_usize..200,
        cosine in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let (old, new, updated) = sizes;
        let mut rows = whole(old + new, dim, seed);
        let similarity = if cosine { Similarity::Cosine } else { Similarity::Dot };
        let mut search = ExactSearch::new(tensor(&rows[..old]), similarity).unwrap();
        if new > 0 {
            search = search.extended(tensor(&rows[old..])).unwrap();
        }
        let mut items: Vec<ItemId> = (0..updated).map(|i| ItemId::from_index((i * 997 + 13) % rows.len())).collect();
        items.sort_unstable();
        items.dedup();
        if !items.is_empty() {
            let changed = whole(items.len(), dim, !seed);
            for (item, row) in items.iter().zip(&changed) {
                rows[item.index()].clone_from(row);
            }
            search = search.updated(&items, tensor(&changed)).unwrap();
        }
        prop_assert_eq!(search.items(), rows.len());

        let asked = whole(queries, dim, seed ^ 5);
        let without: Vec<Vec<ItemId>> = (0..queries)
            .map(|query| (0..query % 40).map(|i| ItemId::from_index((i * i * 71 + query) % rows.len())).collect())
            .collect();
        let lists: Vec<&[ItemId]> = without.iter().map(Vec::as_slice).collect();
        let answers = search.nearest(tensor(&asked), k, &lists).unwrap();
        if cosine {
            // Rounding aside, the scores at each place; what ties is the business of the products.
            for (query, answer) in answers.iter().enumerate() {
                let unit = |row: &Vec<f32>| {
                    let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
                    row.iter().map(|x| if length > 0.0 { x / length } else { 0.0 }).collect::<Vec<f32>>()
                };
                let units: Vec<Vec<f32>> = rows.iter().map(unit).collect();
                let expected = naive(&units, &unit(&asked[query]), k, &without[query]);
                prop_assert_eq!(answer.len(), expected.len());
                for (a, b) in answer.scores().iter().zip(expected.scores()) {
                    prop_assert!((a - b).abs() < 1e-6, "{} and {}", a, b);
                }
                if query > 5 { break; }
            }
        } else {
            for (query, answer) in answers.iter().enumerate() {
                prop_assert_eq!(answer, &naive(&rows, &asked[query], k, &without[query]));
            }
        }
    }
}
