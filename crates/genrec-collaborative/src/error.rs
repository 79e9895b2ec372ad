use std::path::PathBuf;

/// Everything that can go wrong in this crate. Every message says where, what was found, what was expected and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option has a value it cannot have.
    #[error("option `{option}` is {found}, expected {expected}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        found: String,
        /// The values it can have.
        expected: &'static str,
    },
    /// There is nothing to learn from.
    #[error(
        "{interactions} interactions of {users} users with {items} items compare nothing, expected a user with an item who lacks another one: check how the data were read or filtered"
    )]
    NothingToLearn {
        /// The users.
        users: usize,
        /// The items in the catalogue.
        items: usize,
        /// The interactions.
        interactions: usize,
    },
    /// The loss is no longer a number.
    #[error("the loss is {loss} in epoch {epoch}: lower `learning_rate` or `init_std`")]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The mean loss of that epoch.
        loss: f64,
    },
    /// Saved rows do not belong to the users and items they are used for.
    #[error(
        "there are {found} rows for {expected} {what}, expected one for each: load rows that were made from these very data"
    )]
    Rows {
        /// Users or items.
        what: &'static str,
        /// The rows found.
        found: usize,
        /// The users or items there are.
        expected: usize,
    },
    /// Rows that belong together have different widths.
    #[error(
        "the rows of `{what}` are {found} wide, expected {expected} like the others: the file was put together from several models"
    )]
    Width {
        /// Which rows.
        what: &'static str,
        /// Their width.
        found: usize,
        /// The width of the others.
        expected: usize,
    },
    /// The contents of a file are not those of one model.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: Box<Error>,
    },
    /// Embeddings could not be made, read or written.
    #[error(transparent)]
    Embeddings(#[from] genrec_embed::Error),
    /// A training that has failed, or a folder that is not whole.
    #[error(transparent)]
    Train(#[from] genrec_train::Error),
    /// The model could not be measured on the validation cases.
    #[error(transparent)]
    Evaluation(#[from] genrec_metrics::Error),
}

/// The result of what fits, reads or writes a collaborative model.
pub type Result<T, E = Error> = std::result::Result<T, E>;
