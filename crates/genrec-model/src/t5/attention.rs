//! Attention as T5 has it: scores without scaling, biases added to them, no bias in the projections.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use burn::tensor::module::linear as product;
use genrec_train::{Draw, Dropout};

use super::config::T5Config;
use super::norm::Normed;
use crate::lora::Projection;

/// Multi-head attention.
///
/// The three projections stay three products: differentiating slices of one fused product costs more passes over memory than it saves.
#[derive(Module, Debug)]
pub struct Attention {
    /// Queries, `[d_model, heads * d_kv]`.
    pub query: Projection,
    /// Keys, `[d_model, heads * d_kv]`.
    pub key: Projection,
    /// Values, `[d_model, heads * d_kv]`.
    pub value: Projection,
    /// Back to the residual stream, `[heads * d_kv, d_model]`.
    pub output: Projection,
    heads: usize,
}

impl Attention {
    /// Random weights with the standard deviations of T5: the scale that scores lack is in the queries.
    pub(super) fn new(config: &T5Config, draw: &mut Draw) -> Self {
        let (d_model, inner) = (config.d_model, config.n_heads * config.d_kv);
        let std = |fan_in: usize| config.initializer_factor * (fan_in as f64).powf(-0.5);
        Self {
            query: projection(d_model, inner, std(d_model * config.d_kv), draw),
            key: projection(d_model, inner, std(d_model), draw),
            value: projection(d_model, inner, std(d_model), draw),
            output: projection(inner, d_model, std(inner), draw),
            heads: config.n_heads,
        }
    }

    /// All of its layers.
    pub(super) fn layers(&self) -> [&Projection; 4] {
        [&self.query, &self.key, &self.value, &self.output]
    }

    /// Queries of `x`, `[batch, positions, d_model]` to `[batch, heads, positions, d_kv]`.
    pub(super) fn queries(&self, x: &Normed<3>) -> Tensor<4> {
        self.split(x.through(&self.query))
    }

    /// Keys and values among the queries, `[batch, heads, positions, d_kv]` each.
    pub(super) fn keys_values(&self, x: &Normed<3>) -> (Tensor<4>, Tensor<4>) {
        (
            self.split(x.through(&self.key)),
            self.split(x.through(&self.value)),
        )
    }

    /// Keys and values of other rows, `[batch, positions, d_model]` to `[batch, heads, positions, d_kv]` each.
    pub(super) fn memory(&self, encoded: Tensor<3>) -> (Tensor<4>, Tensor<4>) {
        (
            self.split(self.key.forward(encoded.clone())),
            self.split(self.value.forward(encoded)),
        )
    }

    /// Attends and projects back: `[batch, queries, d_model]`.
    ///
    /// `queries` are `[batch, heads, queries, d_kv]`, `keys` and `values` `[batch, heads, keys, d_kv]`; `bias`, broadcast to
    /// `[batch, heads, queries, keys]`, is added to the scores.
    pub(super) fn attend(
        &self,
        queries: Tensor<4>,
        keys: Tensor<4>,
        values: Tensor<4>,
        bias: &Tensor<4>,
        dropout: &Dropout,
    ) -> Tensor<3> {
        // Not `burn::tensor::module::attention`, which is slower here: its exponentials are one at a time too.
        let scores = queries.matmul(keys.swap_dims(2, 3)) + bias.clone();
        let context = if scores.is_autodiff() {
            differentiable_average(scores, values, dropout)
        } else {
            softmax(scores, 3).matmul(values)
        };
        let [batch, heads, queries, d_kv] = context.dims();
        self.output.forward(
            context
                .swap_dims(1, 2)
                .reshape([batch, queries, heads * d_kv]),
        )
    }

    /// `[batch, positions, heads * d_kv]` to `[batch, heads, positions, d_kv]`, without a copy.
    fn split(&self, x: Tensor<3>) -> Tensor<4> {
        let [batch, positions, inner] = x.dims();
        x.reshape([batch, positions, self.heads, inner / self.heads])
            .swap_dims(1, 2)
    }
}

/// `softmax(scores) values` with dropout of the weights, in as few differentiated passes over the scores as possible.
///
/// The sum of the weights is divided out of the product with the values, so that its gradient reaches the scores as one product of a column and a row.
/// The maximum is a constant: shifting scores changes nothing.
fn differentiable_average(scores: Tensor<4>, values: Tensor<4>, dropout: &Dropout) -> Tensor<4> {
    let maximum = scores.clone().detach().max_dim(3);
    let weights = (scores - maximum).exp();
    // Not `sum_dim`, whose gradient takes three passes.
    let ones = Tensor::ones([weights.dims()[3], 1], &weights.device());
    let total = product(weights.clone(), ones, None);
    dropout.apply(weights).matmul(values) / total
}

/// A linear layer without bias, its weights `[d_input, d_output]` from N(0, std^2).
pub(super) fn linear(d_input: usize, d_output: usize, std: f64, draw: &mut Draw) -> Linear {
    let weight = draw.normal([d_input, d_output], std);
    Linear {
        weight: Param::from_tensor(weight),
        bias: None,
    }
}

/// The same, for adapters to stand beside.
pub(super) fn projection(d_input: usize, d_output: usize, std: f64, draw: &mut Draw) -> Projection {
    linear(d_input, d_output, std, draw).into()
}
