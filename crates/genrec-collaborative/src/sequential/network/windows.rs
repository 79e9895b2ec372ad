//! The last items before every place.

use burn::tensor::Tensor;

/// For every place the rows of the last `window` items up to it, `[rows * places, window, d]`, of item rows `[rows, places, d]`: zeros where there is no item.
pub(super) fn windows(rows: Tensor<3>, window: usize) -> Tensor<3> {
    let [batch, places, d] = rows.dims();
    let before = Tensor::<3>::zeros([batch, window - 1, d], &rows.device());
    let padded = Tensor::cat(vec![before, rows], 1);
    let shifted = (0..window)
        .map(|start| padded.clone().narrow(1, start, places))
        .collect();
    Tensor::stack::<4>(shifted, 2).reshape([batch * places, window, d])
}
