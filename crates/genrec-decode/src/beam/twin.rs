//! The search against two naive twins: scoring every identifier, and a beam search in plain words.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;

use super::{BeamSearchConfig, Filter, Hypothesis};
use crate::{Beam, Scorer, TokenId, Trie};

type Tokens = Vec<TokenId>;

/// Log-probabilities that depend on the whole prefix, as a language model's do. Keeps the prefixes
/// as a cache and gathers it by parent, and checks what it is promised. Few distinct scores, so
/// that ties are common.
#[derive(Default)]
struct PrefixScorer {
    seed: u64,
    prefixes: Vec<(u32, Tokens)>,
    calls: usize,
}

impl PrefixScorer {
    fn log_probability(&self, request: u32, prefix: &[TokenId], token: TokenId) -> f32 {
        let mut hash = self.seed ^ u64::from(request) << 40;
        for token in prefix.iter().chain([&token]) {
            hash = (hash ^ u64::from(token.get() + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            hash ^= hash >> 29;
        }
        match hash % 9 {
            0 => f32::NEG_INFINITY,
            1 => 0.0,
            step => -0.3 * step as f32,
        }
    }

    fn score_of(&self, request: u32, identifier: &[TokenId]) -> f32 {
        (0..identifier.len()).fold(0.0, |sum, i| {
            sum + self.log_probability(request, &identifier[..i], identifier[i])
        })
    }
}

impl Scorer for PrefixScorer {
    fn score(&mut self, depth: usize, beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]) {
        self.calls += 1;
        assert!(!beams.is_empty() && beams.is_sorted_by_key(|beam| beam.request));
        assert!(candidates.is_sorted_by(|a, b| a < b));
        assert_eq!(scores.len(), beams.len() * candidates.len());
        self.prefixes = if depth == 0 {
            assert!(
                beams
                    .iter()
                    .zip(0..)
                    .all(|(beam, i)| (beam.request, beam.parent) == (i, i))
            );
            beams
                .iter()
                .map(|beam| (beam.request, Vec::new()))
                .collect()
        } else {
            let grown = beams.iter().map(|beam| {
                let (request, prefix) = &self.prefixes[beam.parent as usize];
                assert_eq!(*request, beam.request);
                (*request, [&prefix[..], &[beam.token]].concat())
            });
            grown.collect()
        };
        for ((request, prefix), row) in self
            .prefixes
            .iter()
            .zip(scores.chunks_exact_mut(candidates.len()))
        {
            assert_eq!(prefix.len(), depth);
            for (score, &token) in row.iter_mut().zip(candidates) {
                *score = self.log_probability(*request, prefix, token);
            }
        }
    }
}

/// A random task: identifiers of different lengths, some prefixes of others, some values with
/// several of them; filters.
#[derive(Clone, Debug)]
struct Task {
    identifiers: BTreeMap<Tokens, u32>,
    lists: Vec<(u8, Vec<u32>)>,
    seed: u64,
    results: usize,
    widths: Vec<usize>,
}

impl Task {
    fn filters<'a>(&'a self) -> Vec<Filter<'a>> {
        let filter = |(kind, list): &'a (u8, Vec<u32>)| match kind {
            0 => Filter::All,
            1 => Filter::Exclude(list),
            _ => Filter::Allow(list),
        };
        self.lists.iter().map(filter).collect()
    }

    /// The identifiers whose values a filter allows.
    fn allowed(&self, filter: Filter<'_>) -> BTreeMap<Tokens, u32> {
        let mut allowed = self.identifiers.clone();
        allowed.retain(|_, value| match filter {
            Filter::All => true,
            Filter::Exclude(values) => !values.contains(value),
            Filter::Allow(values) => values.contains(value),
        });
        allowed
    }

    fn search(&self) -> (Vec<Vec<Hypothesis>>, PrefixScorer) {
        let trie = Trie::from_identifiers(self.identifiers.clone()).unwrap();
        let config = BeamSearchConfig::new(self.results).with_widths(self.widths.clone());
        let mut scorer = PrefixScorer {
            seed: self.seed,
            ..PrefixScorer::default()
        };
        let search = config.init().unwrap();
        let found = search
            .search_filtered(&trie, &self.filters(), &mut scorer)
            .unwrap();
        (found, scorer)
    }
}

fn tasks(widths: impl Strategy<Value = usize> + Clone) -> impl Strategy<Value = Task> {
    let keys = prop_oneof![
        proptest::collection::btree_set(proptest::collection::vec(0..4u32, 1..5), 0..60),
        proptest::collection::btree_set(proptest::collection::vec(0..4u32, 3), 0..60),
    ];
    let lists =
        proptest::collection::vec((0..3u8, proptest::collection::vec(0..60u32, 0..50)), 0..4);
    let values = prop_oneof![Just(1_000), 1..40u32];
    let widths = proptest::collection::vec(widths, 1..4);
    (keys, lists, values, any::<u64>(), 1..12usize, widths).prop_map(
        |(keys, lists, values, seed, results, widths)| {
            let keys = keys
                .into_iter()
                .map(|key| key.into_iter().map(TokenId::new).collect());
            Task {
                identifiers: keys.zip((0..).map(|value: u32| value % values)).collect(),
                lists,
                seed,
                results,
                widths,
            }
        },
    )
}

/// The beam search in plain words: no early end, no bound, whole prefixes.
fn naive_search(
    task: &Task,
    request: u32,
    filter: Filter<'_>,
    scorer: &PrefixScorer,
) -> Vec<Hypothesis> {
    let allowed = task.allowed(filter);
    let values: BTreeSet<u32> = allowed.values().copied().collect();
    let enough = task.results.min(values.len());
    let mut beams: Vec<(Tokens, f32)> = vec![(Vec::new(), 0.0)];
    let mut found: Vec<(f32, u32)> = Vec::new();
    let mut depth = 0;
    while !beams.is_empty() {
        let mut grown: Vec<(Tokens, f32)> = Vec::new();
        for (prefix, score) in &beams {
            let next: BTreeSet<TokenId> = allowed
                .keys()
                .filter(|key| key.len() > prefix.len() && key.starts_with(prefix))
                .map(|key| key[prefix.len()])
                .collect();
            for token in next {
                let longer = [&prefix[..], &[token]].concat();
                let score = score + scorer.log_probability(request, prefix, token);
                found.extend(allowed.get(&longer).map(|&value| (score, value)));
                grown.push((longer, score));
            }
        }
        grown.retain(|(prefix, _)| {
            allowed
                .keys()
                .any(|key| key.len() > prefix.len() && key.starts_with(prefix))
        });
        grown.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut covered: HashSet<u32> = found.iter().map(|&(_, value)| value).collect();
        let width = task.widths[depth.min(task.widths.len() - 1)];
        beams = Vec::new();
        for (prefix, score) in grown {
            let below: Vec<u32> = allowed
                .iter()
                .filter(|(key, _)| key.starts_with(&prefix))
                .map(|(_, &value)| value)
                .collect();
            let needed =
                covered.len() < enough && below.iter().any(|value| !covered.contains(value));
            if beams.len() < width || needed {
                covered.extend(below);
                beams.push((prefix, score));
            }
        }
        depth += 1;
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut seen = HashSet::new();
    found.retain(|&(_, value)| seen.insert(value));
    found.truncate(task.results);
    found
        .into_iter()
        .map(|(score, value)| Hypothesis { value, score })
        .collect()
}

proptest! {
    #[test]
    fn a_wide_search_is_an_exhaustive_ranking(task in tasks(Just(1_000))) {
        let (found, scorer) = task.search();
        prop_assert_eq!(found.len(), task.lists.len());
        for (request, (found, filter)) in found.iter().zip(task.filters()).enumerate() {
            let mut best: BTreeMap<u32, f32> = BTreeMap::new();
            for (identifier, value) in task.allowed(filter) {
                let score = scorer.score_of(request as u32, &identifier);
                let known = best.entry(value).or_insert(score);
                *known = known.max(score);
            }
            let mut scores: Vec<f32> = best.values().copied().collect();
            scores.sort_by(|a, b| b.total_cmp(a));
            scores.truncate(task.results);
            prop_assert_eq!(found.iter().map(|found| found.score).collect::<Vec<_>>(), scores);
            for found in found {
                prop_assert_eq!(best.get(&found.value), Some(&found.score));
            }
        }
    }

    #[test]
    fn a_narrow_search_is_the_one_in_plain_words(task in tasks(1..6usize)) {
        let (found, scorer) = task.search();
        for (request, (found, filter)) in found.iter().zip(task.filters()).enumerate() {
            let expected = naive_search(&task, request as u32, filter, &scorer);
            prop_assert_eq!(found, &expected, "request {}", request);
        }
    }

    #[test]
    fn every_list_is_filled_with_allowed_values_and_exact_scores(task in tasks(1..3usize)) {
        let (found, scorer) = task.search();
        for (request, (found, filter)) in found.iter().zip(task.filters()).enumerate() {
            let allowed = task.allowed(filter);
            let values: BTreeSet<u32> = allowed.values().copied().collect();
            let unique: BTreeSet<u32> = found.iter().map(|found| found.value).collect();
            prop_assert_eq!(found.len(), task.results.min(values.len()));
            prop_assert_eq!(unique.len(), found.len());
            prop_assert!(found.is_sorted_by(|a, b| a.score >= b.score));
            for found in found {
                let mut identifiers = allowed.iter().filter(|(_, value)| **value == found.value);
                let exact = |(key, _): (&Tokens, &u32)| scorer.score_of(request as u32, key) == found.score;
                prop_assert!(identifiers.any(exact));
            }
        }
    }

    #[test]
    fn a_request_alone_is_answered_as_in_a_batch_on_any_number_of_threads(task in tasks(1..6usize)) {
        let (batch, _) = task.search();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        prop_assert_eq!(&pool.install(|| task.search().0), &batch);
        if let Some(first) = batch.first() {
            let mut alone = task.clone();
            alone.lists.truncate(1);
            prop_assert_eq!(&alone.search().0[0], first);
        }
    }
}
