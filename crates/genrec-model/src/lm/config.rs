//! What a decoder-only language model is made of.

use burn::config::Config;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Whose layout it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Queries, keys and values have biases: Qwen2 and Qwen2.5.
    Qwen2,
    /// No biases: LLaMA 2 and 3.
    Llama,
}

/// How rotary frequencies are changed for contexts longer than those of the pretraining.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum RotaryScaling {
    /// They are not.
    None,
    /// All are divided by the factor.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Low ones are divided by the factor, high ones are not, and those between are blended (LLaMA 3.1).
    Llama3 {
        /// The factor.
        factor: f64,
        /// Waves longer than the original context over this are low.
        low_frequency_factor: f64,
        /// Waves shorter than the original context over this are high.
        high_frequency_factor: f64,
        /// The positions of the pretraining.
        original_positions: usize,
    },
}

/// Configuration of a [`LanguageModel`](super::LanguageModel).
#[derive(Config, Debug, PartialEq)]
pub struct LanguageModelConfig {
    /// Number of tokens.
    pub vocab_size: usize,
    /// Width of the embeddings and of the residual stream.
    pub d_model: usize,
    /// Number of query heads.
    pub n_heads: usize,
    /// Number of heads of keys and values; every one of them serves `n_heads / kv_heads` query heads. 0 for as many as query heads.
    #[config(default = 0)]
    pub kv_heads: usize,
    /// Width of a head; 0 for `d_model / n_heads`.
    #[config(default = 0)]
    pub d_head: usize,
    /// Width of the feed-forward layers; 0 for four times `d_model`.
    #[config(default = 0)]
    pub d_ff: usize,
    /// Number of blocks.
    #[config(default = 2)]
    pub layers: usize,
    /// Whose layout it has.
    #[config(default = "Family::Qwen2")]
    pub family: Family,
    /// Whether the head is the embedding matrix.
    #[config(default = true)]
    pub tied_head: bool,
    /// The base of the rotary frequencies, theta.
    #[config(default = 10_000.0)]
    pub rotary_base: f64,
    /// How they are scaled.
    #[config(default = "RotaryScaling::None")]
    pub rotary_scaling: RotaryScaling,
    /// Positions that it was made for; said in `config.json`, not enforced.
    #[config(default = 2048)]
    pub max_positions: usize,
    /// Added to the mean square in the norms.
    #[config(default = 1e-6)]
    pub norm_epsilon: f64,
    /// Standard deviation of the initial weights.
    #[config(default = 0.02)]
    pub init_std: f64,
    /// The token that ends a sequence.
    #[config(default = 1)]
    pub eos_token_id: u32,
    /// Seed of the initial weights.
    #[config(default = 0)]
    pub seed: u64,
}

impl LanguageModelConfig {
    /// The number of heads of keys and values.
    pub fn kv_heads(&self) -> usize {
        match self.kv_heads {
            0 => self.n_heads,
            heads => heads,
        }
    }

    /// The width of a head.
    pub fn d_head(&self) -> usize {
        match self.d_head {
            0 => self.d_model / self.n_heads.max(1),
            width => width,
        }
    }

    /// The width of the feed-forward layers.
    pub fn d_ff(&self) -> usize {
        match self.d_ff {
            0 => 4 * self.d_model,
            width => width,
        }
    }

    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] names the first field that makes no sense.
    pub fn check(&self) -> Result<()> {
        let wrong = |what: &'static str, found: String, expected: &str| Error::Config {
            what,
            found,
            expected: expected.to_owned(),
        };
        for (what, value) in [
            ("vocab_size", self.vocab_size),
            ("d_model", self.d_model),
            ("n_heads", self.n_heads),
            ("d_head", self.d_head()),
            ("layers", self.layers),
            ("max_positions", self.max_positions),
        ] {
            if value == 0 {
                return Err(wrong(what, String::from("0"), "at least 1"));
            }
        }
        if !self.n_heads.is_multiple_of(self.kv_heads()) {
            let expected = format!("a divisor of the {} query heads", self.n_heads);
            return Err(wrong("kv_heads", self.kv_heads.to_string(), &expected));
        }
        if !self.d_head().is_multiple_of(2) {
            let found = self.d_head().to_string();
            return Err(wrong(
                "d_head",
                found,
                "an even number, for rotations in pairs",
            ));
        }
        let mut positive = vec![
            ("rotary_base", self.rotary_base),
            ("norm_epsilon", self.norm_epsilon),
            ("init_std", self.init_std),
        ];
        match self.rotary_scaling {
            RotaryScaling::None => {}
            RotaryScaling::Linear { factor } => positive.push(("rotary_scaling factor", factor)),
            RotaryScaling::Llama3 {
                factor,
                low_frequency_factor: low,
                high_frequency_factor: high,
                original_positions,
            } => {
                positive.extend([
                    ("rotary_scaling factor", factor),
                    ("rotary_scaling low_frequency_factor", low),
                    ("rotary_scaling high - low factor", high - low),
                    (
                        "rotary_scaling original_positions",
                        original_positions as f64,
                    ),
                ]);
            }
        }
        for (what, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                return Err(wrong(what, value.to_string(), "a positive number"));
            }
        }
        if self.eos_token_id as usize >= self.vocab_size {
            let expected = format!("a token of the vocabulary of {}", self.vocab_size);
            return Err(wrong(
                "eos_token_id",
                self.eos_token_id.to_string(),
                &expected,
            ));
        }
        Ok(())
    }
}
