//! Grouped-query attention: several query heads share one head of keys and values (Ainslie et al. 2023).

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};
use genrec_train::Draw;

use super::config::{Family, LanguageModelConfig};
use super::model::HIDDEN;
use super::rotary::Rotation;
use crate::lora::Projection;

/// Attention with rotary positions.
#[derive(Module, Debug)]
pub struct Attention {
    /// Queries, `[d_model, n_heads * d_head]`.
    pub query: Projection,
    /// Keys, `[d_model, kv_heads * d_head]`.
    pub key: Projection,
    /// Values, `[d_model, kv_heads * d_head]`.
    pub value: Projection,
    /// Back to the residual stream, `[n_heads * d_head, d_model]`.
    pub output: Projection,
    kv_heads: usize,
    d_head: usize,
}

/// Keys and values, `[rows, kv_heads, positions, d_head]` each.
pub(super) type KeysValues = (Tensor<4>, Tensor<4>);

impl Attention {
    pub(super) fn new(config: &LanguageModelConfig, draw: &mut Draw) -> Self {
        let (d_model, d_head, std) = (config.d_model, config.d_head(), config.init_std);
        let bias = config.family == Family::Qwen2;
        let (inner, shared) = (config.n_heads * d_head, config.kv_heads() * d_head);
        Self {
            query: Projection::new(d_model, inner, bias, std, draw),
            key: Projection::new(d_model, shared, bias, std, draw),
            value: Projection::new(d_model, shared, bias, std, draw),
            output: Projection::new(inner, d_model, false, std, draw),
            kv_heads: config.kv_heads(),
            d_head,
        }
    }

    /// Queries of `x`, `[rows, positions, d_model]`, turned and scaled, `[rows, n_heads, positions, d_head]`.
    fn queries(&self, x: Tensor<3>, rotation: &Rotation) -> Tensor<4> {
        let queries = self.split(self.query.forward(x));
        rotation.turn(queries) * (self.d_head as f64).powf(-0.5)
    }

    /// Keys, turned, and values of `x`, `[rows, positions, d_model]`.
    fn keys_values(&self, x: Tensor<3>, rotation: &Rotation) -> KeysValues {
        let keys = self.split(self.key.forward(x.clone()));
        let values = self.split(self.value.forward(x));
        (rotation.turn(keys), values)
    }

    /// What positions ask for, and what they have to say: queries of `x`, `[rows, positions, d_model]`, turned and scaled, `[rows, n_heads, positions, d_head]`, with keys and values.
    pub(super) fn asked(&self, x: Tensor<3>, rotation: &Rotation) -> (Tensor<4>, KeysValues) {
        let keys_values = self.keys_values(x.clone(), rotation);
        (self.queries(x, rotation), keys_values)
    }

    /// Attends from the last positions to themselves and those before them, and projects back: `queries`, `[rows, n_heads, positions, d_head]`, of the last of all that keys and values are
    /// of, to `[rows, positions, d_model]`.
    pub(super) fn attend(&self, queries: Tensor<4>, (keys, values): KeysValues) -> Tensor<3> {
        let [rows, heads, positions, d_head] = queries.dims();
        let seen = keys.dims()[2];
        let first = seen - positions;
        let hidden: Vec<f32> = (first..seen)
            .flat_map(|query| (0..seen).map(move |key| if key > query { HIDDEN } else { 0.0 }))
            .collect();
        let hidden = TensorData::new(hidden, [1, 1, 1, positions, seen]);
        let hidden = Tensor::<5>::from_data(hidden, &queries.device());
        // The query heads of a group are more rows of the same product.
        let group = heads / self.kv_heads;
        let scores = queries
            .reshape([rows, self.kv_heads, group * positions, d_head])
            .matmul(keys.swap_dims(2, 3))
            .reshape([rows, self.kv_heads, group, positions, seen]);
        let weights =
            softmax(scores + hidden, 4).reshape([rows, self.kv_heads, group * positions, seen]);
        let context = weights.matmul(values);
        self.join(context.reshape([rows, heads, positions, d_head]))
    }

    /// One more token for every beam, `[rows, beams, d_model]`, which sees the prompt of its row, `hidden`, `[rows, 1, 1, prompt]`, added to the scores, and the tokens of its own beam,
    /// which `own` has, `[rows * beams, kv_heads, tokens, d_head]`: `[rows, beams, d_model]`, with all of the beam's keys and values.
    pub(super) fn step(
        &self,
        x: Tensor<3>,
        rotation: &Rotation,
        prompt: &KeysValues,
        hidden: &Tensor<4>,
        own: Option<KeysValues>,
    ) -> (Tensor<3>, KeysValues) {
        let [rows, beams, _] = x.dims();
        let (kv_heads, d_head) = (self.kv_heads, self.d_head);
        let (keys, values) = self.keys_values(x.clone(), rotation);
        // [rows, kv_heads, beams, d_head] to one row a beam.
        let apart = |x: Tensor<4>| {
            x.swap_dims(1, 2)
                .reshape([rows * beams, kv_heads, 1, d_head])
        };
        let (mut keys, mut values) = (apart(keys), apart(values));
        if let Some((before, worth)) = own {
            keys = Tensor::cat(vec![before, keys], 2);
            values = Tensor::cat(vec![worth, values], 2);
        }
        let tokens = keys.dims()[2];
        let (prompt_keys, prompt_values) = prompt;
        let length = prompt_keys.dims()[2];

        // [rows, n_heads, beams, d_head]; the heads of a group and the beams are rows of the product with the prompt.
        let queries = self.queries(x, rotation);
        let group = queries.dims()[1] / kv_heads;
        let of_prompt = queries
            .clone()
            .reshape([rows, kv_heads, group * beams, d_head])
            .matmul(prompt_keys.clone().swap_dims(2, 3))
            + hidden.clone();
        // To one row a beam, and back.
        let to_beams = |x: Tensor<4>, width: usize| {
            x.reshape([rows, kv_heads * group, beams, width])
                .swap_dims(1, 2)
                .reshape([rows * beams, kv_heads, group, width])
        };
        let from_beams = |x: Tensor<4>, width: usize| {
            x.reshape([rows, beams, kv_heads * group, width])
                .swap_dims(1, 2)
        };
        let of_own = to_beams(queries, d_head).matmul(keys.clone().swap_dims(2, 3));
        let scores = Tensor::cat(vec![to_beams(of_prompt, length), of_own], 3);
        let weights = softmax(scores, 3);
        let on_prompt = from_beams(weights.clone().narrow(3, 0, length), length)
            .reshape([rows, kv_heads, group * beams, length])
            .matmul(prompt_values.clone())
            .reshape([rows, kv_heads * group, beams, d_head]);
        let on_own = weights.narrow(3, length, tokens).matmul(values.clone());
        let context = on_prompt + from_beams(on_own, d_head);
        (self.join(context), (keys, values))
    }

    /// `[rows, positions, heads * d_head]` to `[rows, heads, positions, d_head]`.
    fn split(&self, x: Tensor<3>) -> Tensor<4> {
        let [rows, positions, inner] = x.dims();
        x.reshape([rows, positions, inner / self.d_head, self.d_head])
            .swap_dims(1, 2)
    }

    /// `[rows, heads, positions, d_head]` back to the residual stream.
    fn join(&self, context: Tensor<4>) -> Tensor<3> {
        let [rows, heads, positions, d_head] = context.dims();
        let context = context
            .swap_dims(1, 2)
            .reshape([rows, positions, heads * d_head]);
        self.output.forward(context)
    }
}
