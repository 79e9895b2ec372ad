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
    /// A training that has failed, or a folder that is not whole.
    #[error(transparent)]
    Train(#[from] genrec_train::Error),
    /// A search over rows that has failed.
    #[error(transparent)]
    Retrieve(#[from] genrec_retrieve::Error),
    /// Rows that cannot be read or written.
    #[error(transparent)]
    Embed(#[from] genrec_embed::Error),
    /// Identifiers that cannot be read or written.
    #[error(transparent)]
    Identify(#[from] genrec_identify::Error),
}

/// Results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An input or output error at `path`.
    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { path, source }
    }
}
