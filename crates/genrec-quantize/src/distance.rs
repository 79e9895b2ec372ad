//! Distances of rows to points, on the device.

use burn::tensor::{Int, Tensor};

/// Distances held at once: a million rows do not need gigabytes, and a block stays in a core's
/// cache from the product to the search for the least.
pub(crate) const DISTANCES_AT_ONCE: usize = 1 << 20;

/// Number of rows and their sum for each of `clusters` codes: `[clusters]` and `[clusters, d]`.
///
/// As a product with the one-hot codes, because a scatter sums in no fixed order on a GPU.
pub(crate) fn assigned_sums(
    rows: Tensor<2>,
    codes: Tensor<1, Int>,
    clusters: usize,
) -> (Tensor<1>, Tensor<2>) {
    let device = rows.device();
    let numbers = Tensor::<1, Int>::arange(0..clusters as i64, &device).unsqueeze_dim::<2>(1);
    let members = codes.unsqueeze_dim::<2>(0).equal(numbers).float();
    let counts = members.clone().sum_dim(1).squeeze_dim(1);
    (counts, members.matmul(rows))
}

/// The mean of the rows of each code, `[clusters, d]`; a code without rows keeps its row of `old`.
pub(crate) fn means(rows: &Tensor<2>, codes: &Tensor<1, Int>, old: Tensor<2>) -> Tensor<2> {
    let (count, [clusters, d]) = (rows.dims()[0], old.dims());
    let block = (DISTANCES_AT_ONCE / clusters).max(1);
    let (counts, sums) = (0..count)
        .step_by(block)
        .map(|start| {
            let size = block.min(count - start);
            let (rows, codes) = (rows.clone(), codes.clone());
            assigned_sums(
                rows.narrow(0, start, size),
                codes.narrow(0, start, size),
                clusters,
            )
        })
        .reduce(|a, b| (a.0 + b.0, a.1 + b.1))
        .expect("at least one row");
    let counts = counts.unsqueeze_dim::<2>(1);
    let unused = counts.clone().lower_scalar(0.5).expand([clusters, d]);
    (sums / counts.clamp_min(1.0)).mask_where(unused, old)
}

/// The nearest of `points` for each of `rows`: `|x|²` is the same for all of them, so `|e|² - 2 x
/// e` decides.
pub(crate) fn nearest(rows: Tensor<2>, points: Tensor<2>) -> Tensor<1, Int> {
    let norms = points.clone().square().sum_dim(1).transpose();
    let products = rows.matmul(points.mul_scalar(-2.0).transpose());
    (products + norms).argmin(1).squeeze_dim(1)
}

/// `|x|² - 2 x e + |e|²` of all pairs, not below 0: `[rows, points]`.
pub(crate) fn squared_distances(rows: Tensor<2>, points: Tensor<2>) -> Tensor<2> {
    let row_norms = rows.clone().square().sum_dim(1);
    let norms = points.clone().square().sum_dim(1).transpose();
    (rows.matmul(points.mul_scalar(-2.0).transpose()) + norms + row_norms).clamp_min(0.0)
}
