//! Attention over sets against a dense mask built the slow way, and what order means to it.

use burn::tensor::{Bool, Device, Tensor, TensorData};
use genrec_train::Dropout;

use super::super::attention::Attention;
use super::super::bias::HIDDEN;
use super::super::{SetAttention, T5};
use super::{difference, small};

const SLOTS: usize = 3;

fn model(causal: bool, device: &Device) -> T5 {
    small().with_causal_encoder(causal).init(device)
}

/// Tokens `[batch, items, SLOTS, 16]` that look random.
fn inputs(batch: usize, items: usize, device: &Device) -> Tensor<4> {
    let values: Vec<f32> = (0..batch * items * SLOTS * 16)
        .map(|i| ((i * 7919 + i * i * 31) % 101) as f32 / 50.0 - 1.0)
        .collect();
    Tensor::from_data(TensorData::new(values, [batch, items, SLOTS, 16]), device)
}

fn all_real(batch: usize, items: usize, device: &Device) -> Tensor<2, Bool> {
    Tensor::<2>::ones([batch, items], device).greater_elem(0.0)
}

/// The encoder with plain attention over all pairs of positions, and what pairs do not see each other hidden one by one.
fn plain(t5: &T5, inputs: Tensor<4>, sees: impl Fn(usize, usize) -> bool) -> Tensor<3> {
    let [batch, items, slots, d_model] = inputs.dims();
    let length = items * slots;
    let device = inputs.device();
    let by_item = t5.encoder.bias.forward_open(items);
    let heads = by_item.dims()[1];
    let by_item = by_item
        .reshape([1, heads, items, 1, items, 1])
        .repeat_dim(3, slots)
        .repeat_dim(5, slots)
        .reshape([1, heads, length, length]);
    let pairs = (0..length).flat_map(|query| (0..length).map(move |key| (query, key)));
    let hidden: Vec<f32> = pairs
        .map(|(query, key)| if sees(query, key) { 0.0 } else { HIDDEN })
        .collect();
    let hidden = Tensor::<4>::from_data(TensorData::new(hidden, [1, 1, length, length]), &device);
    let bias = by_item + hidden;
    let none = Dropout::new(0.0);
    let mut x = inputs.reshape([batch, length, d_model]);
    for layer in &t5.encoder.layers {
        let normed = layer.attention_norm.before_linear(x.clone());
        let attention: &Attention = &layer.attention;
        let (keys, values) = attention.keys_values(&normed);
        x = x + attention.attend(attention.queries(&normed), keys, values, &bias, &none);
        let normed = layer.feed_forward_norm.before_linear(x.clone());
        x = x + layer.feed_forward.forward(&normed, &none);
    }
    t5.encoder.norm.forward(x)
}

fn sparse(query: usize, key: usize) -> bool {
    key / SLOTS < query / SLOTS || key == query
}

#[test]
fn sparse_attention_is_the_dense_one_with_a_mask() {
    let device = Device::default();
    let t5 = model(true, &device);
    // One item, one block, blocks that are full and not.
    for items in [1, 2, 9, 10, 11, 23] {
        let tokens = inputs(2, items, &device);
        let found = t5.encode_sets(
            tokens.clone(),
            &all_real(2, items, &device),
            SetAttention::Sparse,
        );
        let error = difference(found, plain(&t5, tokens, sparse));
        assert!(error < 1e-4, "{items} items: {error}");
    }
}

#[test]
fn so_are_its_gradients() {
    let device = Device::default().autodiff();
    let tokens = inputs(2, 13, &device);
    // A model of its own for each way: the same seed, the same weights.
    let of = |encode: &dyn Fn(&T5) -> Tensor<3>| {
        let config = small().with_causal_encoder(true).with_dropout(0.0);
        let t5 = config.init(&device);
        let states = encode(&t5);
        let found = (states.clone() * states.detach().sin()).sum().backward();
        let layer = &t5.encoder.layers[0].attention;
        let of_layers = [&layer.query, &layer.key, &layer.value, &layer.output]
            .map(|projection| projection.linear.weight.val().grad(&found).unwrap());
        (
            of_layers,
            t5.encoder.bias.weight.val().grad(&found).unwrap(),
        )
    };
    let mask = all_real(2, 13, &device);
    let (fast, fast_bias) = of(&|t5| t5.encode_sets(tokens.clone(), &mask, SetAttention::Sparse));
    let (slow, slow_bias) = of(&|t5| plain(t5, tokens.clone(), sparse));
    for (fast, slow) in fast.into_iter().zip(slow).chain([(fast_bias, slow_bias)]) {
        let largest = slow.clone().abs().max().into_scalar::<f32>();
        let error = difference(fast, slow);
        assert!(
            largest > 1e-3 && error < 1e-3 * largest.max(1.0),
            "{error} of {largest}"
        );
    }
}

#[test]
fn dense_attention_sees_everything_but_padding() {
    let device = Device::default();
    let t5 = model(false, &device);
    let tokens = inputs(2, 6, &device);
    let found = t5.encode_sets(
        tokens.clone(),
        &all_real(2, 6, &device),
        SetAttention::Dense,
    );
    assert!(difference(found, plain(&t5, tokens.clone(), |_, _| true)) < 1e-4);
    let short = Tensor::<2, Bool>::from_data([[true, true, true, true, false, false]; 2], &device);
    let found = t5.encode_sets(tokens.clone(), &short, SetAttention::Dense);
    let alone = t5.encode_sets(
        tokens.narrow(1, 0, 4),
        &all_real(2, 4, &device),
        SetAttention::Dense,
    );
    assert!(difference(found.narrow(1, 0, 4 * SLOTS), alone) < 1e-4);
}

#[test]
fn changing_the_order_of_an_items_tokens_changes_nothing_but_their_slots() {
    let device = Device::default();
    for (attention, causal) in [(SetAttention::Sparse, true), (SetAttention::Dense, false)] {
        let t5 = model(causal, &device);
        let tokens = inputs(1, 12, &device);
        let mask = all_real(1, 12, &device);
        let before = t5.encode_sets(tokens.clone(), &mask, attention);
        // Item 4 turned around.
        let order: Vec<i64> = (0..36)
            .map(|place| {
                if place / SLOTS == 4 {
                    12 + (14 - place)
                } else {
                    place
                }
            })
            .map(|place| place as i64)
            .collect();
        let order = Tensor::<1, burn::tensor::Int>::from_data(order.as_slice(), &device);
        let turned = tokens.reshape([1, 36, 16]).select(1, order.clone());
        let after = t5.encode_sets(turned.reshape([1, 12, SLOTS, 16]), &mask, attention);
        let error = difference(after, before.select(1, order));
        assert!(error < 1e-4, "{attention:?}: {error}");
    }
}

#[test]
fn queries_apart_do_not_see_each_other_and_those_together_do() {
    let device = Device::default();
    let t5 = model(true, &device);
    let encoded = t5.encode_sets(
        inputs(2, 4, &device),
        &all_real(2, 4, &device),
        SetAttention::Sparse,
    );
    let memory = t5.memory(encoded);
    let asked = inputs(2, 1, &device).reshape([2, SLOTS, 1, 16]);
    let visible = |groups| Tensor::<3>::ones([2, groups, 4 * SLOTS], &device).greater_elem(0.0);
    let apart = t5.decode(asked.clone(), &memory, &visible(SLOTS));
    for query in 0..SLOTS {
        let alone = t5.decode(asked.clone().narrow(1, query, 1), &memory, &visible(1));
        assert!(difference(alone, apart.clone().narrow(1, query, 1)) < 1e-5);
    }
    // The released code: no mask among the queries, the bias of T5, and one more on the diagonal.
    let together = t5.decode_together(
        asked.clone().reshape([2, 1, SLOTS, 16]),
        &memory,
        &visible(1),
    );
    let bias = t5.decoder.bias.forward_open(SLOTS).into_data();
    let bias: Vec<f32> = bias
        .iter::<f32>()
        .enumerate()
        .map(|(at, bias)| {
            let (query, key) = (at / SLOTS % SLOTS, at % SLOTS);
            bias + if query == key { 1.0 } else { 0.0 }
        })
        .collect();
    let bias = Tensor::<4>::from_data(TensorData::new(bias, [1, 3, SLOTS, SLOTS]), &device);
    let seen = Tensor::<4>::zeros([1, 1, 1, 1], &device);
    let none = Dropout::new(0.0);
    let mut x = asked.reshape([2, SLOTS, 16]);
    for (layer, (keys, values)) in t5.decoder.layers.iter().zip(&memory.layers) {
        let normed = layer.self_attention_norm.before_linear(x.clone());
        let (own_keys, own_values) = layer.self_attention.keys_values(&normed);
        let queries = layer.self_attention.queries(&normed);
        x = x + layer
            .self_attention
            .attend(queries, own_keys, own_values, &bias, &none);
        let normed = layer.cross_attention_norm.before_linear(x.clone());
        let queries = layer.cross_attention.queries(&normed);
        x = x + layer
            .cross_attention
            .attend(queries, keys.clone(), values.clone(), &seen, &none);
        let normed = layer.feed_forward_norm.before_linear(x.clone());
        x = x + layer.feed_forward.forward(&normed, &none);
    }
    let expected = t5.decoder.norm.forward(x).unsqueeze_dim::<4>(1);
    assert!(difference(together.clone(), expected) < 1e-4);
    assert!(difference(together.reshape([2, SLOTS, 1, 16]), apart) > 1e-2);
}
