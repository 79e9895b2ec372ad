use std::path::PathBuf;

/// What can go wrong; every message names the place, what was found and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration value that cannot work.
    #[error("{field} is {found}, but {expected}")]
    Config {
        /// The configuration and its field, as in `TrainerConfig::batch`.
        field: &'static str,
        /// The value found.
        found: String,
        /// What would have been right, and what to do.
        expected: &'static str,
    },
    /// A matrix of rows that does not fit what it is given to.
    #[error("the rows are [{rows}, {columns}], but {expected}")]
    Rows {
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
        /// What would have been right, and what to do.
        expected: String,
    },
    /// A row with a value that is no finite number.
    #[error(
        "row {row}, column {column} is {value}: every value must be finite; repair or drop that row"
    )]
    NotFinite {
        /// Number of the row.
        row: usize,
        /// Number of the column.
        column: usize,
        /// The value found.
        value: f32,
    },
    /// Cluster sizes that no assignment can meet.
    #[error(
        "{points} points cannot form {clusters} clusters of {min} to {max} points: that holds {} to {} points; change the bounds or the number of clusters",
        clusters.saturating_mul(*min), clusters.saturating_mul(*max)
    )]
    Bounds {
        /// Points to assign.
        points: usize,
        /// Clusters asked for.
        clusters: usize,
        /// Fewest points a cluster may have.
        min: usize,
        /// Most points a cluster may have.
        max: usize,
    },
    /// Training ran away: the loss is no finite number any more.
    #[error(
        "the training loss of epoch {epoch} is {loss}: lower the learning rate, clip the gradients, or look for rows of extreme size"
    )]
    Diverged {
        /// The epoch, counted from 0.
        epoch: usize,
        /// The loss found.
        loss: f64,
    },
    /// A checkpoint that cannot be used.
    #[error("checkpoint {}: {reason}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// The file system refused.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried, as in `cannot write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The refusal.
        source: std::io::Error,
    },
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Refuses fields that are 0.
pub(crate) fn at_least_one(fields: &[(&'static str, usize)]) -> Result<()> {
    match fields.iter().find(|&&(_, count)| count == 0) {
        None => Ok(()),
        Some(&(field, _)) => Err(Error::Config {
            field,
            found: "0".into(),
            expected: "it must be at least 1",
        }),
    }
}
