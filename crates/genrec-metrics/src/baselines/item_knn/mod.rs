//! Item co-occurrence nearest neighbours: what was taken beside what you took last.

mod config;

pub use config::ItemKnnConfig;

use std::cmp::Ordering;

use genrec_data::{Interactions, ItemId};
use rayon::prelude::*;

use super::neighbours::Neighbours;
use crate::{Query, Ranked, Recommender, SeenItems, Ties};

/// Recommends items that were taken close to the last items of the history.
///
/// Two items co-occur where they stand at most `window` positions apart in a training history; their similarity is the
/// number of co-occurrences over the square root of the product of their popularities. An item's score is the sum of its
/// similarities to the last items of the history, the newest with weight 1, the one before with 1/2, then 1/3 ...
///
/// Items of equal score are listed in the order in which they are met: neighbours of the newest item first, and those of
/// one item in the order in which training first showed them beside it. A rule of that kind knows nothing of the answer;
/// [`Ties::Declared`] declares them instead. Items that co-occur with nothing in the history are not recommended, so
/// lists may be short.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemKnn {
    config: ItemKnnConfig,
    neighbours: Neighbours,
}

/// What one thread needs for one history after another.
struct Scratch {
    /// `[items]`, 0 for items not met.
    scores: Vec<f64>,
    met: Vec<ItemId>,
    candidates: Vec<Candidate>,
}

#[derive(Clone, Copy)]
struct Candidate {
    item: ItemId,
    score: f64,
    /// How many other items were met before.
    met: usize,
}

impl Candidate {
    fn best_first(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(self.met.cmp(&other.met))
    }
}

impl ItemKnn {
    /// Counts co-occurrences with the defaults of [`ItemKnnConfig`].
    #[must_use]
    pub fn fit(train: &Interactions) -> Self {
        ItemKnnConfig::new()
            .fit(train)
            .expect("the defaults are valid")
    }

    fn scratch(&self) -> Scratch {
        Scratch {
            scores: vec![0.0; self.items()],
            met: Vec::new(),
            candidates: Vec::new(),
        }
    }

    fn rank(&self, scratch: &mut Scratch, history: &[ItemId], k: usize) -> Ranked {
        let Scratch {
            scores,
            met,
            candidates,
        } = scratch;
        for (place, &item) in history.iter().rev().take(self.config.last).enumerate() {
            let distance = (place + 1) as f64;
            for (neighbour, similarity) in self.neighbours.of(item) {
                let score = &mut scores[neighbour.index()];
                // Similarities are positive, so 0 means that the item was not met before.
                if *score == 0.0 {
                    met.push(neighbour);
                }
                *score += similarity / distance;
            }
        }

        if self.config.seen_items == SeenItems::Removed {
            for item in history {
                scores[item.index()] = 0.0;
            }
        }
        candidates.clear();
        for (place, item) in met.drain(..).enumerate() {
            let score = std::mem::take(&mut scores[item.index()]);
            if score > 0.0 {
                candidates.push(Candidate {
                    item,
                    score,
                    met: place,
                });
            }
        }
        match self.config.ties {
            Ties::Broken => strict(candidates, k),
            Ties::Declared => declared(candidates, k),
        }
    }
}

fn strict(candidates: &mut Vec<Candidate>, k: usize) -> Ranked {
    if k == 0 {
        return Ranked::default();
    }
    if k < candidates.len() {
        candidates.select_nth_unstable_by(k - 1, Candidate::best_first);
        candidates.truncate(k);
    }
    candidates.sort_unstable_by(Candidate::best_first);
    let items = candidates.iter().map(|candidate| candidate.item).collect();
    let scores = candidates
        .iter()
        .map(|candidate| candidate.score as f32)
        .collect();
    Ranked::strict(items, scores)
}

/// Groups by the score in f64: as f32, more items would look alike.
fn declared(candidates: &mut Vec<Candidate>, k: usize) -> Ranked {
    if k == 0 {
        return Ranked::default();
    }
    if k < candidates.len() {
        candidates.select_nth_unstable_by(k - 1, Candidate::best_first);
        let worst = candidates[k - 1].score;
        candidates.retain(|candidate| candidate.score >= worst);
    }
    candidates.sort_unstable_by(Candidate::best_first);
    let mut groups = Vec::new();
    for group in candidates.chunk_by(|a, b| a.score == b.score) {
        let items = group.iter().map(|candidate| candidate.item).collect();
        groups.push((items, group[0].score as f32));
    }
    Ranked::grouped(&groups, k)
}

impl Recommender for ItemKnn {
    fn name(&self) -> &str {
        "item kNN"
    }

    fn items(&self) -> usize {
        self.neighbours.catalogue()
    }

    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        queries
            .par_iter()
            .map_init(
                || self.scratch(),
                |scratch, query| self.rank(scratch, query.history, k),
            )
            .collect()
    }

    fn seen_items(&self) -> SeenItems {
        self.config.seen_items
    }

    fn ties(&self) -> Ties {
        self.config.ties
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(items: &[u32]) -> Vec<ItemId> {
        items.iter().copied().map(ItemId::new).collect()
    }

    fn interactions(histories: &[Vec<u32>], items: usize) -> Interactions {
        Interactions::new(
            items,
            histories.iter().map(|history| ids(history)).collect(),
        )
        .unwrap()
    }

    fn list(config: ItemKnnConfig, train: &Interactions, history: &[u32], k: usize) -> Ranked {
        let history = ids(history);
        let mut lists = config
            .fit(train)
            .unwrap()
            .recommend(&[Query::anonymous(&history)], k);
        assert_eq!(lists.len(), 1);
        lists.remove(0)
    }

    #[test]
    fn by_hand() {
        // Window 1. Popularity: 0 two, 1 two, 2 one, 3 one. Pairs: 0-1 twice, 1-2, 3-0.
        let train = interactions(&[vec![0, 1, 2], vec![3, 0, 1]], 5);
        let config = ItemKnnConfig::new().with_window(1);
        // Newest 1: 0 scores 2/2, 2 scores 1/sqrt(2). Before it 3 with weight 1/2: 0 scores 1/2 * 1/sqrt(2) more.
        let ranked = list(config, &train, &[3, 1], 10);
        assert_eq!(ranked.items(), ids(&[0, 2]));
        let expected = [1.0 + 0.5 / 2_f32.sqrt(), 1.0 / 2_f32.sqrt()];
        for (found, expected) in ranked.scores().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6);
        }
        // Only the last item counts.
        assert_eq!(
            list(config.with_last(1), &train, &[1, 3], 10).items(),
            ids(&[0])
        );
        // An item that nobody took has no neighbours; nor has nobody.
        assert!(list(config, &train, &[4], 10).is_empty());
        assert!(list(config, &train, &[], 10).is_empty());
    }

    #[test]
    fn seen_items_leave_on_request() {
        let train = interactions(&[vec![0, 1, 2], vec![3, 0, 1]], 5);
        let config = ItemKnnConfig::new();
        assert!(
            list(config, &train, &[0, 1], 10)
                .items()
                .contains(&ItemId::new(0))
        );
        let ranked = list(
            config.with_seen_items(SeenItems::Removed),
            &train,
            &[0, 1],
            10,
        );
        assert_eq!(ranked.items(), ids(&[2, 3]));
    }

    #[test]
    fn ties_go_to_the_item_met_first_or_are_declared() {
        // 3 and 1 both stand once beside 2; training showed 3 first.
        let train = interactions(&[vec![3, 2], vec![1, 2]], 4);
        let ranked = list(ItemKnnConfig::new(), &train, &[2], 10);
        assert_eq!(
            (ranked.items(), ranked.ranks()),
            (&ids(&[3, 1])[..], &[1, 2][..])
        );
        let ranked = list(
            ItemKnnConfig::new().with_ties(Ties::Declared),
            &train,
            &[2],
            1,
        );
        assert_eq!((ranked.items(), ranked.ranks()), (&ids(&[3])[..], &[2][..]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Scratch space carries nothing over, and the cut takes the head of the whole list.
        #[test]
        fn lists_are_the_head_of_a_full_sort(
            histories in prop::collection::vec(prop::collection::vec(0_u32..10, 0..10), 1..8),
            asked in prop::collection::vec(prop::collection::vec(0_u32..10, 0..8), 1..5),
            k in 0_usize..12,
            removed in any::<bool>(),
        ) {
            let train = interactions(&histories, 10);
            let seen_items = if removed { SeenItems::Removed } else { SeenItems::Ranked };
            let knn = ItemKnnConfig::new().with_seen_items(seen_items).fit(&train).unwrap();
            let asked: Vec<Vec<ItemId>> = asked.iter().map(|history| ids(history)).collect();
            let queries: Vec<Query<'_>> = asked.iter().map(|history| Query::anonymous(history)).collect();
            for (history, ranked) in asked.iter().zip(knn.recommend(&queries, k)) {
                let mut naive: Vec<(ItemId, f64)> = Vec::new();
                for (distance, &item) in (1..).zip(history.iter().rev().take(5)) {
                    for (neighbour, similarity) in knn.neighbours.of(item) {
                        let score = similarity / f64::from(distance);
                        match naive.iter_mut().find(|(met, _)| *met == neighbour) {
                            Some((_, sum)) => *sum += score,
                            None => naive.push((neighbour, score)),
                        }
                    }
                }
                naive.retain(|(item, _)| !(removed && history.contains(item)));
                naive.sort_by(|a, b| b.1.total_cmp(&a.1));
                let all = naive.clone();
                naive.truncate(k);
                let items: Vec<ItemId> = naive.iter().map(|&(item, _)| item).collect();
                prop_assert_eq!(ranked.items(), &items[..]);

                let config = ItemKnnConfig { ties: Ties::Declared, ..knn.config };
                let careful = ItemKnn { config, neighbours: knn.neighbours.clone() };
                let careful = careful.rank(&mut careful.scratch(), history, k);
                prop_assert_eq!(careful.items(), &items[..]);
                for (&(_, score), &rank) in naive.iter().zip(careful.ranks()) {
                    let at_least = all.iter().filter(|(_, other)| *other >= score).count();
                    prop_assert_eq!(rank as usize, at_least);
                }
            }
        }
    }
}
