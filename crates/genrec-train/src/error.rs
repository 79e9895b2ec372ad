//! What can go wrong.

use std::path::{Path, PathBuf};

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration that cannot be.
    #[error("{what}: found {found}, expected {expected}")]
    Config {
        /// What is configured.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it has to be.
        expected: String,
    },
    /// A file or folder that cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file whose content is not what it has to be.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found, what was expected, and what to do.
        reason: String,
    },
    /// A folder that was not written by this crate, is of another version, or has changed since.
    #[error("{}: {reason}", path.display())]
    Folder {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What was found, what was expected, and what to do.
        reason: String,
    },
    /// A training that cannot be continued from what the folder holds.
    #[error("cannot resume from {}: {reason}", path.display())]
    Resume {
        /// The folder of the training.
        path: PathBuf,
        /// What differs, and what to do.
        reason: String,
    },
    /// A training that has failed.
    #[error("training failed: {0}")]
    Training(String),
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An input or output error at `path`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { path, source }
    }
}
