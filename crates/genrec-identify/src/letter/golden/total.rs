//! The whole loss and all its gradients.

use burn::module::{Module, Param};
use burn::tensor::{Gradients, Tensor, TensorData};
use genrec_quantize::{
    Assignment, Batch, LevelLoss, QuantizedGradient, Quantizer, Residual, ResidualQuantizerConfig,
    RqVaeConfig, SinkhornConfig, TrainerConfig,
};
use serde::Deserialize;

use super::{Rows, assert_close, device, tensor};
use crate::letter::{
    Clusters, CollaborativeConfig, ContrastiveForm, DiversityConfig, LetterConfig,
    aligned::Aligned, regularizer::Regularizer,
};

#[derive(Deserialize)]
struct Total {
    rows: Rows,
    collaborative_rows: Rows,
    weights: Weights,
    codebooks: Vec<Rows>,
    positives: Vec<Vec<Option<u32>>>,
    alpha: f64,
    beta: f64,
    mu: f64,
    epsilon: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Weights {
    w1: Rows,
    b1: Vec<f32>,
    w2: Rows,
    b2: Vec<f32>,
    w3: Rows,
    b3: Vec<f32>,
    w4: Rows,
    b4: Vec<f32>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    levels: String,
    residual: String,
    reach: String,
    log: bool,
    assignment: String,
    loss: f32,
    semantic: f32,
    collaborative: f64,
    diversity: f64,
    codes: Vec<Vec<i64>>,
    gradients: CaseGradients,
}

#[derive(Deserialize)]
struct CaseGradients {
    #[serde(flatten)]
    weights: Weights,
    codebook0: Rows,
    codebook1: Rows,
}

impl Total {
    fn config(&self, case: &Case) -> LetterConfig {
        let quantizer = ResidualQuantizerConfig::new(3)
            .with_codebook_sizes(vec![4, 4])
            .with_commitment(self.mu)
            .with_level_loss(if case.levels == "sum" {
                LevelLoss::Sum
            } else {
                LevelLoss::Mean
            })
            .with_residual(if case.residual == "codeword" {
                Residual::Codeword
            } else {
                Residual::StraightThrough
            })
            .with_quantized_gradient(if case.reach == "codebooks" {
                QuantizedGradient::Codebooks
            } else {
                QuantizedGradient::Encoder
            })
            .with_assignment(match case.assignment.as_str() {
                "nearest" => Assignment::Nearest,
                _ => Assignment::SinkhornLast(SinkhornConfig::new().with_epsilon(self.epsilon)),
            });
        let form = if case.log {
            ContrastiveForm::Logarithm
        } else {
            ContrastiveForm::Printed
        };
        LetterConfig::new(
            RqVaeConfig::new(5)
                .with_hidden(vec![4])
                .with_quantizer(quantizer),
            TrainerConfig::new(1),
        )
        .with_collaborative(Some(
            CollaborativeConfig::new()
                .with_weight(self.alpha)
                .with_form(form),
        ))
        .with_diversity(Some(DiversityConfig::new().with_weight(self.beta)))
    }

    fn model(&self, config: &LetterConfig) -> Aligned {
        let mut model = config.rqvae.init(&device());
        let w = &self.weights;
        let layers = model
            .encoder
            .layers
            .iter_mut()
            .chain(&mut model.decoder.layers);
        for (layer, (weight, bias)) in layers.zip([
            (&w.w1, &w.b1),
            (&w.w2, &w.b2),
            (&w.w3, &w.b3),
            (&w.w4, &w.b4),
        ]) {
            layer.weight = Param::from_tensor(tensor(weight));
            layer.bias = Some(Param::from_tensor(Tensor::from_data(
                TensorData::new(bias.clone(), [bias.len()]),
                &device(),
            )));
        }
        let codebooks = std::mem::take(&mut model.quantizer.codebooks)
            .into_iter()
            .zip(&self.codebooks);
        model.quantizer.codebooks = codebooks
            .map(|(codebook, words)| codebook.with_codewords(tensor(words)))
            .collect();
        Aligned::new(model, None, 0, &device()).train()
    }
}

/// Differences 1 to 4, 6 and 7 in the whole loss, and what of it reaches which weight.
#[test]
fn total_loss_and_all_gradients_in_both_readings() {
    let golden: Total = serde_json::from_str(include_str!(
        "../../../../../tests/golden/letter/total.json"
    ))
    .unwrap();
    assert_eq!(golden.cases.len(), 7);
    for case in &golden.cases {
        let config = golden.config(case);
        let model = golden.model(&config);
        let mut regularizer = Regularizer::new(&config, Some(tensor(&golden.collaborative_rows)));
        let others = |level: &Vec<Option<u32>>| {
            level
                .iter()
                .map(|positive| positive.iter().copied().collect())
                .collect()
        };
        regularizer.clusters = golden
            .positives
            .iter()
            .map(|level| Clusters::new(others(level), &device()))
            .collect();

        let quantized = model.forward(tensor(&golden.rows).autodiff());
        // Step 1: the clusters are those given, not new ones.
        let batch = Batch {
            rows: &[0, 1, 2, 3, 4, 5],
            epoch: 0,
            step: 1,
        };
        let term = regularizer.term(&model, &quantized, &batch).unwrap();
        let loss = quantized.loss.clone() + term;

        let name = &case.name;
        let codes: Vec<i64> = quantized.codes.clone().into_data().iter::<i64>().collect();
        assert_eq!(codes, case.codes.concat(), "{name}");
        assert_close(quantized.loss.clone().inner(), &[case.semantic], name);
        assert_close(loss.clone().inner(), &[case.loss], name);
        let means = regularizer.take_means();
        assert!(
            (means.collaborative.unwrap() - case.collaborative).abs() < 1e-5,
            "{name}: {means:?}"
        );
        assert!(
            (means.diversity.unwrap() - case.diversity).abs() < 1e-5,
            "{name}: {means:?}"
        );
        check_gradients(&model, &loss.backward(), case);
    }
}

fn check_gradients(model: &Aligned, gradients: &Gradients, case: &Case) {
    let name = &case.name;
    let w = &case.gradients.weights;
    let layers = model
        .rqvae
        .encoder
        .layers
        .iter()
        .chain(&model.rqvae.decoder.layers);
    for (layer, (weight, bias)) in layers.zip([
        (&w.w1, &w.b1),
        (&w.w2, &w.b2),
        (&w.w3, &w.b3),
        (&w.w4, &w.b4),
    ]) {
        assert_close(
            layer.weight.val().grad(gradients).unwrap(),
            &weight.concat(),
            name,
        );
        assert_close(
            layer.bias.as_ref().unwrap().val().grad(gradients).unwrap(),
            bias,
            name,
        );
    }
    for (codebook, expected) in model
        .rqvae
        .codebooks()
        .iter()
        .zip([&case.gradients.codebook0, &case.gradients.codebook1])
    {
        assert_close(codebook.grad(gradients).unwrap(), &expected.concat(), name);
    }
}
