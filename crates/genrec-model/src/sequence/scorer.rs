//! The language model as the scorer of a beam search.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use genrec_decode::{Beam, Scorer, TokenId, View};

use super::{Inputs, SequenceModel, SoftmaxOver};
use crate::beams::{BeamRows, Rectangle};
use crate::t5::{CrossMemory, SelfCache};

/// Scores beams with a [`SequenceModel`].
///
/// The encoder runs once a request, and its cross-attention keys and values are shared by all beams of the request: beams are query positions.
/// The self-attention cache holds at most as many positions as an identifier has tokens, and follows the beams by their parents.
pub struct SequenceScorer<'a> {
    model: &'a SequenceModel,
    rows: BeamRows<'a>,
    device: Device,
    memory: CrossMemory,
    mask: Tensor<2, Bool>,
    /// See [`SequenceModel::state`], `[requests, 1, d_model]`.
    state: Option<Tensor<3>>,
    cache: SelfCache,
    requests: usize,
}

impl<'a> SequenceScorer<'a> {
    /// Encodes `inputs`, one row a request, for a search of `identifiers`, a [`Trie`](genrec_decode::Trie) or an [`Overlay`](genrec_decode::Overlay).
    ///
    /// # Panics
    ///
    /// If there may be a longer identifier than any that the model was made for ([`SequenceModel::max_tokens`]), unless its softmax is over the whole vocabulary.
    pub fn new(
        model: &'a SequenceModel,
        identifiers: impl Into<View<'a>>,
        inputs: &Inputs,
    ) -> Self {
        let identifiers = identifiers.into();
        let (found, known) = (identifiers.depth(), model.max_tokens());
        assert!(
            found <= known || model.config().softmax == SoftmaxOver::Vocabulary,
            "identifiers of {found} tokens, expected at most the {known} of the longest that the model was made for"
        );
        let encoded = model.encode(inputs);
        let requests = inputs.mask.dims()[0];
        Self {
            rows: BeamRows::new(Some(identifiers), requests),
            device: encoded.device(),
            requests,
            state: model.state(&encoded, &inputs.mask.clone().unsqueeze_dim::<3>(1)),
            memory: model.t5.memory(encoded),
            mask: inputs.mask.clone(),
            cache: SelfCache::new(),
            model,
        }
    }
}

impl Scorer for SequenceScorer<'_> {
    fn score(&mut self, depth: usize, beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]) {
        if depth == 0 {
            self.cache = SelfCache::new();
        }
        let start = self.model.start_token();
        let Rectangle {
            width,
            parents,
            tokens,
        } = self.rows.begin(depth, beams, start);
        let shape = [self.requests, width];
        if depth > 0 {
            self.cache.reorder(Tensor::<2, Int>::from_data(
                TensorData::new(parents, shape),
                &self.device,
            ));
        }
        let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, shape), &self.device);
        let mut embedded = self.model.t5.embed(tokens);
        if let Some(state) = &self.state {
            embedded = embedded + state.clone();
        }
        let hidden = self
            .model
            .t5
            .decode_step(embedded, &self.memory, &self.mask, &mut self.cache);
        let d_model = hidden.dims()[2];
        let hidden = hidden.reshape([self.requests * width, d_model]);
        let softmax = self.model.config().softmax;
        let logits = self.model.logits(hidden, depth);
        self.rows
            .finish((depth, beams, candidates), logits, softmax, scores);
    }
}
