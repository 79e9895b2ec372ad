//! Blocks of attention and feed-forward layer, with the norm in front of each (SASRec, section 3).

use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear};
use burn::tensor::activation::{relu, softmax};
use burn::tensor::module::embedding;
use burn::tensor::{Bool, Tensor};
use genrec_train::{Draw, Dropout};

use super::layers::{linear, table};
use crate::sequential::config::SequentialConfig;
use crate::sequential::inputs::Inputs;

/// Learned positions, blocks, and a last norm.
#[derive(Module, Debug)]
pub(crate) struct Transformer {
    /// `[places, d_model]`
    positions: Param<Tensor<2>>,
    blocks: Vec<Block>,
    norm: LayerNorm,
    causal: bool,
}

impl Transformer {
    /// `[blocks, heads]`; causal, or looking to both sides with one place more than a history has, for the mask that asks.
    pub(super) fn new(
        config: &SequentialConfig,
        [blocks, heads]: [usize; 2],
        causal: bool,
        draw: &mut Draw,
    ) -> Self {
        let d_model = config.d_model;
        let places = config.max_history + usize::from(!causal);
        Self {
            positions: table(places, d_model, config.init_std, draw),
            blocks: (0..blocks)
                .map(|_| Block::new(d_model, heads, draw))
                .collect(),
            norm: LayerNormConfig::new(d_model).init(draw.device()),
            causal,
        }
    }

    pub(super) fn forward(&self, rows: Tensor<3>, inputs: &Inputs, dropout: &Dropout) -> Tensor<3> {
        let [batch, places, d_model] = rows.dims();
        let positions = embedding(self.positions.val(), inputs.positions.clone());
        let mut x = dropout.apply(rows * (d_model as f64).sqrt() + positions);
        // Padding follows the items: what looks back only does not see it.
        let hidden: Tensor<4, Bool> = if self.causal {
            Tensor::<2, Bool>::tril_mask([places, places], 0, &x.device())
                .reshape([1, 1, places, places])
        } else {
            inputs
                .real
                .clone()
                .bool_not()
                .reshape([batch, 1, 1, places])
        };
        let bias = Tensor::<4>::zeros(hidden.dims(), &x.device()).mask_fill(hidden, -1e9);
        for block in &self.blocks {
            x = block.forward(x, &bias, dropout);
        }
        self.norm.forward(x)
    }
}

#[derive(Module, Debug)]
struct Block {
    attention_norm: LayerNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    feed_forward_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    heads: usize,
}

impl Block {
    fn new(d_model: usize, heads: usize, draw: &mut Draw) -> Self {
        let norm = LayerNormConfig::new(d_model).init(draw.device());
        let mut square = || linear(d_model, d_model, true, draw);
        Self {
            attention_norm: norm.clone(),
            query: square(),
            key: square(),
            value: square(),
            output: square(),
            feed_forward_norm: norm,
            inner: square(),
            outer: square(),
            heads,
        }
    }

    /// `x`: `[batch, places, d_model]`; `bias`, broadcast to `[batch, heads, places, places]`, is added to the scores.
    fn forward(&self, x: Tensor<3>, bias: &Tensor<4>, dropout: &Dropout) -> Tensor<3> {
        let [batch, places, d_model] = x.dims();
        let width = d_model / self.heads;
        let split = |x: Tensor<3>| {
            x.reshape([batch, places, self.heads, width])
                .swap_dims(1, 2)
        };
        let normed = self.attention_norm.forward(x.clone());
        let query = split(self.query.forward(normed.clone())) / (width as f64).sqrt();
        let key = split(self.key.forward(normed.clone()));
        let value = split(self.value.forward(normed));
        let weights = softmax(query.matmul(key.swap_dims(2, 3)) + bias.clone(), 3);
        let attended = dropout.apply(weights).matmul(value);
        let attended = attended.swap_dims(1, 2).reshape([batch, places, d_model]);
        let x = x + dropout.apply(self.output.forward(attended));
        let inner = relu(
            self.inner
                .forward(self.feed_forward_norm.forward(x.clone())),
        );
        x + dropout.apply(self.outer.forward(dropout.apply(inner)))
    }
}
