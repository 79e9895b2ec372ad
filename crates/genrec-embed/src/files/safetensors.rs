use std::fs;
use std::io::Write;
use std::path::Path;

use burn::tensor::{DType, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::atomic;
use crate::embeddings::Embeddings;
use crate::error::{Error, Result};

/// The tensor of a file that holds the embeddings, if the file holds more than one.
const EMBEDDINGS: &str = "embeddings";

impl Embeddings {
    /// Reads a safetensors file: its tensor `embeddings`, or its only tensor whatever the name, `[items, dim]`; `f32`,
    /// `f64`, `f16` and `bf16` are accepted.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if there is no such file; [`Error::File`] around the reason if it is truncated, foreign, of another
    /// shape or type of element, or holds NaN or an infinity.
    pub fn read_safetensors(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(Error::io(path))?;
        parse(&bytes, None).map_err(|reason| reason.in_file(path))
    }

    /// Reads the tensor `tensor` of a safetensors file that holds several, `[items, dim]`.
    ///
    /// # Errors
    ///
    /// As [`read_safetensors`](Self::read_safetensors), and [`Error::NoTensor`] with the names that there are.
    pub fn read_safetensors_tensor(path: impl AsRef<Path>, tensor: &str) -> Result<Self> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(Error::io(path))?;
        parse(&bytes, Some(tensor)).map_err(|reason| reason.in_file(path))
    }

    /// Writes a safetensors file with one `f32` tensor `embeddings`, `[items, dim]`, replacing the file as a whole or not
    /// at all.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be written.
    pub fn write_safetensors(&self, path: impl AsRef<Path>) -> Result<()> {
        Self::write_safetensors_tensors(path, &[(EMBEDDINGS, self)])
    }

    /// Writes several embeddings into one safetensors file, each an `f32` tensor of its own, replacing the file as a
    /// whole or not at all. [`read_safetensors_tensor`](Self::read_safetensors_tensor) reads one of them.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be written.
    pub fn write_safetensors_tensors(
        path: impl AsRef<Path>,
        tensors: &[(&str, &Self)],
    ) -> Result<()> {
        let path = path.as_ref();
        let format = |error: safetensors::SafeTensorError| {
            Error::Format {
                format: "safetensors",
                reason: error.to_string(),
            }
            .in_file(path)
        };
        let data: Vec<Vec<u8>> = tensors
            .iter()
            .map(|(_, rows)| {
                rows.as_slice()
                    .iter()
                    .flat_map(|x| x.to_le_bytes())
                    .collect()
            })
            .collect();
        let views = tensors
            .iter()
            .zip(&data)
            .map(|((name, rows), data)| {
                Ok((
                    *name,
                    TensorView::new(Dtype::F32, vec![rows.rows(), rows.dim()], data)?,
                ))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(format)?;
        let bytes = safetensors::serialize(views, None).map_err(format)?;
        atomic::write(path, |writer| {
            writer.write_all(&bytes).map_err(Error::io(path))
        })
    }
}

/// The tensors in the bytes of a safetensors file.
pub(crate) fn open(bytes: &[u8]) -> Result<SafeTensors<'_>> {
    SafeTensors::deserialize(bytes).map_err(|error| Error::Format {
        format: "safetensors",
        reason: error.to_string(),
    })
}

/// The elements of a tensor as `f32`, whatever the width they are kept in.
pub(crate) fn float_elements(name: &str, tensor: &TensorView<'_>) -> Result<Vec<f32>> {
    let half = |dtype: DType| {
        TensorData::from_bytes_vec(tensor.data().to_vec(), tensor.shape().to_vec(), dtype)
            .try_cast_as::<f32>()
            .and_then(TensorData::try_into_vec::<f32>)
            .map_err(|error| Error::Format {
                format: "safetensors",
                reason: error.to_string(),
            })
    };
    match tensor.dtype() {
        Dtype::F32 => Ok(tensor
            .data()
            .as_chunks()
            .0
            .iter()
            .map(|&x| f32::from_le_bytes(x))
            .collect()),
        Dtype::F64 => Ok(tensor
            .data()
            .as_chunks()
            .0
            .iter()
            .map(|&x| f64::from_le_bytes(x) as f32)
            .collect()),
        Dtype::F16 => half(DType::F16),
        Dtype::BF16 => half(DType::BF16),
        other => Err(Error::ElementType {
            tensor: name.to_string(),
            found: format!("{other:?}"),
            expected: "F32, F64, F16, BF16",
        }),
    }
}

fn parse(bytes: &[u8], wanted: Option<&str>) -> Result<Embeddings> {
    let file = open(bytes)?;
    let mut names = file.names();
    names.sort_unstable();
    let name = match (wanted, &names[..]) {
        (None, [single]) => single,
        _ => wanted.unwrap_or(EMBEDDINGS),
    };
    let tensor = file.tensor(name).map_err(|_| Error::NoTensor {
        expected: name.to_string(),
        found: names.iter().map(ToString::to_string).collect(),
    })?;
    let &[rows, dim] = tensor.shape() else {
        return Err(Error::Shape {
            tensor: name.to_string(),
            found: tensor.shape().to_vec(),
            expected: "two dimensions, [items, dim]".into(),
        });
    };
    Embeddings::from_vec(rows, dim, float_elements(name, &tensor)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(tensors: &[(&str, Dtype, &[usize], &[u8])]) -> Vec<u8> {
        let views = tensors.iter().map(|(name, dtype, shape, data)| {
            (
                *name,
                TensorView::new(*dtype, shape.to_vec(), data).unwrap(),
            )
        });
        safetensors::serialize(views, None).unwrap()
    }

    fn f32s(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    #[test]
    fn every_float_width_gives_the_same_rows() {
        // 1, -2, 0.5 and 4 are exact in every width; the bit patterns of the halves are written out by hand.
        let halves = |bits: [u16; 4]| {
            bits.iter()
                .flat_map(|x| x.to_le_bytes())
                .collect::<Vec<_>>()
        };
        let f64s: Vec<u8> = [1.0f64, -2.0, 0.5, 4.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        for (dtype, data) in [
            (Dtype::F32, f32s(&[1.0, -2.0, 0.5, 4.0])),
            (Dtype::F64, f64s),
            (Dtype::F16, halves([0x3c00, 0xc000, 0x3800, 0x4400])),
            (Dtype::BF16, halves([0x3f80, 0xc000, 0x3f00, 0x4080])),
        ] {
            let rows = parse(&file(&[("any name", dtype, &[2, 2], &data)]), None).unwrap();
            assert_eq!(rows.as_slice(), [1.0, -2.0, 0.5, 4.0], "{dtype:?}");
        }
    }

    #[test]
    fn the_right_tensor_of_several_is_taken() {
        let (a, b) = (f32s(&[1.0]), f32s(&[2.0]));
        let both = file(&[
            ("other", Dtype::F32, &[1, 1], &a),
            ("embeddings", Dtype::F32, &[1, 1], &b),
        ]);
        assert_eq!(parse(&both, None).unwrap().row(0), [2.0]);
        assert_eq!(parse(&both, Some("other")).unwrap().row(0), [1.0]);
        let unclear = file(&[
            ("one", Dtype::F32, &[1, 1], &a),
            ("two", Dtype::F32, &[1, 1], &b),
        ]);
        let error = parse(&unclear, None).unwrap_err().to_string();
        assert!(
            error.contains("no tensor `embeddings`, found one, two"),
            "{error}"
        );
    }

    #[test]
    fn foreign_and_damaged_files_are_refused_with_a_reason() {
        let good = file(&[("embeddings", Dtype::F32, &[2, 1], &f32s(&[1.0, 2.0]))]);
        let nan = file(&[("embeddings", Dtype::F32, &[2, 1], &f32s(&[1.0, f32::NAN]))]);
        let integers = file(&[("embeddings", Dtype::I32, &[2, 1], &f32s(&[1.0, 2.0]))]);
        let flat = file(&[("embeddings", Dtype::F32, &[2], &f32s(&[1.0, 2.0]))]);
        for (bytes, reason) in [
            (
                &good[..good.len() - 1],
                "truncated, damaged or of another format",
            ),
            (&good[..5], "truncated, damaged or of another format"),
            (&[], "truncated, damaged or of another format"),
            (
                &b"PK\x03\x04 some other kind of file"[..],
                "truncated, damaged or of another format",
            ),
            (&nan[..], "row 1, column 0 is NaN"),
            (&integers[..], "holds I32, expected one of F32"),
            (&flat[..], "has shape [2], expected two dimensions"),
        ] {
            let error = parse(bytes, None).unwrap_err().to_string();
            assert!(error.contains(reason), "{error} lacks {reason}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.safetensors");
        let users = Embeddings::from_vec(1, 3, vec![0.1, -7.25, 1e-20]).unwrap();
        let items = Embeddings::from_vec(2, 2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        users.write_safetensors(&path).unwrap();
        assert_eq!(Embeddings::read_safetensors(&path).unwrap(), users);
        Embeddings::write_safetensors_tensors(&path, &[("users", &users), ("items", &items)])
            .unwrap();
        assert_eq!(
            Embeddings::read_safetensors_tensor(&path, "items").unwrap(),
            items
        );
        let error = Embeddings::read_safetensors(&path).unwrap_err().to_string();
        assert!(error.contains("rows.safetensors"), "{error}");
    }
}
