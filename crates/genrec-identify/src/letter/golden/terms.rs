//! Both regularizers by themselves.

use burn::tensor::{Tensor, TensorData};
use rand::{SeedableRng, rngs::StdRng};
use serde::Deserialize;

use super::{Rows, assert_close, device, integers, leaf, tensor};
use crate::letter::{Clusters, ContrastiveForm, collaborative_loss, diversity_loss};

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
    let golden: Golden = serde_json::from_str(include_str!(
        "../../../../../tests/golden/letter/collaborative.json"
    ))
    .unwrap();
    for (form, expected) in [
        (ContrastiveForm::Logarithm, golden.log),
        (ContrastiveForm::Printed, golden.plain),
    ] {
        let quantized = leaf(&golden.quantized);
        let loss = collaborative_loss(
            quantized.clone(),
            tensor(&golden.collaborative).autodiff(),
            form,
        );
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
    let golden: Golden = serde_json::from_str(include_str!(
        "../../../../../tests/golden/letter/diversity.json"
    ))
    .unwrap();
    let codebook = leaf(&golden.codebook);
    let positives: Vec<i64> = golden
        .positives
        .iter()
        .map(|positive| positive.unwrap_or(0))
        .collect();
    let has: Vec<f32> = golden
        .positives
        .iter()
        .map(|positive| f32::from(u8::from(positive.is_some())))
        .collect();
    let has = Tensor::from_data(TensorData::new(has, [golden.codes.len()]), &device());
    let loss = diversity_loss(
        codebook.clone(),
        integers(&golden.codes),
        integers(&positives),
        has,
    );
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
    let (positives, has) = clusters.draw(codes.clone(), &mut StdRng::seed_from_u64(0));
    let loss = diversity_loss(codebook.clone(), codes, positives, has);
    assert_close(loss.clone().inner(), &[0.0], "loss");
    assert_close(
        codebook.grad(&loss.backward()).unwrap(),
        &[0.0; 6],
        "gradient",
    );
}
