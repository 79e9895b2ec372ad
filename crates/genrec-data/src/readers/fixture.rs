//! Files for the readers' tests.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

use crate::{Dataset, Result, UserId};

/// A temporary folder that is gone with the value.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file with exactly these contents.
    pub(crate) fn file(&self, name: &str, contents: impl Into<Vec<u8>>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, contents.into()).unwrap();
        path
    }

    /// The first half of the compressed text: a download that broke off.
    pub(crate) fn truncated_gz(&self, name: &str, text: &str) -> PathBuf {
        let bytes = gzip(text.as_bytes());
        self.file(name, bytes[..bytes.len() * 2 / 3].to_vec())
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A data set in the names of its source: each user with the items.
pub(crate) fn by_name(dataset: &Dataset) -> Vec<(&str, Vec<&str>)> {
    (0..dataset.users.len())
        .map(|user| {
            let history = dataset.interactions.history(UserId::from_index(user));
            let items = history
                .iter()
                .map(|item| dataset.catalog.ids().original(item.index()));
            (dataset.users.original(user), items.collect())
        })
        .collect()
}

/// Asserts that reading fails with a message that has all the parts.
#[track_caller]
pub(crate) fn refused<T>(result: Result<T>, parts: &[&str]) {
    let message = match result {
        Ok(_) => panic!("read without an error, expected one with {parts:?}"),
        Err(error) => error.to_string(),
    };
    for part in parts {
        assert!(message.contains(part), "expected {part:?} in: {message}");
    }
}

/// A folder of real data beside the repository, or `None` with the reason printed.
#[allow(clippy::print_stderr)]
pub(crate) fn real(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: the data set is not at {}", path.display());
    None
}
