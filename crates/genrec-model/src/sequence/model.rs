//! The network of a sequence recommender: a T5 over identifier tokens.

use std::ops::Range;

use burn::module::{Module, Param};
use burn::tensor::{Bool, Device, Int, Tensor};
use genrec_identify::ItemTokens;
use genrec_train::Draw;

use super::{DecoderInput, HistoryPositions, Inputs, SequenceModelConfig, SoftmaxOver};
use crate::t5::T5;
use crate::{Error, Result};

/// An encoder-decoder that reads the identifiers of a history and writes the identifier of the next item.
///
/// TIGER (Rajput et al. 2023) and LETTER-TIGER (Wang et al. 2024, section 4.1) are this model over different identifiers.
#[derive(Module, Debug)]
pub struct SequenceModel {
    /// The encoder-decoder.
    pub t5: T5,
    #[module(skip)]
    config: SequenceModelConfig,
    #[module(skip)]
    ranges: Vec<Range<usize>>,
}

impl SequenceModel {
    /// A model with random weights for the identifiers in `tokens`; a function of `seed`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for sizes that no T5 can have, and if its vocabulary does not hold that of `tokens` and the text tokens.
    pub fn new(
        config: SequenceModelConfig,
        tokens: &ItemTokens,
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        config.t5.validate()?;
        let config = SequenceModelConfig {
            t5: config.t5.with_seed(seed),
            ..config
        };
        Self::from_parts(config.t5.init(device), config, tokens)
    }

    /// A model around weights that exist already.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_parts(t5: T5, config: SequenceModelConfig, tokens: &ItemTokens) -> Result<Self> {
        let expected = tokens.vocabulary().len() + config.text_tokens;
        if config.t5.vocab_size != expected {
            return Err(Error::Config {
                what: "vocabulary of the T5",
                found: format!("{} tokens", config.t5.vocab_size),
                expected: format!(
                    "{expected} tokens: {} of the item vocabulary and {} of text",
                    tokens.vocabulary().len(),
                    config.text_tokens
                ),
            });
        }
        if config.max_history == 0 {
            return Err(Error::Config {
                what: "max_history",
                found: "0".into(),
                expected: "at least one item of history".into(),
            });
        }
        Ok(Self {
            t5,
            ranges: depth_ranges(tokens),
            config,
        })
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.t5.shared().val().device()
    }

    /// The configuration that it was made with.
    pub fn config(&self) -> &SequenceModelConfig {
        &self.config
    }

    /// The smallest range of tokens that holds all that occur at `depth` of an identifier.
    ///
    /// # Panics
    ///
    /// If no identifier is as long.
    pub fn range(&self, depth: usize) -> Range<usize> {
        self.ranges[depth].clone()
    }

    /// The length of the longest identifier.
    pub fn max_tokens(&self) -> usize {
        self.ranges.len()
    }

    /// Starts the embedding of every identifier token from its codeword, so that tokens with near codewords begin near.
    ///
    /// `codebooks[l]` holds the codewords of level `l`, `[codewords, d]`. They are mapped to the model's width by one random orthogonal-like
    /// projection (entries from N(0, 1/d)) a level and scaled to the standard deviation that the embeddings had. Tokens beyond the codebooks
    /// (an added level that tells collided items apart) keep their random start.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there are more codebooks than levels, or a codebook has more codewords than its level has tokens.
    pub fn start_from_codebooks(
        mut self,
        tokens: &ItemTokens,
        codebooks: &[Tensor<2>],
        seed: u64,
    ) -> Result<Self> {
        let levels = tokens.vocabulary().levels();
        if codebooks.len() > levels {
            return Err(Error::Config {
                what: "codebooks",
                found: format!("{} codebooks", codebooks.len()),
                expected: format!("at most one for each of the {levels} levels of the vocabulary"),
            });
        }
        let weight = self.t5.shared().val();
        let device = weight.device();
        let [_, d_model] = weight.dims();
        let mut draw = Draw::new(seed, &device);
        let mut embedded = weight.clone();
        for (level, codebook) in codebooks.iter().enumerate() {
            let range = tokens.vocabulary().level(level);
            let (start, end) = (range.start as usize, range.end as usize);
            let [codewords, d_code] = codebook.dims();
            if codewords > end - start {
                return Err(Error::Config {
                    what: "codebook",
                    found: format!("{codewords} codewords at level {level}"),
                    expected: format!("at most the {} tokens of that level", end - start),
                });
            }
            let codebook = codebook.clone().to_device(&device).detach();
            let centred = codebook.clone() - codebook.mean_dim(0);
            let scale = 1.0 / (d_code as f64).sqrt();
            let projection = draw.normal([d_code, d_model], scale);
            let projected = centred.matmul(projection);
            let deviation = projected.clone().square().mean().sqrt().clamp_min(1e-12);
            let target = weight.clone().square().mean().sqrt();
            let rows = projected * (target / deviation).reshape([1, 1]);
            embedded = embedded.slice_assign([start..start + codewords, 0..d_model], rows);
        }
        self.t5.set_shared(Param::from_tensor(embedded.detach()));
        Ok(self)
    }

    /// Encoder states of a batch of histories, `[batch, positions, d_model]`.
    pub fn encode(&self, inputs: &Inputs) -> Tensor<3> {
        let [batch, positions, width] = inputs.tokens.dims();
        let embedded = self
            .t5
            .embed(inputs.tokens.clone().reshape([batch, positions * width]));
        let embedded = if self.config.positions == HistoryPositions::Tokens {
            embedded
        } else {
            self.pool(embedded, inputs)
        };
        self.t5.encode(embedded, &inputs.mask)
    }

    /// Sums the token embeddings of each position: `[batch, positions * width, d_model]` to `[batch, positions, d_model]`.
    fn pool(&self, embedded: Tensor<3>, inputs: &Inputs) -> Tensor<3> {
        let [batch, positions, width] = inputs.tokens.dims();
        let d_model = embedded.dims()[2];
        let mut by_item: Tensor<4> = embedded.reshape([batch, positions, width, d_model]);
        if let Some(mask) = &inputs.token_mask {
            by_item = by_item * mask.clone().float().unsqueeze_dim::<4>(3);
        }
        // Divided so that the sum of independent embeddings keeps the scale of one.
        (by_item.sum_dim(2) / (width as f64).sqrt()).reshape([batch, positions, d_model])
    }

    /// What the decoder reads in front of each of the first `length` tokens of `targets`: the start token, then the tokens but the last.
    ///
    /// `targets`: `[batch, groups, length]`; `state`: what [`state`](Self::state) gives; the result: embeddings `[batch, groups, length, d_model]`.
    pub fn decoder_inputs(&self, targets: &Tensor<3, Int>, state: Option<Tensor<3>>) -> Tensor<4> {
        let [batch, groups, length] = targets.dims();
        let start =
            Tensor::<3, Int>::full([batch, groups, 1], self.start_token(), &targets.device());
        let shifted = if length == 1 {
            start
        } else {
            Tensor::cat(
                vec![
                    start,
                    targets.clone().slice([0..batch, 0..groups, 0..length - 1]),
                ],
                2,
            )
        };
        let embedded = self.t5.embed(shifted.reshape([batch, groups * length]));
        let d_model = embedded.dims()[2];
        let embedded: Tensor<4> = embedded.reshape([batch, groups, length, d_model]);
        match state {
            Some(state) => embedded + state.unsqueeze_dim::<4>(2),
            None => embedded,
        }
    }

    /// What is added to all that the decoder reads, `[batch, groups, d_model]`: nothing, or with [`DecoderInput::TokenAndState`] the encoder's state at
    /// the last position that the group sees.
    ///
    /// `encoded`: `[batch, positions, d_model]`; `visible`: `[batch, groups, positions]`, true from the first position to the last one seen, at least
    /// one.
    pub fn state(&self, encoded: &Tensor<3>, visible: &Tensor<3, Bool>) -> Option<Tensor<3>> {
        if self.config.decoder_input == DecoderInput::Token {
            return None;
        }
        let d_model = encoded.dims()[2];
        let last = visible.clone().int().sum_dim(2).sub_scalar(1);
        Some(encoded.clone().gather(1, last.repeat_dim(2, d_model)))
    }

    /// The token that the decoder starts from.
    pub fn start_token(&self) -> i64 {
        i64::from(self.config.t5.decoder_start_token_id)
    }

    /// Logits of the tokens at `depth`, `[rows, tokens]`, and the first of those tokens, for decoder states `[rows, d_model]`.
    ///
    /// The tokens are those of [`range`](Self::range), or the whole vocabulary with [`SoftmaxOver::Vocabulary`].
    pub fn logits(&self, hidden: Tensor<2>, depth: usize) -> (Tensor<2>, usize) {
        let range = match self.config.softmax {
            SoftmaxOver::Level | SoftmaxOver::Children => self.range(depth),
            SoftmaxOver::Vocabulary => 0..self.config.t5.vocab_size,
        };
        let start = range.start;
        (self.t5.logits(hidden, range), start)
    }
}

/// For every depth, the smallest range that holds the tokens which occur there.
fn depth_ranges(tokens: &ItemTokens) -> Vec<Range<usize>> {
    let empty = Range {
        start: usize::MAX,
        end: 0,
    };
    let mut ranges = vec![empty; tokens.max_tokens()];
    for group in 0..tokens.groups() {
        for (range, token) in ranges.iter_mut().zip(tokens.group_tokens(group)) {
            range.start = range.start.min(token.index());
            range.end = range.end.max(token.index() + 1);
        }
    }
    // A level whose codewords are all of one range keeps that whole range, so that the head of a level does not depend on which codewords
    // happen to be used.
    for (depth, range) in ranges.iter_mut().enumerate() {
        if depth < tokens.vocabulary().levels() {
            let level = tokens.vocabulary().level(depth);
            let level = level.start as usize..level.end as usize;
            if level.start <= range.start && range.end <= level.end {
                *range = level;
            }
        }
    }
    ranges
}
