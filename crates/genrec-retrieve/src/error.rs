//! What can go wrong.

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something has another shape than it has to have.
    #[error("{what}: found {found}, expected {expected}")]
    Shape {
        /// What it is.
        what: &'static str,
        /// Its shape.
        found: String,
        /// What it has to be.
        expected: String,
    },
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
