//! Loss and gradients under every option, against PyTorch (`tests/golden/rqvae.py`).

mod faiss;
mod tests;

use crate::{
    Assignment, Callbacks, Codebook, CodebookConfig, CodebookInit, CodebookUpdate, LevelLoss, Mlp,
    QuantizedGradient, Quantizer, Residual, ResidualQuantizerConfig, RowError, RqVae, RqVaeConfig,
    SinkhornConfig, TrainerConfig,
};
use burn::module::Param;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use serde::Deserialize;
use std::ops::ControlFlow;

#[derive(Deserialize)]
struct Golden {
    widths: [usize; 3],
    codewords: usize,
    rows: Vec<f32>,
    targets: Vec<f32>,
    start: Parameters,
    cases: Vec<Case>,
    training: Vec<f64>,
    sinkhorn: Plan,
}

#[derive(Deserialize)]
struct Parameters {
    encoder: Vec<Vec<f32>>,
    decoder: Vec<Vec<f32>>,
    codebooks: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    options: Options,
    codes: Vec<i64>,
    loss: f32,
    reconstruction: f32,
    regularizer: f32,
    taught: Vec<f32>,
    loss_gradients: Parameters,
    regularizer_gradients: Parameters,
}

#[derive(Deserialize)]
struct Options {
    level_loss: LevelLoss,
    residual: Residual,
    gradient: QuantizedGradient,
    error: RowError,
    assignment: String,
    update: String,
}

#[derive(Deserialize)]
struct Plan {
    columns: usize,
    distances: Vec<f64>,
    plan: Vec<f64>,
    codes: Vec<usize>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/rqvae.json")).unwrap()
}

fn matrix(values: &[f32], columns: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len() / columns, columns]),
        device,
    )
}

impl Golden {
    fn device(&self) -> Device {
        Device::default().autodiff()
    }

    fn rows(&self) -> Tensor<2> {
        matrix(&self.rows, self.widths[0], &Device::default())
    }

    fn quantizer(&self, options: &Options) -> ResidualQuantizerConfig {
        ResidualQuantizerConfig::new(self.widths[2])
            .with_codebook_sizes(vec![self.codewords; self.start.codebooks.len()])
            .with_level_loss(options.level_loss)
            .with_residual(options.residual)
            .with_quantized_gradient(options.gradient)
            .with_error(options.error)
            .with_init(CodebookInit::Uniform)
            .with_assignment(match options.assignment.as_str() {
                "Nearest" => Assignment::Nearest,
                _ => Assignment::SinkhornLast(SinkhornConfig::new()),
            })
            .with_update(match options.update.as_str() {
                "Gradient" => CodebookUpdate::Gradient,
                _ => CodebookUpdate::Ema { decay: 0.99 },
            })
    }

    /// The model with the golden weights.
    fn model(&self, quantizer: ResidualQuantizerConfig) -> RqVae {
        let device = self.device();
        let [d_input, hidden, _] = self.widths;
        let config = RqVaeConfig::new(d_input)
            .with_hidden(vec![hidden])
            .with_quantizer(quantizer);
        let mut model = config.init(&device);
        load(&mut model.encoder, &self.start.encoder, &device);
        load(&mut model.decoder, &self.start.decoder, &device);
        let codebooks = std::mem::take(&mut model.quantizer.codebooks);
        model.quantizer.codebooks = codebooks
            .into_iter()
            .zip(&self.start.codebooks)
            .map(|(codebook, values)| {
                codebook.with_codewords(matrix(values, self.widths[2], &device))
            })
            .collect();
        model
    }

    /// A contrastive term on the sum of codewords: row i against all targets.
    fn regularizer(&self, quantized: Tensor<2>) -> Tensor<1> {
        let targets = matrix(&self.targets, self.widths[2], &Device::default());
        let batch = targets.dims()[0];
        let chosen = Tensor::<2>::eye(batch, &Device::default())
            * log_softmax(quantized.matmul(targets.transpose()), 1);
        chosen.sum().neg().div_scalar(batch as f64)
    }
}

fn load(mlp: &mut Mlp, values: &[Vec<f32>], device: &Device) {
    for (layer, pair) in mlp.layers.iter_mut().zip(values.chunks_exact(2)) {
        let d_output = pair[1].len();
        layer.weight = Param::from_tensor(matrix(&pair[0], d_output, device));
        layer.bias = Some(Param::from_data(
            TensorData::new(pair[1].clone(), [d_output]),
            device,
        ));
    }
}

fn gradient<const D: usize>(tensor: &Tensor<D>, gradients: &Gradients) -> Vec<f32> {
    match tensor.grad(gradients) {
        Some(gradient) => gradient.into_data().iter::<f32>().collect(),
        None => vec![0.0; tensor.shape().num_elements()],
    }
}

fn mlp_gradients(mlp: &Mlp, gradients: &Gradients) -> Vec<Vec<f32>> {
    mlp.layers
        .iter()
        .flat_map(|layer| {
            [
                gradient(&layer.weight.val(), gradients),
                gradient(&layer.bias.as_ref().unwrap().val(), gradients),
            ]
        })
        .collect()
}

fn assert_near(what: &str, found: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected
        .iter()
        .flatten()
        .fold(1e-3f32, |most, x| most.max(x.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "{what} {index}");
        for (a, b) in found.iter().zip(expected) {
            assert!(
                (a - b).abs() < 2e-5 * largest,
                "{what} {index}: {a}, expected {b}"
            );
        }
    }
}

fn check_gradients(what: &str, model: &RqVae, gradients: &Gradients, expected: &Parameters) {
    assert_near(
        &format!("{what}, encoder"),
        &mlp_gradients(&model.encoder, gradients),
        &expected.encoder,
    );
    assert_near(
        &format!("{what}, decoder"),
        &mlp_gradients(&model.decoder, gradients),
        &expected.decoder,
    );
    let of = |codebook: &Codebook| gradient(&codebook.codewords.val(), gradients);
    let codebooks: Vec<_> = model.quantizer.codebooks.iter().map(of).collect();
    assert_near(
        &format!("{what}, codebooks"),
        &codebooks,
        &expected.codebooks,
    );
}
