//! Adapters alone, as PEFT lays them out: `adapter_config.json` and `adapter_model.safetensors`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::module::Param;
use burn::tensor::Tensor;
use safetensors::tensor::SafeTensors;
use serde::{Deserialize, Serialize};

use super::malformed;
use crate::lm::lora::LoraConfig;
use crate::lm::model::{LanguageModel, last};
use crate::weights::{self, Weight};
use crate::{Error, Result};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

/// `adapter_config.json`, the part of it that matters here.
#[derive(Serialize, Deserialize)]
struct AdapterFile {
    peft_type: String,
    task_type: Option<String>,
    base_model_name_or_path: Option<String>,
    #[serde(default)]
    inference_mode: bool,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    lora_dropout: f64,
    target_modules: Vec<String>,
    #[serde(default = "none")]
    bias: String,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
}

fn none() -> String {
    "none".into()
}

/// The name of a matrix of an adapter in PEFT's files.
fn name(layer: &str, matrix: &str) -> String {
    format!("base_model.model.{layer}.lora_{matrix}.weight")
}

impl LanguageModel {
    /// Writes the adapters, and nothing else, into `folder`, which is made if it does not exist; PEFT loads them onto the model that they stand beside. Embeddings and a head that
    /// were trained as well are not among them.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there are no adapters; [`Error::Io`].
    pub fn save_adapters(&self, folder: impl AsRef<Path>) -> Result<()> {
        let Some(config) = &self.lora else {
            return Err(Error::Config {
                what: "adapters to save",
                found: String::from("a model without"),
                expected: String::from("a model after `adapt`"),
            });
        };
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let file = AdapterFile {
            peft_type: "LORA".into(),
            task_type: Some("CAUSAL_LM".into()),
            base_model_name_or_path: None,
            inference_mode: true,
            r: config.rank,
            lora_alpha: config.alpha,
            lora_dropout: config.dropout,
            target_modules: config.targets.clone(),
            bias: none(),
            fan_in_fan_out: false,
            use_rslora: false,
            use_dora: false,
        };
        let path = folder.join(CONFIG);
        let text = serde_json::to_string_pretty(&file).expect("plain numbers and names are JSON");
        fs::write(&path, text + "\n").map_err(Error::io(&path))?;
        let path = folder.join(WEIGHTS);
        fs::write(&path, weights::to_file(adapters(&mut self.clone()))).map_err(Error::io(&path))
    }

    /// Puts the adapters of a folder that PEFT or [`save_adapters`](Self::save_adapters) wrote beside the layers of this model.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] and [`Error::Malformed`] as [`load`](Self::load), also for kinds of adapter that these are not (biases, DoRA, rank-stabilised); [`Error::Config`] as
    /// [`adapt`](Self::adapt).
    pub fn load_adapters(&mut self, folder: impl AsRef<Path>) -> Result<()> {
        let path = folder.as_ref().join(CONFIG);
        let text = fs::read(&path).map_err(Error::io(&path))?;
        let file: AdapterFile = serde_json::from_slice(&text)
            .map_err(|error| error.to_string())
            .map_err(malformed(&path))?;
        if file.peft_type != "LORA"
            || file.bias != "none"
            || file.fan_in_fan_out
            || file.use_rslora
            || file.use_dora
        {
            let reason = format!(
                "a {} adapter with biases {:?}, fan_in_fan_out {}, use_rslora {}, use_dora {}; expected plain LoRA",
                file.peft_type, file.bias, file.fan_in_fan_out, file.use_rslora, file.use_dora
            );
            return Err(malformed(&path)(reason));
        }
        let config = LoraConfig::new()
            .with_rank(file.r)
            .with_alpha(file.lora_alpha)
            .with_dropout(file.lora_dropout)
            .with_targets(
                file.target_modules
                    .iter()
                    .map(|name| last(name).to_owned())
                    .collect(),
            );
        let path = folder.as_ref().join(WEIGHTS);
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        let tensors = SafeTensors::deserialize(&bytes)
            .map_err(|error| format!("not a safetensors file ({error}): fetch it again"))
            .map_err(malformed(&path))?;
        let mut found: BTreeMap<_, _> = tensors.tensors().into_iter().collect();
        let mut adapted = self.clone();
        adapted.adapt(&config)?;
        let mut problems = weights::fill(adapters(&mut adapted), &mut found);
        problems.extend(
            found
                .keys()
                .map(|name| format!("{name} is not part of these adapters")),
        );
        if !problems.is_empty() {
            return Err(malformed(&path)(problems.join("; ")));
        }
        *self = adapted;
        Ok(())
    }
}

/// The matrices of all adapters, by their names in PEFT's files.
fn adapters(model: &mut LanguageModel) -> Vec<(String, Weight<'_>)> {
    let layers = model.projections_mut().into_iter();
    let of_layer = |(layer, projection): (String, _)| {
        let projection: &mut crate::lm::Projection = projection;
        let lora = projection.lora.as_mut()?;
        let matrices: [(&str, &mut Param<Tensor<2>>); 2] =
            [("A", &mut lora.down), ("B", &mut lora.up)];
        Some(matrices.map(|(matrix, param)| (name(&layer, matrix), Weight::Linear(param))))
    };
    layers.filter_map(of_layer).flatten().collect()
}
