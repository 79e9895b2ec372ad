use std::path::{Path, PathBuf};

/// Everything that can go wrong in this crate. Every message says where, what was found, what was expected and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened, read, written or renamed.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The contents of a file are not what they should be.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with its contents.
        reason: Box<Error>,
    },
    /// A file is truncated, damaged or of another format.
    #[error(
        "not a readable {format} file ({reason}); it is truncated, damaged or of another format: write it anew"
    )]
    Format {
        /// The format it was read as.
        format: &'static str,
        /// What the parser said.
        reason: String,
    },
    /// The name of a file does not tell its format.
    #[error(
        "the extension is {found:?}, expected `safetensors` or `npy`: rename the file, or call the reader or writer of its format"
    )]
    Extension {
        /// The extension found, empty if there is none.
        found: String,
    },
    /// No tensor of the file can be meant.
    #[error(
        "no tensor `{expected}`, found {}: write the tensor under this name, or take another file",
        few(found)
    )]
    NoTensor {
        /// The tensor looked for.
        expected: String,
        /// The tensors in the file.
        found: Vec<String>,
    },
    /// A tensor has a type of element that is not a floating point number we read.
    #[error("tensor `{tensor}` holds {found}, expected one of {expected}: convert it first")]
    ElementType {
        /// The tensor.
        tensor: String,
        /// Its type of element.
        found: String,
        /// The types accepted.
        expected: &'static str,
    },
    /// A tensor has another shape than it must have.
    #[error("tensor `{tensor}` has shape {found:?}, expected {expected}")]
    Shape {
        /// The tensor.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have, in words.
        expected: String,
    },
    /// An embedding holds NaN or an infinity.
    #[error(
        "row {row}, column {column} is {value}, expected a finite number: embeddings with holes must be completed or their items removed first"
    )]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The value found.
        value: f32,
    },
    /// The rows do not have any columns.
    #[error("the embeddings have {rows} rows of width 0, expected a width of at least 1")]
    NoColumns {
        /// The number of rows.
        rows: usize,
    },
    /// More principal components than there are columns, or none.
    #[error("{found} components of rows of width {width}, expected 1 to {width}")]
    Components {
        /// The components asked for.
        found: usize,
        /// The width of the rows.
        width: usize,
    },
    /// There are more or fewer rows than there are items.
    #[error("there are {found} rows, expected {expected}, one an item: {remedy}")]
    Rows {
        /// The number of rows found.
        found: usize,
        /// The number of items.
        expected: usize,
        /// What to do about it.
        remedy: &'static str,
    },
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
    /// A model folder is not that of a model this crate can run.
    #[error(
        "`{key}` is {found}, expected {expected}: this encoder runs BERT models (post-norm, learned absolute positions)"
    )]
    Model {
        /// The key in `config.json`.
        key: &'static str,
        /// The value found.
        found: String,
        /// The values supported.
        expected: &'static str,
    },
    /// A model folder lacks a file.
    #[error("{folder} has no `{file}`, expected the folder of a sentence encoder: `config.json`, `tokenizer.json`, `model.safetensors`", folder = folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The file it lacks.
        file: &'static str,
    },
    /// A weight of a model is NaN or an infinity.
    #[error(
        "element {place} of tensor `{tensor}` is {value}, expected a finite number: fetch the model anew"
    )]
    Weight {
        /// The tensor.
        tensor: String,
        /// The element, counted through the tensor from 0.
        place: usize,
        /// The value found.
        value: f32,
    },
    /// The text tokenizer refused to load or to encode a text.
    #[error("text tokenizer: {reason}")]
    Tokenizer {
        /// What it said.
        reason: String,
    },
    /// The device failed to compute or to hand back a tensor.
    #[error("the device did not return a result: {reason}")]
    Device {
        /// What it said.
        reason: String,
    },
}

/// The first of some names, and how many more there are: a model has hundreds of tensors.
fn few(names: &[String]) -> String {
    const SHOWN: usize = 6;
    match names.len() {
        0 => "none".into(),
        1..=SHOWN => names.join(", "),
        all => format!("{} and {} more", names[..SHOWN].join(", "), all - SHOWN),
    }
}

impl Error {
    /// Says which file this error is about.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        Self::File {
            path: path.to_path_buf(),
            reason: Box::new(self),
        }
    }

    /// An error of the operating system about a file.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}

/// The result of what reads, writes or computes embeddings.
pub type Result<T, E = Error> = std::result::Result<T, E>;
