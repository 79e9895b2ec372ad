//! Rows on the host, checked.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

use crate::{Error, Result, Similarity};

/// Rows whose values are all finite and whose dot products are the similarities: of unit length (or of zeros) for [`Similarity::Cosine`].
pub(crate) struct Rows {
    /// Row by row, `[rows * dim]`.
    values: Vec<f32>,
    dim: usize,
}

impl Rows {
    /// The rows of a tensor, `[rows, dim]`, `dim` at least 1.
    pub(crate) fn new(what: &'static str, rows: Tensor<2>, similarity: Similarity) -> Result<Self> {
        let [_, dim] = rows.dims();
        let mut values = host(what, rows)?;
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                what,
                row: place / dim,
                column: place % dim,
                value: values[place],
            });
        }
        if similarity == Similarity::Cosine {
            for row in values.chunks_exact_mut(dim) {
                let length = length(row);
                if length > 0.0 {
                    for value in row {
                        *value = (f64::from(*value) / length) as f32;
                    }
                }
            }
        }
        Ok(Self { values, dim })
    }

    /// Rows that have been checked and prepared before, `[rows * dim]`.
    #[cfg(feature = "store")]
    pub(crate) fn prepared(values: Vec<f32>, dim: usize) -> Self {
        Self { values, dim }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// The rows one after the other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.dim)
    }

    /// The longest row and its Euclidean length; `None` without rows.
    pub(crate) fn longest(&self) -> Option<(usize, f64)> {
        let lengths = self.iter().map(length).enumerate();
        lengths.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Some of the rows on a device, `[range, dim]`.
    pub(crate) fn tensor(&self, range: Range<usize>, device: &Device) -> Tensor<2> {
        let values = &self.values[range.start * self.dim..range.end * self.dim];
        Tensor::from_data(
            TensorData::new(values.to_vec(), [range.len(), self.dim]),
            device,
        )
    }
}

/// Refuses rows so long that a dot product of one of `rows` with a row of length `other` may not be finite.
///
/// No partial sum of a dot product is larger than the product of the lengths.
pub(crate) fn check_lengths(what: &'static str, rows: &Rows, other: f64) -> Result<()> {
    // Half of what there is: room for rounding.
    let most = f64::from(f32::MAX) / 2.0;
    match rows.longest() {
        Some((row, length)) if length * other > most => Err(Error::TooLong {
            what,
            row,
            length,
            other,
        }),
        _ => Ok(()),
    }
}

/// All elements of a tensor, on the host.
pub(crate) fn host(what: &'static str, tensor: Tensor<2>) -> Result<Vec<f32>> {
    let device = |reason: String| Error::Device { what, reason };
    tensor
        .try_into_data_as::<f32>()
        .map_err(|error| device(error.to_string()))?
        .try_into_vec::<f32>()
        .map_err(|error| device(error.to_string()))
}

/// The Euclidean length of a row.
fn length(row: &[f32]) -> f64 {
    let squares = row.iter().map(|&value| f64::from(value) * f64::from(value));
    squares.sum::<f64>().sqrt()
}
