//! A language model of either architecture.

use std::fs;
use std::path::Path;

use burn::module::Module;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use genrec_decode::{Scorer, View};
use serde::Deserialize;

use super::samples::{Instructions, Question};
use crate::lm::{LanguageModel, LanguageScorer};
use crate::lora::{Adapters, Projection, Table};
use crate::sequence::SoftmaxOver;
use crate::t5::{T5, T5Scorer};
use crate::{Error, Result};

/// A language model that reads an instruction and writes a response.
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one a recommender, and a module is not boxed"
)]
pub enum TextModel {
    /// T5 and Flan-T5: the encoder reads the instruction, with the token that ends a sequence behind it; the decoder writes the response.
    EncoderDecoder(T5),
    /// Qwen2 and LLaMA: the response goes on where the instruction ends.
    Decoder(LanguageModel),
}

impl From<T5> for TextModel {
    fn from(model: T5) -> Self {
        Self::EncoderDecoder(model)
    }
}

impl From<LanguageModel> for TextModel {
    fn from(model: LanguageModel) -> Self {
        Self::Decoder(model)
    }
}

/// The field of `config.json` that says which of the two it is.
#[derive(Deserialize)]
struct Kind {
    model_type: String,
}

impl TextModel {
    /// Reads a folder in Hugging Face's layout: see [`T5::load`] and [`LanguageModel::load`].
    ///
    /// # Errors
    ///
    /// Theirs, and [`Error::Malformed`] for a model of another type.
    pub fn load(folder: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let folder = folder.as_ref();
        let path = folder.join("config.json");
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        let malformed = |reason| Error::Malformed {
            path: path.clone(),
            reason,
        };
        let kind: Kind =
            serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        match kind.model_type.as_str() {
            "t5" | "t5_causal_encoder" => Ok(T5::load(folder, device)?.into()),
            "qwen2" | "llama" => Ok(LanguageModel::load(folder, device)?.into()),
            other => Err(malformed(format!(
                "model_type is {other:?}, expected \"t5\", \"qwen2\" or \"llama\""
            ))),
        }
    }

    /// Writes a folder in Hugging Face's layout: see [`T5::save`] and [`LanguageModel::save`].
    ///
    /// # Errors
    ///
    /// Theirs.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        match self {
            Self::EncoderDecoder(model) => model.save(folder),
            Self::Decoder(model) => model.save(folder),
        }
    }

    /// The number of tokens that it knows.
    pub fn vocab_size(&self) -> usize {
        match self {
            Self::EncoderDecoder(model) => model.config().vocab_size,
            Self::Decoder(model) => model.config().vocab_size,
        }
    }

    /// The token that ends a sequence.
    pub fn eos(&self) -> u32 {
        match self {
            Self::EncoderDecoder(model) => model.config().eos_token_id,
            Self::Decoder(model) => model.config().eos_token_id,
        }
    }

    /// Where it is.
    pub fn device(&self) -> Device {
        match self {
            Self::EncoderDecoder(model) => model.shared().val().device(),
            Self::Decoder(model) => model.device(),
        }
    }

    /// Makes room for tokens up to `tokens`, behind those that it has, with weights that are a function of `seed`; published models often have some to spare.
    #[must_use]
    pub fn with_room(mut self, tokens: usize, seed: u64) -> Self {
        let added = tokens.saturating_sub(self.vocab_size());
        if added > 0 {
            match &mut self {
                Self::EncoderDecoder(model) => model.add_tokens(added, seed),
                Self::Decoder(model) => model.add_tokens(added, seed),
            }
        }
        self
    }

    /// What it is besides its weights.
    #[cfg(feature = "train")]
    pub(crate) fn settings(&self) -> serde_json::Value {
        let config = match self {
            Self::EncoderDecoder(model) => serde_json::to_value(model.config()),
            Self::Decoder(model) => serde_json::to_value(model.config()),
        };
        config.expect("plain data is serializable")
    }

    /// Refuses adapters, where all weights are to be trained and saved.
    #[cfg(feature = "train")]
    pub(crate) fn expect_whole(&self) -> Result<()> {
        if self.has_adapters() {
            return Err(Error::Config {
                what: "language model",
                found: String::from("one with adapters"),
                expected: String::from("one that they are merged into: see `Adapters::merge`"),
            });
        }
        Ok(())
    }

    /// Whether it can read and write such instructions.
    pub(super) fn expect_fit(&self, instructions: &Instructions) -> Result<()> {
        let wrong = |what, found: String, expected: String| Error::Config {
            what,
            found,
            expected,
        };
        let (tokens, needed) = (self.vocab_size(), instructions.text().len());
        if tokens < needed {
            let expected =
                format!("at least {needed}, as the text has: see `TextModel::with_room`");
            return Err(wrong(
                "tokens of the language model",
                tokens.to_string(),
                expected,
            ));
        }
        if self.eos() != instructions.eos() {
            return Err(wrong(
                "token that ends a sequence",
                format!("{} in the instructions", instructions.eos()),
                format!(
                    "{}, as the language model has: see `TextModel::eos`",
                    self.eos()
                ),
            ));
        }
        let whole = instructions.question() == Question::WholeHistory;
        if whole && matches!(self, Self::EncoderDecoder(_)) {
            return Err(wrong(
                "question for the next item",
                String::from("whole histories, for an encoder-decoder"),
                String::from("`Question::Instruction`: what its encoder reads does not go on"),
            ));
        }
        Ok(())
    }

    /// How exchanges are laid out for it.
    pub(super) fn layout(&self) -> Layout {
        match self {
            Self::EncoderDecoder(model) => Layout::EncoderDecoder {
                start: model.config().decoder_start_token_id,
                end: model.config().eos_token_id,
            },
            Self::Decoder(_) => Layout::Decoder,
        }
    }

    /// A scorer of what follows each of the prompts, over the whole vocabulary.
    pub(super) fn scorer<'a>(
        &'a self,
        identifiers: Option<View<'a>>,
        prompts: &[&[u32]],
    ) -> Box<dyn Scorer + 'a> {
        let device = self.device();
        let prompts: Vec<Vec<u32>> = prompts
            .iter()
            .map(|prompt| self.layout().read(prompt))
            .collect();
        let lengths: Vec<usize> = prompts.iter().map(Vec::len).collect();
        let (tokens, mask) = padded(&prompts, &device);
        let over = SoftmaxOver::Vocabulary;
        match self {
            Self::EncoderDecoder(model) => {
                Box::new(T5Scorer::new(model, identifiers, tokens, mask, over))
            }
            Self::Decoder(model) => Box::new(LanguageScorer::new(
                model,
                identifiers,
                tokens,
                &lengths,
                over,
            )),
        }
    }
}

impl Adapters for TextModel {
    fn layers_mut(&mut self) -> Vec<(String, &mut Projection)> {
        match self {
            Self::EncoderDecoder(model) => model.layers_mut(),
            Self::Decoder(model) => model.layers_mut(),
        }
    }

    fn layers(&self) -> Vec<&Projection> {
        match self {
            Self::EncoderDecoder(model) => model.layers(),
            Self::Decoder(model) => model.layers(),
        }
    }

    fn tables_mut(&mut self) -> Vec<(String, Table<'_>)> {
        match self {
            Self::EncoderDecoder(model) => model.tables_mut(),
            Self::Decoder(model) => model.tables_mut(),
        }
    }
}

/// How exchanges are laid out for a model.
#[derive(Clone, Copy, Debug)]
pub(super) enum Layout {
    /// Prompt and response one after the other.
    Decoder,
    /// Prompts, with the token `end` behind them, apart from responses, which begin with `start`.
    EncoderDecoder {
        #[cfg_attr(
            not(feature = "train"),
            expect(dead_code, reason = "searches begin with it themselves")
        )]
        start: u32,
        end: u32,
    },
}

impl Layout {
    /// What a model reads before it answers.
    pub(super) fn read(self, prompt: &[u32]) -> Vec<u32> {
        match self {
            Self::Decoder => prompt.to_vec(),
            Self::EncoderDecoder { end, .. } => prompt.iter().copied().chain([end]).collect(),
        }
    }
}

/// Rows of tokens of different lengths, and where they are real: `[rows, longest]`.
pub(super) fn padded(rows: &[Vec<u32>], device: &Device) -> (Tensor<2, Int>, Tensor<2, Bool>) {
    let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let shape = [rows.len(), longest];
    let tokens: Vec<i64> = rows
        .iter()
        .flat_map(|row| {
            let padding = std::iter::repeat_n(&0, longest - row.len());
            row.iter().chain(padding).map(|&token| i64::from(token))
        })
        .collect();
    let real: Vec<bool> = rows
        .iter()
        .flat_map(|row| (0..longest).map(move |place| place < row.len()))
        .collect();
    (
        Tensor::from_data(TensorData::new(tokens, shape), device),
        Tensor::from_data(TensorData::new(real, shape), device),
    )
}
