//! The encoder-decoder as the scorer of a beam search.

use burn::tensor::{Bool, Int, Tensor, TensorData};
use genrec_decode::{Beam, Scorer, TokenId, View};

use super::cache::{CrossMemory, SelfCache};
use super::model::T5;
use crate::beams::{BeamRows, Rectangle};
use crate::sequence::SoftmaxOver;

/// Scores what beams write after what the encoder has read.
///
/// The encoder runs once a request; its beams share cross-attention keys and values. The tokens of the search are tokens of the model.
pub struct T5Scorer<'a> {
    model: &'a T5,
    rows: BeamRows<'a>,
    softmax: SoftmaxOver,
    memory: CrossMemory,
    mask: Tensor<2, Bool>,
    cache: SelfCache,
}

impl<'a> T5Scorer<'a> {
    /// Reads `tokens`, `[rows, positions]`, of which those are real where `mask`, `[rows, positions]`, is true, for a search of `identifiers`, or of a
    /// [`Lattice`](genrec_decode::Lattice), with one request a row.
    ///
    /// The softmax is as that of [`LanguageScorer::new`](crate::lm::LanguageScorer::new).
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other.
    pub fn new(
        model: &'a T5,
        identifiers: Option<View<'a>>,
        tokens: Tensor<2, Int>,
        mask: Tensor<2, Bool>,
        softmax: SoftmaxOver,
    ) -> Self {
        let memory = model.memory(model.encode(model.embed(tokens), &mask));
        Self {
            model,
            rows: BeamRows::new(identifiers, mask.dims()[0]),
            softmax,
            memory,
            mask,
            cache: SelfCache::new(),
        }
    }
}

impl Scorer for T5Scorer<'_> {
    fn score(&mut self, depth: usize, beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]) {
        if depth == 0 {
            self.cache = SelfCache::new();
        }
        let config = self.model.config();
        let start = i64::from(config.decoder_start_token_id);
        let Rectangle {
            width,
            parents,
            tokens,
        } = self.rows.begin(depth, beams, start);
        let shape = [self.mask.dims()[0], width];
        let device = self.mask.device();
        let tensor = |values| Tensor::<2, Int>::from_data(TensorData::new(values, shape), &device);
        if depth > 0 {
            self.cache.reorder(tensor(parents));
        }
        let embedded = self.model.embed(tensor(tokens));
        let hidden = self
            .model
            .decode_step(embedded, &self.memory, &self.mask, &mut self.cache);
        let range = self.softmax.range(candidates, config.vocab_size);
        let first = range.start;
        let logits = self.model.logits(hidden.flatten::<2>(0, 1), range);
        let step = (depth, beams, candidates);
        self.rows
            .finish(step, (logits, first), self.softmax, scores);
    }
}
