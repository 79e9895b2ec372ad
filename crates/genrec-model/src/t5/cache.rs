//! What a decoder keeps between calls.

use burn::tensor::{Int, Tensor};

/// Cross-attention keys and values of every decoder layer, computed once a user by [`T5::memory`](super::T5::memory).
#[derive(Clone, Debug)]
pub struct CrossMemory {
    /// Keys and values of each layer, `[batch, heads, positions, d_kv]`.
    pub(super) layers: Vec<(Tensor<4>, Tensor<4>)>,
}

/// Self-attention keys and values of the tokens that [`T5::decode_step`](super::T5::decode_step) has read so far.
#[derive(Clone, Debug, Default)]
pub struct SelfCache {
    /// Keys and values of each layer, `[batch * beams, heads, len, d_kv]`; empty before the first step.
    pub(super) layers: Vec<(Tensor<4>, Tensor<4>)>,
    /// Number of tokens read.
    pub(super) len: usize,
    /// `[batch, beams]` of the step before.
    shape: [usize; 2],
}

impl SelfCache {
    /// A cache that holds nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of tokens read: the position of the next one.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no token was read yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Beam `j` of user `i` goes on from what was beam `parents[i, j]` of that user; `parents` is `[batch, new_beams]`.
    ///
    /// A beam may have several children or none, and the number of beams may change. Before the first step this does nothing.
    ///
    /// # Panics
    ///
    /// If the batch is not that of the steps before.
    pub fn reorder(&mut self, parents: Tensor<2, Int>) {
        if self.is_empty() {
            return;
        }
        let [batch, beams] = parents.dims();
        let [cached, width] = self.shape;
        assert_eq!(
            batch, cached,
            "the cache holds {cached} users, parents are for {batch}"
        );
        let first = Tensor::<1, Int>::arange(0..batch as i64, &parents.device()) * width as i64;
        let rows = (parents + first.reshape([batch, 1])).reshape([batch * beams]);
        for (keys, values) in &mut self.layers {
            *keys = keys.clone().select(0, rows.clone());
            *values = values.clone().select(0, rows.clone());
        }
        self.shape = [batch, beams];
    }

    /// Makes ready for one more token of `beams` beams of `batch` users.
    pub(super) fn begin(&mut self, batch: usize, beams: usize) {
        assert!(
            self.is_empty() || self.shape == [batch, beams],
            "the cache holds {:?} users and beams, the step has {:?}: reorder it first",
            self.shape,
            [batch, beams]
        );
        self.shape = [batch, beams];
    }

    /// Appends one token's keys and values, `[batch * beams, heads, 1, d_kv]`, of `layer` and returns all of that layer so far.
    pub(super) fn push(
        &mut self,
        layer: usize,
        keys: Tensor<4>,
        values: Tensor<4>,
    ) -> (Tensor<4>, Tensor<4>) {
        if let Some((all_keys, all_values)) = self.layers.get_mut(layer) {
            *all_keys = Tensor::cat(vec![all_keys.clone(), keys], 2);
            *all_values = Tensor::cat(vec![all_values.clone(), values], 2);
        } else {
            self.layers.push((keys, values));
        }
        self.layers[layer].clone()
    }
}
