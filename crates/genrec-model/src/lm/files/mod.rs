//! Folders in the layout of Hugging Face: `config.json`, and `model.safetensors` in one file or in shards, names and shapes as in `transformers`.

mod config;

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use genrec_train::Draw;

use self::config::ConfigFile;
use super::model::LanguageModel;
use crate::lora::{Adapters, Projection};
use crate::weights::{self, Weight, WeightFiles};
use crate::{Error, Result};

const CONFIG: &str = "config.json";
pub(super) const EMBEDDINGS: &str = "model.embed_tokens.weight";
pub(super) const HEAD: &str = "lm_head.weight";
/// Left-overs of old versions, which are computed from `config.json`.
const COMPUTED: &str = "rotary_emb.inv_freq";

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
        let files = WeightFiles::read(folder)?;
        let first = files.first().to_path_buf();
        let mut found = files.tensors()?;
        found.retain(|name, _| !name.ends_with(COMPUTED));
        if config.tied_head
            && let (Some(head), Some(shared)) = (found.remove(HEAD), found.get(EMBEDDINGS))
            && head != *shared
        {
            let reason = format!("{HEAD} differs from {EMBEDDINGS}, expected a tied head");
            return Err(malformed(&first)(reason));
        }
        // What `config.json` claims may be anything: the largest table is looked at before room is made for it.
        let claimed = [config.vocab_size, config.d_model];
        if let Some(found) = found.get(EMBEDDINGS)
            && found.shape() != claimed
        {
            let reason = format!(
                "{EMBEDDINGS} has shape {:?}, expected {claimed:?} as {CONFIG} says",
                found.shape()
            );
            return Err(malformed(&first)(reason));
        }
        let mut model = config.init_with(&mut Draw::nothing(device))?;
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
    /// [`Error::Config`] if there are adapters, which have files of their own ([`save_adapters`](Adapters::save_adapters)) or are [merged](Adapters::merge) first; [`Error::Io`].
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        if self.has_adapters() {
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
        weights::write(folder, self.clone().weights())
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

fn malformed(path: &Path) -> impl Fn(String) -> Error {
    move |reason| Error::Malformed {
        path: path.to_path_buf(),
        reason,
    }
}
