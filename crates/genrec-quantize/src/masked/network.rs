//! The networks of a [`MaskedVq`](super::MaskedVq): linear layers with batch norm, ReLU and dropout between them.

use super::draws::Draws;
use crate::codebook::replace;
use crate::{MlpConfig, MlpInit};
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::module::{batch_norm, batch_norm_train};
use burn::tensor::{Device, Tensor};

/// Added to variances.
const EPSILON: f64 = 1e-5;

/// Batch norm (Ioffe and Szegedy, 2015) whose running statistics are weights like others: in checkpoints and copies, changed by nothing
/// but `moved`.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Scale, `[d]`.
    pub gamma: Param<Tensor<1>>,
    /// Shift, `[d]`.
    pub beta: Param<Tensor<1>>,
    /// Running mean, `[d]`, without gradient.
    pub mean: Param<Tensor<1>>,
    /// Running variance, `[d]`, without gradient.
    pub variance: Param<Tensor<1>>,
}

impl BatchNorm {
    fn new(d: usize, device: &Device) -> Self {
        let constant = |value: Tensor<1>| Param::from_tensor(value).set_require_grad(false);
        Self {
            gamma: Param::from_tensor(Tensor::ones([d], device)),
            beta: Param::from_tensor(Tensor::zeros([d], device)),
            mean: constant(Tensor::zeros([d], device)),
            variance: constant(Tensor::ones([d], device)),
        }
    }

    /// By the statistics of the batch; with the batch's mean and its variance as an estimate of that of all rows (divided by one less than there are rows): what
    /// running statistics are moved by.
    fn by_batch(&self, signal: Tensor<2>) -> (Tensor<2>, [Tensor<1>; 2]) {
        let rows = signal.dims()[0] as f64;
        let normed = batch_norm_train(signal, self.gamma.val(), self.beta.val(), EPSILON);
        let variance = normed
            .variance
            .inner()
            .mul_scalar(rows / (rows - 1.0).max(1.0));
        (normed.output, [normed.mean.inner(), variance])
    }

    /// By the running statistics.
    fn by_history(&self, signal: Tensor<2>) -> Tensor<2> {
        let (mean, variance) = (self.mean.val(), self.variance.val());
        batch_norm(
            signal,
            self.gamma.val(),
            self.beta.val(),
            mean,
            variance,
            EPSILON,
        )
    }

    /// Running statistics that a batch's `[mean, variance]` have moved: `(1 - momentum) old + momentum new`.
    fn moved(mut self, [mean, variance]: &[Tensor<1>; 2], momentum: f64) -> Self {
        let moved = |old: &Param<Tensor<1>>, new: &Tensor<1>| {
            let past = old.val().inner().mul_scalar(1.0 - momentum);
            replace(old, past + new.clone().mul_scalar(momentum))
        };
        self.mean = moved(&self.mean, mean);
        self.variance = moved(&self.variance, variance);
        self
    }
}

/// Linear layers; after each but the last batch norm, ReLU and dropout.
#[derive(Module, Debug)]
pub struct NormedMlp {
    /// The layers, input first.
    pub layers: Vec<Linear>,
    /// One less than there are layers.
    pub norms: Vec<BatchNorm>,
    dropout: f64,
}

impl NormedMlp {
    pub(super) fn new(
        widths: &[usize],
        init: MlpInit,
        seed: u64,
        dropout: f64,
        device: &Device,
    ) -> Self {
        let linear = MlpConfig::new(widths.to_vec())
            .with_init(init)
            .with_seed(seed);
        let hidden = &widths[1..widths.len() - 1];
        Self {
            layers: linear.init(device).layers,
            norms: hidden.iter().map(|&d| BatchNorm::new(d, device)).collect(),
            dropout,
        }
    }

    /// For training: by the statistics of the batch, which are added to `statistics`, mean and variance of each norm in order.
    pub(super) fn learn(
        &self,
        input: Tensor<2>,
        draws: &Draws,
        statistics: &mut Vec<Tensor<1>>,
    ) -> Tensor<2> {
        let mut signal = input;
        for (index, layer) in self.layers.iter().enumerate() {
            signal = layer.forward(signal);
            if let Some(norm) = self.norms.get(index) {
                let (normed, seen) = norm.by_batch(signal);
                statistics.extend(seen);
                signal = draws.dropout(relu(normed), self.dropout);
            }
        }
        signal
    }

    /// For use: by the running statistics, without dropout; `[batch, d_input]` to `[batch, d_output]`.
    ///
    /// # Panics
    ///
    /// If the input has another width.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let mut signal = input;
        for (index, layer) in self.layers.iter().enumerate() {
            signal = layer.forward(signal);
            if let Some(norm) = self.norms.get(index) {
                signal = relu(norm.by_history(signal));
            }
        }
        signal
    }

    /// With running statistics that a batch's have moved; takes its own from `statistics`.
    pub(super) fn moved(
        mut self,
        statistics: &mut impl Iterator<Item = Tensor<1>>,
        momentum: f64,
    ) -> Self {
        let mut next = || statistics.next().expect("mean and variance of every norm");
        let moved = |norm: BatchNorm| {
            let seen = [next(), next()];
            norm.moved(&seen, momentum)
        };
        self.norms = self.norms.into_iter().map(moved).collect();
        self
    }
}
