//! How a gradient gets past the choice of a codeword.

use crate::distance::squared_distances;
use burn::tensor::activation::softmax;
use burn::tensor::{Distribution, Int, Tensor};

/// Norms below this say nothing about a direction.
const TINY: f64 = 1e-6;

/// The value of `target` with the gradient of `source`: `source + sg(target - source)`.
pub(super) fn straight_through(source: Tensor<2>, target: Tensor<2>) -> Tensor<2> {
    source.clone() + (target - source).detach()
}

/// The value of `target`, with the gradient of `source` turned and stretched as `source` had to be
/// to become it (Fifty et al., 2024, section 4): `|q| / |e| R e`, where `R` is the rotation of `e`
/// onto `q` in the plane of the two, `R = I - 2 m m' + 2 q^ e^'` with `m` the unit vector between
/// the unit vectors `e^` and `q^`. All but the last `e` is constant. A row without a direction is
/// not stretched.
///
/// # Shapes
///
/// - source (`e`), target (`q`), output: `[batch, d]`
pub(super) fn rotated(source: Tensor<2>, target: Tensor<2>) -> Tensor<2> {
    let target = target.detach();
    let fixed = source.clone().detach();
    let (from_norm, to_norm) = (norms(fixed.clone()), norms(target.clone()));
    let from = fixed / from_norm.clone().clamp_min(TINY);
    let to = target.clone() / to_norm.clone().clamp_min(TINY);
    let between = from.clone() + to.clone();
    let between = between.clone() / norms(between).clamp_min(TINY);
    let stretch =
        (to_norm / from_norm.clone().clamp_min(TINY)).mask_fill(from_norm.lower_scalar(TINY), 1.0);

    let dot = |unit: Tensor<2>| (source.clone() * unit).sum_dim(1);
    let turned = source.clone() - dot(between.clone()).mul_scalar(2.0) * between
        + dot(from).mul_scalar(2.0) * to;
    straight_through(turned * stretch, target)
}

/// A choice of codewords by Gumbel-softmax (Jang et al., 2017).
pub(super) struct GumbelChoice {
    /// The chosen codewords, `[batch]`, without autodiff.
    pub(super) codes: Tensor<1, Int>,
    /// The chosen codewords with the gradient of the mixture, `[batch, d]`.
    pub(super) relaxed: Tensor<2>,
}

/// Chooses by `argmax l_k + g_k` with `l_k = -| r - e_k |² / v`, where `v` is the mean of the
/// batch's squared distances to the nearest codeword; the gradient is that of the mixture `sum_k
/// y_k e_k`, `y = softmax((l + g) / temperature)`.
///
/// # Shapes
///
/// - residual: `[batch, d]`
/// - words: `[codewords, d]`
/// - noise (`g`): `[batch, codewords]`
/// - temperature: `[1]`
pub(super) fn gumbel(
    residual: Tensor<2>,
    words: Tensor<2>,
    noise: Tensor<2>,
    temperature: Tensor<1>,
) -> GumbelChoice {
    let distances = squared_distances(residual, words.clone());
    let unit = distances.clone().detach().min_dim(1).mean();
    let scores = noise - distances / unit.clamp_min(TINY * TINY).unsqueeze();
    let codes = scores.clone().inner().argmax(1).squeeze_dim::<1>(1);
    let mixture = softmax(scores / temperature.unsqueeze(), 1).matmul(words.clone());
    let relaxed = straight_through(mixture, words.select(0, codes.clone()));
    GumbelChoice { codes, relaxed }
}

/// Gumbel noise, `-ln(-ln u)`, times `amount`: `[rows, columns]`, from the device's generator.
pub(super) fn gumbel_noise(like: &Tensor<2>, columns: usize, amount: f64) -> Tensor<2> {
    let shape = [like.dims()[0], columns];
    // A 32-bit float holds no number between 1 - 6e-8 and 1.
    let uniform = Tensor::<2>::random(shape, Distribution::Uniform(0.0, 1.0), &like.device())
        .clamp(1e-10, 1.0 - 6e-8);
    uniform.log().neg().log().mul_scalar(-amount)
}

/// `[batch, d]` to `[batch, 1]`.
fn norms(rows: Tensor<2>) -> Tensor<2> {
    rows.square().sum_dim(1).sqrt()
}
