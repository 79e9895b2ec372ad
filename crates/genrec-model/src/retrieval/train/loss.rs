//! How far answers are from what they should be.

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::{Int, Tensor};

/// Rows of unit length; those of no length stay as they are. `[rows, d]`.
pub(super) fn unit(rows: Tensor<2>) -> Tensor<2> {
    let norms = rows.clone().square().sum_dim(1).sqrt();
    rows / norms.clamp_min(1e-12)
}

/// `(1 - cos(z, q+)) + max(0, cos(z, q-) - margin)` (TokenRec, section 4.3), weighed and added up over all targets and divided by `predictions`: `[1]`.
///
/// # Shapes
///
/// - answers (`z`): `[batch, d]`
/// - positives (`q+`), negatives (`q-`): `[batch, targets, d]`, of unit length
/// - weights: `[batch, targets]`, 1 for a target and 0 for padding
pub(super) fn pairwise_loss(
    answers: Tensor<2>,
    positives: Tensor<3>,
    negatives: Tensor<3>,
    weights: Tensor<2>,
    margin: f64,
    predictions: usize,
) -> Tensor<1> {
    let [batch, targets, _] = positives.dims();
    let answers = unit(answers).unsqueeze_dim::<3>(1);
    let cosine = |rows: Tensor<3>| {
        let products: Tensor<3> = (rows * answers.clone()).sum_dim(2);
        products.reshape([batch, targets])
    };
    let near = cosine(positives).neg().add_scalar(1.0);
    let far = relu(cosine(negatives).sub_scalar(margin));
    ((near + far) * weights)
        .sum()
        .div_scalar(predictions as f64)
}

/// `-ln softmax(cos(z, q) / temperature)` of every target among all candidates, weighed and added up and divided by `predictions`: `[1]`.
///
/// # Shapes
///
/// - answers: `[batch, d]`
/// - candidates: `[candidates, d]`, of unit length
/// - targets: `[batch, targets]`, numbers of candidates
/// - weights: `[batch, targets]`
pub(super) fn softmax_loss(
    answers: Tensor<2>,
    candidates: Tensor<2>,
    targets: Tensor<2, Int>,
    weights: Tensor<2>,
    temperature: f64,
    predictions: usize,
) -> Tensor<1> {
    let cosines = unit(answers).matmul(candidates.transpose());
    let logs = log_softmax(cosines.div_scalar(temperature), 1);
    let chosen = logs.gather(1, targets);
    (chosen * weights)
        .sum()
        .neg()
        .div_scalar(predictions as f64)
}
