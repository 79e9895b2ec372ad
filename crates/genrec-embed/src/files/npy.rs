use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ndarray::Array2;
use ndarray_npy::{ReadNpyError, ReadNpyExt, ReadableElement, WriteNpyError, WriteNpyExt};

use super::atomic;
use crate::embeddings::Embeddings;
use crate::error::{Error, Result};

impl Embeddings {
    /// Reads NumPy's `.npy` (`np.save` of a two-dimensional `float32` or `float64` array), `[items, dim]`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if there is no such file; [`Error::File`] around the reason if it is truncated, foreign, of another
    /// shape or type of element, or holds NaN or an infinity (also: a `float64` too large for `f32`).
    pub fn read_npy(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let rows = match read::<f32>(path)? {
            Err(ReadNpyError::WrongDescriptor(_)) => {
                read::<f64>(path)?.map(|rows| rows.mapv(|x| x as f32))
            }
            rows => rows,
        };
        rows.map_err(explain)
            .and_then(Self::new)
            .map_err(|reason| reason.in_file(path))
    }

    /// Writes NumPy's `.npy` (`float32`, `[items, dim]`), replacing the file as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be written.
    pub fn write_npy(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        atomic::write(path, |writer| {
            self.view().write_npy(writer).map_err(|error| match error {
                WriteNpyError::Io(source) => Error::io(path)(source),
                other => Error::Format {
                    format: "npy",
                    reason: other.to_string(),
                }
                .in_file(path),
            })
        })
    }
}

/// The outer error is that of opening the file, the inner one that of its contents.
fn read<A: ReadableElement>(path: &Path) -> Result<Result<Array2<A>, ReadNpyError>> {
    let file = File::open(path).map_err(Error::io(path))?;
    Ok(Array2::read_npy(BufReader::new(file)))
}

fn explain(error: ReadNpyError) -> Error {
    match error {
        ReadNpyError::WrongDescriptor(found) => Error::ElementType {
            tensor: "array".into(),
            found: found.to_string(),
            expected: "float32 ('<f4'), float64 ('<f8')",
        },
        ReadNpyError::WrongNdim(_, found) => Error::Shape {
            tensor: "array".into(),
            found: vec![found],
            expected: "two dimensions, [items, dim]; the number found is that of dimensions".into(),
        },
        other => Error::Format {
            format: "npy",
            reason: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};
    use proptest::prelude::*;
    use std::fs;

    /// What reading these bytes says.
    fn read_bytes(bytes: &[u8]) -> Result<Embeddings> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.npy");
        fs::write(&path, bytes).unwrap();
        Embeddings::read_npy(path)
    }

    fn bytes<A: ndarray_npy::WritableElement, D: ndarray::Dimension>(
        array: &ndarray::Array<A, D>,
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).unwrap();
        bytes
    }

    /// `np.save` of `np.array([[1, 2], [3, 4], [5, 6]], order)`, format version 1 or 2, written out by hand.
    fn numpy(version: u8, kind: &str, fortran: &str, data: &[u8]) -> Vec<u8> {
        let mut header =
            format!("{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': (3, 2), }}");
        let prefix = if version == 1 { 10 } else { 12 };
        while (prefix + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut file = b"\x93NUMPY".to_vec();
        file.extend([version, 0]);
        match version {
            1 => file.extend((header.len() as u16).to_le_bytes()),
            _ => file.extend((header.len() as u32).to_le_bytes()),
        }
        file.extend(header.bytes());
        file.extend(data);
        file
    }

    #[test]
    fn numpys_own_layouts_are_read() {
        let expected = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let f4 = |order: [f32; 6]| {
            order
                .iter()
                .flat_map(|x| x.to_le_bytes())
                .collect::<Vec<_>>()
        };
        let f8: Vec<u8> = (1..=6).flat_map(|x| f64::from(x).to_le_bytes()).collect();
        let rows = f4([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let columns = f4([1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
        for file in [
            numpy(1, "<f4", "False", &rows),
            numpy(2, "<f4", "False", &rows),
            numpy(1, "<f4", "True", &columns),
            numpy(2, "<f8", "False", &f8),
        ] {
            assert_eq!(read_bytes(&file).unwrap().view(), expected);
        }
    }

    #[test]
    fn foreign_and_damaged_files_are_refused_with_a_reason() {
        let good = bytes(&array![[1.0f32, 2.0], [3.0, 4.0]]);
        let mut extra = good.clone();
        extra.push(0);
        for (file, reason) in [
            (&good[..good.len() - 3], "before reading all data"),
            (&extra[..], "extra bytes"),
            (&good[..20], "not a readable npy"),
            (&b"not numpy at all"[..], "not a readable npy"),
            (&[], "not a readable npy"),
            (
                &bytes(&array![[1i32, 2]])[..],
                "holds '<i4', expected one of float32",
            ),
            (
                &bytes(&Array1::<f32>::zeros(4))[..],
                "expected two dimensions",
            ),
            (
                &bytes(&array![[1.0f32, f32::NAN]])[..],
                "row 0, column 1 is NaN",
            ),
            (
                &bytes(&array![[0.0f64], [1e300]])[..],
                "row 1, column 0 is inf",
            ),
        ] {
            let error = read_bytes(file).unwrap_err().to_string();
            assert!(
                error.contains(reason) && error.contains("rows.npy"),
                "{error} lacks {reason}"
            );
        }
        let absent = Embeddings::read_npy("no/such/file.npy")
            .unwrap_err()
            .to_string();
        assert!(absent.starts_with("no/such/file.npy: "), "{absent}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_is_written_is_read(rows in 0usize..6, dim in 1usize..6, seed in any::<u32>()) {
            let elements = (0..rows * dim).map(|i| (seed ^ (i as u32).wrapping_mul(0x9e37_79b9)) as f32 * 1e-6).collect();
            let embeddings = Embeddings::from_vec(rows, dim, elements).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("rows.npy");
            embeddings.write_npy(&path).unwrap();
            prop_assert_eq!(Embeddings::read_npy(&path).unwrap(), embeddings);
        }
    }
}
