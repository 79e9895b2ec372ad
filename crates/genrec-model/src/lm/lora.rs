//! Low-rank adapters (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2022).

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use genrec_train::{Draw, Dropout};

use crate::{Error, Result};

/// Which layers get an adapter, and of what size.
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
    /// The last parts of the names of the layers, as in `transformers`. Default: all linear layers of the blocks.
    #[config(
        default = "[\"q_proj\", \"k_proj\", \"v_proj\", \"o_proj\", \"gate_proj\", \"up_proj\", \"down_proj\"].map(String::from).to_vec()"
    )]
    pub targets: Vec<String>,
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
        if self.rank == 0 || self.targets.is_empty() {
            let found = format!(
                "rank {} for {} kinds of layer",
                self.rank,
                self.targets.len()
            );
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

/// What stands beside a linear layer: `x A B alpha / r`.
#[derive(Module, Debug)]
pub struct Lora {
    /// `[d_input, rank]`; random at the start.
    pub down: Param<Tensor<2>>,
    /// `[rank, d_output]`; zero at the start, so that an adapter changes nothing.
    pub up: Param<Tensor<2>>,
    scale: f64,
}

/// A linear layer, and the adapter beside it if there is one.
#[derive(Module, Debug)]
pub struct Projection {
    /// Weights `[d_input, d_output]`, and for some layers a bias `[d_output]`.
    pub linear: Linear,
    /// The adapter.
    pub lora: Option<Lora>,
}

impl Projection {
    pub(super) fn new(
        d_input: usize,
        d_output: usize,
        bias: bool,
        std: f64,
        draw: &mut Draw,
    ) -> Self {
        let weight = draw.normal([d_input, d_output], std);
        Self {
            linear: Linear {
                weight: Param::from_tensor(weight),
                bias: bias.then(|| Param::from_tensor(Tensor::zeros([d_output], draw.device()))),
            },
            lora: None,
        }
    }

    /// `[..., d_input]` to `[..., d_output]`; dropout is of what the adapter reads.
    pub(super) fn forward(&self, x: Tensor<3>, dropout: &Dropout) -> Tensor<3> {
        let plain = self.linear.forward(x.clone());
        let Some(lora) = &self.lora else {
            return plain;
        };
        let low = dropout.apply(x).matmul(lora.down.val().unsqueeze());
        plain + low.matmul(lora.up.val().unsqueeze()) * lora.scale
    }

    /// Puts a new adapter beside the layer. The layer itself is trained no longer.
    pub(super) fn adapt(&mut self, config: &LoraConfig, draw: &mut Draw) {
        let [d_input, d_output] = self.linear.weight.val().dims();
        // The standard deviation of PEFT's default, which is uniform.
        let std = (3.0 * d_input as f64).powf(-0.5);
        let down = draw.normal([d_input, config.rank], std);
        let up = Tensor::zeros([config.rank, d_output], draw.device());
        self.set_adapter(down, up, config.alpha / config.rank as f64);
    }

    /// Puts the adapter of these matrices beside the layer.
    pub(super) fn set_adapter(&mut self, down: Tensor<2>, up: Tensor<2>, scale: f64) {
        self.lora = Some(Lora {
            down: Param::from_tensor(down),
            up: Param::from_tensor(up),
            scale,
        });
        self.linear = self.linear.clone().no_grad();
    }

    /// Adds what the adapter does to the weights, and takes it away.
    pub(super) fn merge(&mut self) {
        if let Some(lora) = self.lora.take() {
            let change = lora.down.val().matmul(lora.up.val()) * lora.scale;
            let weight = self.linear.weight.val() + change;
            self.linear.weight = Param::from_tensor(weight.detach());
        }
    }
}
