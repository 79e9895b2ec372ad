//! A batch of training samples as tensors.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use genrec_identify::ItemTokens;

use super::samples::Samples;
use crate::sequence::{HistoryPositions, Inputs};

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
    /// Number of real target tokens.
    pub(crate) tokens: usize,
    /// Seed of the dropout of this batch.
    pub(crate) seed: u64,
}

impl Batch {
    /// Turns samples into tensors on `device`.
    pub(crate) fn new(
        samples: &Samples,
        batch: &[usize],
        tokens: &ItemTokens,
        positions: HistoryPositions,
        seed: u64,
        device: &Device,
    ) -> Self {
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
        let shape = [rows, groups, depth];
        Self {
            inputs,
            targets: Tensor::from_data(TensorData::new(targets, shape), device),
            weights: Tensor::from_data(TensorData::new(weights, shape), device),
            visible: Tensor::from_data(TensorData::new(visible, [rows, groups, length]), device),
            tokens: real,
            seed,
        }
    }
}
