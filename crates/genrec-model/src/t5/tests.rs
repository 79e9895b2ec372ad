//! The whole network against `transformers`, and every clever way through it against the plain one.

mod adapters;
mod files;
mod golden;
mod sets;
mod twins;

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::T5Config;

/// A configuration small enough for tests, with heads that do not add up to the width.
fn small() -> T5Config {
    T5Config::new(23)
        .with_d_model(16)
        .with_d_kv(4)
        .with_d_ff(24)
        .with_n_heads(3)
        .with_encoder_layers(2)
        .with_decoder_layers(2)
        .with_buckets(8)
        .with_max_distance(12)
}

/// Tokens `[rows, columns]` that look random.
fn tokens(rows: usize, columns: usize, salt: usize, device: &Device) -> Tensor<2, Int> {
    let values: Vec<i64> = (0..rows * columns)
        .map(|i| ((i * 7919 + salt * 104_729 + i * i * 31) % 23) as i64)
        .collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

/// A mask `[lengths.len(), positions]` that is true for the first `lengths[row]` positions of every row.
fn prefixes(lengths: &[usize], positions: usize, device: &Device) -> Tensor<2, Bool> {
    let values: Vec<bool> = lengths
        .iter()
        .flat_map(|&length| (0..positions).map(move |position| position < length))
        .collect();
    Tensor::from_data(TensorData::new(values, [lengths.len(), positions]), device)
}

/// The largest absolute difference.
fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a - b).abs().max().into_scalar::<f32>()
}
