//! Item co-occurrence nearest neighbours: what was taken beside what you took last.

mod config;
#[cfg(test)]
mod tests;

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
