//! Encoder and decoder over sets: items of several tokens without an order among them (SETRec, section 3.2).

use burn::tensor::module::linear as product;
use burn::tensor::{Bool, Device, Tensor, TensorData, assert_shape};
use genrec_train::Dropout;

use super::attention::Attention;
use super::bias::{HIDDEN, hide};
use super::cache::CrossMemory;
use super::model::T5;
use super::stack::Encoder;

/// Items whose tokens are attended from at once.
const BLOCK: usize = 10;

/// What a token of an item sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetAttention {
    /// The tokens of earlier items, and itself; not its siblings. The encoder has to be [causal](super::T5Config::causal_encoder).
    Sparse,
    /// Everything, padding apart, as in the released code.
    Dense,
}

/// Biases and masks of blocks of items, the same for all layers.
struct Blocks {
    /// For every block its first item, the one after its last, and what is added to the scores of the tokens of earlier items,
    /// `[1, heads, items, 1, earlier, 1]`.
    blocks: Vec<(usize, usize, Option<Tensor<6>>)>,
    /// Added to the score of a token with itself, `[1, heads, 1, 1]`.
    own: Tensor<4>,
}

impl Encoder {
    fn blocks(&self, items: usize, device: &Device) -> Blocks {
        let bias = self.bias.forward(0, items, items);
        let heads = bias.dims()[1];
        let block = |start: usize| {
            let end = (start + BLOCK).min(items);
            // The last item of the block sees those before it.
            let earlier = end - 1;
            let bias = (earlier > 0).then(|| {
                let later: Vec<f32> = (start..end)
                    .flat_map(|item| {
                        (0..earlier).map(move |key| if key < item { 0.0 } else { HIDDEN })
                    })
                    .collect();
                let shape = [1, 1, end - start, earlier];
                let hidden = Tensor::<4>::from_data(TensorData::new(later, shape), device);
                let bias = bias.clone().slice([0..1, 0..heads, start..end, 0..earlier]) + hidden;
                bias.reshape([1, heads, end - start, 1, earlier, 1])
            });
            (start, end, bias)
        };
        Blocks {
            blocks: (0..items).step_by(BLOCK).map(block).collect(),
            own: self.bias.forward(0, 1, 1),
        }
    }

    /// `x` is `[batch, items * slots, d_model]`, `hidden`, `[batch, 1, 1, items * slots]`, is added to all scores of [`SetAttention::Dense`].
    fn forward_sets(
        &self,
        x: Tensor<3>,
        slots: usize,
        attention: SetAttention,
        hidden: &Tensor<4>,
        dropout: &Dropout,
    ) -> Tensor<3> {
        let positions = x.dims()[1];
        let items = positions / slots;
        let device = x.device();
        let (blocks, bias) = match attention {
            SetAttention::Sparse => (Some(self.blocks(items, &device)), None),
            SetAttention::Dense => {
                // Siblings share their position.
                let bias = self.bias.forward(0, items, items);
                let heads = bias.dims()[1];
                let bias = bias
                    .reshape([1, heads, items, 1, items, 1])
                    .repeat_dim(3, slots)
                    .repeat_dim(5, slots)
                    .reshape([1, heads, positions, positions]);
                (None, Some(bias + hidden.clone()))
            }
        };
        let mut x = dropout.apply(x);
        for layer in &self.layers {
            let normed = layer.attention_norm.before_linear(x.clone());
            let queries = layer.attention.queries(&normed);
            let (keys, values) = layer.attention.keys_values(&normed);
            let attended = match (&blocks, &bias) {
                (Some(blocks), _) => layer
                    .attention
                    .attend_sparse(queries, keys, values, slots, blocks, dropout),
                (None, Some(bias)) => layer.attention.attend(queries, keys, values, bias, dropout),
                (None, None) => unreachable!("attention is sparse or dense"),
            };
            x = x + dropout.apply(attended);
            let normed = layer.feed_forward_norm.before_linear(x.clone());
            let fed = layer.feed_forward.forward(&normed, dropout);
            x = x + dropout.apply(fed);
        }
        dropout.apply(self.norm.forward(x))
    }
}

impl Attention {
    /// Attends from every token to the tokens of earlier items and to itself, and projects back: `[batch, items * slots, d_model]`. `queries`, `keys` and `values` are
    /// `[batch, heads, items * slots, d_kv]`.
    ///
    /// All tokens of an item see the same earlier keys, so biases and masks are those of items, keys of later items are not multiplied at all (but for those of one block), and what a
    /// token has with itself is one number beside them.
    fn attend_sparse(
        &self,
        queries: Tensor<4>,
        keys: Tensor<4>,
        values: Tensor<4>,
        slots: usize,
        blocks: &Blocks,
        dropout: &Dropout,
    ) -> Tensor<3> {
        let [batch, heads, positions, d_kv] = queries.dims();
        let own = (queries.clone() * keys.clone()).sum_dim(3) + blocks.own.clone();
        let mut contexts = Vec::with_capacity(blocks.blocks.len());
        for (start, end, bias) in &blocks.blocks {
            let (first, count) = (start * slots, (end - start) * slots);
            let own = own.clone().narrow(2, first, count);
            let own_values = values.clone().narrow(2, first, count);
            let Some(bias) = bias else {
                // A first item alone sees itself.
                contexts.push(own_values);
                continue;
            };
            let earlier = (end - 1) * slots;
            let scores = queries
                .clone()
                .narrow(2, first, count)
                .matmul(keys.clone().narrow(2, 0, earlier).swap_dims(2, 3))
                .reshape([batch, heads, end - start, slots, end - 1, slots]);
            let scores = (scores + bias.clone()).reshape([batch, heads, count, earlier]);
            // Shifting scores changes nothing, so that the maximum is a constant.
            let maximum = scores
                .clone()
                .detach()
                .max_dim(3)
                .max_pair(own.clone().detach());
            let weights = (scores - maximum.clone()).exp();
            let own = (own - maximum).exp();
            let ones = Tensor::ones([earlier, 1], &weights.device());
            let total = product(weights.clone(), ones, None) + own.clone();
            let context = dropout
                .apply(weights)
                .matmul(values.clone().narrow(2, 0, earlier))
                + dropout.apply(own) * own_values;
            contexts.push(context / total);
        }
        let context = Tensor::cat(contexts, 2);
        self.output.forward(
            context
                .swap_dims(1, 2)
                .reshape([batch, positions, heads * d_kv]),
        )
    }
}

impl T5 {
    /// Encoder states, `[batch, items * slots, d_model]`, of items of several tokens each, `[batch, items, slots, d_model]`. All tokens of an item have the position of the item, so that
    /// there is no order among them.
    ///
    /// `mask`, `[batch, items]`, is true at real items. With [`SetAttention::Sparse`], padding has to follow the real items.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other, or sparse attention meets an encoder that is not causal.
    pub fn encode_sets(
        &self,
        inputs: Tensor<4>,
        mask: &Tensor<2, Bool>,
        attention: SetAttention,
    ) -> Tensor<3> {
        let [batch, items, slots, d_model] = inputs.dims();
        assert_shape!(mask, [batch, items]);
        assert!(
            attention == SetAttention::Dense || self.config.causal_encoder,
            "sparse attention looks back only: it needs an encoder with `causal_encoder`"
        );
        let hidden = hide(mask.clone())
            .reshape([batch, 1, 1, items, 1])
            .repeat_dim(4, slots)
            .reshape([batch, 1, 1, items * slots]);
        let x = inputs.reshape([batch, items * slots, d_model]);
        self.encoder
            .forward_sets(x, slots, attention, &hidden, &self.dropout)
    }

    /// As [`decode`](T5::decode), but the places of a group see each other in both directions, and each itself with one more added to its score: what the released code of SETRec does to
    /// its queries.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other.
    pub fn decode_together(
        &self,
        inputs: Tensor<4>,
        memory: &CrossMemory,
        visible: &Tensor<3, Bool>,
    ) -> Tensor<4> {
        let length = inputs.dims()[2];
        let bias = self.decoder.bias.forward_open(length);
        let one: Vec<f32> = (0..length * length)
            .map(|pair| {
                if pair / length == pair % length {
                    1.0
                } else {
                    0.0
                }
            })
            .collect();
        let one = Tensor::from_data(TensorData::new(one, [1, 1, length, length]), &bias.device());
        self.decode_with(inputs, memory, visible, &(bias + one))
    }
}
