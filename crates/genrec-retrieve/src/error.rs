//! What can go wrong.

use genrec_data::ItemId;

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
    /// A row holds NaN or an infinity: what is nearest to it is not defined.
    #[error(
        "{what}: row {row}, column {column} is {value}, expected a finite number; compute the row anew or leave it out"
    )]
    NotFinite {
        /// Whose rows.
        what: &'static str,
        /// The first such row.
        row: usize,
        /// Its first such column.
        column: usize,
        /// What is there.
        value: f32,
    },
    /// Dot products of these rows may not fit 32 bits.
    #[error(
        "{what}: row {row} has length {length:.2e}, and the longest row that it meets {other:.2e}: their dot product may be infinite; scale the rows down"
    )]
    TooLong {
        /// Whose rows.
        what: &'static str,
        /// The longest of them.
        row: usize,
        /// Its Euclidean length.
        length: f64,
        /// The greatest length of the rows that it is compared with.
        other: f64,
    },
    /// An item that the catalogue does not have.
    #[error(
        "{what}: place {place} of list {list} is item {item}, expected one below {items}, the number of items; take the lists from the catalogue of the rows"
    )]
    Item {
        /// Which lists.
        what: &'static str,
        /// The list.
        list: usize,
        /// The place in it.
        place: usize,
        /// What is there.
        item: ItemId,
        /// How many items there are.
        items: usize,
    },
    /// One call gives two rows to one item.
    #[error(
        "{what}: item {item} comes at places {first} and {second}, expected once; keep the row that is meant"
    )]
    Repeated {
        /// Which items.
        what: &'static str,
        /// The item.
        item: ItemId,
        /// Where it comes first.
        first: usize,
        /// Where it comes again.
        second: usize,
    },
    /// A vector store that cannot be made, opened, read or written.
    #[cfg(feature = "store")]
    #[error("{}: {reason}", path.display())]
    Store {
        /// Its folder or file.
        path: std::path::PathBuf,
        /// What was found, what was expected, and what to do.
        reason: String,
    },
    /// The rows of a vector store cannot be clustered.
    #[cfg(feature = "store")]
    #[error("the rows cannot be clustered: {0}")]
    Clustering(#[from] genrec_quantize::Error),
    /// The device cannot hand a tensor back.
    #[error("the device cannot hand over {what}: {reason}")]
    Device {
        /// What was asked for.
        what: &'static str,
        /// Why not.
        reason: String,
    },
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Error>;
