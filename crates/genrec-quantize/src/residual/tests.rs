//! Estimators and codebooks against PyTorch (`tests/golden/quantizers.py`).

use super::estimator::{gumbel, gumbel_noise};
use super::*;
use crate::{Codebook, CodebookConfig};
use burn::module::Param;
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use serde::Deserialize;

const D: usize = 4;

#[derive(Deserialize)]
struct Golden {
    latents: Vec<f32>,
    weights: Vec<f32>,
    codebooks: Vec<Vec<f32>>,
    rotation: Rotated,
    gumbel: Drawn,
    averages: Averaged,
    simvq: SimVq,
}

#[derive(Deserialize)]
struct Rotated {
    values: Vec<f32>,
    codes: Vec<i64>,
    gradient: Vec<f32>,
}

#[derive(Deserialize)]
struct Drawn {
    temperature: f32,
    noise: Vec<f32>,
    codes: Vec<i64>,
    values: Vec<f32>,
    gradient: Vec<f32>,
    words_gradient: Vec<f32>,
}

#[derive(Deserialize)]
struct Averaged {
    decay: f64,
    smoothing: f64,
    rows: Vec<Vec<f32>>,
    words: Vec<f32>,
}

#[derive(Deserialize)]
struct SimVq {
    layers: Vec<Vec<f32>>,
    codes: Vec<i64>,
    loss: f32,
    gradient: Vec<f32>,
    layer_gradients: Vec<Vec<f32>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/quantizers.json")).unwrap()
}

fn matrix(values: &[f32], columns: usize) -> Tensor<2> {
    let shape = [values.len() / columns, columns];
    let device = Device::default().autodiff();
    Tensor::from_data(TensorData::new(values.to_vec(), shape), &device)
}

fn quantizer(golden: &Golden, config: ResidualQuantizerConfig) -> ResidualQuantizer {
    let sizes = golden.codebooks.iter().map(|words| words.len() / D);
    let config = config.with_codebook_sizes(sizes.collect());
    let mut quantizer = config.init(&Device::default().autodiff());
    let books = quantizer.codebooks.into_iter().zip(&golden.codebooks);
    quantizer.codebooks = books
        .map(|(book, words): (Codebook, _)| book.with_codewords(matrix(words, D)))
        .collect();
    quantizer
}

fn gradient(tensor: &Tensor<2>, gradients: &Gradients) -> Vec<f32> {
    numbers(tensor.grad(gradients).unwrap())
}

fn numbers(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn codes<const N: usize>(tensor: Tensor<N, Int>) -> Vec<i64> {
    tensor.into_data().iter::<i64>().collect()
}

fn assert_near(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3f32, |most, x| most.max(x.abs()));
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 2e-5 * largest, "{what}: {a}, expected {b}");
    }
}

#[test]
fn the_rotation_trick_is_its_matrix() {
    let golden = golden();
    let config = ResidualQuantizerConfig::new(D).with_estimator(Estimator::Rotation);
    let quantizer = quantizer(&golden, config);
    let latents = matrix(&golden.latents, D).require_grad();
    let out = quantizer.forward(latents.clone());
    let Rotated {
        values,
        codes: expected,
        gradient: slope,
    } = &golden.rotation;
    assert_eq!(&codes(out.codes), expected);
    assert_near("value", &numbers(out.straight_through.clone()), values);
    let loss = (out.straight_through * matrix(&golden.weights, D)).sum();
    assert_near("gradient", &gradient(&latents, &loss.backward()), slope);
}

#[test]
fn the_rotation_trick_survives_rows_without_a_direction() {
    let source = matrix(&[0.0, 0.0, 1.0, 2.0, 3.0, 0.0], 2).require_grad();
    let target = matrix(&[1.0, 1.0, -1.0, -2.0, 0.0, 0.0], 2);
    let out = estimator::rotated(source.clone(), target.clone());
    assert_near("value", &numbers(out.clone()), &numbers(target));
    let gradients = out.sum().backward();
    let slope = gradient(&source, &gradients);
    assert!(slope.iter().all(|g| g.abs() < 10.0), "{slope:?}");
}

#[test]
fn gumbel_softmax_draws_and_differentiates() {
    let golden = golden();
    let case = &golden.gumbel;
    let latents = matrix(&golden.latents, D).require_grad();
    let words = matrix(&golden.codebooks[0], D).require_grad();
    let noise = matrix(&case.noise, words.dims()[0]);
    let temperature = Tensor::from_data([case.temperature], &latents.device());
    let drawn = gumbel(latents.clone(), words.clone(), noise, temperature);
    assert_eq!(codes(drawn.codes), case.codes);
    assert_near("value", &numbers(drawn.relaxed.clone()), &case.values);
    let gradients = (drawn.relaxed * matrix(&golden.weights, D))
        .sum()
        .backward();
    assert_near("latents", &gradient(&latents, &gradients), &case.gradient);
    assert_near("words", &gradient(&words, &gradients), &case.words_gradient);
}

#[test]
fn gumbel_noise_is_gumbel_noise_and_the_temperature_falls() {
    let device = Device::default();
    device.seed(4);
    let noise = numbers(gumbel_noise(&Tensor::zeros([200, 1], &device), 100, 0.5));
    let mean = noise.iter().sum::<f32>() / 20_000.0;
    let spread = noise.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 20_000.0;
    // Half of Euler's constant, a quarter of pi^2 / 6.
    assert!((mean - 0.2886).abs() < 0.02, "{mean}");
    assert!((spread - 0.4112).abs() < 0.03, "{spread}");

    let cooling = Estimator::Gumbel {
        noise: 0.0,
        start: 1.0,
        decay: 0.5,
        least: 0.2,
    };
    let config = ResidualQuantizerConfig::new(D).with_estimator(cooling);
    let mut quantizer = config.with_codebook_sizes(vec![3]).init(&device);
    for expected in [1.0, 0.5, 0.25, 0.2, 0.2] {
        let now = quantizer.temperature.as_ref().unwrap().val();
        assert!((now.into_scalar::<f32>() - expected).abs() < 1e-6);
        quantizer = quantizer.cool();
    }
}

#[test]
fn smoothed_averages_follow_the_formula() {
    let golden = golden();
    let case = &golden.averages;
    let start = matrix(&golden.codebooks[0], D);
    let mut codebook = CodebookConfig::new(start.dims()[0], D)
        .with_ema_decay(Some(case.decay))
        .with_ema_smoothing(case.smoothing)
        .init(&start.device())
        .with_codewords(start);
    for rows in &case.rows {
        let rows = matrix(rows, D);
        let codes = codebook.nearest(rows.clone());
        codebook = codebook.average(rows, codes);
    }
    assert_near("words", &numbers(codebook.words()), &case.words);
}

#[test]
fn simvq_teaches_its_layers() {
    let golden = golden();
    let case = &golden.simvq;
    let config = ResidualQuantizerConfig::new(D).with_codewords(Codewords::Linear);
    let mut quantizer = quantizer(&golden, config);
    for (book, layer) in quantizer.codebooks.iter_mut().zip(&case.layers) {
        book.layer = Some(Param::from_tensor(matrix(layer, D)));
    }
    let latents = matrix(&golden.latents, D).require_grad();
    let out = quantizer.forward(latents.clone());
    assert_eq!(codes(out.codes), case.codes);
    assert_near("loss", &[out.loss.clone().into_scalar()], &[case.loss]);
    let value = out.loss + (out.straight_through * matrix(&golden.weights, D)).sum();
    let gradients = value.backward();
    assert_near("latents", &gradient(&latents, &gradients), &case.gradient);
    for (book, expected) in quantizer.codebooks.iter().zip(&case.layer_gradients) {
        let layer = book.layer.as_ref().unwrap().val();
        assert_near("layer", &gradient(&layer, &gradients), expected);
        assert!(book.codewords.val().grad(&gradients).is_none());
    }
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let message = |config: ResidualQuantizerConfig| config.check().unwrap_err().to_string();
    let new = || ResidualQuantizerConfig::new(D);
    let gumbel = new().with_estimator(Estimator::gumbel());
    assert!(gumbel.check().is_ok());
    let sinkhorn = Assignment::SinkhornLast(crate::SinkhornConfig::new());
    assert!(message(gumbel.with_assignment(sinkhorn)).contains("Assignment::Nearest"));
    let averaged = CodebookUpdate::Ema { decay: 0.9 };
    let linear = new().with_codewords(Codewords::Linear);
    assert!(message(linear.with_update(averaged)).contains("learn by gradient"));
    assert!(message(new().with_ema_smoothing(-1.0)).contains("ema_smoothing is -1"));
    for (noise, start, decay, least) in [
        (-1.0, 1.0, 0.9, 0.1),
        (0.1, f64::NAN, 0.9, 0.1),
        (0.1, 1.0, 1.1, 0.1),
        (0.1, 0.05, 0.9, 0.1),
        (0.1, 1.0, 0.9, 0.0),
    ] {
        let wrong = Estimator::Gumbel {
            noise,
            start,
            decay,
            least,
        };
        assert!(new().with_estimator(wrong).check().is_err(), "{wrong:?}");
    }
}
