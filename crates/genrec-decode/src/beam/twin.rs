//! The search against two naive twins: scoring every identifier, and a beam search in plain words.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;

use super::{BeamSearchConfig, Hypothesis};
use crate::{Beam, Filter, Overlay, Scorer, Selection, TokenId, Trie, View};

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
/// several of them; filters; and perhaps a history, after which they are what is left.
#[derive(Clone, Debug)]
struct Task {
    identifiers: BTreeMap<Tokens, u32>,
    history: Option<History>,
    lists: Vec<(Kind, Vec<u32>)>,
    seed: u64,
    results: usize,
    widths: Vec<usize>,
}

/// How identifiers came to be what they are.
#[derive(Clone, Debug)]
struct History {
    /// Which values were there from the beginning.
    old: u64,
    /// What was there in the beginning, and is removed.
    ghosts: BTreeSet<Tokens>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    All,
    Exclude,
    Allow,
    /// The second half of the list excluded from a selection of the first.
    WithinAllowed,
    /// The second half of the list excluded from a selection without the first.
    WithinExcluded,
}

impl History {
    /// Three updates to the identifiers: the first removes, the second adds too much, the third
    /// removes that and adds the rest.
    fn overlay(&self, identifiers: &BTreeMap<Tokens, u32>) -> Overlay {
        let is_old = |value: u32| self.old >> (value % 64) & 1 == 1;
        let (old, new): (BTreeMap<Tokens, u32>, BTreeMap<Tokens, u32>) = identifiers
            .clone()
            .into_iter()
            .partition(|(_, value)| is_old(*value));
        // Some of what goes has the values, and some of it the identifiers, of what comes.
        let values: Vec<u32> = new.values().copied().collect();
        let ghosts: BTreeMap<Tokens, u32> = self
            .ghosts
            .iter()
            .filter(|tokens| !old.contains_key(*tokens))
            .cloned()
            .zip(0..)
            .map(|(tokens, number)| match values.get(number as usize / 2) {
                Some(&value) if number % 2 == 0 => (tokens, value),
                _ => (tokens, 2_000 + number),
            })
            .collect();
        let removed: BTreeSet<u32> = ghosts.values().copied().collect();
        let removed: Vec<u32> = removed.into_iter().collect();
        let base = Trie::from_identifiers(ghosts.into_iter().chain(old)).unwrap();
        let (first, rest) = removed.split_at(removed.len() / 2);
        let nothing = std::iter::empty::<(Tokens, u32)>;
        let extra = (vec![TokenId::new(99)], 5_000);
        Overlay::new(base.into())
            .update(first, nothing())
            .unwrap()
            .update(&[], [extra])
            .unwrap()
            .update(&[rest, &[5_000]].concat(), new)
            .unwrap()
    }
}

impl Task {
    fn filters<'a>(&'a self, selections: &'a [Selection]) -> Vec<Filter<'a>> {
        let lists = self.lists.iter().zip(selections);
        let filter = |((kind, list), selection): (&'a (Kind, Vec<u32>), &'a Selection)| match kind {
            Kind::All => Filter::All,
            Kind::Exclude => Filter::Exclude(list),
            Kind::Allow => Filter::Allow(list),
            Kind::WithinAllowed | Kind::WithinExcluded => Filter::Within {
                selection,
                exclude: &list[list.len() / 2..],
            },
        };
        lists.map(filter).collect()
    }

    fn selections(&self, view: View<'_>) -> Vec<Selection> {
        let selection = |(kind, list): &(Kind, Vec<u32>)| {
            let list = &list[..list.len() / 2];
            match kind {
                Kind::WithinAllowed => Selection::allow(view, list),
                _ => Selection::exclude(view, list),
            }
        };
        self.lists.iter().map(selection).collect()
    }

    /// The identifiers that a request may be answered with.
    fn allowed(&self, request: usize) -> BTreeMap<Tokens, u32> {
        let (kind, list) = &self.lists[request];
        let (first, second) = list.split_at(list.len() / 2);
        let mut allowed = self.identifiers.clone();
        allowed.retain(|_, value| match kind {
            Kind::All => true,
            Kind::Exclude => !list.contains(value),
            Kind::Allow => list.contains(value),
            Kind::WithinAllowed => first.contains(value) && !second.contains(value),
            Kind::WithinExcluded => !first.contains(value) && !second.contains(value),
        });
        allowed
    }

    fn search(&self) -> (Vec<Vec<Hypothesis>>, PrefixScorer) {
        let trie = Trie::from_identifiers(self.identifiers.clone()).unwrap();
        let overlay = self
            .history
            .as_ref()
            .map(|history| history.overlay(&self.identifiers));
        let view = overlay.as_ref().map_or(View::from(&trie), View::from);
        let config = BeamSearchConfig::new(self.results).with_widths(self.widths.clone());
        let mut scorer = PrefixScorer {
            seed: self.seed,
            ..PrefixScorer::default()
        };
        let search = config.init().unwrap();
        let selections = self.selections(view);
        let found = search
            .search_filtered(view, &self.filters(&selections), &mut scorer)
            .unwrap();
        (found, scorer)
    }
}

fn tasks(widths: impl Strategy<Value = usize> + Clone) -> impl Strategy<Value = Task> {
    let keys = || {
        prop_oneof![
            proptest::collection::btree_set(proptest::collection::vec(0..4u32, 1..5), 0..60),
            proptest::collection::btree_set(proptest::collection::vec(0..4u32, 3), 0..60),
            // So many children that most are let go before a step ends.
            proptest::collection::btree_set(proptest::collection::vec(0..25u32, 1..4), 60..120),
        ]
        .prop_map(|keys| -> BTreeSet<Tokens> {
            let tokens = |key: Vec<u32>| key.into_iter().map(TokenId::new).collect();
            keys.into_iter().map(tokens).collect()
        })
    };
    let kinds = prop_oneof![
        Just(Kind::All),
        Just(Kind::Exclude),
        Just(Kind::Allow),
        Just(Kind::WithinAllowed),
        Just(Kind::WithinExcluded),
    ];
    let lists =
        proptest::collection::vec((kinds, proptest::collection::vec(0..60u32, 0..50)), 0..4);
    let values = prop_oneof![Just(1_000), 1..40u32];
    let widths = proptest::collection::vec(widths, 1..4);
    let history = proptest::option::of(
        (any::<u64>(), keys()).prop_map(|(old, ghosts)| History { old, ghosts }),
    );
    (
        keys(),
        history,
        lists,
        values,
        any::<u64>(),
        1..12usize,
        widths,
    )
        .prop_map(
            |(keys, history, lists, values, seed, results, widths)| Task {
                identifiers: keys
                    .into_iter()
                    .zip((0..).map(|value: u32| value % values))
                    .collect(),
                history,
                lists,
                seed,
                results,
                widths,
            },
        )
}

/// The beam search in plain words: no early end, no bound, whole prefixes.
fn naive_search(task: &Task, request: usize, scorer: &PrefixScorer) -> Vec<Hypothesis> {
    let allowed = task.allowed(request);
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
                let score = score + scorer.log_probability(request as u32, prefix, token);
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
        for (request, found) in found.iter().enumerate() {
            let mut best: BTreeMap<u32, f32> = BTreeMap::new();
            for (identifier, value) in task.allowed(request) {
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
        for (request, found) in found.iter().enumerate() {
            let expected = naive_search(&task, request, &scorer);
            prop_assert_eq!(found, &expected, "request {}", request);
        }
    }

    #[test]
    fn every_list_is_filled_with_allowed_values_and_exact_scores(task in tasks(1..3usize)) {
        let (found, scorer) = task.search();
        for (request, found) in found.iter().enumerate() {
            let allowed = task.allowed(request);
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
