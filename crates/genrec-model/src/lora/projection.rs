//! A linear layer, and what stands beside it.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::module::linear as product;
use genrec_train::{Draw, Dropout};

use super::LoraConfig;

/// What stands beside a linear layer: `x A B alpha / r`.
#[derive(Module, Debug)]
pub struct Lora {
    /// `[d_input, rank]`; random at the start.
    pub down: Param<Tensor<2>>,
    /// `[rank, d_output]`; zero at the start, so that an adapter changes nothing.
    pub up: Param<Tensor<2>>,
    scale: f64,
    rate: f64,
    /// Whether it is in the weights too, and so must not count twice.
    merged: bool,
    /// Of what it reads.
    #[module(skip)]
    dropout: Dropout,
}

/// A linear layer, and the adapter beside it if there is one.
#[derive(Module, Debug)]
pub struct Projection {
    /// Weights `[d_input, d_output]`, and for some layers a bias `[d_output]`.
    pub linear: Linear,
    /// The adapter.
    pub lora: Option<Lora>,
}

impl From<Linear> for Projection {
    fn from(linear: Linear) -> Self {
        Self { linear, lora: None }
    }
}

impl Lora {
    fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let low = product(self.dropout.apply(x), self.down.val(), None);
        product(low, self.up.val(), None) * self.scale
    }

    pub(super) fn seed_dropout(&self, seed: u64) {
        self.dropout.seed(seed);
    }

    /// The alpha of its [`LoraConfig`].
    pub fn alpha(&self) -> f64 {
        self.scale * self.rank() as f64
    }

    /// The dropout of its [`LoraConfig`].
    pub fn dropout(&self) -> f64 {
        self.rate
    }

    /// Its rank.
    pub fn rank(&self) -> usize {
        self.down.val().dims()[1]
    }

    fn change(&self) -> Tensor<2> {
        self.down.val().matmul(self.up.val()) * self.scale
    }
}

impl Projection {
    /// Random weights with this standard deviation, and a bias of zeros where there is one.
    pub(crate) fn new(
        d_input: usize,
        d_output: usize,
        bias: bool,
        std: f64,
        draw: &mut Draw,
    ) -> Self {
        let weight = draw.normal([d_input, d_output], std);
        let linear = Linear {
            weight: Param::from_tensor(weight),
            bias: bias.then(|| Param::from_tensor(Tensor::zeros([d_output], draw.device()))),
        };
        linear.into()
    }

    /// `[..., d_input]` to `[..., d_output]`; dropout is of what the adapter reads.
    pub(crate) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let plain = self.linear.forward(x.clone());
        self.with_adapter(plain, || x)
    }

    /// What the layer gives, `[..., d_output]`, and what the adapter adds for what it reads, `[..., d_input]`.
    pub(crate) fn with_adapter<const D: usize>(
        &self,
        plain: Tensor<D>,
        read: impl FnOnce() -> Tensor<D>,
    ) -> Tensor<D> {
        match &self.lora {
            Some(lora) if !lora.merged => plain + lora.forward(read()),
            _ => plain,
        }
    }

    /// Puts a new adapter beside the layer.
    pub(super) fn adapt(&mut self, config: &LoraConfig, draw: &mut Draw) {
        let [d_input, d_output] = self.linear.weight.val().dims();
        // The standard deviation of PEFT's default, which is uniform.
        let std = (3.0 * d_input as f64).powf(-0.5);
        let down = draw.normal([d_input, config.rank], std);
        let up = Tensor::zeros([config.rank, d_output], draw.device());
        self.lora = Some(Lora {
            down: Param::from_tensor(down),
            up: Param::from_tensor(up),
            scale: config.alpha / config.rank as f64,
            rate: config.dropout,
            merged: false,
            dropout: Dropout::new(config.dropout),
        });
    }

    pub(super) fn merge(&mut self) {
        self.shift(true);
    }

    pub(super) fn unmerge(&mut self) {
        self.shift(false);
    }

    /// Puts what the adapter does into the weights, or takes it out.
    fn shift(&mut self, merged: bool) {
        let Some(lora) = self.lora.as_mut().filter(|lora| lora.merged != merged) else {
            return;
        };
        let weight = self.linear.weight.val();
        let weight = match merged {
            true => weight + lora.change(),
            false => weight - lora.change(),
        };
        lora.merged = merged;
        // Beside an adapter a layer is not trained.
        self.linear.weight = Param::from_tensor(weight.detach()).set_require_grad(false);
    }
}
