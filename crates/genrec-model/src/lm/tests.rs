//! The network against `transformers`, and every clever way through it against the plain one.

mod adapters;
mod folders;
mod golden;
mod pieces;

use std::path::PathBuf;

use burn::tensor::{Device, Int, Tensor, TensorData};
use safetensors::SafeTensors;

use super::{Family, LanguageModel, LanguageModelConfig};

const VARIANTS: [&str; 4] = ["qwen2", "qwen2_shards", "llama2", "llama3"];

fn folder(variant: &str) -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/lm"
    ))
    .join(variant)
}

/// A small model with grouped queries, biases and rows that are no zeros.
fn small() -> LanguageModel {
    small_on(&Device::default())
}

fn small_on(device: &Device) -> LanguageModel {
    LanguageModelConfig::new(23, 16, 4)
        .with_kv_heads(2)
        .with_d_ff(24)
        .with_init_std(0.3)
        .with_family(Family::Qwen2)
        .init(device)
        .unwrap()
}

/// Tokens below 23, `[rows, columns]`, that look random.
fn tokens(rows: usize, columns: usize, salt: usize) -> Tensor<2, Int> {
    let values: Vec<i64> = (0..rows * columns)
        .map(|i| ((i * 7919 + salt * 104_729 + i * i * 31) % 23) as i64)
        .collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), &Device::default())
}

fn floats<const D: usize>(file: &SafeTensors<'_>, name: &str, device: &Device) -> Tensor<D> {
    let view = file.tensor(name).unwrap();
    let values = view.data().as_chunks::<4>().0.iter();
    let values: Vec<f32> = values.copied().map(f32::from_le_bytes).collect();
    Tensor::from_data(TensorData::new(values, view.shape().to_vec()), device)
}

fn integers(file: &SafeTensors<'_>, name: &str) -> (Vec<i64>, Vec<usize>) {
    let view = file.tensor(name).unwrap();
    let values = view.data().as_chunks::<4>().0.iter();
    let values = values.map(|&bytes| i64::from(i32::from_le_bytes(bytes)));
    (values.collect(), view.shape().to_vec())
}

/// The largest absolute difference, and the largest absolute value of `b`.
fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> (f32, f32) {
    assert_eq!(a.dims(), b.dims());
    let largest = b.clone().abs().max().into_scalar();
    ((a - b).abs().max().into_scalar(), largest)
}
