use super::*;
use crate::mlp::normals;
use crate::seed::{Stream, generator};
use crate::{Callbacks, CodeUsage, TrainerConfig, encode_all};
use burn::tensor::{Device, TensorData};

fn noise(rows: usize, d: usize, seed: u64) -> Tensor<2> {
    let values = normals(rows * d, 1.0, &mut generator(seed, Stream::Sample, 0));
    Tensor::from_data(TensorData::new(values, [rows, d]), &Device::default())
}

/// Two parts of three values, each near one of 8 centres; then all of it rotated.
fn planted(rotated: bool) -> Tensor<2> {
    let part = |part: usize| {
        let numbers: Vec<i64> = (0..640).map(|i| (i / [1, 8][part] % 8) as i64).collect();
        let numbers =
            Tensor::<1, Int>::from_data(TensorData::new(numbers, [640]), &Device::default());
        noise(8, 3, 1 + part as u64).select(0, numbers) + noise(640, 3, 5).mul_scalar(0.01)
    };
    let rows = Tensor::cat(vec![part(0), part(1)], 1);
    if rotated {
        rows.matmul(rotation::random_rotation(6, 77, &Device::default()))
    } else {
        rows
    }
}

fn config() -> ProductKMeansConfig {
    ProductKMeansConfig::new()
        .with_codebook_sizes(vec![8, 8])
        .with_restarts(4)
}

fn error(quantizer: &ProductKMeans, rows: &Tensor<2>) -> f64 {
    let back = quantizer.decode(quantizer.encode(rows.clone())).inner();
    f64::from((back - rows.clone()).square().mean().into_scalar::<f32>())
}

#[test]
fn planted_parts_are_found() {
    let rows = planted(false);
    let fitted = config().fit(&rows, 1).unwrap();
    assert!(error(&fitted, &rows) < 2e-4, "{}", error(&fitted, &rows));
    let usage = CodeUsage::new(encode_all(&fitted, &rows, 100), &fitted.codebook_sizes());
    assert_eq!((usage.distinct, fitted.d_input()), (64, 6));
}

#[test]
fn a_learned_rotation_finds_parts_that_were_hidden() {
    let rows = planted(true);
    let with = |rotation| {
        error(
            &config().with_rotation(rotation).fit(&rows, 1).unwrap(),
            &rows,
        )
    };
    let (none, learned) = (with(Rotation::None), with(Rotation::Learned { rounds: 40 }));
    assert!(learned < 0.7 * none, "{learned} against {none}");
    // Another mixture of the hidden parts: no better, no worse.
    let random = with(Rotation::Random);
    assert!(
        (0.5 * none..1.5 * none).contains(&random),
        "{random} against {none}"
    );
}

#[test]
fn noise_is_not_learned() {
    let rotation = Rotation::Learned { rounds: 5 };
    let config = config().with_rotation(rotation);
    let fitted = config.fit(&noise(2000, 12, 4), 1).unwrap();
    let bound = (-2.0 * 2.0 * 8f64.ln() / 12.0).exp();
    let held_out = error(&fitted, &noise(2000, 12, 6));
    assert!(held_out > bound && held_out < 1.0, "{held_out}, {bound}");
}

#[test]
fn codewords_as_rows_add_up_to_what_codes_stand_for() {
    let rows = planted(true);
    let fitted = config()
        .with_rotation(Rotation::Random)
        .fit(&rows, 1)
        .unwrap();
    let out = fitted.forward(rows.clone());
    let gap = |a: Tensor<2>, b: Tensor<2>| (a - b).abs().max().into_scalar::<f32>();
    let sum = |parts: &[Tensor<2>]| parts[0].clone() + parts[1].clone();
    assert!(gap(sum(&out.codewords), out.output.clone()) < 1e-5);
    assert!(gap(sum(&out.inputs), rows.clone()) < 1e-4);
    assert!(gap(fitted.decode(out.codes.clone()), out.output) < 1e-6);
    let codes = |part| out.codes.clone().narrow(1, part, 1).squeeze_dim(1);
    let books = fitted.codebooks();
    let rebuilt = books[0].clone().select(0, codes(0)) + books[1].clone().select(0, codes(1));
    assert!(gap(rebuilt, fitted.decode(out.codes)) < 1e-5);
}

#[test]
fn a_trainer_can_go_on_from_it() {
    let rows = noise(400, 6, 7);
    let few = config().with_iterations(1).with_restarts(1);
    let fitted = few.fit(&rows, 1).unwrap();
    let before = error(&fitted, &rows);
    let trained = TrainerConfig::new(40)
        .with_batch(400)
        .with_learning_rate(1e-2)
        .with_weight_decay(0.0)
        .init()
        .fit(fitted, &rows, Callbacks::new())
        .unwrap();
    let after = error(&trained.quantizer, &rows);
    assert!(after < 0.97 * before, "{after} after {before}");
}

#[test]
fn the_seed_decides_and_what_cannot_be_is_refused() {
    let rows = noise(60, 6, 9);
    let config = config().with_rotation(Rotation::Random);
    let words = |seed| {
        let parts = config.fit(&rows, seed).unwrap().parts;
        parts
            .iter()
            .map(|part| part.words().to_data())
            .collect::<Vec<_>>()
    };
    assert_eq!(words(1), words(1));
    assert_ne!(words(1), words(2));
    let message = config
        .clone()
        .with_codebook_sizes(vec![8; 4])
        .fit(&rows, 0)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("[60, 6]") && message.contains("multiple of 4"),
        "{message}"
    );
    assert!(config.with_codebook_sizes(vec![]).fit(&rows, 0).is_err());
}
