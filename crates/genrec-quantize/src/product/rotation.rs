//! Orthogonal matrices nearest to others, by products alone.

use crate::mlp::normals;
use crate::seed::{Stream, generator};
use burn::tensor::{Device, Tensor, TensorData};

/// Largest deviation of `R' R` from the identity that ends the iteration early, in 32-bit floats.
const ORTHOGONAL: f32 = 1e-5;
/// Largest deviation at its end that still is a rotation: devices may multiply in fewer bits.
const NEARLY: f32 = 2e-2;
/// Matrices drawn before giving up.
const DRAWS: u64 = 16;

/// A rotation (or reflection) of equal probability for all: the orthogonal factor of a matrix of
/// independent normal values. `[d, d]`.
pub(super) fn random_rotation(d: usize, seed: u64, device: &Device) -> Tensor<2> {
    for part in 0..DRAWS {
        let values = normals(d * d, 1.0, &mut generator(seed, Stream::Rotation, part));
        let matrix = Tensor::from_data(TensorData::new(values, [d, d]), device);
        // One that is next to singular does not happen twice.
        if let Some(factor) = orthogonal_factor(matrix) {
            return factor;
        }
    }
    panic!(
        "{DRAWS} random matrices of width {d} were singular: the device's products are no numbers"
    )
}

/// The orthogonal `R` that brings `rows R` nearest to `targets` (orthogonal Procrustes problem,
/// Schönemann, 1966), all `[rows, d]` and `[d, d]`: the orthogonal factor of `rows' targets`. A
/// little of the rotation so far is added, so that where the rows say nothing (in directions they
/// do not span) it stays what it was; the distance does not become larger than with `old`.
pub(super) fn nearest_rotation(rows: &Tensor<2>, targets: Tensor<2>, old: Tensor<2>) -> Tensor<2> {
    let product = rows.clone().transpose().matmul(targets);
    let d = product.dims()[0] as f64;
    let little = product.clone().square().sum().div_scalar(d).sqrt();
    let product = product + old.clone() * little.mul_scalar(1e-3).unsqueeze();
    orthogonal_factor(product).unwrap_or(old)
}

/// The orthogonal factor `U V'` of a matrix `U S V'`, by the iteration `X <- 3/2 X - 1/2 X X' X`
/// (Björck and Bowie, 1971; Higham, *Functions of Matrices*, section 8.3), which brings every
/// singular value to 1. `None` for a matrix that is singular to working precision.
fn orthogonal_factor(matrix: Tensor<2>) -> Option<Tensor<2>> {
    let d = matrix.dims()[0];
    let identity = Tensor::<2>::eye(d, &matrix.device());
    // No singular value is larger than the norm, and the iteration wants them below sqrt(3).
    let norm = matrix.clone().square().sum().sqrt().clamp_min(1e-30);
    let mut factor = matrix / norm.unsqueeze();
    // A singular value grows by 3/2 in an iteration: from 1e-7 to 1 in 40.
    for iteration in 1..=60 {
        let square = factor.clone().transpose().matmul(factor.clone());
        if iteration % 4 == 0 {
            let gap = (square.clone() - identity.clone()).abs().max();
            let gap = gap.into_scalar::<f32>();
            if gap < ORTHOGONAL || iteration == 60 && gap < NEARLY {
                return Some(factor);
            }
        }
        let step = square.mul_scalar(-0.5) + identity.clone().mul_scalar(1.5);
        factor = factor.matmul(step);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(rows: usize, d: usize, seed: u64) -> Tensor<2> {
        let values = normals(rows * d, 1.0, &mut generator(seed, Stream::Sample, 0));
        Tensor::from_data(TensorData::new(values, [rows, d]), &Device::default())
    }

    fn gap(a: Tensor<2>, b: Tensor<2>) -> f32 {
        (a - b).abs().max().into_scalar()
    }

    #[test]
    fn random_rotations_are_orthogonal_and_follow_the_seed() {
        let device = Device::default();
        for d in [1, 2, 7, 64] {
            let rotation = random_rotation(d, 3, &device);
            let square = rotation.clone().transpose().matmul(rotation.clone());
            assert!(gap(square, Tensor::eye(d, &device)) < 2e-5);
            assert_eq!(rotation.to_data(), random_rotation(d, 3, &device).to_data());
        }
        assert!(
            gap(
                random_rotation(7, 3, &device),
                random_rotation(7, 4, &device)
            ) > 0.1
        );
    }

    #[test]
    fn a_planted_rotation_is_found() {
        let device = Device::default();
        let rows = random(200, 6, 1);
        let planted = random_rotation(6, 9, &device);
        let found = nearest_rotation(
            &rows,
            rows.clone().matmul(planted.clone()),
            Tensor::eye(6, &device),
        );
        assert!(gap(found, planted) < 5e-3);
    }

    #[test]
    fn where_rows_say_nothing_the_rotation_stays() {
        let device = Device::default();
        // Nothing in the last two columns; the first three are rotated.
        let rows = Tensor::cat(vec![random(50, 3, 2), Tensor::zeros([50, 2], &device)], 1);
        let turned = random_rotation(3, 4, &device);
        let mut planted = Tensor::<2>::eye(5, &device);
        planted = planted.slice_assign([0..3, 0..3], turned);
        let targets = rows.clone().matmul(planted.clone());
        let found = nearest_rotation(&rows, targets, Tensor::eye(5, &device));
        assert!(gap(found, planted) < 5e-3);
        assert!(orthogonal_factor(Tensor::zeros([3, 3], &device)).is_none());
    }
}
