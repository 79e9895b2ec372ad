//! The best of scores that come block by block.

use genrec_data::ItemId;
use multiversion::multiversion;

use crate::Ranked;
use crate::ranked::best_first;

/// Scores that are compared with the threshold at once.
const CHUNK: usize = 64;

/// The best `k` of all scores seen so far, and everything that ties with the last of them: a [`Ranked`] list of a catalogue whose scores come block by block, so that
/// they need not all be there at once.
///
/// Blocks may come in any order, each item once. Minus infinity stands for an item that is left out; a score that is no number comes first, as in
/// [`Ranked::from_scores`], so that an evaluation finds it.
///
/// ```
/// use genrec_metrics::{Best, Ranked};
///
/// let mut best = Best::new(2);
/// best.add(3, &[0.5, f32::NEG_INFINITY, 2.0]);
/// best.add(0, &[1.0, 2.0, 0.0]);
/// assert_eq!(best.ranked(), Ranked::from_scores(&[1.0, 2.0, 0.0, 0.5, f32::NEG_INFINITY, 2.0], 2));
/// ```
#[derive(Clone, Debug)]
pub struct Best {
    k: usize,
    kept: Vec<(ItemId, f32)>,
    /// What scores less is not among the best; everything finite is at least this at the start.
    threshold: f32,
    /// So many kept make a look at them worth while.
    room: usize,
}

impl Best {
    /// Of nothing yet.
    #[must_use]
    pub fn new(k: usize) -> Self {
        Self {
            k,
            kept: Vec::new(),
            // With no list to fill, nothing finite enters.
            threshold: if k == 0 { f32::INFINITY } else { f32::MIN },
            room: k.saturating_mul(2).max(CHUNK),
        }
    }

    /// Looks at the scores of the items `first ..`.
    pub fn add(&mut self, first: usize, scores: &[f32]) {
        for (chunk, start) in scores.chunks(CHUNK).zip((first..).step_by(CHUNK)) {
            // Hardly any chunk has an item that enters; to ask them all at once is several times faster.
            if all_below(chunk, self.threshold) {
                continue;
            }
            for (&score, item) in chunk.iter().zip(start..) {
                if self.enters(score) {
                    self.kept.push((ItemId::from_index(item), score));
                }
            }
            if self.kept.len() >= self.room {
                self.tighten();
            }
        }
    }

    /// Looks at the score of one item.
    pub fn offer(&mut self, item: ItemId, score: f32) {
        if self.enters(score) {
            self.kept.push((item, score));
            if self.kept.len() >= self.room {
                self.tighten();
            }
        }
    }

    /// Whether so many scores were kept that a lower one cannot be among the best.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.kept.len() >= self.k
    }

    /// Adds what another one has kept of other items.
    pub fn merge(&mut self, other: Self) {
        let kept = other.kept.into_iter();
        let kept: Vec<_> = kept.filter(|entry| self.enters(entry.1)).collect();
        self.kept.extend(kept);
        if self.kept.len() >= self.room {
            self.tighten();
        }
    }

    /// The list, with its ties.
    #[must_use]
    pub fn ranked(self) -> Ranked {
        Ranked::from_candidates(self.kept, self.k)
    }

    fn enters(&self, score: f32) -> bool {
        score >= self.threshold || score.is_nan() && self.k > 0
    }

    /// Forgets what is below the `k`-th best; its ties stay.
    fn tighten(&mut self) {
        if self.k == 0 {
            self.kept.clear();
        } else if self.kept.len() > self.k {
            let (_, &mut (_, worst), _) = self.kept.select_nth_unstable_by(self.k - 1, best_first);
            // With so many that are no numbers nothing else matters.
            self.threshold = if worst.is_nan() { f32::INFINITY } else { worst };
            let threshold = self.threshold;
            self.kept
                .retain(|entry| entry.1 >= threshold || entry.1.is_nan());
        }
        // Twice as many as are left: where everything ties, each look pays for itself.
        self.room = self.kept.len().max(self.k).saturating_mul(2).max(CHUNK);
    }
}

#[multiversion(targets = "simd")]
fn all_below(scores: &[f32], threshold: f32) -> bool {
    scores
        .iter()
        .fold(true, |all, score| all & (*score < threshold))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Blocks in any order and grouping give what one look at all scores gives.
        #[test]
        fn blocks_give_what_all_scores_give(
            levels in prop::collection::vec(-3_i8..10, 0..700),
            infinite in prop::bool::ANY,
            k in 0_usize..60,
            block in 1_usize..200,
            parts in 1_usize..4,
        ) {
            // The lowest level is left out; the highest may be beyond all numbers.
            let score = |&level: &i8| match level {
                -3 => f32::NEG_INFINITY,
                9 if infinite => f32::INFINITY,
                level => f32::from(level),
            };
            let scores: Vec<f32> = levels.iter().map(score).collect();
            let mut bests = vec![Best::new(k); parts];
            for (number, part) in scores.chunks(block).enumerate().rev() {
                bests[number % parts].add(number * block, part);
            }
            let whole = bests.into_iter().reduce(|mut a, b| { a.merge(b); a }).unwrap();
            prop_assert_eq!(whole.ranked(), Ranked::from_scores(&scores, k));
        }
    }

    #[test]
    fn what_is_no_number_comes_first() {
        let mut scores: Vec<f32> = (0..300).map(|item| item as f32).collect();
        scores[7] = f32::NAN;
        let mut best = Best::new(3);
        for (number, block) in scores.chunks(100).enumerate().rev() {
            best.add(number * 100, block);
        }
        let ranked = best.ranked();
        assert_eq!(ranked.items()[0], ItemId::new(7));
        assert!(ranked.scores()[0].is_nan());
        assert_eq!(ranked.items()[1..], [299, 298].map(ItemId::new));
    }
}
