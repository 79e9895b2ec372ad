use super::*;
use crate::mlp::normals;
use crate::seed::{Stream, generator};
use crate::{Callbacks, CodeUsage, TrainerConfig, encode_all};
use burn::tensor::TensorData;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    fsq: Case,
}

#[derive(Deserialize)]
struct Case {
    scalars: Vec<Vec<usize>>,
    latents: Vec<f32>,
    weights: Vec<f32>,
    values: Vec<f32>,
    codes: Vec<i64>,
    gradient: Vec<f32>,
}

fn noise(rows: usize, d: usize, deviation: f64, seed: u64) -> Tensor<2> {
    let values = normals(rows * d, deviation, &mut generator(seed, Stream::Sample, 0));
    Tensor::from_data(TensorData::new(values, [rows, d]), &Device::default())
}

fn numbers(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Against PyTorch (`tests/golden/quantizers.py`).
#[test]
fn values_codes_and_gradient_are_those_of_the_formulas() {
    let text = include_str!("../../../../tests/golden/quantizers.json");
    let case = serde_json::from_str::<Golden>(text).unwrap().fsq;
    let d: usize = case.scalars.iter().map(Vec::len).sum();
    let device = Device::default().autodiff();
    let matrix = |values: &[f32]| {
        let shape = [values.len() / d, d];
        Tensor::<2>::from_data(TensorData::new(values.to_vec(), shape), &device)
    };
    let grid = Grid::new(&case.scalars, &device);
    let latents = matrix(&case.latents).require_grad();
    let rounded = grid.rounded(grid.bounded(latents.clone()));
    let values = grid.scaled(rounded.clone());
    let codes = grid.codes(rounded);
    assert_eq!(
        codes.to_data().iter::<i64>().collect::<Vec<_>>(),
        case.codes
    );
    let gradients = (values.clone() * matrix(&case.weights)).sum().backward();
    let gradient = numbers(latents.grad(&gradients).unwrap());
    for (found, expected) in [
        (numbers(values), &case.values),
        (numbers(grid.values(codes)), &case.values),
        (gradient, &case.gradient),
    ] {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-5, "{a}, expected {b}");
        }
    }
}

#[test]
fn every_code_stands_for_its_values_and_back() {
    let scalars = vec![vec![4, 3], vec![2, 5, 3]];
    let device = Device::default();
    let grid = Grid::new(&scalars, &device);
    let books = grid.codebooks();
    assert_eq!((books[0].dims(), books[1].dims()), ([12, 5], [30, 5]));
    let all: Vec<i64> = (0..360).flat_map(|i| [i % 12, i / 12]).collect();
    let all = Tensor::<2, Int>::from_data(TensorData::new(all, [360, 2]), &device);
    let values = grid.values(all.clone());
    let widths = Tensor::<2>::from_data([[2.0, 1.0, 1.0, 2.0, 1.0]], &device);
    assert_eq!(
        grid.codes(values.clone() * widths)
            .to_data()
            .iter::<i64>()
            .collect::<Vec<_>>(),
        all.to_data().iter::<i64>().collect::<Vec<_>>()
    );
    let code = |level| all.clone().narrow(1, level, 1).squeeze_dim::<1>(1);
    let sum = books[0].clone().select(0, code(0)) + books[1].clone().select(0, code(1));
    assert_eq!(numbers(sum), numbers(values));
}

/// However far out a latent lies, its code is one of those there are.
#[test]
fn bounded_latents_reach_every_level_and_no_other() {
    for levels in 2..=9 {
        let grid = Grid::new(&[vec![levels]], &Device::default());
        let latents: Vec<f32> = (-4000..=4000).map(|i| i as f32 * 0.005).collect();
        let latents = Tensor::from_data(TensorData::new(latents, [8001, 1]), &Device::default());
        let codes = grid.codes(grid.rounded(grid.bounded(latents)));
        let usage = CodeUsage::new(codes, &[levels]);
        assert_eq!(usage.levels[0].used, levels);
    }
}

fn fit(rows: &Tensor<2>, scalars: Vec<Vec<usize>>) -> Fsq {
    let config = FsqConfig::new(rows.dims()[1])
        .with_hidden(vec![24])
        .with_scalars(scalars)
        .with_seed(5);
    TrainerConfig::new(120)
        .with_batch(128)
        .with_learning_rate(3e-3)
        .with_seed(1)
        .init()
        .fit(config.init(&Device::default()), rows, Callbacks::new())
        .unwrap()
        .quantizer
}

fn error(fsq: &Fsq, rows: &Tensor<2>) -> f32 {
    let back = fsq.decode(encode_all(fsq, rows, 100));
    (back - rows.clone()).square().mean().into_scalar()
}

#[test]
fn planted_groups_are_learned() {
    let group: Vec<i64> = (0..640).map(|i| i % 16).collect();
    let group = Tensor::<1, Int>::from_data(TensorData::new(group, [640]), &Device::default());
    let rows = noise(16, 12, 1.0, 1).select(0, group) + noise(640, 12, 0.05, 2);
    let fsq = fit(&rows, vec![vec![4, 4], vec![4, 4]]);
    assert_eq!(fsq.codebook_sizes(), [16, 16]);
    assert!(error(&fsq, &rows) < 0.1, "{}", error(&fsq, &rows));
}

#[test]
fn noise_is_not_learned() {
    let fsq = fit(&noise(640, 12, 1.0, 3), vec![vec![8], vec![8]]);
    let bound = (-2.0 * 2.0 * 8f32.ln() / 12.0).exp();
    let held_out = error(&fsq, &noise(640, 12, 1.0, 4));
    assert!(held_out > bound && held_out > 0.6, "{held_out}, {bound}");
}

#[test]
fn what_cannot_work_is_refused() {
    let message = |scalars| {
        let config = FsqConfig::new(4).with_scalars(scalars);
        config.check().unwrap_err().to_string()
    };
    assert!(message(vec![]).contains("at least one code"));
    assert!(message(vec![vec![4], vec![]]).contains("a scalar in each"));
    assert!(message(vec![vec![4, 1]]).contains("at least 2 levels"));
    assert!(message(vec![vec![4096, 4097]]).contains("2^24"));
}
