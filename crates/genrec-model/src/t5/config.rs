//! What a T5 is made of.

use burn::config::Config;
use serde::{Deserialize, Serialize};

use crate::Error;

/// The non-linearity of the feed-forward layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// `relu(x W_i) W_o`: T5 version 1.0.
    Relu,
    /// `(gelu(x W_0) * x W_1) W_o` with the tanh approximation of GELU: T5 version 1.1 and Flan-T5.
    GatedGelu,
}

/// Configuration of a [`T5`](super::T5). The defaults are those of T5-small, version 1.0.
#[derive(Config, Debug, PartialEq)]
pub struct T5Config {
    /// Number of tokens.
    pub vocab_size: usize,
    /// Width of the embeddings and of the residual stream.
    #[config(default = 512)]
    pub d_model: usize,
    /// Width of a head.
    #[config(default = 64)]
    pub d_kv: usize,
    /// Width of the feed-forward layers.
    #[config(default = 2048)]
    pub d_ff: usize,
    /// Number of heads. Their total width `n_heads * d_kv` need not be `d_model`.
    #[config(default = 8)]
    pub n_heads: usize,
    /// Number of encoder layers.
    #[config(default = 6)]
    pub encoder_layers: usize,
    /// Number of decoder layers.
    #[config(default = 6)]
    pub decoder_layers: usize,
    /// Number of buckets that relative distances fall into.
    #[config(default = 32)]
    pub buckets: usize,
    /// Distances from here on share the last bucket.
    #[config(default = 128)]
    pub max_distance: usize,
    /// Probability of dropping an element while training.
    #[config(default = 0.1)]
    pub dropout: f64,
    /// Added to the mean square in the RMS norms.
    #[config(default = 1e-6)]
    pub layer_norm_epsilon: f64,
    /// The non-linearity of the feed-forward layers.
    #[config(default = "Activation::Relu")]
    pub activation: Activation,
    /// Whether the head is the embedding matrix, its input scaled by `d_model^-0.5`; otherwise it has weights of its own and no scale.
    #[config(default = true)]
    pub tied_head: bool,
    /// Multiplies the standard deviations of the initial weights.
    #[config(default = 1.0)]
    pub initializer_factor: f64,
    /// The token that fills up short sequences.
    #[config(default = 0)]
    pub pad_token_id: u32,
    /// The token that ends a sequence.
    #[config(default = 1)]
    pub eos_token_id: u32,
    /// The token that the decoder starts from.
    #[config(default = 0)]
    pub decoder_start_token_id: u32,
    /// Whether an encoder position sees only itself and earlier ones. Not in the published model: with it one encoder pass over a history serves all
    /// its prefixes.
    #[config(default = false)]
    pub causal_encoder: bool,
    /// Seed of the initial weights.
    #[config(default = 0)]
    pub seed: u64,
}

impl T5Config {
    /// The model of LETTER-TIGER (LETTER, section 4.1), trained from scratch: width 128, feed-forward 1,024, 6 heads of 64, 4 + 4 layers, dropout 0.1.
    pub fn letter_tiger(vocab_size: usize) -> Self {
        Self::new(vocab_size)
            .with_d_model(128)
            .with_d_ff(1024)
            .with_n_heads(6)
            .with_encoder_layers(4)
            .with_decoder_layers(4)
    }

    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] names the first field that makes no sense.
    pub fn validate(&self) -> std::result::Result<(), Error> {
        let positive = [
            ("vocab_size", self.vocab_size),
            ("d_model", self.d_model),
            ("d_kv", self.d_kv),
            ("d_ff", self.d_ff),
            ("n_heads", self.n_heads),
            ("encoder_layers", self.encoder_layers),
            ("decoder_layers", self.decoder_layers),
        ];
        for (what, value) in positive {
            check(value > 0, what, value, "at least 1")?;
        }
        // Half of the buckets for each direction, half of those for exact distances.
        check(
            self.buckets >= 4 && self.buckets.is_multiple_of(4),
            "buckets",
            self.buckets,
            "a multiple of 4",
        )?;
        check(
            self.max_distance > self.buckets / 2,
            "max_distance",
            self.max_distance,
            format!("more than half the {} buckets", self.buckets),
        )?;
        check(
            (0.0..1.0).contains(&self.dropout),
            "dropout",
            self.dropout,
            "a probability of at least 0 and below 1",
        )?;
        check(
            self.layer_norm_epsilon > 0.0 && self.layer_norm_epsilon.is_finite(),
            "layer_norm_epsilon",
            self.layer_norm_epsilon,
            "a positive number",
        )?;
        check(
            self.initializer_factor > 0.0 && self.initializer_factor.is_finite(),
            "initializer_factor",
            self.initializer_factor,
            "a positive number",
        )?;
        let tokens = [
            ("pad_token_id", self.pad_token_id),
            ("eos_token_id", self.eos_token_id),
            ("decoder_start_token_id", self.decoder_start_token_id),
        ];
        for (what, token) in tokens {
            let expected = format!("a token of the vocabulary of {}", self.vocab_size);
            check((token as usize) < self.vocab_size, what, token, expected)?;
        }
        Ok(())
    }
}

fn check(
    holds: bool,
    what: &'static str,
    found: impl ToString,
    expected: impl Into<String>,
) -> std::result::Result<(), Error> {
    if holds {
        return Ok(());
    }
    Err(Error::Config {
        what,
        found: found.to_string(),
        expected: expected.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_cannot_be_built_are_named() {
        let good = T5Config::letter_tiger(40);
        good.validate().unwrap();
        let bad = [
            (T5Config::new(0), "vocab_size"),
            (good.clone().with_n_heads(0), "n_heads"),
            (good.clone().with_buckets(30), "buckets"),
            (good.clone().with_max_distance(16), "max_distance"),
            (good.clone().with_dropout(1.0), "dropout"),
            (good.clone().with_dropout(f64::NAN), "dropout"),
            (good.clone().with_eos_token_id(40), "eos_token_id"),
        ];
        for (config, field) in bad {
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains(field), "{message} should name {field}");
        }
    }
}
