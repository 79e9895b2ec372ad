//! The whole network.

use std::ops::Range;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::module::{embedding, linear as product};
use burn::tensor::{Bool, Device, Int, Tensor, assert_shape};
use genrec_train::{Draw, Dropout};

use super::attention::linear;
use super::bias::hide;
use super::cache::{CrossMemory, SelfCache};
use super::config::T5Config;
use super::stack::{Decoder, Encoder};
use crate::lora::Adapters;

/// A T5 encoder-decoder. Made by [`T5Config::init`] or [`T5::load`].
///
/// Dropout acts on devices that differentiate, and nowhere else.
#[derive(Module, Debug)]
pub struct T5 {
    /// Embeddings of encoder and decoder, `[vocab_size, d_model]`.
    pub(super) shared: Param<Tensor<2>>,
    /// The layers that read the input.
    pub encoder: Encoder,
    /// The layers that write the output.
    pub decoder: Decoder,
    /// `[d_model, vocab_size]`; absent if the head is tied to the embeddings.
    pub(super) head: Option<Linear>,
    #[module(skip)]
    pub(super) config: T5Config,
    #[module(skip)]
    pub(super) dropout: Dropout,
}

impl T5Config {
    /// A T5 with random weights as published (Mesh TensorFlow's initialisation, which Hugging Face follows): embeddings, head and norms have the scale
    /// 1, every other matrix the inverse square root of its input width, queries that of `d_model * d_kv`.
    ///
    /// The weights are a function of [`seed`](Self::seed): the same on every device.
    ///
    /// # Panics
    ///
    /// If [`validate`](Self::validate) finds a size that cannot be built.
    pub fn init(&self, device: &Device) -> T5 {
        if let Err(error) = self.validate() {
            panic!("{error}");
        }
        self.init_with(&mut Draw::new(self.seed, device))
    }

    /// A T5 with weights from `draw`.
    pub(super) fn init_with(&self, draw: &mut Draw) -> T5 {
        let std = self.initializer_factor;
        let shared = draw.normal([self.vocab_size, self.d_model], std);
        T5 {
            shared: Param::from_tensor(shared),
            encoder: Encoder::new(self, draw),
            decoder: Decoder::new(self, draw),
            head: (!self.tied_head).then(|| linear(self.d_model, self.vocab_size, std, draw)),
            config: self.clone(),
            dropout: Dropout::new(self.dropout),
        }
    }
}

impl T5 {
    /// The configuration that it was made with.
    pub fn config(&self) -> &T5Config {
        &self.config
    }

    /// The embeddings of encoder and decoder, `[vocab_size, d_model]`, and the head if it is tied.
    pub fn shared(&self) -> &Param<Tensor<2>> {
        &self.shared
    }

    /// Puts other embeddings in the place of the shared ones.
    ///
    /// # Panics
    ///
    /// If they are not `[vocab_size, d_model]`.
    pub fn set_shared(&mut self, shared: Param<Tensor<2>>) {
        assert_shape!(shared.val(), [self.config.vocab_size, self.config.d_model]);
        self.shared = shared;
    }

    /// Makes room for `added` more tokens behind the others, in the embeddings and, where it is one of its own, in the head. Their rows are the mean of the others' plus
    /// noise with a tenth of the others' standard deviation, a function of `seed`.
    pub fn add_tokens(&mut self, added: usize, seed: u64) {
        let draw = &mut Draw::new(seed, &self.shared.val().device());
        // `rows` are tokens, `[vocab_size, d_model]`; `[added, d_model]` comes back.
        let mut new = |rows: Tensor<2>| {
            let [tokens, d_model] = rows.dims();
            let mean = rows.clone().mean_dim(0);
            let variance = (rows - mean.clone()).square().sum() / (tokens * d_model) as f64;
            mean + draw.normal([added, d_model], 0.1) * variance.sqrt().reshape([1, 1])
        };
        let rows = self.shared.val();
        let rows = Tensor::cat(vec![rows.clone(), new(rows)], 0);
        self.shared = Param::from_tensor(rows.detach());
        if let Some(head) = &mut self.head {
            let columns = head.weight.val();
            let added = new(columns.clone().transpose()).transpose();
            head.weight = Param::from_tensor(Tensor::cat(vec![columns, added], 1).detach());
        }
        self.config.vocab_size += added;
    }

    /// Starts the sequence of dropout masks of `seed`.
    ///
    /// The masks drawn from here on depend on nothing else, whatever was computed before: seed it from epoch and step, and a resumed run repeats an
    /// undisturbed one. Clones go on with their own copy of the sequence.
    pub fn seed_dropout(&self, seed: u64) {
        self.dropout.seed(seed);
        self.seed_adapters(seed);
    }

    /// Embeddings of `tokens`, `[batch, positions]` to `[batch, positions, d_model]`.
    pub fn embed(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        embedding(self.shared.val(), tokens)
    }

    /// Encoder states, `[batch, positions, d_model]`, of embedded inputs `[batch, positions, d_model]`.
    ///
    /// `mask`, `[batch, positions]`, is true at real positions; what stands at the others changes nothing at the real ones. With a
    /// [causal encoder](T5Config::causal_encoder), padding has to follow the real positions for the encoding of a prefix to be the prefix of the encoding.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other.
    pub fn encode(&self, inputs: Tensor<3>, mask: &Tensor<2, Bool>) -> Tensor<3> {
        let [batch, positions] = mask.dims();
        assert_shape!(inputs, [batch, positions, self.config.d_model]);
        let mask = hide(mask.clone()).reshape([batch, 1, 1, positions]);
        self.encoder.forward(inputs, &mask, &self.dropout)
    }

    /// Cross-attention keys and values of encoder states `[batch, positions, d_model]`.
    pub fn memory(&self, encoded: Tensor<3>) -> CrossMemory {
        self.decoder.memory(encoded)
    }

    /// Decoder states, `[batch, groups, length, d_model]`, of embedded tokens `[batch, groups, length, d_model]`.
    ///
    /// The `groups` of a user are independent target sequences that share the user's `memory`; group `g` of user `b` sees the encoder positions where
    /// `visible[b, g]`, of `[batch, groups, positions]`, is true.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other.
    pub fn decode(
        &self,
        inputs: Tensor<4>,
        memory: &CrossMemory,
        visible: &Tensor<3, Bool>,
    ) -> Tensor<4> {
        let length = inputs.dims()[2];
        let bias = self.decoder.bias.forward(0, length, length);
        self.decode_with(inputs, memory, visible, &bias)
    }

    /// As [`decode`](Self::decode), with `bias`, `[1, heads, length, length]`, added to the scores among the places of a group.
    pub(super) fn decode_with(
        &self,
        inputs: Tensor<4>,
        memory: &CrossMemory,
        visible: &Tensor<3, Bool>,
        bias: &Tensor<4>,
    ) -> Tensor<4> {
        let [batch, groups, length, _] = inputs.dims();
        let positions = visible.dims()[2];
        assert_shape!(visible, [batch, groups, positions]);
        let mask = hide(visible.clone())
            .reshape([batch, groups, 1, positions])
            .repeat_dim(2, length)
            .reshape([batch, 1, groups * length, positions]);
        self.decoder
            .forward(inputs, memory, bias, &mask, &self.dropout)
    }

    /// Decoder states, `[batch, beams, d_model]`, of one more embedded token for each beam, `[batch, beams, d_model]`, at position
    /// [`cache.len()`](SelfCache::len).
    ///
    /// All beams of user `b` see the encoder positions where `visible[b]`, of `[batch, positions]`, is true. The token is added to the `cache`.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other, or the cache holds other users and beams (see [`SelfCache::reorder`]).
    pub fn decode_step(
        &self,
        inputs: Tensor<3>,
        memory: &CrossMemory,
        visible: &Tensor<2, Bool>,
        cache: &mut SelfCache,
    ) -> Tensor<3> {
        let [batch, positions] = visible.dims();
        let mask = hide(visible.clone()).reshape([batch, 1, 1, positions]);
        self.decoder
            .step(inputs, memory, &mask, cache, &self.dropout)
    }

    /// Logits of the tokens in `range`, `[..., range.len()]`, for decoder states `[..., d_model]`.
    ///
    /// # Panics
    ///
    /// If the range is empty or not within the vocabulary.
    pub fn logits<const D: usize>(&self, hidden: Tensor<D>, range: Range<usize>) -> Tensor<D> {
        let (vocab_size, d_model) = (self.config.vocab_size, self.config.d_model);
        assert!(
            range.start < range.end && range.end <= vocab_size,
            "tokens {range:?} of a vocabulary of {vocab_size}"
        );
        match &self.head {
            Some(head) => product(hidden, head.weight.val().slice([0..d_model, range]), None),
            None => {
                let rows = self.shared.val().slice([range, 0..d_model]);
                product(hidden * self.tied_scale(), rows.transpose(), None)
            }
        }
    }

    /// The two factors of the logits of all tokens: a row for each hidden state of `hidden`, `[n, d_model]`, and one for each token, `[vocab_size, d_model]`.
    #[cfg(feature = "train")]
    pub(crate) fn factors(&self, hidden: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        match &self.head {
            Some(head) => (hidden, head.weight.val().transpose()),
            None => (hidden * self.tied_scale(), self.shared.val()),
        }
    }

    /// Where the embeddings are the head too, they are as large as embeddings have to be.
    fn tied_scale(&self) -> f64 {
        (self.config.d_model as f64).powf(-0.5)
    }

    /// Logits `[batch, length, vocab_size]` of `decoder_tokens`, `[batch, length]`, after reading `tokens`, `[batch, positions]`, of which those are real where
    /// `mask`, `[batch, positions]`, is true: the plain computation, as in Hugging Face's `T5ForConditionalGeneration`.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other.
    pub fn forward(
        &self,
        tokens: Tensor<2, Int>,
        mask: &Tensor<2, Bool>,
        decoder_tokens: Tensor<2, Int>,
    ) -> Tensor<3> {
        let memory = self.memory(self.encode(self.embed(tokens), mask));
        let inputs = self.embed(decoder_tokens).unsqueeze_dim::<4>(1);
        let [batch, positions] = mask.dims();
        let visible = mask.clone().reshape([batch, 1, positions]);
        let hidden = self.decode(inputs, &memory, &visible).squeeze_dim::<3>(1);
        self.logits(hidden, 0..self.config.vocab_size)
    }
}
