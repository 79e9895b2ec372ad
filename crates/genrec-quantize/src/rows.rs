//! Rows that come from outside.

use crate::{Error, Result};
use burn::tensor::Tensor;

/// That there are rows `[rows, d_input]`, and that all their values are finite.
pub(crate) fn check(rows: &Tensor<2>, d_input: usize) -> Result<()> {
    let [count, columns] = rows.dims();
    if count == 0 || columns != d_input {
        let expected = format!("the quantizer needs at least one row, of width {d_input}");
        return Err(Error::Rows {
            rows: count,
            columns,
            expected,
        });
    }
    let data = rows.to_data();
    match data
        .iter::<f32>()
        .enumerate()
        .find(|(_, value)| !value.is_finite())
    {
        Some((at, value)) => Err(Error::NotFinite {
            row: at / columns,
            column: at % columns,
            value,
        }),
        None => Ok(()),
    }
}
