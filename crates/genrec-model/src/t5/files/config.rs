//! `config.json`.

use serde::{Deserialize, Serialize};

use crate::t5::config::{Activation, T5Config};

/// `config.json`, the part of it that matters here; defaults are those of `transformers`.
#[derive(Serialize, Deserialize)]
pub(super) struct ConfigFile {
    architectures: Option<Vec<String>>,
    model_type: String,
    vocab_size: usize,
    d_model: usize,
    d_kv: usize,
    d_ff: usize,
    num_layers: usize,
    num_decoder_layers: Option<usize>,
    num_heads: usize,
    #[serde(default = "default_buckets")]
    relative_attention_num_buckets: usize,
    #[serde(default = "default_distance")]
    relative_attention_max_distance: usize,
    dropout_rate: f64,
    layer_norm_epsilon: f64,
    initializer_factor: f64,
    #[serde(default = "default_projection")]
    feed_forward_proj: String,
    #[serde(default = "default_true")]
    is_encoder_decoder: bool,
    #[serde(default = "default_true")]
    pub(super) tie_word_embeddings: bool,
    /// What `transformers` 5 goes by, as it ties every T5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scale_decoder_outputs: Option<bool>,
    #[serde(default)]
    pad_token_id: u32,
    #[serde(default = "default_eos")]
    eos_token_id: u32,
    #[serde(default)]
    decoder_start_token_id: u32,
    #[serde(default)]
    causal_encoder: bool,
}

fn default_buckets() -> usize {
    32
}
fn default_distance() -> usize {
    128
}
fn default_projection() -> String {
    "relu".into()
}
fn default_true() -> bool {
    true
}
fn default_eos() -> u32 {
    1
}

impl ConfigFile {
    pub(super) fn new(config: &T5Config) -> Self {
        // Other programs must not read a causal encoder as an ordinary one.
        let (architecture, model_type) = if config.causal_encoder {
            ("T5WithCausalEncoder", "t5_causal_encoder")
        } else {
            ("T5ForConditionalGeneration", "t5")
        };
        let projection = match config.activation {
            Activation::Relu => "relu",
            Activation::GatedGelu => "gated-gelu",
        };
        Self {
            architectures: Some(vec![architecture.into()]),
            model_type: model_type.into(),
            vocab_size: config.vocab_size,
            d_model: config.d_model,
            d_kv: config.d_kv,
            d_ff: config.d_ff,
            num_layers: config.encoder_layers,
            num_decoder_layers: Some(config.decoder_layers),
            num_heads: config.n_heads,
            relative_attention_num_buckets: config.buckets,
            relative_attention_max_distance: config.max_distance,
            dropout_rate: config.dropout,
            layer_norm_epsilon: config.layer_norm_epsilon,
            initializer_factor: config.initializer_factor,
            feed_forward_proj: projection.into(),
            is_encoder_decoder: true,
            tie_word_embeddings: config.tied_head,
            scale_decoder_outputs: Some(config.tied_head),
            pad_token_id: config.pad_token_id,
            eos_token_id: config.eos_token_id,
            decoder_start_token_id: config.decoder_start_token_id,
            causal_encoder: config.causal_encoder,
        }
    }

    pub(super) fn into_config(self) -> std::result::Result<T5Config, String> {
        let activation = match self.feed_forward_proj.as_str() {
            "relu" => Activation::Relu,
            "gated-gelu" => Activation::GatedGelu,
            other => {
                return Err(format!(
                    "feed_forward_proj is {other:?}, expected \"relu\" or \"gated-gelu\""
                ));
            }
        };
        if !self.is_encoder_decoder {
            return Err("is_encoder_decoder is false, expected a whole encoder-decoder".into());
        }
        let config = T5Config::new(self.vocab_size)
            .with_d_model(self.d_model)
            .with_d_kv(self.d_kv)
            .with_d_ff(self.d_ff)
            .with_n_heads(self.num_heads)
            .with_encoder_layers(self.num_layers)
            .with_decoder_layers(self.num_decoder_layers.unwrap_or(self.num_layers))
            .with_buckets(self.relative_attention_num_buckets)
            .with_max_distance(self.relative_attention_max_distance)
            .with_dropout(self.dropout_rate)
            .with_layer_norm_epsilon(self.layer_norm_epsilon)
            .with_activation(activation)
            .with_tied_head(self.tie_word_embeddings && self.scale_decoder_outputs != Some(false))
            .with_initializer_factor(self.initializer_factor)
            .with_pad_token_id(self.pad_token_id)
            .with_eos_token_id(self.eos_token_id)
            .with_decoder_start_token_id(self.decoder_start_token_id)
            .with_causal_encoder(self.causal_encoder);
        config.validate().map_err(|error| error.to_string())?;
        Ok(config)
    }
}
