//! Attention.

use burn::tensor::{Bool, Tensor, assert_shape, module};
use multiversion::multiversion;

use crate::exp;
use crate::in_place::{in_place, is_possible};

/// Attention with scores divided by the root of `d`: every query's mean of the values, weighed by the softmax over the keys, `[batch, heads, queries, d_value]`.
///
/// `query` is `[batch, heads, queries, d]`, `key` `[batch, heads, keys, d]`, `value` `[batch, heads, keys, d_value]`; keys where `hidden`, `[batch, keys]`, is true have no share. Where all keys are
/// hidden there is nothing to weigh: the result is of no use.
///
/// # Panics
///
/// If the shapes do not fit each other.
pub fn attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    hidden: Option<&Tensor<2, Bool>>,
) -> Tensor<4> {
    let [batch, heads, queries, d] = query.dims();
    let keys = key.dims()[2];
    assert_shape!(key, [batch, heads, keys, d]);
    if let Some(hidden) = hidden {
        assert_shape!(hidden, [batch, keys]);
    }
    if !is_possible(&query) {
        let mask = hidden.map(|hidden| {
            let hidden = hidden.clone().reshape([batch, 1, 1, keys]);
            hidden.expand([batch, heads, queries, keys])
        });
        return module::attention(query, key, value, mask, None, Default::default());
    }
    let scores = query.matmul(key.swap_dims(2, 3));
    softmax(scores, hidden, (d as f32).powf(-0.5)).matmul(value)
}

/// The softmax over keys of `scale` times the scores, in place.
fn softmax(scores: Tensor<4>, hidden: Option<&Tensor<2, Bool>>, scale: f32) -> Tensor<4> {
    let [_, heads, queries, keys] = scores.dims();
    let hidden: Option<Vec<bool>> =
        hidden.map(|hidden| hidden.clone().into_data().iter::<bool>().collect());
    in_place(scores, keys, |first, values| {
        for (row, values) in values.chunks_exact_mut(keys.max(1)).enumerate() {
            let text = (first + row) / (heads * queries);
            let hidden = hidden.as_ref().map(|hidden| &hidden[text * keys..][..keys]);
            of_row(values, hidden, scale);
        }
    })
}

/// Partial results that are worked out side by side.
const LANES: usize = 16;

#[multiversion(targets = "simd")]
fn of_row(row: &mut [f32], hidden: Option<&[bool]>, scale: f32) {
    for x in row.iter_mut() {
        *x *= scale;
    }
    for (x, &hidden) in row.iter_mut().zip(hidden.unwrap_or_default()) {
        *x = if hidden { f32::NEG_INFINITY } else { *x };
    }
    let mut largest = [f32::NEG_INFINITY; LANES];
    for chunk in row.chunks(LANES) {
        for (largest, &x) in largest.iter_mut().zip(chunk) {
            // What is no number is passed over here, and stays one below.
            *largest = if x > *largest { x } else { *largest };
        }
    }
    let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0_f32; LANES];
    for chunk in row.chunks_mut(LANES) {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *x = exp(*x - largest);
            *sum += *x;
        }
    }
    let share = 1.0 / sums.iter().sum::<f32>();
    for x in row {
        *x *= share;
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData, Tolerance};

    use super::*;

    fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0.0, 2.0), &Device::flex())
    }

    /// True behind each of these lengths.
    fn padding(lengths: &[usize], keys: usize) -> Tensor<2, Bool> {
        let hidden = lengths
            .iter()
            .flat_map(|&length| (0..keys).map(move |key| key >= length));
        let hidden = TensorData::new(hidden.collect::<Vec<bool>>(), [lengths.len(), keys]);
        Tensor::from_data(hidden, &Device::flex())
    }

    #[test]
    fn attention_is_that_of_the_back_end() {
        Device::flex().seed(3);
        // Few and many rows, short and long ones: within one chunk, over several, longer than one.
        for [batch, heads, queries, keys] in [[3, 2, 5, 17], [40, 8, 9, 20], [2, 1, 3, 20_000]] {
            let lengths: Vec<usize> = (0..batch).map(|text| 1 + text * 7 % keys).collect();
            let hidden = padding(&lengths, keys);
            let query = random([batch, heads, queries, 4]);
            let (key, value) = (
                random([batch, heads, keys, 4]),
                random([batch, heads, keys, 3]),
            );
            for hidden in [None, Some(&hidden)] {
                let found = attention(query.clone(), key.clone(), value.clone(), hidden);
                let with_gradients = |x: &Tensor<4>| Tensor::from_inner(x.clone());
                let [query, key, value] = [&query, &key, &value].map(with_gradients);
                let expected = attention(query, key, value, hidden).inner().into_data();
                let tolerance = Tolerance::<f32>::absolute(1e-5);
                found
                    .into_data()
                    .assert_approx_eq::<f32>(&expected, tolerance);
            }
        }
    }

    #[test]
    fn hidden_keys_have_no_share_whatever_their_score() {
        let device = Device::flex();
        let hidden = padding(&[2], 3);
        for score in [0.0, 1e30, f32::INFINITY, f32::NAN] {
            let scores = Tensor::<1>::from_floats([1.0, 1.0, score], &device);
            let found = softmax(scores.reshape([1, 1, 1, 3]), Some(&hidden), 1.0).into_data();
            assert_eq!(found.iter::<f32>().collect::<Vec<_>>(), [0.5, 0.5, 0.0]);
        }
    }

    #[test]
    fn what_is_no_number_does_not_vanish() {
        let scores = Tensor::<1>::from_floats([0.0, f32::NAN, 1.0], &Device::flex());
        let found = softmax(scores.reshape([1, 1, 1, 3]), None, 1.0).into_data();
        assert!(found.iter::<f32>().all(f32::is_nan));
    }
}
