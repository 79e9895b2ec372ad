use std::fmt;
use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};

/// One vector an item, all finite: row `i` belongs to item `i`.
///
/// The rows lie one after the other in memory, on the host; [`to_tensor`](Self::to_tensor) puts them on a device.
///
/// ```
/// use genrec_embed::Embeddings;
///
/// let embeddings = Embeddings::from_vec(2, 3, vec![3.0, 0.0, 4.0, 0.0, 0.0, 2.0])?;
/// assert_eq!(embeddings.normalized().row(0), [0.6, 0.0, 0.8]);
/// assert!(embeddings.expect_rows(3).is_err());
/// # Ok::<(), genrec_embed::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Embeddings {
    /// Standard layout, at least one column, every element finite.
    rows: Array2<f32>,
}

impl Embeddings {
    /// Embeddings with the rows of `rows`, `[items, dim]`.
    ///
    /// # Errors
    ///
    /// [`Error::NotFinite`] with the first row and column that hold NaN or an infinity, [`Error::NoColumns`] if `dim` is 0.
    pub fn new(rows: Array2<f32>) -> Result<Self> {
        let rows = if rows.is_standard_layout() {
            rows
        } else {
            rows.as_standard_layout().into_owned()
        };
        let (items, dim) = rows.dim();
        if dim == 0 {
            return Err(Error::NoColumns { rows: items });
        }
        match rows.indexed_iter().find(|(_, value)| !value.is_finite()) {
            Some(((row, column), &value)) => Err(Error::NotFinite { row, column, value }),
            None => Ok(Self { rows }),
        }
    }

    /// Embeddings of `rows` items, `dim` wide, from their elements row by row.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`Error::Shape`] if there are not `rows * dim` elements.
    pub fn from_vec(rows: usize, dim: usize, elements: Vec<f32>) -> Result<Self> {
        let count = elements.len();
        let rows = Array2::from_shape_vec((rows, dim), elements).map_err(|_| Error::Shape {
            tensor: "embeddings".into(),
            found: vec![count],
            expected: format!("{rows} rows of {dim} elements each"),
        })?;
        Self::new(rows)
    }

    /// Embeddings with the rows of a tensor of any device, `[items, dim]`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`Error::Device`] if the device cannot hand the tensor back.
    pub fn from_tensor(rows: Tensor<2>) -> Result<Self> {
        let [items, dim] = rows.dims();
        let device = |reason: String| Error::Device { reason };
        let data = rows
            .try_into_data_as::<f32>()
            .map_err(|error| device(error.to_string()))?;
        Self::from_vec(
            items,
            dim,
            data.try_into_vec::<f32>()
                .map_err(|error| device(error.to_string()))?,
        )
    }

    /// The number of rows, one an item.
    pub fn rows(&self) -> usize {
        self.rows.nrows()
    }

    /// The width of a row, at least 1.
    pub fn dim(&self) -> usize {
        self.rows.ncols()
    }

    /// Row `i`, the vector of item `i`, `[dim]`.
    ///
    /// # Panics
    ///
    /// If there is no row `i`.
    pub fn row(&self, i: usize) -> &[f32] {
        let dim = self.dim();
        &self.as_slice()[i * dim..(i + 1) * dim]
    }

    /// All elements, row by row, `[rows * dim]`.
    pub fn as_slice(&self) -> &[f32] {
        self.rows
            .as_slice()
            .expect("rows are kept in standard layout")
    }

    /// All rows, `[rows, dim]`.
    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.rows.view()
    }

    /// All rows as an owned array, `[rows, dim]`, in standard layout.
    pub fn into_array(self) -> Array2<f32> {
        self.rows
    }

    /// All rows on `device`, `[rows, dim]`.
    pub fn to_tensor(&self, device: &Device) -> Tensor<2> {
        Tensor::from_data(
            TensorData::new(self.as_slice().to_vec(), [self.rows(), self.dim()]),
            device,
        )
    }

    /// The same directions, each row of Euclidean length 1; rows of zeros stay zeros.
    pub fn normalized(&self) -> Self {
        let mut rows = self.rows.clone();
        for mut row in rows.rows_mut() {
            let length = row
                .iter()
                .map(|&x| f64::from(x) * f64::from(x))
                .sum::<f64>()
                .sqrt();
            if length > 0.0 {
                row.mapv_inplace(|x| (f64::from(x) / length) as f32);
            }
        }
        Self { rows }
    }

    /// The rows `indices`, in this order, repeats allowed.
    ///
    /// # Panics
    ///
    /// If one of `indices` is not a row.
    pub fn select(&self, indices: &[usize]) -> Self {
        Self {
            rows: self.rows.select(ndarray::Axis(0), indices),
        }
    }

    /// The rows `range` alone; `1..rows` drops the padding row that some tools keep in front.
    ///
    /// # Panics
    ///
    /// If `range` reaches past the last row.
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self {
            rows: self
                .rows
                .slice_axis(ndarray::Axis(0), range.into())
                .to_owned(),
        }
    }

    /// Reads a file with exactly one row for each of `items` items, as [`read`](Self::read) and [`expect_rows`](Self::expect_rows) do.
    ///
    /// # Errors
    ///
    /// Those of both; each names the file.
    pub fn read_rows(path: impl AsRef<std::path::Path>, items: usize) -> Result<Self> {
        let path = path.as_ref();
        Self::read(path)?
            .expect_rows(items)
            .map_err(|reason| reason.in_file(path))
    }

    /// These embeddings, if there is exactly one row for each of `items` items.
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] with both numbers and what is the likely cause.
    pub fn expect_rows(self, items: usize) -> Result<Self> {
        let found = self.rows();
        if found == items {
            return Ok(self);
        }
        let remedy = if found == items + 1 {
            "one row too many is often a padding row in front; if row 0 is one, keep `slice(1..rows)`"
        } else if found + 1 == items {
            "one row too few is often a first line taken for a header, or ids that start from 1; compute the embeddings anew from the catalogue"
        } else {
            "row i must belong to item i; compute the embeddings from this very catalogue"
        };
        Err(Error::Rows {
            found,
            expected: items,
            remedy,
        })
    }
}

impl fmt::Debug for Embeddings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embeddings")
            .field("rows", &self.rows())
            .field("dim", &self.dim())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn rows_are_the_items() {
        let embeddings = Embeddings::new(array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap();
        assert_eq!((embeddings.rows(), embeddings.dim()), (3, 2));
        assert_eq!(embeddings.row(2), [5.0, 6.0]);
        assert_eq!(
            embeddings.select(&[2, 0, 2]).as_slice(),
            [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]
        );
        assert_eq!(embeddings.slice(1..3).as_slice(), [3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn transposed_arrays_keep_their_rows() {
        let embeddings = Embeddings::new(array![[1.0, 2.0], [3.0, 4.0]].reversed_axes()).unwrap();
        assert_eq!(embeddings.row(0), [1.0, 3.0]);
    }

    #[test]
    fn holes_are_found_where_they_are() {
        let error = Embeddings::new(array![[1.0, 2.0], [3.0, f32::NAN]]).unwrap_err();
        assert!(matches!(error, Error::NotFinite { row: 1, column: 1, value } if value.is_nan()));
        assert!(
            error.to_string().starts_with("row 1, column 1 is NaN"),
            "{error}"
        );
        assert!(matches!(
            Embeddings::from_vec(1, 2, vec![f32::INFINITY, 0.0]),
            Err(Error::NotFinite {
                row: 0,
                column: 0,
                ..
            })
        ));
    }

    #[test]
    fn shapes_must_fit() {
        assert!(matches!(
            Embeddings::from_vec(2, 2, vec![0.0; 3]),
            Err(Error::Shape { .. })
        ));
        assert!(matches!(
            Embeddings::from_vec(2, 0, vec![]),
            Err(Error::NoColumns { rows: 2 })
        ));
        assert_eq!(Embeddings::from_vec(0, 4, vec![]).unwrap().rows(), 0);
    }

    #[test]
    fn wrong_row_counts_name_both_numbers_and_a_remedy() {
        let five = Embeddings::from_vec(5, 1, vec![0.0; 5]).unwrap();
        assert!(five.clone().expect_rows(5).is_ok());
        let messages =
            [4, 6, 9].map(|items| five.clone().expect_rows(items).unwrap_err().to_string());
        assert!(
            messages[0].starts_with("there are 5 rows, expected 4")
                && messages[0].contains("padding row")
        );
        assert!(
            messages[1].starts_with("there are 5 rows, expected 6")
                && messages[1].contains("start from 1")
        );
        assert!(
            messages[2].starts_with("there are 5 rows, expected 9")
                && messages[2].contains("this very catalogue")
        );
    }

    #[test]
    fn a_file_with_other_rows_than_items_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let five = Embeddings::from_vec(5, 1, vec![0.0; 5]).unwrap();
        let npy = folder.path().join("text.npy");
        five.write_npy(&npy).unwrap();
        let safetensors = folder.path().join("text.safetensors");
        five.write_safetensors(&safetensors).unwrap();
        for path in [npy, safetensors] {
            assert_eq!(Embeddings::read_rows(&path, 5).unwrap(), five);
            let error = Embeddings::read_rows(&path, 6).unwrap_err().to_string();
            let name = path.display().to_string();
            assert!(
                error.contains(&name) && error.contains("there are 5 rows, expected 6"),
                "{error}"
            );
        }
    }

    #[test]
    fn normalizing_keeps_zeros_and_directions() {
        let embeddings = Embeddings::new(array![[0.0, 0.0], [1e-30, 0.0], [3.0, -4.0]])
            .unwrap()
            .normalized();
        assert_eq!(embeddings.as_slice(), [0.0, 0.0, 1.0, 0.0, 0.6, -0.8]);
    }

    #[test]
    fn tensors_and_back() {
        let embeddings = Embeddings::new(array![[1.0, -2.5], [3.25, 4.0]]).unwrap();
        let tensor = embeddings.to_tensor(&Device::flex());
        assert_eq!(tensor.dims(), [2, 2]);
        assert_eq!(Embeddings::from_tensor(tensor).unwrap(), embeddings);
    }
}
