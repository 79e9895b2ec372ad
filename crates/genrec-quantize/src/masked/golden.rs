//! Loss, gradients and codes under every option, against PyTorch (`tests/golden/masked_vq.py`).

use super::*;
use crate::{Codebook, Quantizer, RowError};
use burn::module::{Module, Param};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    widths: Vec<usize>,
    codewords: usize,
    rows: Vec<f32>,
    start: Parameters,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Parameters {
    encoders: Vec<Vec<Vec<f32>>>,
    decoder: Vec<Vec<f32>>,
    codebooks: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    options: Options,
    masked: Vec<f32>,
    codes: Vec<i64>,
    loss: f32,
    reconstruction: f32,
    gradients: Parameters,
    encoded: Vec<i64>,
    decoded: Vec<f32>,
}

#[derive(Deserialize)]
struct Options {
    combine: Combine,
    gradient: EncoderGradient,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/masked_vq.json")).unwrap()
}

fn matrix(values: &[f32], columns: usize, device: &Device) -> Tensor<2> {
    let shape = [values.len() / columns, columns];
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

fn vector(values: &[f32], device: &Device) -> Param<Tensor<1>> {
    Param::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

/// Weights as the script lists them: weight and bias of a layer, scale and shift of the norm after it.
fn load(network: &mut NormedMlp, parts: &[Vec<f32>], device: &Device) {
    let mut parts = parts.iter();
    let mut next = || parts.next().unwrap();
    for index in 0..network.layers.len() {
        let (weight, bias) = (next(), next());
        let layer = &mut network.layers[index];
        layer.weight = Param::from_tensor(matrix(weight, bias.len(), device));
        layer.bias = Some(vector(bias, device));
        if let Some(norm) = network.norms.get_mut(index) {
            (norm.gamma, norm.beta) = (vector(next(), device), vector(next(), device));
        }
    }
}

fn gradient<const D: usize>(param: &Param<Tensor<D>>, gradients: &Gradients) -> Vec<f32> {
    match param.val().grad(gradients) {
        Some(gradient) => numbers(gradient),
        None => vec![0.0; param.shape().num_elements()],
    }
}

fn network_gradients(network: &NormedMlp, gradients: &Gradients) -> Vec<Vec<f32>> {
    let mut all = vec![];
    for (index, layer) in network.layers.iter().enumerate() {
        all.push(gradient(&layer.weight, gradients));
        all.push(gradient(layer.bias.as_ref().unwrap(), gradients));
        if let Some(norm) = network.norms.get(index) {
            all.push(gradient(&norm.gamma, gradients));
            all.push(gradient(&norm.beta, gradients));
        }
    }
    all
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn codes(codes: Tensor<2, Int>) -> Vec<i64> {
    codes.into_data().iter::<i64>().collect()
}

fn assert_near(what: &str, found: &[Vec<f32>], expected: &[Vec<f32>]) {
    let (found, expected) = (found.concat(), expected.concat());
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-2f32, |most, x| most.max(x.abs()));
    for (a, b) in found.iter().zip(&expected) {
        assert!((a - b).abs() < 3e-5 * largest, "{what}: {a}, expected {b}");
    }
}

impl Golden {
    fn model(&self, options: &Options, device: &Device) -> MaskedVq {
        let hidden = self.widths[1..self.widths.len() - 1].to_vec();
        let mut model = MaskedVqConfig::new(self.widths[0])
            .with_error(RowError::MeanSquare)
            .with_hidden(hidden)
            .with_d_code(*self.widths.last().unwrap())
            .with_codebook_sizes(vec![self.codewords; self.start.codebooks.len()])
            .with_dropout(0.0)
            .with_combine(options.combine)
            .with_encoder_gradient(options.gradient)
            .init(device);
        for (encoder, parts) in model.encoders.iter_mut().zip(&self.start.encoders) {
            load(encoder, parts, device);
        }
        load(&mut model.decoder, &self.start.decoder, device);
        let codebooks = std::mem::take(&mut model.codebooks);
        let with = |(codebook, values): (Codebook, &Vec<f32>)| {
            let d = codebook.d_code();
            codebook.with_codewords(matrix(values, d, device))
        };
        model.codebooks = codebooks
            .into_iter()
            .zip(&self.start.codebooks)
            .map(with)
            .collect();
        model
    }
}

#[test]
fn every_option_is_the_formula() {
    let golden = golden();
    let device = Device::default().autodiff();
    let d = golden.widths[0];
    for case in &golden.cases {
        let name = &case.name;
        let model = golden.model(&case.options, &device);
        let rows = matrix(&golden.rows, d, &device);
        let quantized = model.quantize(rows.clone(), matrix(&case.masked, d, &device));
        assert_eq!(codes(quantized.codes.clone()), case.codes, "{name}");
        for (found, expected) in [
            (quantized.loss.clone(), case.loss),
            (quantized.reconstruction.clone(), case.reconstruction),
        ] {
            let found = found.into_scalar::<f32>();
            assert!(
                (found - expected).abs() < 1e-5 * expected,
                "{name}: {found}, {expected}"
            );
        }
        let gradients = quantized.loss.clone().backward();
        for (encoder, expected) in model.encoders.iter().zip(&case.gradients.encoders) {
            let found = network_gradients(encoder, &gradients);
            assert_near(&format!("{name}, encoder"), &found, expected);
        }
        let found = network_gradients(&model.decoder, &gradients);
        assert_near(&format!("{name}, decoder"), &found, &case.gradients.decoder);
        let of = |codebook: &Codebook| gradient(&codebook.codewords, &gradients);
        let found: Vec<_> = model.codebooks.iter().map(of).collect();
        assert_near(
            &format!("{name}, codebooks"),
            &found,
            &case.gradients.codebooks,
        );

        // After the step: running statistics, moved by one batch.
        let model = model.after_step(&quantized).valid();
        let rows = rows.inner();
        let encoded = model.encode(rows);
        assert_eq!(codes(encoded.clone()), case.encoded, "{name}");
        assert_near(
            name,
            &[numbers(model.decode(encoded))],
            std::slice::from_ref(&case.decoded),
        );
    }
}

/// The first difference of paper and released code, in one number a encoder.
#[test]
fn the_gradient_reaches_every_encoder_or_none() {
    let golden = golden();
    let device = Device::default().autodiff();
    for case in &golden.cases {
        let model = golden.model(&case.options, &device);
        let d = golden.widths[0];
        let rows = matrix(&golden.rows, d, &device);
        let quantized = model.quantize(rows, matrix(&case.masked, d, &device));
        let gradients = quantized.loss.backward();
        for encoder in &model.encoders {
            let all = network_gradients(encoder, &gradients).concat();
            let norm = all.iter().map(|x| x * x).sum::<f32>().sqrt();
            match case.options.gradient {
                EncoderGradient::StraightThrough => assert!(norm > 1e-3, "{}: {norm}", case.name),
                EncoderGradient::None => assert_eq!(norm, 0.0, "{}", case.name),
            }
        }
    }
}
