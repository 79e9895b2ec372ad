//! What a SETRec model is made of, and the settings of paper and released code.

use burn::config::Config;
use genrec_identify::set::SetTokenizerConfig;
use serde::{Deserialize, Serialize};

use crate::t5::{SetAttention, T5Config};
use crate::{Error, Result};

/// What the queries of an answer see of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryAttention {
    /// Nothing.
    Apart,
    /// Everything, with one more added to the score of each with itself: what the released code does to T5's decoder.
    Together,
}

/// What the reconstruction loss is a mean over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reconstruction {
    /// All items that [take part](SetRecConfig::unmet_items), each its squared error.
    Items,
    /// The items of the histories of the batch, repeats included, and all elements of their rows.
    History,
}

/// Configuration of a [`SetModel`](super::SetModel).
#[derive(Config, Debug, PartialEq)]
pub struct SetRecConfig {
    /// The encoder-decoder. It reads no words: its vocabulary is of no consequence.
    pub t5: T5Config,
    /// The tokens of an item; as wide as the T5.
    pub tokenizer: SetTokenizerConfig,
    /// The most recent items of a history that are read.
    #[config(default = 50)]
    pub max_history: usize,
    /// What a token of the history sees.
    #[config(default = "SetAttention::Sparse")]
    pub attention: SetAttention,
    /// What a query sees of the others.
    #[config(default = "QueryAttention::Apart")]
    pub queries: QueryAttention,
    /// Whether each slot of the answer has a query vector of its own; otherwise all share one (an ablation of the paper).
    #[config(default = true)]
    pub guided: bool,
    /// Whether each query reads, beside its vector, the encoder's state of the same token of the last item that it sees. Not in the paper: the encoder looks back only and
    /// cross-attention knows no positions, so that without it a query cannot tell which item came last.
    #[config(default = false)]
    pub last_state: bool,
    /// The weight alpha of the reconstruction.
    #[config(default = 0.7)]
    pub alpha: f64,
    /// What the reconstruction is a mean over.
    #[config(default = "Reconstruction::Items")]
    pub reconstruction: Reconstruction,
    /// Whether items that nobody met in training take part in it: as answers that are never right, and in the reconstruction.
    #[config(default = true)]
    pub unmet_items: bool,
    /// Whether one pass over a history teaches all its prefixes, which sparse attention allows; otherwise every prefix is a sample of its own.
    #[config(default = false)]
    pub whole_sequences: bool,
    /// Seed of the query vectors.
    #[config(default = 0)]
    pub seed: u64,
}

/// A T5 that reads no words.
fn t5() -> T5Config {
    T5Config::new(2)
}

impl SetRecConfig {
    /// As printed: T5-small (with random weights: no checkpoint is loaded), four semantic tokens and one CF token, sparse attention, queries that do not see each other, alpha .7, the last 50 items.
    pub fn paper() -> Self {
        let t5 = t5().with_causal_encoder(true);
        let tokenizer = SetTokenizerConfig::new(t5.d_model);
        Self::new(t5, tokenizer)
    }

    /// As the released code does it: no sparse mask, queries that see each other, the reconstruction over the items of the histories.
    pub fn released() -> Self {
        let paper = Self::paper();
        let t5 = paper.t5.clone().with_causal_encoder(false);
        Self { t5, ..paper }
            .with_attention(SetAttention::Dense)
            .with_queries(QueryAttention::Together)
            .with_reconstruction(Reconstruction::History)
    }

    /// A model for two processor cores: width 128, two layers and one, whole sequences, queries that read the last state, scaled rows, only items that somebody met.
    pub fn quick() -> Self {
        let t5 = t5()
            .with_d_model(128)
            .with_d_ff(256)
            .with_n_heads(4)
            .with_d_kv(32)
            .with_encoder_layers(2)
            .with_decoder_layers(1)
            .with_causal_encoder(true);
        let tokenizer = SetTokenizerConfig::new(128).with_scaled_rows(true);
        Self::new(t5, tokenizer)
            .with_max_history(20)
            .with_last_state(true)
            .with_unmet_items(false)
            .with_whole_sequences(true)
    }

    /// With this T5, and tokens as wide as it is.
    #[must_use]
    pub fn with_t5_of(mut self, t5: T5Config) -> Self {
        self.tokenizer.d_model = t5.d_model;
        let causal = self.attention == SetAttention::Sparse;
        self.t5 = t5.with_causal_encoder(causal);
        self
    }

    /// Whether this can work.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] names what does not fit.
    pub fn check(&self) -> Result<()> {
        self.t5.validate()?;
        let wrong = |what, found: String, expected: String| {
            Err(Error::Config {
                what,
                found,
                expected,
            })
        };
        let (width, d_model) = (self.tokenizer.d_model, self.t5.d_model);
        if width != d_model {
            let expected = format!("{d_model}, as the T5 is");
            return wrong("width of the tokens", width.to_string(), expected);
        }
        if self.max_history == 0 {
            return wrong("max_history", "0".into(), "at least 1".into());
        }
        let sparse = self.attention == SetAttention::Sparse;
        if sparse != self.t5.causal_encoder {
            let found = format!(
                "{:?} with causal_encoder {}",
                self.attention, self.t5.causal_encoder
            );
            let expected = "a causal encoder for sparse attention, an ordinary one for dense";
            return wrong("attention", found, expected.into());
        }
        if self.whole_sequences && !sparse {
            let expected = "sparse attention, which does not look ahead";
            return wrong("whole_sequences", "dense attention".into(), expected.into());
        }
        if !(self.alpha.is_finite() && self.alpha >= 0.0) {
            let expected = "a finite weight that is not negative";
            return wrong("alpha", self.alpha.to_string(), expected.into());
        }
        Ok(())
    }
}
