//! Random inputs; the same in every run.

use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// The codes of `count` different identifiers in random order, `levels` codes below `codewords` each, one identifier after the other.
pub(crate) fn identifiers(count: usize, levels: usize, codewords: u32) -> Vec<u32> {
    let radix = u128::from(codewords);
    let mut rng = StdRng::seed_from_u64(0);
    let mut numbers: Vec<u128> = Vec::with_capacity(count);
    while numbers.len() < count {
        let missing = count - numbers.len();
        numbers.extend((0..missing).map(|_| rng.random_range(0..radix.pow(levels as u32))));
        numbers.sort_unstable();
        numbers.dedup();
    }
    numbers.shuffle(&mut rng);
    let digit = |number: u128, level: usize| (number / radix.pow(level as u32) % radix) as u32;
    numbers
        .iter()
        .flat_map(|&number| (0..levels).map(move |level| digit(number, level)))
        .collect()
}

/// Log-probabilities `[rows, classes]`, the softmax of uniform logits in `-4..4`.
pub(crate) fn log_probabilities(rows: usize, classes: usize) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(1);
    let mut table: Vec<f32> = (0..rows * classes)
        .map(|_| rng.random_range(-4.0..4.0))
        .collect();
    for row in table.chunks_exact_mut(classes) {
        let normalizer = row.iter().map(|logit| logit.exp()).sum::<f32>().ln();
        row.iter_mut().for_each(|logit| *logit -= normalizer);
    }
    table
}

/// Rows of standard normal numbers, `[rows, d]`.
pub(crate) fn normal(rows: usize, d: usize, device: &Device) -> Tensor<2> {
    device.seed(2);
    Tensor::random([rows, d], Distribution::Normal(0.0, 1.0), device)
}

/// Uniform token numbers below `tokens`, none of them padding, `[rows, columns]`.
pub(crate) fn tokens(rows: usize, columns: usize, tokens: i64, device: &Device) -> Tensor<2, Int> {
    let mut rng = StdRng::seed_from_u64(3);
    let values: Vec<i64> = (0..rows * columns)
        .map(|_| rng.random_range(1..tokens))
        .collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}
