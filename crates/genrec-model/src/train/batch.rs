//! A batch of training samples as tensors.

use std::ops::Range;

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use genrec_data::ItemId;
use genrec_train::Samples;

use crate::sequence::{HistoryPositions, Inputs, Retrieval, SequenceModel, SoftmaxOver};

/// What a batch has to know of the model.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    positions: HistoryPositions,
    /// For every depth the tokens that are scored, if those that cannot follow are to be forbidden.
    ranges: Option<Vec<Range<usize>>>,
}

impl Layout {
    pub(crate) fn of(model: &SequenceModel) -> Self {
        let children = model.config().softmax == SoftmaxOver::Children;
        Self {
            positions: model.config().positions,
            ranges: children.then(|| {
                (0..model.max_tokens())
                    .map(|depth| model.range(depth))
                    .collect()
            }),
        }
    }

    /// See [`Batch::forbidden`]; nothing is forbidden where there is no target.
    fn forbidden(
        &self,
        targets: &[&[ItemId]],
        groups: usize,
        retrieval: &Retrieval,
        device: &Device,
    ) -> Vec<Tensor<2, Bool>> {
        let Some(ranges) = &self.ranges else {
            return Vec::new();
        };
        let trie = retrieval.trie();
        let rows = targets.len() * groups;
        let mut forbidden: Vec<Vec<bool>> = ranges
            .iter()
            .map(|range| vec![false; rows * range.len()])
            .collect();
        for (row, targets) in targets.iter().enumerate() {
            for (group, &target) in targets.iter().enumerate() {
                let mut node = trie.root();
                for (depth, &token) in retrieval.tokens().tokens(target).iter().enumerate() {
                    let range = &ranges[depth];
                    let mask = &mut forbidden[depth][(row * groups + group) * range.len()..]
                        [..range.len()];
                    mask.fill(true);
                    for child in trie.children(node).tokens() {
                        mask[child.index() - range.start] = false;
                    }
                    node = trie
                        .step(node, token)
                        .expect("the trie holds every identifier");
                }
            }
        }
        let tensor = |(mask, range): (Vec<bool>, &Range<usize>)| {
            Tensor::from_data(TensorData::new(mask, [rows, range.len()]), device)
        };
        forbidden.into_iter().zip(ranges).map(tensor).collect()
    }
}

/// Histories, and the identifiers of what follows them.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) inputs: Inputs,
    /// Tokens of the target items, `[batch, groups, length]`: one group a predicted item.
    pub(crate) targets: Tensor<3, Int>,
    /// True where a group may look at an encoder position, `[batch, groups, positions]`.
    pub(crate) visible: Tensor<3, Bool>,
    /// One where a target token is real, zero where it is padding, `[batch, groups, length]`.
    pub(crate) weights: Tensor<3>,
    /// For every depth, true where a token of its range cannot follow what stands before the target, `[batch * groups, range]`; empty unless
    /// the softmax is over the children.
    pub(crate) forbidden: Vec<Tensor<2, Bool>>,
    /// Number of real target tokens.
    pub(crate) tokens: usize,
}

impl Batch {
    /// Turns samples into tensors on `device`.
    pub(crate) fn new(
        samples: &Samples,
        batch: &[usize],
        retrieval: &Retrieval,
        layout: &Layout,
        device: &Device,
    ) -> Self {
        let tokens = retrieval.tokens().as_ref();
        let positions = layout.positions;
        let histories: Vec<_> = batch
            .iter()
            .map(|&sample| samples.history(sample))
            .collect();
        let inputs = Inputs::new(&histories, tokens, positions, device);
        let [rows, length, _] = inputs.tokens.dims();
        let groups = batch
            .iter()
            .map(|&sample| samples.targets(sample).len())
            .max()
            .unwrap_or(1);
        let depth = tokens.max_tokens();

        let pad = i64::from(tokens.vocabulary().pad().get());
        let mut targets = vec![pad; rows * groups * depth];
        let mut weights = vec![0_f32; rows * groups * depth];
        let mut visible = vec![false; rows * groups * length];
        let mut real = 0;
        for (row, (&sample, history)) in batch.iter().zip(&histories).enumerate() {
            let found = samples.targets(sample);
            // A group that predicts the item after the i-th of the history sees the positions of the first i items.
            let mut seen = Vec::with_capacity(history.len());
            let mut end = 0;
            for &item in *history {
                end += match positions {
                    HistoryPositions::Tokens => tokens.tokens(item).len(),
                    HistoryPositions::Items => 1,
                };
                seen.push(end);
            }
            for group in 0..groups {
                let at = row * groups + group;
                // Padding groups see what the last real one sees: something, so that no softmax is over nothing.
                let place = (history.len() - found.len() + group).min(history.len() - 1);
                visible[at * length..][..seen[place]].fill(true);
                if let Some(&target) = found.get(group) {
                    let identifier = tokens.tokens(target);
                    for (slot, token) in identifier.iter().enumerate() {
                        targets[at * depth + slot] = i64::from(token.get());
                        weights[at * depth + slot] = 1.0;
                    }
                    real += identifier.len();
                }
            }
        }
        let found: Vec<&[ItemId]> = batch
            .iter()
            .map(|&sample| samples.targets(sample))
            .collect();
        let shape = [rows, groups, depth];
        Self {
            forbidden: layout.forbidden(&found, groups, retrieval, device),
            inputs,
            targets: Tensor::from_data(TensorData::new(targets, shape), device),
            weights: Tensor::from_data(TensorData::new(weights, shape), device),
            visible: Tensor::from_data(TensorData::new(visible, [rows, groups, length]), device),
            tokens: real,
        }
    }
}
