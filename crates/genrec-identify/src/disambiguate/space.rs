use burn::tensor::Tensor;
use genrec_data::ItemId;
use ndarray::{Array2, ArrayView1};

use crate::{Code, CodeTable, Error, Result};

/// The geometry behind codes of a residual quantizer: the latents of all items and the codebooks, whose codewords add
/// up to the latents.
#[derive(Debug, Clone, PartialEq)]
pub struct ResidualSpace {
    latents: Array2<f32>,
    codebooks: Vec<Array2<f32>>,
}

impl ResidualSpace {
    /// The latents `[items, d]`, row `i` of item `i`, and the codebooks `[codewords, d]`, first level first.
    ///
    /// # Errors
    ///
    /// Codebooks of another width than the latents, or a value that is not finite.
    pub fn new(latents: Array2<f32>, codebooks: Vec<Array2<f32>>) -> Result<Self> {
        let width = latents.ncols();
        if let Some(level) = codebooks
            .iter()
            .position(|codebook| codebook.ncols() != width)
        {
            return Err(Error::Shape {
                expected: format!("codewords of width {width}, as the latents have"),
                found: format!("width {} at level {level}", codebooks[level].ncols()),
            });
        }
        for (name, rows) in std::iter::once(("latent", &latents))
            .chain(codebooks.iter().map(|rows| ("codeword", rows)))
        {
            if let Some(((row, column), value)) =
                rows.indexed_iter().find(|(_, value)| !value.is_finite())
            {
                return Err(Error::Shape {
                    expected: String::from("finite values"),
                    found: format!("{value} in {name} {row}, column {column}"),
                });
            }
        }
        Ok(Self { latents, codebooks })
    }

    /// As [`new`](Self::new), from latents `[items, d]` and codebooks `[codewords, d]` on a device.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_tensors(latents: Tensor<2>, codebooks: Vec<Tensor<2>>) -> Result<Self> {
        Self::new(
            to_array(latents),
            codebooks.into_iter().map(to_array).collect(),
        )
    }

    /// The latents, `[items, d]`.
    pub fn latents(&self) -> &Array2<f32> {
        &self.latents
    }

    /// The codebooks, `[codewords, d]` each.
    pub fn codebooks(&self) -> &[Array2<f32>] {
        &self.codebooks
    }

    pub(super) fn expect_fit(&self, codes: &CodeTable) -> Result<()> {
        if self.latents.nrows() != codes.items() {
            return Err(Error::Shape {
                expected: format!("the latents of {} items, as the codes have", codes.items()),
                found: format!("{} latents", self.latents.nrows()),
            });
        }
        let sizes: Vec<usize> = self.codebooks.iter().map(Array2::nrows).collect();
        if sizes != codes.codebook_sizes() {
            return Err(Error::Shape {
                expected: format!(
                    "codebooks of {:?} codewords, as the codes have",
                    codes.codebook_sizes()
                ),
                found: format!("codebooks of {sizes:?}"),
            });
        }
        Ok(())
    }

    /// What is left of an item's latent after the codewords of `codes`, the first levels.
    pub(super) fn residual(&self, item: ItemId, codes: &[Code]) -> Vec<f32> {
        let mut residual = self.latents.row(item.index()).to_vec();
        for (level, &code) in codes.iter().enumerate() {
            self.subtract(&mut residual, level, code);
        }
        residual
    }

    /// Takes a codeword off a residual.
    pub(super) fn subtract(&self, residual: &mut [f32], level: usize, code: Code) {
        let codeword = self.codebooks[level].row(code.index());
        residual
            .iter_mut()
            .zip(codeword)
            .for_each(|(rest, value)| *rest -= value);
    }

    /// The squared distances from a residual to all codewords of a level.
    pub(super) fn distances(&self, level: usize, residual: &[f32]) -> Vec<f64> {
        let distance = |codeword: ArrayView1<'_, f32>| {
            codeword
                .iter()
                .zip(residual)
                .map(|(a, b)| f64::from(a - b).powi(2))
                .sum()
        };
        self.codebooks[level]
            .rows()
            .into_iter()
            .map(distance)
            .collect()
    }

    /// All codes of a level, the nearest to a residual first (of equally near ones the lowest).
    pub(super) fn nearest_first(&self, level: usize, residual: &[f32]) -> Vec<Code> {
        let distances = self.distances(level, residual);
        let mut codes: Vec<Code> = (0..distances.len() as u32).map(Code::new).collect();
        codes.sort_by(|a, b| distances[a.index()].total_cmp(&distances[b.index()]));
        codes
    }
}

fn to_array(rows: Tensor<2>) -> Array2<f32> {
    let shape = rows.dims();
    Array2::from_shape_vec(shape, rows.into_data().iter::<f32>().collect())
        .expect("a tensor has as many values as its shape says")
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn misfits_are_refused_with_their_place() {
        let message = |latents, codebooks| {
            ResidualSpace::new(latents, codebooks)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(array![[0.0, 1.0]], vec![array![[0.0, 1.0]], array![[0.0]]]),
            "expected codewords of width 2, as the latents have, found width 1 at level 1"
        );
        assert_eq!(
            message(array![[0.0], [f32::NAN]], vec![array![[0.0]]]),
            "expected finite values, found NaN in latent 1, column 0"
        );
        assert_eq!(
            message(array![[0.0]], vec![array![[f32::INFINITY]]]),
            "expected finite values, found inf in codeword 0, column 0"
        );
    }

    #[test]
    fn codes_are_sorted_by_their_distance_to_the_residual() {
        let space = ResidualSpace::new(
            array![[5.0, 1.0]],
            vec![
                array![[4.0, 1.0]],
                array![[3.0, 0.0], [0.0, 0.0], [1.0, 2.0], [2.0, 0.0]],
            ],
        )
        .unwrap();
        let residual = space.residual(ItemId::new(0), &[Code::new(0)]);
        assert_eq!(residual, [1.0, 0.0]);
        assert_eq!(
            space.nearest_first(1, &residual),
            [1, 3, 0, 2].map(Code::new)
        );
    }
}
