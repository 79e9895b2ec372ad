//! `config.json`.

use serde::{Deserialize, Serialize};

use crate::lm::config::{Family, LanguageModelConfig, RotaryScaling};

/// `config.json`, the part of it that matters here; defaults are those of `transformers`.
#[derive(Serialize, Deserialize)]
pub(super) struct ConfigFile {
    architectures: Option<Vec<String>>,
    model_type: String,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head_dim: Option<usize>,
    #[serde(default = "silu")]
    hidden_act: String,
    #[serde(default = "positions")]
    max_position_embeddings: usize,
    #[serde(default = "std")]
    initializer_range: f64,
    rms_norm_eps: f64,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rope_theta: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rope_scaling: Option<Rope>,
    /// What `transformers` 5 writes in the place of the two before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rope_parameters: Option<Rope>,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    #[serde(default)]
    use_sliding_window: bool,
    #[serde(default)]
    eos_token_id: Option<Tokens>,
}

/// One token or several, of which the first counts.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Tokens {
    One(u32),
    Several(Vec<u32>),
}

#[derive(PartialEq, Serialize, Deserialize)]
struct Rope {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rope_type: Option<String>,
    /// What it was called before; some files have both.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    old_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rope_theta: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    factor: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    low_freq_factor: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    high_freq_factor: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    original_max_position_embeddings: Option<usize>,
}

fn silu() -> String {
    "silu".into()
}
fn positions() -> usize {
    2048
}
fn std() -> f64 {
    0.02
}

impl ConfigFile {
    pub(super) fn new(config: &LanguageModelConfig) -> Self {
        let (architecture, model_type) = match config.family {
            Family::Qwen2 => ("Qwen2ForCausalLM", "qwen2"),
            Family::Llama => ("LlamaForCausalLM", "llama"),
        };
        Self {
            architectures: Some(vec![architecture.into()]),
            model_type: model_type.into(),
            vocab_size: config.vocab_size,
            hidden_size: config.d_model,
            intermediate_size: config.d_ff(),
            num_hidden_layers: config.layers,
            num_attention_heads: config.n_heads,
            num_key_value_heads: Some(config.kv_heads()),
            head_dim: Some(config.d_head()),
            hidden_act: silu(),
            max_position_embeddings: config.max_positions,
            initializer_range: config.init_std,
            rms_norm_eps: config.norm_epsilon,
            tie_word_embeddings: config.tied_head,
            rope_theta: Some(config.rotary_base),
            rope_scaling: Rope::scaling(config.rotary_scaling),
            rope_parameters: Some(Rope {
                rope_theta: Some(config.rotary_base),
                ..Rope::scaling(config.rotary_scaling).unwrap_or_else(Rope::plain)
            }),
            attention_bias: false,
            mlp_bias: false,
            use_sliding_window: false,
            eos_token_id: Some(Tokens::One(config.eos_token_id)),
        }
    }

    pub(super) fn into_config(self) -> Result<LanguageModelConfig, String> {
        let family = match self.model_type.as_str() {
            "qwen2" => Family::Qwen2,
            "llama" => Family::Llama,
            other => {
                return Err(format!(
                    "model_type is {other:?}, expected \"qwen2\" or \"llama\""
                ));
            }
        };
        if self.hidden_act != "silu" {
            return Err(format!(
                "hidden_act is {:?}, expected \"silu\"",
                self.hidden_act
            ));
        }
        let unsupported = [
            ("use_sliding_window", self.use_sliding_window),
            ("mlp_bias", self.mlp_bias),
            (
                "attention_bias",
                self.attention_bias && family == Family::Llama,
            ),
        ];
        if let Some((name, _)) = unsupported.iter().find(|(_, set)| *set) {
            return Err(format!("{name} is true, expected false"));
        }
        let base = [&self.rope_parameters, &self.rope_scaling]
            .into_iter()
            .flatten()
            .find_map(|rope| rope.rope_theta)
            .or(self.rope_theta);
        let scalings = [&self.rope_parameters, &self.rope_scaling]
            .into_iter()
            .flatten()
            .map(Rope::to_scaling)
            .collect::<Result<Vec<_>, _>>()?;
        if let [new, old] = &scalings[..]
            && new != old
        {
            return Err(format!(
                "rope_parameters say {new:?} and rope_scaling says {old:?}, expected the same"
            ));
        }
        let scaling = scalings.first().copied().unwrap_or(RotaryScaling::None);
        let eos = match (&self.eos_token_id, family) {
            (Some(Tokens::One(token)), _) => *token,
            (Some(Tokens::Several(tokens)), _) if !tokens.is_empty() => tokens[0],
            // What `transformers` takes where nothing is said.
            (None, Family::Llama) => 2,
            _ => {
                return Err(String::from(
                    "eos_token_id says no token, expected the one that ends a sequence",
                ));
            }
        };
        let heads = self.num_attention_heads;
        let sizes = [
            ("intermediate_size", Some(self.intermediate_size)),
            ("num_key_value_heads", self.num_key_value_heads),
            ("head_dim", self.head_dim),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == Some(0)) {
            return Err(format!("{name} is 0, expected at least 1"));
        }
        let config = LanguageModelConfig::new(self.vocab_size, self.hidden_size, heads)
            .with_kv_heads(self.num_key_value_heads.unwrap_or(heads))
            .with_d_head(self.head_dim.unwrap_or(self.hidden_size / heads.max(1)))
            .with_d_ff(self.intermediate_size)
            .with_layers(self.num_hidden_layers)
            .with_family(family)
            .with_tied_head(self.tie_word_embeddings)
            .with_rotary_base(base.unwrap_or(10_000.0))
            .with_rotary_scaling(scaling)
            .with_max_positions(self.max_position_embeddings)
            .with_norm_epsilon(self.rms_norm_eps)
            .with_init_std(self.initializer_range)
            .with_eos_token_id(eos);
        config.check().map_err(|error| error.to_string())?;
        Ok(config)
    }
}

impl Rope {
    fn plain() -> Self {
        Self {
            rope_type: Some("default".into()),
            old_type: None,
            rope_theta: None,
            factor: None,
            low_freq_factor: None,
            high_freq_factor: None,
            original_max_position_embeddings: None,
        }
    }

    fn scaling(scaling: RotaryScaling) -> Option<Self> {
        match scaling {
            RotaryScaling::None => None,
            RotaryScaling::Linear { factor } => Some(Self {
                rope_type: Some("linear".into()),
                factor: Some(factor),
                ..Self::plain()
            }),
            RotaryScaling::Llama3 {
                factor,
                low_frequency_factor,
                high_frequency_factor,
                original_positions,
            } => Some(Self {
                rope_type: Some("llama3".into()),
                factor: Some(factor),
                low_freq_factor: Some(low_frequency_factor),
                high_freq_factor: Some(high_frequency_factor),
                original_max_position_embeddings: Some(original_positions),
                ..Self::plain()
            }),
        }
    }

    fn to_scaling(&self) -> Result<RotaryScaling, String> {
        let kind = match (&self.rope_type, &self.old_type) {
            (Some(new), Some(old)) if new != old => {
                return Err(format!(
                    "rope_type is {new:?} and type is {old:?}, expected one of them, or the same"
                ));
            }
            (Some(kind), _) | (None, Some(kind)) => kind.as_str(),
            (None, None) => "default",
        };
        let missing = |name: &str| format!("rope of type {kind:?} has no {name}");
        let factor = self.factor.ok_or_else(|| missing("factor"));
        match kind {
            "default" => Ok(RotaryScaling::None),
            "linear" => Ok(RotaryScaling::Linear { factor: factor? }),
            "llama3" => Ok(RotaryScaling::Llama3 {
                factor: factor?,
                low_frequency_factor: self
                    .low_freq_factor
                    .ok_or_else(|| missing("low_freq_factor"))?,
                high_frequency_factor: self
                    .high_freq_factor
                    .ok_or_else(|| missing("high_freq_factor"))?,
                original_positions: self
                    .original_max_position_embeddings
                    .ok_or_else(|| missing("original_max_position_embeddings"))?,
            }),
            other => Err(format!(
                "rope_type is {other:?}, expected \"default\", \"linear\" or \"llama3\""
            )),
        }
    }
}
