//! Low-rank adapters (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2022), for [`T5`](crate::t5::T5) and [`LanguageModel`](crate::lm::LanguageModel).
//!
//! *In:* a model, and a [`LoraConfig`]. *Out:* the same model with adapters beside some of its linear layers, in which, with the embeddings and the head, all training happens from
//! there on; they are [merged](Adapters::merge) into the weights, or saved alone [as PEFT does](Adapters::save_adapters).
//!
//! ```
//! use burn::tensor::Device;
//! use genrec_model::lm::LanguageModelConfig;
//! use genrec_model::lora::{Adapters, LoraConfig};
//!
//! let mut model = LanguageModelConfig::new(40, 16, 2).init(&Device::default())?;
//! let config = LoraConfig::new().with_targets(Some(vec!["q_proj".into(), "v_proj".into()]));
//! model.adapt(&config)?;
//! assert!(model.has_adapters());
//! assert!(!model.merge().has_adapters());
//! # Ok::<(), genrec_model::Error>(())
//! ```

mod files;
mod projection;

use std::path::Path;

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use genrec_train::{Draw, mixed};

pub use projection::{Lora, Projection};

use crate::{Error, Result};

/// Which layers get an adapter, and of what size. The defaults are those of LC-Rec.
#[derive(Config, Debug, PartialEq)]
pub struct LoraConfig {
    /// The rank, r.
    #[config(default = 8)]
    pub rank: usize,
    /// What an adapter gives is multiplied with `alpha / rank`.
    #[config(default = 32.0)]
    pub alpha: f64,
    /// Probability of dropping an element of what an adapter reads, while training.
    #[config(default = 0.05)]
    pub dropout: f64,
    /// The last parts of the names of the layers, as in `transformers` (`q_proj`; `q` in T5). `None`: all linear layers of the blocks.
    #[config(default = "None")]
    pub targets: Option<Vec<String>>,
    /// Seed of the initial weights.
    #[config(default = 0)]
    pub seed: u64,
}

impl LoraConfig {
    /// Whether this can work.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a rank of 0, no targets, or numbers that are none.
    pub fn check(&self) -> Result<()> {
        let wrong = |what, found: String, expected: &str| {
            Err(Error::Config {
                what,
                found,
                expected: expected.to_owned(),
            })
        };
        let targets = self.targets.as_ref().map_or(1, Vec::len);
        if self.rank == 0 || targets == 0 {
            let found = format!("rank {} for {targets} kinds of layer", self.rank);
            return wrong(
                "LoRA",
                found,
                "a rank of at least 1, and layers to stand beside",
            );
        }
        if !self.alpha.is_finite() {
            return wrong("LoRA alpha", self.alpha.to_string(), "a finite number");
        }
        if !(0.0..1.0).contains(&self.dropout) {
            let expected = "a probability of at least 0 and below 1";
            return wrong("LoRA dropout", self.dropout.to_string(), expected);
        }
        Ok(())
    }
}

/// A model that adapters can stand beside. The rest follows from which layers it has.
pub trait Adapters: Module {
    /// The linear layers of the blocks, by their names in `transformers`.
    fn layers_mut(&mut self) -> Vec<(String, &mut Projection)>;

    /// The same layers in the same order.
    fn layers(&self) -> Vec<&Projection>;

    /// What is trained beside adapters: the embeddings, and the head where it is one of its own, by their names in `transformers`.
    fn tables_mut(&mut self) -> Vec<(String, Table<'_>)>;

    /// Puts adapters beside the layers that `config` names; only they, and the embeddings and the head, are trained from here on.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for impossible settings, a name that no layer has, or a model that has adapters already.
    fn adapt(&mut self, config: &LoraConfig) -> Result<()> {
        config.check()?;
        if self.has_adapters() {
            return Err(Error::Config {
                what: "LoRA",
                found: String::from("a model that has adapters already"),
                expected: String::from("one without: merge them first"),
            });
        }
        let mut adapted = self.clone().no_grad();
        let mut names: Vec<String> = Vec::new();
        for (name, _) in adapted.layers_mut() {
            let name = last(&name).to_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let targets = config.targets.as_ref().unwrap_or(&names);
        if let Some(unknown) = targets.iter().find(|target| !names.contains(target)) {
            return Err(Error::Config {
                what: "LoRA targets",
                found: unknown.clone(),
                expected: format!("some of {}", names.join(", ")),
            });
        }
        let device = adapted.devices().into_iter().next().unwrap_or_default();
        let draw = &mut Draw::new(config.seed, &device);
        for (name, projection) in adapted.layers_mut() {
            if targets.iter().any(|target| target == last(&name)) {
                projection.adapt(config, draw);
            }
        }
        for (_, table) in adapted.tables_mut() {
            let param = table.into_param();
            *param = param.clone().set_require_grad(true);
        }
        *self = adapted;
        Ok(())
    }

    /// Whether adapters stand beside its layers.
    fn has_adapters(&self) -> bool {
        let layers = self.layers();
        layers.iter().any(|projection| projection.lora.is_some())
    }

    /// Adds what the adapters do to the weights, which makes the model faster; [`unmerge_adapters`](Self::unmerge_adapters) takes it away again. To save a model whole, or to train on, [`merge`](Self::merge) it for good.
    fn merge_adapters(&mut self) {
        for (_, projection) in self.layers_mut() {
            projection.merge();
        }
    }

    /// Takes what the adapters do out of the weights, up to rounding.
    fn unmerge_adapters(&mut self) {
        for (_, projection) in self.layers_mut() {
            projection.unmerge();
        }
    }

    /// The same model with the adapters in the weights and none beside them. All weights are trained from here on.
    #[must_use]
    fn merge(mut self) -> Self {
        self.merge_adapters();
        for (_, projection) in self.layers_mut() {
            projection.lora = None;
        }
        self.set_require_grad(true)
    }

    /// The model without its adapters; embeddings and head are as they were trained. All weights are trained from here on.
    #[must_use]
    fn without_adapters(mut self) -> Self {
        self.unmerge_adapters();
        for (_, projection) in self.layers_mut() {
            projection.lora = None;
        }
        self.set_require_grad(true)
    }

    /// Writes the adapters, and the embeddings and the head that were trained with them, into `folder`, which is made if it does not exist. PEFT loads them onto the model that they stand
    /// beside.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there are no adapters; [`Error::Io`].
    fn save_adapters(&self, folder: impl AsRef<Path>) -> Result<()> {
        files::save(self, folder.as_ref())
    }

    /// Puts the adapters of a folder that PEFT or [`save_adapters`](Self::save_adapters) wrote beside the layers of this model, and embeddings and head in the place of its own, if the folder
    /// has them.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; [`Error::Malformed`] for damaged files, tensors of other layers or shapes, and kinds of adapter that these are not (biases, `DoRA`, rank-stabilised, another rank
    /// for some layers); [`Error::Config`] as [`adapt`](Self::adapt).
    fn load_adapters(&mut self, folder: impl AsRef<Path>) -> Result<()> {
        files::load(self, folder.as_ref())
    }

    /// Starts the sequences of dropout masks of `seed`, one an adapter.
    fn seed_adapters(&self, seed: u64) {
        for (number, projection) in self.layers().into_iter().enumerate() {
            if let Some(lora) = &projection.lora {
                lora.seed_dropout(mixed(seed, number as u64));
            }
        }
    }
}

/// Embeddings or a head.
#[derive(Debug)]
pub enum Table<'a> {
    /// `[tokens, d_model]`, as in the files.
    Rows(&'a mut Param<Tensor<2>>),
    /// `[d_model, tokens]`, the other way round than in the files.
    Columns(&'a mut Param<Tensor<2>>),
}

impl<'a> Table<'a> {
    pub(crate) fn into_param(self) -> &'a mut Param<Tensor<2>> {
        match self {
            Self::Rows(param) | Self::Columns(param) => param,
        }
    }
}

/// The last part of a name.
pub(crate) fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
