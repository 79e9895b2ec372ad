use std::path::PathBuf;

/// What this crate returns when something fails.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with a page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The page could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system answered.
        source: std::io::Error,
    },

    /// The rows of a table are not as long as its header.
    #[error(
        "table \"{caption}\", row {row}: expected {expected} cells, as the header has, found {found}"
    )]
    Row {
        /// The table's caption.
        caption: String,
        /// The row, from 1.
        row: usize,
        /// How many cells the header has.
        expected: usize,
        /// How many the row has.
        found: usize,
    },

    /// Data that cannot be drawn.
    #[error("chart \"{caption}\"{}: expected {expected}, found {found}", in_series(series.as_deref()))]
    Chart {
        /// The chart's caption.
        caption: String,
        /// The series, where it is one that is wrong.
        series: Option<String>,
        /// What can be drawn.
        expected: String,
        /// What was given.
        found: String,
    },
}

fn in_series(series: Option<&str>) -> String {
    series
        .map(|series| format!(", series \"{series}\""))
        .unwrap_or_default()
}
