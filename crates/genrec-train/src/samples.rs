//! What is learnt from: stretches of training histories, batched by length.

use genrec_data::{Interactions, ItemId, UserId};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

/// A stretch of one user's training history: the items `start..end` are read, and what follows them is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    user: u32,
    start: u32,
    end: u32,
}

/// All training samples.
#[derive(Clone, Debug)]
pub struct Samples {
    interactions: Interactions,
    samples: Vec<Sample>,
    whole_sequences: bool,
}

impl Samples {
    /// Cuts training histories into samples that read at most `max_history` items.
    ///
    /// With `whole_sequences`, a sample predicts the next item after each of its items (for a causal encoder); a longer history becomes
    /// several samples, none of which predicts an item again. Otherwise every prefix is a sample of its own, and predicts one item.
    ///
    /// # Panics
    ///
    /// If `max_history` is 0.
    pub fn new(interactions: &Interactions, max_history: usize, whole_sequences: bool) -> Self {
        assert!(max_history > 0, "a sample needs at least one item to read");
        let mut samples = Vec::new();
        for (user, history) in interactions.iter() {
            let mut push = |start: usize, end: usize| {
                samples.push(Sample {
                    user: user.get(),
                    start: start as u32,
                    end: end as u32,
                });
            };
            if whole_sequences {
                let mut end = history.len().saturating_sub(1);
                while end > 0 {
                    let start = end.saturating_sub(max_history);
                    push(start, end);
                    end = start;
                }
            } else {
                for end in 1..history.len() {
                    push(end.saturating_sub(max_history), end);
                }
            }
        }
        Self {
            interactions: interactions.clone(),
            samples,
            whole_sequences,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Whose history a sample is of.
    pub fn user(&self, sample: usize) -> UserId {
        UserId::new(self.samples[sample].user)
    }

    /// The items that a sample reads, oldest first.
    pub fn history(&self, sample: usize) -> &[ItemId] {
        let Sample { user, start, end } = self.samples[sample];
        &self.interactions.history(UserId::new(user))[start as usize..end as usize]
    }

    /// The items that a sample predicts: the one after each item of a whole sequence, or the one after the last.
    pub fn targets(&self, sample: usize) -> &[ItemId] {
        let Sample { user, start, end } = self.samples[sample];
        let history = self.interactions.history(UserId::new(user));
        let first = if self.whole_sequences { start + 1 } else { end };
        &history[first as usize..=end as usize]
    }

    /// Adds all that determines the samples to `bytes`: see [`Task::describe`](crate::Task::describe).
    pub fn describe(&self, bytes: &mut Vec<u8>) {
        for sample in &self.samples {
            bytes.extend(
                [sample.user, sample.start, sample.end]
                    .map(u32::to_le_bytes)
                    .as_flattened(),
            );
        }
        for (_, history) in self.interactions.iter() {
            bytes.extend((history.len() as u64).to_le_bytes());
            bytes.extend(history.iter().flat_map(|item| item.get().to_le_bytes()));
        }
        bytes.push(u8::from(self.whole_sequences));
    }
}

/// The batches of an epoch over `subset` (numbers of samples): a function of the seed alone.
///
/// The samples are shuffled, cut into windows of `window` batches, sorted by `length` within a window and cut into batches, whose order is
/// shuffled again: batches hold samples of like length, and differ from epoch to epoch.
pub fn batches(
    subset: &[usize],
    length: impl Fn(usize) -> usize,
    batch_size: usize,
    window: usize,
    seed: u64,
) -> Vec<Vec<usize>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut order = subset.to_vec();
    order.shuffle(&mut rng);
    let mut batches: Vec<Vec<usize>> = order
        .chunks_mut(batch_size * window)
        .flat_map(|window| {
            window.sort_by_key(|&sample| length(sample));
            window
                .chunks(batch_size)
                .map(<[usize]>::to_vec)
                .collect::<Vec<_>>()
        })
        .collect();
    batches.shuffle(&mut rng);
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interactions(lengths: &[u32]) -> Interactions {
        let histories = lengths
            .iter()
            .map(|&n| (0..n).map(ItemId::new).collect())
            .collect();
        Interactions::new(100, histories).unwrap()
    }

    fn pairs(samples: &Samples) -> Vec<(Vec<u32>, u32)> {
        let mut pairs = Vec::new();
        for sample in 0..samples.len() {
            let history = samples.history(sample);
            let targets = samples.targets(sample);
            let read = |n: usize| {
                history[..n]
                    .iter()
                    .map(|item| item.get())
                    .collect::<Vec<_>>()
            };
            if samples.whole_sequences {
                assert_eq!(history.len(), targets.len());
                pairs.extend(
                    targets
                        .iter()
                        .enumerate()
                        .map(|(i, t)| (read(i + 1), t.get())),
                );
            } else {
                assert_eq!(targets.len(), 1);
                pairs.push((read(history.len()), targets[0].get()));
            }
        }
        pairs.sort();
        pairs
    }

    #[test]
    fn both_kinds_of_sample_teach_the_same_pairs() {
        let interactions = interactions(&[5, 1, 0, 2, 3]);
        let prefixes = pairs(&Samples::new(&interactions, 20, false));
        assert_eq!(prefixes.len(), 4 + 1 + 2);
        assert_eq!(prefixes, pairs(&Samples::new(&interactions, 20, true)));
    }

    #[test]
    fn long_histories_predict_every_item_but_the_first_once() {
        let interactions = interactions(&[12]);
        for whole in [false, true] {
            let samples = Samples::new(&interactions, 4, whole);
            let mut targets: Vec<u32> = (0..samples.len())
                .flat_map(|sample| samples.targets(sample).iter().map(|item| item.get()))
                .collect();
            targets.sort_unstable();
            assert_eq!(targets, (1..12).collect::<Vec<_>>());
            assert!((0..samples.len()).all(|sample| samples.history(sample).len() <= 4));
        }
    }

    #[test]
    #[should_panic(expected = "at least one item to read")]
    fn samples_that_read_nothing_are_refused() {
        Samples::new(&interactions(&[3]), 0, true);
    }

    #[test]
    fn batches_hold_every_sample_once_and_pad_little() {
        let lengths: Vec<u32> = (0..400).map(|i| 2 + (i * i) % 19).collect();
        let samples = Samples::new(&interactions(&lengths), 20, false);
        let all: Vec<usize> = (0..samples.len()).collect();
        let length = |sample: usize| samples.history(sample).len();
        let cut = batches(&all, length, 32, 50, 7);
        let mut seen: Vec<usize> = cut.concat();
        seen.sort_unstable();
        assert_eq!(seen, all);

        let padded = |batches: &[Vec<usize>]| -> usize {
            let longest = |batch: &Vec<usize>| {
                batch
                    .iter()
                    .map(|&s| samples.history(s).len())
                    .max()
                    .unwrap()
            };
            batches
                .iter()
                .map(|batch| batch.len() * longest(batch))
                .sum()
        };
        let real: usize = all
            .iter()
            .map(|&sample| samples.history(sample).len())
            .sum();
        assert!(padded(&cut) as f64 <= 1.1 * real as f64);
        let unsorted = batches(&all, length, 32, 1, 7);
        assert!(padded(&unsorted) > padded(&cut));

        assert_eq!(cut, batches(&all, length, 32, 50, 7));
        assert_ne!(cut, batches(&all, length, 32, 50, 8));
    }
}
