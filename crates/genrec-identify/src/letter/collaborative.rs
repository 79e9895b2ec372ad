//! Collaborative regularization (LETTER, section 3): what is bought together is coded alike.

use burn::config::Config;
use burn::tensor::{Tensor, assert_shape};

/// How the shares `p_i = exp<z_i, h_i> / sum_j exp<z_i, h_j>` make a loss.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum ContrastiveForm {
    /// `-1/B sum_i log p_i`: the contrastive loss that is meant, and what the released code computes.
    Logarithm,
    /// `-1/B sum_i p_i`: as the formula is printed.
    Printed,
}

/// The collaborative loss of a batch, `[1]`: every item's quantized latent should be closer to its own collaborative
/// embedding than to those of the other items of the batch. Gradients reach both arguments.
///
/// # Shapes
///
/// - quantized: `[batch, d]`
/// - collaborative: `[batch, d]`, row by row of the same items
///
/// # Panics
///
/// If the shapes differ.
pub fn collaborative_loss(
    quantized: Tensor<2>,
    collaborative: Tensor<2>,
    form: ContrastiveForm,
) -> Tensor<1> {
    let [batch, d] = quantized.dims();
    assert_shape!(collaborative, [batch, d]);
    let scores = quantized.clone().matmul(collaborative.clone().transpose());
    // The largest score of a row drops out again; it keeps the exponentials finite.
    let largest = scores.clone().detach().max_dim(1);
    let log_sum = (scores - largest.clone()).exp().sum_dim(1).log() + largest;
    let log_share = (quantized * collaborative).sum_dim(1) - log_sum;
    match form {
        ContrastiveForm::Logarithm => log_share.mean().neg(),
        ContrastiveForm::Printed => log_share.exp().mean().neg(),
    }
}
