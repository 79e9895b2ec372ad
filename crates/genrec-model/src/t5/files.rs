//! Folders in the layout of Hugging Face: `config.json` and `model.safetensors`, names and shapes as in `transformers`.

mod config;
mod names;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::tensor::Device;
use genrec_train::Draw;
use safetensors::tensor::TensorView;

use self::config::ConfigFile;
use super::model::T5;
use crate::lora::Adapters;
use crate::weights::{self, WeightFiles};
use crate::{Error, Result};

const CONFIG: &str = "config.json";

/// Tensors that older files repeat; they have to be what they repeat.
const COPIES: [&str; 2] = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
/// A tensor that some published files have and no code ever read: cross-attention has no relative bias.
const UNUSED: &str = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
const SHARED: &str = "shared.weight";
const HEAD: &str = "lm_head.weight";

impl T5 {
    /// Reads `config.json` and the weights (32-bit, 16-bit or bfloat16 numbers, in one `model.safetensors` or in the shards that `model.safetensors.index.json` names) of a
    /// T5 or Flan-T5 in `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if a file cannot be read; [`Error::Malformed`] if it is damaged, describes something that cannot be built, or if its tensors are not
    /// exactly those of the network: every missing, unknown or mis-shaped one is named.
    pub fn load(folder: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let path = folder.as_ref().join(CONFIG);
        let text = fs::read(&path).map_err(Error::io(&path))?;
        let (config, may_share_head) = serde_json::from_slice::<ConfigFile>(&text)
            .map_err(|error| error.to_string())
            .and_then(|file| {
                // `transformers` 5 writes this of a head without scale whose weights are the embeddings all the same.
                let may_share_head =
                    file.tie_word_embeddings && file.scale_decoder_outputs == Some(false);
                Ok((file.into_config()?, may_share_head))
            })
            .map_err(|reason| Error::Malformed { path, reason })?;

        let files = WeightFiles::read(folder.as_ref())?;
        let mut t5 = config.init_with(&mut Draw::nothing(device));
        t5.read_weights(files.tensors()?, may_share_head)
            .map_err(|reason| Error::Malformed {
                path: files.first().to_path_buf(),
                reason,
            })?;
        Ok(t5)
    }

    /// Writes `config.json` and `model.safetensors` (32-bit numbers) into `folder`, which is made if it does not exist. `transformers` loads them as a
    /// `T5ForConditionalGeneration`, unless the encoder is [causal](super::T5Config::causal_encoder), which it does not know.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there are adapters, which have files of their own ([`save_adapters`](Adapters::save_adapters)) or are [merged](Adapters::merge) first;
    /// [`Error::Io`] if the folder or a file cannot be written.
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

    fn read_weights(
        &mut self,
        mut found: BTreeMap<String, TensorView<'_>>,
        may_share_head: bool,
    ) -> std::result::Result<(), String> {
        // Repetitions and left-overs that are known and harmless.
        found.remove(UNUSED);
        let mut copies = COPIES.to_vec();
        if self.config.tied_head {
            copies.push(HEAD);
        }
        for copy in copies {
            if let (Some(view), Some(shared)) = (found.remove(copy), found.get(SHARED))
                && view != *shared
            {
                return Err(format!(
                    "{copy} differs from {SHARED}, expected shared embeddings"
                ));
            }
        }

        if may_share_head && !found.contains_key(HEAD) {
            let shared = found.get(SHARED).cloned();
            found.extend(shared.map(|shared| (HEAD.to_string(), shared)));
        }

        let mut problems = weights::fill(self.weights(), &mut found);
        problems.extend(
            found
                .keys()
                .map(|name| format!("{name} is not part of this network")),
        );
        if problems.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the tensors are not those that {CONFIG} describes: {}",
            problems.join("; ")
        ))
    }
}
