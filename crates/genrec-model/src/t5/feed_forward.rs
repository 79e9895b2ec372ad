//! The position-wise layers.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu_approximate, relu};
use genrec_train::{Draw, Dropout};

use super::attention::projection;
use super::config::{Activation, T5Config};
use super::norm::Normed;
use crate::lora::Projection;

/// Two linear layers with a non-linearity between them, without biases.
#[derive(Module, Debug)]
pub struct FeedForward {
    /// What goes through the non-linearity, `[d_model, d_ff]`: `wi`, or `wi_0` of a gated one.
    pub input: Projection,
    /// What it is multiplied with, `[d_model, d_ff]`: `wi_1` of a gated one.
    pub gated: Option<Projection>,
    /// Back to the residual stream, `[d_ff, d_model]`: `wo`.
    pub output: Projection,
}

impl FeedForward {
    pub(super) fn new(config: &T5Config, draw: &mut Draw) -> Self {
        let (d_model, d_ff) = (config.d_model, config.d_ff);
        let std_in = config.initializer_factor * (d_model as f64).powf(-0.5);
        let std_out = config.initializer_factor * (d_ff as f64).powf(-0.5);
        Self {
            input: projection(d_model, d_ff, std_in, draw),
            gated: (config.activation == Activation::GatedGelu)
                .then(|| projection(d_model, d_ff, std_in, draw)),
            output: projection(d_ff, d_model, std_out, draw),
        }
    }

    /// All of its layers.
    pub(super) fn layers(&self) -> impl Iterator<Item = &Projection> {
        let gated = self.gated.iter();
        [&self.input].into_iter().chain(gated).chain([&self.output])
    }

    /// `[..., d_model]` to `[..., d_model]`.
    pub(super) fn forward<const D: usize>(&self, x: &Normed<D>, dropout: &Dropout) -> Tensor<D> {
        let input = x.through(&self.input);
        let hidden = match &self.gated {
            None => relu(input),
            Some(gated) => gelu_approximate(input) * x.through(gated),
        };
        self.output.forward(dropout.apply(hidden))
    }
}
