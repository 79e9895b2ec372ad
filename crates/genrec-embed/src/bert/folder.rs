use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::model::BertConfig;
use crate::error::{Error, Result};

/// What we read of Hugging Face's `config.json`; every other key is about training or generation.
#[derive(Deserialize)]
struct HuggingFaceConfig {
    model_type: String,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f64,
    hidden_act: String,
    /// Absent from newer files, where BERT has no other.
    position_embedding_type: Option<String>,
}

/// What we read of sentence-transformers' `1_Pooling/config.json`.
#[derive(Deserialize)]
struct Pooling {
    #[serde(default)]
    pooling_mode_mean_tokens: Option<bool>,
    #[serde(default)]
    pooling_mode: Option<String>,
}

/// One entry of sentence-transformers' `modules.json`.
#[derive(Deserialize)]
struct Stage {
    r#type: String,
}

/// The sizes of the model in a Hugging Face folder, if it is one that [`Bert`](super::Bert) computes, pooled by the mean.
pub(super) fn read_config(folder: &Path) -> Result<BertConfig> {
    let path = folder.join("config.json");
    let config: HuggingFaceConfig =
        json(&required(folder, "config.json")?).map_err(|reason| reason.in_file(&path))?;
    check(&config).map_err(|reason| reason.in_file(&path))?;
    if let Some(bytes) = optional(&folder.join("modules.json"))? {
        check_stages(&bytes).map_err(|reason| reason.in_file(&folder.join("modules.json")))?;
    }
    let pooling = folder.join("1_Pooling").join("config.json");
    if let Some(bytes) = optional(&pooling)? {
        check_pooling(&bytes).map_err(|reason| reason.in_file(&pooling))?;
    }
    Ok(BertConfig::new(
        config.vocab_size,
        config.hidden_size,
        config.intermediate_size,
        config.num_hidden_layers,
        config.num_attention_heads,
    )
    .with_positions(config.max_position_embeddings)
    .with_token_types(config.type_vocab_size)
    .with_epsilon(config.layer_norm_eps))
}

fn check(config: &HuggingFaceConfig) -> Result<()> {
    let refuse = |key, found: String, expected| {
        Err(Error::Model {
            key,
            found,
            expected,
        })
    };
    if config.model_type != "bert" {
        return refuse(
            "model_type",
            format!("\"{}\"", config.model_type),
            "\"bert\"",
        );
    }
    if config.hidden_act != "gelu" {
        return refuse(
            "hidden_act",
            format!("\"{}\"", config.hidden_act),
            "\"gelu\"",
        );
    }
    if let Some(kind) = config
        .position_embedding_type
        .as_ref()
        .filter(|kind| *kind != "absolute")
    {
        return refuse(
            "position_embedding_type",
            format!("\"{kind}\""),
            "\"absolute\"",
        );
    }
    let heads = config.num_attention_heads;
    // Nothing but 0 is a multiple of 0, and the width is not 0.
    if config.hidden_size == 0 || !config.hidden_size.is_multiple_of(heads) {
        return refuse(
            "num_attention_heads",
            heads.to_string(),
            "a divisor of `hidden_size`",
        );
    }
    if config.type_vocab_size == 0 {
        return refuse("type_vocab_size", "0".into(), "at least 1");
    }
    Ok(())
}

fn check_stages(bytes: &[u8]) -> Result<()> {
    for stage in json::<Vec<Stage>>(bytes)? {
        if !["Transformer", "Pooling", "Normalize"]
            .iter()
            .any(|known| stage.r#type.ends_with(known))
        {
            return Err(Error::Model {
                key: "type",
                found: format!("\"{}\"", stage.r#type),
                expected: "a transformer, then pooling, then normalisation, and no further layer",
            });
        }
    }
    Ok(())
}

fn check_pooling(bytes: &[u8]) -> Result<()> {
    let pooling: Pooling = json(bytes)?;
    let mean = pooling.pooling_mode_mean_tokens.unwrap_or(true)
        && pooling
            .pooling_mode
            .as_deref()
            .is_none_or(|mode| mode == "mean");
    if mean {
        return Ok(());
    }
    let found = pooling
        .pooling_mode
        .unwrap_or_else(|| "not the mean".into());
    Err(Error::Model {
        key: "pooling_mode",
        found,
        expected: "the mean over all tokens",
    })
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::Format {
        format: "json",
        reason: error.to_string(),
    })
}

/// The bytes of a file that a model folder must have.
pub(super) fn required(folder: &Path, file: &'static str) -> Result<Vec<u8>> {
    match optional(&folder.join(file))? {
        Some(bytes) => Ok(bytes),
        None => Err(Error::Missing {
            folder: folder.to_path_buf(),
            file,
        }),
    }
}

fn optional(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path)(error)),
    }
}
