//! Stores in folders: made, opened, and refused.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::file::{self, About, CENTROIDS, FILE, PLACES, at};
use super::{VectorStore, last_item, read_lists};
use crate::{Error, Result, Similarity};

/// Lists that a query looks into, unless told otherwise.
const PROBES: usize = 32;

/// Bytes of memory that hold parts of the file at most, unless told otherwise.
const CACHE: usize = 1 << 30;

impl VectorStore {
    /// A new store in a new folder, for rows of `dim` values.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if there is something of that name, or it cannot be written; [`Error::Shape`] if `dim` is 0.
    pub fn create(folder: impl AsRef<Path>, dim: usize, similarity: Similarity) -> Result<Self> {
        let folder = folder.as_ref();
        let refuse = |reason: &str| Error::Store {
            path: folder.to_path_buf(),
            reason: reason.to_owned(),
        };
        if dim == 0 {
            return Err(Error::Shape {
                what: "rows of a store",
                found: "0 values".into(),
                expected: "at least one".into(),
            });
        }
        let mut partial = folder
            .file_name()
            .ok_or_else(|| refuse("is no name for a folder; give one that ends in a name"))?
            .to_os_string();
        if folder.exists() {
            return Err(refuse(
                "exists already, and is not overwritten; open it, remove it or choose another name",
            ));
        }
        // Under its name there is a whole store or none.
        partial.push(".partial");
        let partial = folder.with_file_name(partial);
        if let Some(above) = folder.parent() {
            fs::create_dir_all(above).map_err(at(above))?;
        }
        if partial.exists() {
            // What a killed process left; a folder that holds anything else is somebody's.
            let left = partial.join(FILE);
            if left.exists() {
                fs::remove_file(&left).map_err(at(&left))?;
            }
            fs::remove_dir(&partial).map_err(at(&partial))?;
        }
        fs::create_dir(&partial).map_err(at(&partial))?;
        drop(file::create(
            &partial.join(FILE),
            &About::new(dim, similarity),
        )?);
        let flush = |path: &Path| {
            File::open(path)
                .and_then(|file| file.sync_all())
                .map_err(at(path))
        };
        flush(&partial)?;
        fs::rename(&partial, folder).map_err(at(folder))?;
        match folder.parent() {
            Some(above) if !above.as_os_str().is_empty() => flush(above)?,
            _ => flush(Path::new("."))?,
        }
        Self::open(folder)
    }

    /// Opens the store in a folder, after a check of its whole file. Up to 1 GiB of it is then kept in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] with the file, the reason and the remedy if it is missing, damaged, of another version, or open already.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        Self::open_with_cache(folder, CACHE)
    }

    /// As [`open`](Self::open), with so many bytes of the file in memory at most; what does not fit comes from the disk, or from the system's own cache.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with_cache(folder: impl AsRef<Path>, bytes: usize) -> Result<Self> {
        let path = folder.as_ref().join(FILE);
        if !path.is_file() {
            return Err(Error::Store {
                path: folder.as_ref().to_path_buf(),
                reason: format!(
                    "has no {FILE}: it is no vector store; give the folder of one, or create it"
                ),
            });
        }
        let file = file::open(&path, bytes)?;
        let read = file::snapshot(&file, &path)?;
        let about = file::read_about(&read, &path)?;
        let centroids = read.open_table(CENTROIDS).map_err(at(&path))?;
        let lists = Mutex::new(read_lists(&centroids, &about, &path)?);
        let last = last_item(&read.open_table(PLACES).map_err(at(&path))?, &path)?;
        drop(read);
        Ok(Self {
            file,
            path,
            dim: about.dim,
            similarity: about.similarity,
            probes: PROBES,
            items: AtomicUsize::new(last),
            lists,
            writer: Mutex::new(()),
        })
    }

    /// This store, if its rows have `dim` values and are compared by `similarity`.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] with what it has and what was expected.
    pub fn expect(self, dim: usize, similarity: Similarity) -> Result<Self> {
        if (self.dim, self.similarity) == (dim, similarity) {
            return Ok(self);
        }
        Err(Error::Store {
            reason: format!(
                "has rows of {} values, compared by {:?}, expected {dim} and {similarity:?}; open the store of this model, or write it anew from its rows",
                self.dim, self.similarity
            ),
            path: self.path,
        })
    }
}
