//! What is kept of a prompt, and of the tokens of its beams.

use burn::tensor::{Int, Tensor};

use super::attention::KeysValues;

/// Prompts that were read: their keys and values in every block, shared by all beams. Made by [`LanguageModel::read`](super::LanguageModel::read).
#[derive(Clone, Debug)]
pub struct Prompt {
    pub(super) layers: Vec<KeysValues>,
    /// Added to the scores, `[rows, 1, 1, positions]`: hides what stands behind the end of a shorter prompt.
    pub(super) hidden: Tensor<4>,
    pub(super) lengths: Vec<usize>,
}

/// The tokens that beams have read after their prompts.
#[derive(Clone, Debug)]
pub struct Beams {
    pub(super) layers: Vec<KeysValues>,
    /// Number of tokens read.
    pub(super) len: usize,
    /// `[rows, beams]` of the step before.
    shape: [usize; 2],
}

impl Prompt {
    /// Number of prompts.
    pub fn rows(&self) -> usize {
        self.lengths.len()
    }

    /// Beams that have read nothing yet.
    pub fn beams(&self) -> Beams {
        Beams {
            layers: Vec::new(),
            len: 0,
            shape: [self.rows(), 0],
        }
    }
}

impl Beams {
    /// Number of tokens that every beam has read.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no token was read yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Beam `j` of row `i` goes on from what was beam `parents[i, j]` of that row; `parents` is `[rows, new_beams]`. Before the first step this does nothing.
    ///
    /// # Panics
    ///
    /// If the rows are not those of the steps before.
    pub fn reorder(&mut self, parents: Tensor<2, Int>) {
        let [rows, beams] = parents.dims();
        let [cached, width] = self.shape;
        assert_eq!(
            rows, cached,
            "{cached} rows were read, parents are for {rows}"
        );
        if self.is_empty() {
            return;
        }
        let first = Tensor::<1, Int>::arange(0..rows as i64, &parents.device()) * width as i64;
        let chosen = (parents + first.reshape([rows, 1])).reshape([rows * beams]);
        for (keys, values) in &mut self.layers {
            *keys = keys.clone().select(0, chosen.clone());
            *values = values.clone().select(0, chosen.clone());
        }
        self.shape = [rows, beams];
    }

    /// Makes ready for one more token of `beams` beams of `rows` rows.
    pub(super) fn begin(&mut self, rows: usize, beams: usize) {
        assert!(
            self.shape[0] == rows && (self.is_empty() || self.shape[1] == beams),
            "{:?} rows and beams were read, the step has {:?}: reorder them first",
            self.shape,
            [rows, beams]
        );
        self.shape = [rows, beams];
    }
}
