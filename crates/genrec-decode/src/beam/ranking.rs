//! The best values found so far.

use std::collections::HashSet;

use crate::{Hypothesis, Place, View};

/// An integer that is the smaller the better a log-probability is, and the smaller the earlier it
/// came where they are equal.
///
/// The bits of numbers that are not negative are ordered as the numbers are, so those of `-score`
/// go first, and comparing, selecting and sorting is that of integers.
#[inline]
pub(super) fn rank(score: f32, order: u32) -> u64 {
    debug_assert!(score <= 0.0);
    u64::from(score.abs().to_bits()) << 32 | u64::from(order)
}

/// The score in a [`rank`]; never a negative zero.
pub(super) fn score_of(rank: u64) -> f32 {
    0.0 - f32::from_bits((rank >> 32) as u32)
}

/// At most so many values, each once, with the best score it was found with.
#[derive(Debug)]
pub(super) struct Ranking {
    size: usize,
    /// No value has two identifiers in the trie.
    unique: bool,
    /// Rank and value, best first.
    best: Vec<(u64, u32)>,
    /// Rank and place of what was found in this step.
    found: Vec<(u64, Place)>,
    /// How many were found ever, since ties go to the one that was found first.
    order: u32,
    seen: HashSet<u32>,
}

impl Ranking {
    pub(super) fn new(size: usize, unique: bool) -> Self {
        Self {
            size,
            unique,
            best: Vec::new(),
            found: Vec::new(),
            order: 0,
            seen: HashSet::new(),
        }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// How many values are not found yet.
    pub(super) fn missing(&self) -> usize {
        self.size - self.best.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.missing() == 0
    }

    /// What a rank must be below to change anything.
    pub(super) fn bound(&self) -> u64 {
        match self.best.last() {
            // A later find with the same score comes after it.
            Some((rank, _)) if self.is_full() => rank >> 32 << 32,
            _ => u64::MAX,
        }
    }

    /// Takes the value of a [place of one trie](View::kind) in with the next [`settle`](Self::settle).
    #[inline]
    pub(super) fn push(&mut self, score: f32, place: Place) {
        self.found.push((rank(score, self.order), place));
        self.order += 1;
    }

    /// Ranks what was pushed among the rest. Values are looked up only now, for the few that get
    /// this far.
    pub(super) fn settle(&mut self, view: View<'_>) {
        if self.found.is_empty() {
            return;
        }
        if self.unique && self.found.len() > self.size {
            let last = self.size - 1;
            self.found
                .select_nth_unstable_by_key(last, |&(rank, _)| rank);
            self.found.truncate(self.size);
        }
        let values = self
            .found
            .drain(..)
            .map(|(rank, place)| (rank, view.value(place)));
        self.best.extend(values);
        self.best.sort_unstable();
        if !self.unique {
            self.seen.clear();
            self.best.retain(|&(_, value)| self.seen.insert(value));
        }
        self.best.truncate(self.size);
    }

    pub(super) fn values(&self) -> impl Iterator<Item = u32> + '_ {
        self.best.iter().map(|&(_, value)| value)
    }

    pub(super) fn into_results(self) -> Vec<Hypothesis> {
        let results = self.best.into_iter().map(|(rank, value)| Hypothesis {
            value,
            score: score_of(rank),
        });
        results.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_order_scores_downwards_then_by_order() {
        let scores = [0.0, -0.0, -1e-30, -0.5, -1.0, -1e30, f32::NEG_INFINITY];
        let ranks: Vec<u64> = scores
            .iter()
            .zip(0..)
            .map(|(&score, order)| rank(score, order))
            .collect();
        assert!(ranks.is_sorted());
        assert!(
            scores
                .iter()
                .zip(&ranks)
                .all(|(&score, &rank)| score_of(rank) == score)
        );
        assert!(score_of(rank(-0.0, 3)).is_sign_positive());
        assert!(rank(-1.0, 9) < rank(-1.5, 3));
        assert!(rank(-1.0, 3) < rank(-1.0, 9));
    }
}
