//! The language model as the scorer of a beam search.

use burn::tensor::{Int, Tensor, TensorData};
use genrec_decode::{Beam, Scorer, TokenId, View};

use super::cache::{Beams, Prompt};
use super::model::LanguageModel;
use crate::beams::{BeamRows, Rectangle};
use crate::sequence::SoftmaxOver;

/// Scores what beams write after their prompts.
///
/// Prompts are read once, at any length; beams share the keys and values of theirs. The tokens of the trie are tokens of the model.
pub struct LanguageScorer<'a> {
    model: &'a LanguageModel,
    rows: BeamRows<'a>,
    softmax: SoftmaxOver,
    prompt: Prompt,
    /// The states at the ends of the prompts, `[rows, d_model]`.
    ends: Tensor<2>,
    beams: Beams,
}

impl<'a> LanguageScorer<'a> {
    /// Reads prompts, `tokens`, `[rows, positions]`, of which the first `lengths[row]` are real, for a search of `identifiers`, or of a [`Lattice`](genrec_decode::Lattice), with one request
    /// a row.
    ///
    /// The softmax is over the whole vocabulary, over the tokens from the first to the last that can follow anywhere at a depth ([`SoftmaxOver::Level`]), or over those that can follow
    /// a beam ([`SoftmaxOver::Children`], for which alone the identifiers are needed).
    ///
    /// # Panics
    ///
    /// As [`LanguageModel::read`].
    pub fn new(
        model: &'a LanguageModel,
        identifiers: Option<View<'a>>,
        tokens: Tensor<2, Int>,
        lengths: &[usize],
        softmax: SoftmaxOver,
    ) -> Self {
        let (prompt, ends) = model.read(tokens, lengths);
        Self {
            model,
            rows: BeamRows::new(identifiers, lengths.len()),
            softmax,
            beams: prompt.beams(),
            prompt,
            ends,
        }
    }
}

impl Scorer for LanguageScorer<'_> {
    fn score(&mut self, depth: usize, beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]) {
        let Rectangle {
            width,
            parents,
            tokens,
        } = self.rows.begin(depth, beams, 0);
        let hidden = if depth == 0 {
            self.beams = self.prompt.beams();
            self.ends.clone()
        } else {
            let shape = [self.prompt.rows(), width];
            let device = self.ends.device();
            let tensor =
                |values| Tensor::<2, Int>::from_data(TensorData::new(values, shape), &device);
            self.beams.reorder(tensor(parents));
            let states = self
                .model
                .step(tensor(tokens), &self.prompt, &mut self.beams);
            states.flatten::<2>(0, 1)
        };
        let range = self
            .softmax
            .range(candidates, self.model.config().vocab_size);
        let first = range.start;
        let logits = self.model.logits(hidden, range);
        let step = (depth, beams, candidates);
        self.rows
            .finish(step, (logits, first), self.softmax, scores);
    }
}
