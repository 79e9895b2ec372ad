//! Samples: what is read, and what it should lead to.

use burn::tensor::{Int, Tensor};
use genrec_data::{Interactions, ItemId, UserId};
use rand::{RngExt, rngs::StdRng, seq::SliceRandom};

use crate::retrieval::HistoryOrder;
use crate::sequence::Inputs;

/// A stretch of a user's training history that is predicted: items `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) user: UserId,
    start: usize,
    end: usize,
}

/// A batch as tensors.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(super) inputs: Inputs,
    pub(super) targets: Targets,
    /// 1 for a target and 0 for padding, `[batch, targets]`.
    pub(super) weights: Tensor<2>,
    /// How many targets there are.
    pub(super) predictions: usize,
}

/// What answers are compared with.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one a batch")]
pub(super) enum Targets {
    /// Rows of unit length of positives and negatives, `[batch, targets, d]` each.
    Rows([Tensor<3>; 2]),
    /// Numbers among the candidates, `[batch, targets]`.
    Numbers(Tensor<2, Int>),
}

/// All stretches of `targets` items, each item in one: an epoch predicts every item once. In the order of time the first item of a user has nothing before it and is
/// not predicted.
pub(super) fn samples(train: &Interactions, order: HistoryOrder, targets: usize) -> Vec<Sample> {
    let first = match order {
        HistoryOrder::Shuffled => 0,
        HistoryOrder::Time => 1,
    };
    let mut samples = Vec::new();
    for (user, history) in train.iter() {
        for start in (first..history.len()).step_by(targets) {
            let end = history.len().min(start + targets);
            samples.push(Sample { user, start, end });
        }
    }
    samples
}

impl Sample {
    /// The items that are predicted.
    pub(super) fn targets<'a>(&self, train: &'a Interactions) -> &'a [ItemId] {
        &train.history(self.user)[self.start..self.end]
    }

    /// How many items are read.
    pub(super) fn length(&self, train: &Interactions, order: HistoryOrder, most: usize) -> usize {
        let others = match order {
            HistoryOrder::Shuffled => train.history(self.user).len() - (self.end - self.start),
            HistoryOrder::Time => self.start,
        };
        others.min(most)
    }

    /// The items that are read; no target is among them, even where it comes again.
    pub(super) fn history(
        &self,
        train: &Interactions,
        order: HistoryOrder,
        most: usize,
        random: &mut StdRng,
    ) -> Vec<ItemId> {
        let (all, targets) = (train.history(self.user), self.targets(train));
        let mut read: Vec<ItemId> = match order {
            HistoryOrder::Time => all[..self.start].to_vec(),
            HistoryOrder::Shuffled => {
                let mut others = [&all[..self.start], &all[self.end..]].concat();
                others.retain(|item| !targets.contains(item));
                others.shuffle(random);
                others
            }
        };
        let skipped = read.len().saturating_sub(most);
        read.drain(..skipped);
        read
    }
}

/// One of `candidates` that the user has not taken; after a hundred tries any.
pub(super) fn negative(candidates: &[ItemId], taken: &[ItemId], random: &mut StdRng) -> ItemId {
    let mut draw = || candidates[random.random_range(0..candidates.len())];
    let mut item = draw();
    for _ in 0..100 {
        if !taken.contains(&item) {
            break;
        }
        item = draw();
    }
    item
}
