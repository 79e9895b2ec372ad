//! The network: a T5 that reads a prompt and answers with one row.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};
use genrec_identify::token::PromptVocabulary;
use genrec_train::{Draw, mixed};

use super::RetrievalConfig;
use super::reader::expect_words;
use crate::sequence::Inputs;
use crate::t5::T5;
use crate::{Error, Result};

/// `z = Proj(LM(prompt))` (TokenRec, section 4.3): the encoder reads the prompt, the decoder one start token, and a linear layer takes the decoder's state to the
/// width of the rows of items.
#[derive(Module, Debug)]
pub struct RetrievalModel {
    /// The encoder-decoder.
    pub t5: T5,
    /// From the state of the decoder to a row, `[d_model, d_row]`, with a bias.
    pub projection: Linear,
    #[module(skip)]
    config: RetrievalConfig,
    #[module(skip)]
    vocabulary: PromptVocabulary,
}

impl RetrievalModel {
    /// A model with random weights for the tokens of `vocabulary`; a function of `seed`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for settings that cannot be, or a prompt whose words the vocabulary does not have.
    pub fn new(
        mut config: RetrievalConfig,
        vocabulary: PromptVocabulary,
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        (config.t5.vocab_size, config.t5.seed) = (vocabulary.len(), seed);
        config.validate()?;
        let mut draw = Draw::new(mixed(seed, 1), device);
        let (d_model, d_row) = (config.t5.d_model, config.d_row);
        let projection = Linear {
            weight: Param::from_tensor(draw.normal([d_model, d_row], (d_model as f64).powf(-0.5))),
            bias: Some(Param::from_tensor(Tensor::zeros([d_row], device))),
        };
        Self::from_parts(config.t5.init(device), projection, config, vocabulary)
    }

    /// A model around weights that exist already.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and if T5, vocabulary and projection are not of each other's size.
    pub fn from_parts(
        t5: T5,
        projection: Linear,
        config: RetrievalConfig,
        vocabulary: PromptVocabulary,
    ) -> Result<Self> {
        config.validate()?;
        if t5.config().vocab_size != vocabulary.len() {
            return Err(Error::Config {
                what: "vocabulary of the T5",
                found: format!("{} tokens", t5.config().vocab_size),
                expected: format!(
                    "{}, those of the prompts, users and items",
                    vocabulary.len()
                ),
            });
        }
        let (found, expected) = (
            projection.weight.dims(),
            [t5.config().d_model, config.d_row],
        );
        if found != expected {
            return Err(Error::Config {
                what: "projection",
                found: format!("{found:?}"),
                expected: format!("{expected:?}"),
            });
        }
        let bias = projection.bias.as_ref().map(|bias| bias.dims());
        if bias.is_some_and(|found| found != [config.d_row]) {
            return Err(Error::Config {
                what: "bias of the projection",
                found: format!("{bias:?}"),
                expected: format!("[{}]", config.d_row),
            });
        }
        for prompt in config.prompts.iter() {
            expect_words(&vocabulary, prompt)?;
        }
        Ok(Self {
            t5,
            projection,
            config,
            vocabulary,
        })
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.t5.shared().val().device()
    }

    /// The configuration that it was made with.
    pub fn config(&self) -> &RetrievalConfig {
        &self.config
    }

    /// The tokens that it reads.
    pub fn vocabulary(&self) -> &PromptVocabulary {
        &self.vocabulary
    }

    /// The row that answers each prompt of a batch, `[batch, d_row]`.
    pub fn forward(&self, inputs: &Inputs) -> Tensor<2> {
        let [batch, positions, width] = inputs.tokens.dims();
        let tokens = inputs.tokens.clone().reshape([batch, positions * width]);
        let embedded = self.t5.embed(tokens);
        let d_model = embedded.dims()[2];
        let embedded = if width == 1 {
            embedded
        } else {
            let mut parts: Tensor<4> = embedded.reshape([batch, positions, width, d_model]);
            if let Some(mask) = &inputs.token_mask {
                parts = parts * mask.clone().float().unsqueeze_dim::<4>(3);
            }
            // Divided so that the sum of independent embeddings keeps the scale of one.
            (parts.sum_dim(2) / (width as f64).sqrt()).reshape([batch, positions, d_model])
        };
        let encoded = self.t5.encode(embedded, &inputs.mask);
        let start = i64::from(self.config.t5.decoder_start_token_id);
        let start = Tensor::<2, Int>::full([batch, 1], start, &inputs.tokens.device());
        let start = self.t5.embed(start).unsqueeze_dim::<4>(1);
        let visible = inputs.mask.clone().unsqueeze_dim::<3>(1);
        let state = self.t5.decode(start, &self.t5.memory(encoded), &visible);
        self.projection.forward(state.reshape([batch, d_model]))
    }
}
