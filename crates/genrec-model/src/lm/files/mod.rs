//! Folders in the layout of Hugging Face: `config.json`, and `model.safetensors` in one file or in shards, names and shapes as in `transformers`; adapters as PEFT lays them out.

mod adapter;
mod config;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use safetensors::tensor::SafeTensors;
use serde::Deserialize;

use self::config::ConfigFile;
use super::lora::Projection;
use super::model::LanguageModel;
use crate::weights::{self, Weight};
use crate::{Error, Result};

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const EMBEDDINGS: &str = "model.embed_tokens.weight";
const HEAD: &str = "lm_head.weight";
/// Left-overs of old versions, which are computed from `config.json`.
const COMPUTED: &str = "rotary_emb.inv_freq";

/// `model.safetensors.index.json`: which shard has which tensor.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl LanguageModel {
    /// Reads `config.json` and the weights (32-bit, 16-bit or bfloat16 numbers, in one `model.safetensors` or in the shards that
    /// `model.safetensors.index.json` names) of a Qwen2, Qwen2.5 or LLaMA in `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if a file cannot be read; [`Error::Malformed`] if it is damaged, describes something that cannot be built, or if its tensors are not
    /// exactly those of the network: every missing, unknown or mis-shaped one is named.
    pub fn load(folder: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let folder = folder.as_ref();
        let path = folder.join(CONFIG);
        let text = fs::read(&path).map_err(Error::io(&path))?;
        let config = serde_json::from_slice::<ConfigFile>(&text)
            .map_err(|error| error.to_string())
            .and_then(ConfigFile::into_config)
            .map_err(malformed(&path))?;
        let files = shards(folder)?;
        let first = files[0].clone();
        let bytes = files
            .into_iter()
            .map(|path| Ok((fs::read(&path).map_err(Error::io(&path))?, path)))
            .collect::<Result<Vec<_>>>()?;
        let mut found = BTreeMap::new();
        for (bytes, path) in &bytes {
            let file = SafeTensors::deserialize(bytes)
                .map_err(|error| {
                    format!("not a safetensors file ({error}): it is damaged, fetch it again")
                })
                .map_err(malformed(path))?;
            for (name, view) in file.tensors() {
                if found.insert(name.clone(), view).is_some() {
                    let reason = format!("{name} is in another shard too, expected it once");
                    return Err(malformed(path)(reason));
                }
            }
        }
        found.retain(|name, _| !name.ends_with(COMPUTED));
        if config.tied_head
            && let (Some(head), Some(shared)) = (found.remove(HEAD), found.get(EMBEDDINGS))
            && head != *shared
        {
            let reason = format!("{HEAD} differs from {EMBEDDINGS}, expected a tied head");
            return Err(malformed(&first)(reason));
        }
        let mut model = config.init(device)?;
        let mut problems = weights::fill(model.weights(), &mut found);
        problems.extend(
            found
                .keys()
                .map(|name| format!("{name} is not part of this network")),
        );
        if problems.is_empty() {
            return Ok(model);
        }
        let problems = problems.join("; ");
        let reason = format!("the tensors are not those that {CONFIG} describes: {problems}");
        Err(malformed(&first)(reason))
    }

    /// Writes `config.json` and `model.safetensors` (32-bit numbers) into `folder`, which is made if it does not exist; `transformers` loads them as an
    /// `AutoModelForCausalLM`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there are adapters, which have files of their own ([`save_adapters`](Self::save_adapters)) or are [merged](Self::merge) first; [`Error::Io`].
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        if self.lora.is_some() {
            return Err(Error::Config {
                what: "model to save",
                found: String::from("one with adapters"),
                expected: String::from("one that they are merged into, or `save_adapters`"),
            });
        }
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let path = folder.join(CONFIG);
        let text = serde_json::to_string_pretty(&ConfigFile::new(&self.config))
            .expect("plain numbers and names are JSON");
        fs::write(&path, text + "\n").map_err(Error::io(&path))?;
        let path = folder.join(WEIGHTS);
        fs::write(&path, weights::to_file(self.clone().weights())).map_err(Error::io(&path))
    }

    /// All parameters but those of adapters, by their names in `transformers`.
    pub(in crate::lm) fn weights(&mut self) -> Vec<(String, Weight<'_>)> {
        let Self {
            embeddings,
            blocks,
            norm,
            head,
            ..
        } = self;
        let mut all = vec![
            (EMBEDDINGS.to_string(), Weight::Table(embeddings)),
            (
                "model.norm.weight".to_string(),
                Weight::Scale(&mut norm.weight),
            ),
        ];
        all.extend(
            head.iter_mut()
                .map(|head| (HEAD.to_string(), Weight::Table(head))),
        );
        for (number, block) in blocks.iter_mut().enumerate() {
            let name = |rest: &str| format!("model.layers.{number}.{rest}");
            let norms = [
                ("input_layernorm", &mut block.attention_norm),
                ("post_attention_layernorm", &mut block.feed_forward_norm),
            ];
            for (norm_name, norm) in norms {
                let name = name(&format!("{norm_name}.weight"));
                all.push((name, Weight::Scale(&mut norm.weight)));
            }
            let (a, f) = (&mut block.attention, &mut block.feed_forward);
            let layers: [(&str, &mut Projection); 7] = [
                ("self_attn.q_proj", &mut a.query),
                ("self_attn.k_proj", &mut a.key),
                ("self_attn.v_proj", &mut a.value),
                ("self_attn.o_proj", &mut a.output),
                ("mlp.gate_proj", &mut f.gate),
                ("mlp.up_proj", &mut f.up),
                ("mlp.down_proj", &mut f.down),
            ];
            for (layer_name, layer) in layers {
                let linear = &mut layer.linear;
                all.push((
                    name(&format!("{layer_name}.weight")),
                    Weight::Linear(&mut linear.weight),
                ));
                if let Some(bias) = &mut linear.bias {
                    all.push((name(&format!("{layer_name}.bias")), Weight::Scale(bias)));
                }
            }
        }
        all
    }
}

/// The files of the weights.
fn shards(folder: &Path) -> Result<Vec<PathBuf>> {
    let index = folder.join(INDEX);
    if !index.exists() {
        return Ok(vec![folder.join(WEIGHTS)]);
    }
    let bytes = fs::read(&index).map_err(Error::io(&index))?;
    let parsed: Index = serde_json::from_slice(&bytes)
        .map_err(|error| error.to_string())
        .map_err(malformed(&index))?;
    let mut names: Vec<String> = parsed.weight_map.into_values().collect();
    names.sort_unstable();
    names.dedup();
    let outside = |name: &String| Path::new(name).components().count() != 1;
    if names.is_empty() || names.iter().any(outside) {
        let reason = format!("names the shards {names:?}, expected files of this folder");
        return Err(malformed(&index)(reason));
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

fn malformed(path: &Path) -> impl Fn(String) -> Error {
    move |reason| Error::Malformed {
        path: path.to_path_buf(),
        reason,
    }
}
