//! The numbers of `tests/golden/letter.py`, which computes them by PyTorch's autograd: one case for each difference between paper and released code.

use burn::module::{Module, Param};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use genrec_quantize::{
    Assignment, Batch, LevelLoss, QuantizedGradient, Quantizer, Residual, ResidualQuantizerConfig, RqVaeConfig, SinkhornConfig, SizeBounds, TrainerConfig,
};
use serde::Deserialize;

use super::{Clusters, CollaborativeConfig, ContrastiveForm, DiversityConfig, LetterConfig, aligned::Aligned, collaborative_loss, diversity_loss, regularizer::Regularizer};

type Rows = Vec<Vec<f32>>;

fn device() -> Device {
    Device::default()
}

fn tensor(rows: &Rows) -> Tensor<2> {
    Tensor::from_data(TensorData::new(rows.concat(), [rows.len(), rows[0].len()]), &device())
}

fn integers(values: &[i64]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &device())
}

fn leaf(rows: &Rows) -> Tensor<2> {
    tensor(rows).autodiff().require_grad()
}

fn assert_close<const D: usize>(found: Tensor<D>, expected: &[f32], what: &str) {
    let found: Vec<f32> = found.into_data().iter::<f32>().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 2e-5 * expected.abs().max(1.0), "{what}: {found} instead of {expected}");
    }
}

#[derive(Deserialize)]
struct Scalar {
    loss: f32,
    gradient: Rows,
}

/// Difference 2: with and without the logarithm.
#[test]
fn collaborative_loss_and_gradient() {
    #[derive(Deserialize)]
    struct Golden {
        quantized: Rows,
        collaborative: Rows,
        log: Scalar,
        plain: Scalar,
    }
    let golden: Golden = serde_json::from_str(include_str!("../../../../tests/golden/letter/collaborative.json")).unwrap();
    for (form, expected) in [(ContrastiveForm::Logarithm, golden.log), (ContrastiveForm::Printed, golden.plain)] {
        let quantized = leaf(&golden.quantized);
        let loss = collaborative_loss(quantized.clone(), tensor(&golden.collaborative).autodiff(), form);
        assert_close(loss.clone().inner(), &[expected.loss], "loss");
        let gradient = quantized.grad(&loss.backward()).unwrap();
        assert_close(gradient, &expected.gradient.concat(), "gradient");
    }
}

/// Difference 7, too: one of the codewords is alone in its cluster.
#[test]
fn diversity_loss_and_gradient() {
    #[derive(Deserialize)]
    struct Golden {
        codebook: Rows,
        codes: Vec<i64>,
        positives: Vec<Option<i64>>,
        #[serde(flatten)]
        expected: Scalar,
    }
    let golden: Golden = serde_json::from_str(include_str!("../../../../tests/golden/letter/diversity.json")).unwrap();
    let codebook = leaf(&golden.codebook);
    let positives: Vec<i64> = golden.positives.iter().map(|positive| positive.unwrap_or(0)).collect();
    let has: Vec<f32> = golden.positives.iter().map(|positive| f32::from(u8::from(positive.is_some()))).collect();
    let has = Tensor::from_data(TensorData::new(has, [golden.codes.len()]), &device());
    let loss = diversity_loss(codebook.clone(), integers(&golden.codes), integers(&positives), has);
    assert_close(loss.clone().inner(), &[golden.expected.loss], "loss");
    let gradient = codebook.grad(&loss.backward()).unwrap();
    assert_close(gradient, &golden.expected.gradient.concat(), "gradient");
}

/// Difference 7: codewords that are all alone leave nothing, not NaN and not an endless loop.
#[test]
fn clusters_of_one_add_nothing() {
    let codebook = leaf(&vec![vec![1.0, 2.0], vec![3.0, 1.0], vec![0.5, 0.5]]);
    let clusters = Clusters::new(vec![vec![]; 3], &device());
    let codes = integers(&[0, 2, 1, 0]);
    let (positives, has) = clusters.draw(codes.clone(), &mut <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(0));
    let loss = diversity_loss(codebook.clone(), codes, positives, has);
    assert_close(loss.clone().inner(), &[0.0], "loss");
    assert_close(codebook.grad(&loss.backward()).unwrap(), &[0.0; 6], "gradient");
}

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
            .with_level_loss(if case.levels == "sum" { LevelLoss::Sum } else { LevelLoss::Mean })
            .with_residual(if case.residual == "codeword" { Residual::Codeword } else { Residual::StraightThrough })
            .with_quantized_gradient(if case.reach == "codebooks" { QuantizedGradient::Codebooks } else { QuantizedGradient::Encoder })
            .with_assignment(match case.assignment.as_str() {
                "nearest" => Assignment::Nearest,
                _ => Assignment::SinkhornLast(SinkhornConfig::new().with_epsilon(self.epsilon)),
            });
        let form = if case.log { ContrastiveForm::Logarithm } else { ContrastiveForm::Printed };
        LetterConfig::new(RqVaeConfig::new(5).with_hidden(vec![4]).with_quantizer(quantizer), TrainerConfig::new(1))
            .with_collaborative(Some(CollaborativeConfig::new().with_weight(self.alpha).with_form(form)))
            .with_diversity(Some(DiversityConfig::new().with_weight(self.beta)))
    }

    fn model(&self, config: &LetterConfig) -> Aligned {
        let mut model = config.rqvae.init(&device());
        let w = &self.weights;
        let layers = model.encoder.layers.iter_mut().chain(&mut model.decoder.layers);
        for (layer, (weight, bias)) in layers.zip([(&w.w1, &w.b1), (&w.w2, &w.b2), (&w.w3, &w.b3), (&w.w4, &w.b4)]) {
            layer.weight = Param::from_tensor(tensor(weight));
            layer.bias = Some(Param::from_tensor(Tensor::from_data(TensorData::new(bias.clone(), [bias.len()]), &device())));
        }
        let codebooks = std::mem::take(&mut model.quantizer.codebooks).into_iter().zip(&self.codebooks);
        model.quantizer.codebooks = codebooks.map(|(codebook, words)| codebook.with_codewords(tensor(words))).collect();
        Aligned::new(model, None, 0, &device()).train()
    }
}

/// Differences 1 to 4, 6 and 7 in the whole loss, and what of it reaches which weight.
#[test]
fn total_loss_and_all_gradients_in_both_readings() {
    let golden: Total = serde_json::from_str(include_str!("../../../../tests/golden/letter/total.json")).unwrap();
    assert_eq!(golden.cases.len(), 7);
    for case in &golden.cases {
        let config = golden.config(case);
        let model = golden.model(&config);
        let mut regularizer = Regularizer::new(&config, Some(tensor(&golden.collaborative_rows)));
        let others = |level: &Vec<Option<u32>>| level.iter().map(|positive| positive.iter().copied().collect()).collect();
        regularizer.clusters = golden.positives.iter().map(|level| Clusters::new(others(level), &device())).collect();

        let quantized = model.forward(tensor(&golden.rows).autodiff());
        // Step 1: the clusters are those given, not new ones.
        let batch = Batch { rows: &[0, 1, 2, 3, 4, 5], epoch: 0, step: 1 };
        let term = regularizer.term(&model, &quantized, &batch).unwrap();
        let loss = quantized.loss.clone() + term;

        let name = &case.name;
        let codes: Vec<i64> = quantized.codes.clone().into_data().iter::<i64>().collect();
        assert_eq!(codes, case.codes.concat(), "{name}");
        assert_close(quantized.loss.clone().inner(), &[case.semantic], name);
        assert_close(loss.clone().inner(), &[case.loss], name);
        let means = regularizer.take_means();
        assert!((means.collaborative.unwrap() - case.collaborative).abs() < 1e-5, "{name}: {means:?}");
        assert!((means.diversity.unwrap() - case.diversity).abs() < 1e-5, "{name}: {means:?}");
        check_gradients(&model, &loss.backward(), case);
    }
}

fn check_gradients(model: &Aligned, gradients: &Gradients, case: &Case) {
    let name = &case.name;
    let w = &case.gradients.weights;
    let layers = model.rqvae.encoder.layers.iter().chain(&model.rqvae.decoder.layers);
    for (layer, (weight, bias)) in layers.zip([(&w.w1, &w.b1), (&w.w2, &w.b2), (&w.w3, &w.b3), (&w.w4, &w.b4)]) {
        assert_close(layer.weight.val().grad(gradients).unwrap(), &weight.concat(), name);
        assert_close(layer.bias.as_ref().unwrap().val().grad(gradients).unwrap(), bias, name);
    }
    for (codebook, expected) in model.rqvae.codebooks().iter().zip([&case.gradients.codebook0, &case.gradients.codebook1]) {
        assert_close(codebook.grad(gradients).unwrap(), &expected.concat(), name);
    }
}

/// Difference 5: how large the clusters are that the released code starts its codebooks from.
#[test]
fn initial_cluster_sizes() {
    #[derive(Deserialize)]
    struct Golden {
        rows: usize,
        codewords: usize,
        min: usize,
        max: usize,
    }
    let golden: Vec<Golden> = serde_json::from_str(include_str!("../../../../tests/golden/letter/initial_sizes.json")).unwrap();
    for Golden { rows, codewords, min, max } in golden {
        assert_eq!(SizeBounds::of_codebook(rows, codewords), SizeBounds { min, max }, "{rows} rows, {codewords} codewords");
    }
    let start = LetterConfig::released(8).rqvae.quantizer.init;
    assert!(matches!(start, genrec_quantize::CodebookInit::ConstrainedKMeans { .. }), "{start:?}");
}

/// What the two constructors choose at each difference.
#[test]
fn paper_and_released_differ_where_the_table_says() {
    let (paper, released) = (LetterConfig::paper(768), LetterConfig::released(768));
    let quantizers = (&paper.rqvae.quantizer, &released.rqvae.quantizer);
    assert_eq!((quantizers.0.level_loss, quantizers.1.level_loss), (LevelLoss::Sum, LevelLoss::Mean));
    assert_eq!((quantizers.0.residual, quantizers.1.residual), (Residual::Codeword, Residual::StraightThrough));
    assert_eq!((quantizers.0.quantized_gradient, quantizers.1.quantized_gradient), (QuantizedGradient::Codebooks, QuantizedGradient::Encoder));
    assert_eq!((quantizers.0.assignment, quantizers.1.assignment), (Assignment::Nearest, Assignment::SinkhornLast(SinkhornConfig::new())));
    for config in [&paper, &released] {
        assert_eq!(config.rqvae.hidden, [2048, 1024, 512, 256, 128, 64]);
        assert_eq!((config.rqvae.quantizer.d_code, &config.rqvae.quantizer.codebook_sizes[..]), (32, &[256; 4][..]));
        assert_eq!((config.rqvae.quantizer.commitment, config.training.batch, config.training.epochs), (0.25, 1024, 20_000));
        assert_eq!((config.training.learning_rate, config.training.weight_decay), (1e-3, 1e-4));
        let collaborative = config.collaborative.as_ref().unwrap();
        assert_eq!((collaborative.weight, collaborative.form), (0.02, ContrastiveForm::Logarithm));
        let diversity = config.diversity.as_ref().unwrap();
        assert_eq!((diversity.weight, diversity.clusters, diversity.min_size, diversity.max_size), (1e-4, 10, 10, 60));
    }
    let tiger = LetterConfig::tiger(768);
    assert_eq!((tiger.rqvae.quantizer.codebook_sizes.as_slice(), &tiger.collaborative, &tiger.diversity), (&[256; 3][..], &None, &None));
    assert_eq!(tiger.with_levels(4).rqvae.quantizer.codebook_sizes, [256; 4]);
}
