//! What comes next, exactly, for someone who knows how the world works.

use super::behaviour::Behaviour;
use crate::ItemId;

/// The first occurrence of each item of a history, in order. In the world's own histories that is the history itself.
fn distinct(history: &[ItemId]) -> Vec<ItemId> {
    let mut seen = Vec::with_capacity(history.len());
    for &item in history {
        if !seen.contains(&item) {
            seen.push(item);
        }
    }
    seen
}

impl Behaviour {
    /// For each kind of user, the probability under `m_t` that an item which is in `taken` would be drawn: what is missing
    /// from 1 once repeats are forbidden. `taken` holds distinct items.
    fn taken_mass(&self, history: &[ItemId], taken: &[ItemId]) -> Vec<f64> {
        let shares = self.shares(history);
        let complements: f64 = (self
            .complements(history)
            .filter(|(item, _)| taken.contains(item)))
        .map(|(_, probability)| probability)
        .sum();
        let mut mass = vec![complements; self.kinds()];
        for item in taken {
            let row = item.index();
            for (mass, theta) in mass.iter_mut().zip(&self.interests) {
                *mass += shares.interest * theta[self.leaf_of[row]] * self.within[row];
                *mass += shares.noise * self.overall[row];
            }
        }
        mass
    }

    /// The probability of each kind of user given a whole history, all kinds being equally frequent: Bayes' rule over the
    /// choices one by one, each among what was not taken yet.
    pub(super) fn posterior(&self, history: &[ItemId]) -> Vec<f64> {
        let mut posterior = vec![1.0 / self.kinds() as f64; self.kinds()];
        for (length, &item) in history.iter().enumerate() {
            let before = &history[..length];
            if before.contains(&item) {
                continue;
            }
            let taken = self.taken_mass(before, &distinct(before));
            for (kind, (probability, taken)) in posterior.iter_mut().zip(taken).enumerate() {
                *probability *= self.mixture(kind, before, item) / (1.0 - taken);
            }
            let sum: f64 = posterior.iter().sum();
            posterior
                .iter_mut()
                .for_each(|probability| *probability /= sum);
        }
        posterior
    }

    /// The distribution of the next item, `[items]`, when the kinds have the given probabilities.
    ///
    /// The mixtures of the kinds differ only in the interests, so that they are added up by category and not by item.
    pub(super) fn predictive(&self, kinds: &[f64], history: &[ItemId]) -> Vec<f64> {
        let taken = distinct(history);
        let scales: Vec<f64> = (kinds.iter().zip(self.taken_mass(history, &taken)))
            .map(|(probability, taken)| probability / (1.0 - taken))
            .collect();
        let shares = self.shares(history);
        let scale: f64 = scales.iter().sum();
        let mut by_leaf = vec![0.0; self.shelves.len()];
        for (scale, theta) in scales.iter().zip(&self.interests) {
            for (leaf, interest) in by_leaf.iter_mut().zip(theta) {
                *leaf += scale * shares.interest * interest;
            }
        }
        let mut next: Vec<f64> = (0..self.items())
            .map(|row| {
                by_leaf[self.leaf_of[row]] * self.within[row]
                    + scale * shares.noise * self.overall[row]
            })
            .collect();
        for (item, probability) in self.complements(history) {
            next[item.index()] += scale * probability;
        }
        for item in &taken {
            next[item.index()] = 0.0;
        }
        // Adds up to 1 already, but for rounding.
        let sum: f64 = next.iter().sum();
        next.iter_mut().for_each(|probability| *probability /= sum);
        next
    }
}

/// The sum of `probability * weight(rank)` over the `k` likeliest items, ranks from 1: the most that any list of `k` items
/// can expect.
pub(super) fn best(mut probabilities: Vec<f64>, k: usize, weight: impl Fn(usize) -> f64) -> f64 {
    let k = k.min(probabilities.len());
    if k == 0 {
        return 0.0;
    }
    let descending = |a: &f64, b: &f64| b.total_cmp(a);
    probabilities.select_nth_unstable_by(k - 1, descending);
    probabilities.truncate(k);
    probabilities.sort_unstable_by(descending);
    (probabilities.iter().zip(1..))
        .map(|(probability, rank)| probability * weight(rank))
        .sum()
}
