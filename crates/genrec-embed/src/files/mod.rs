//! Embeddings in files: safetensors and NumPy's `.npy`, by method or by extension.

mod atomic;
mod npy;
mod safetensors;

use std::path::Path;

pub(crate) use self::safetensors::{float_elements, open};

use crate::embeddings::Embeddings;
use crate::error::{Error, Result};

/// The formats embeddings are kept in, as the extension of a file tells them.
enum Format {
    Safetensors,
    Npy,
}

impl Format {
    fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_ascii_lowercase().as_str() {
            "safetensors" => Ok(Self::Safetensors),
            "npy" => Ok(Self::Npy),
            _ => Err(Error::Extension {
                found: extension.into_owned(),
            }
            .in_file(path)),
        }
    }
}

impl Embeddings {
    /// Reads a `.safetensors` or `.npy` file, as its extension says.
    ///
    /// # Errors
    ///
    /// As [`read_safetensors`](Self::read_safetensors) and [`read_npy`](Self::read_npy), and [`Error::Extension`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        match Format::of(path.as_ref())? {
            Format::Safetensors => Self::read_safetensors(path),
            Format::Npy => Self::read_npy(path),
        }
    }

    /// Writes a `.safetensors` or `.npy` file, as its extension says, replacing the file as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] and [`Error::Extension`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        match Format::of(path.as_ref())? {
            Format::Safetensors => self.write_safetensors(path),
            Format::Npy => self.write_npy(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_tells_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let embeddings = Embeddings::from_vec(2, 2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        for name in ["rows.safetensors", "rows.npy", "ROWS.NPY"] {
            embeddings.write(folder.path().join(name)).unwrap();
            assert_eq!(
                Embeddings::read(folder.path().join(name)).unwrap(),
                embeddings
            );
        }
        for name in ["rows.txt", "rows"] {
            let error = embeddings
                .write(folder.path().join(name))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(name) && error.contains("expected `safetensors` or `npy`"),
                "{error}"
            );
            assert!(Embeddings::read(folder.path().join(name)).is_err());
        }
    }
}
