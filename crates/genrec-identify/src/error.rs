use std::path::PathBuf;

use genrec_data::ItemId;

use crate::Identifier;

/// What this crate returns when it cannot fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between codes and identifiers.
///
/// Every message has the place, the value found there, what was expected instead and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system answered.
        source: std::io::Error,
    },

    /// An identifier file (`index.json`) does not hold what it should.
    #[error("{}:{line}:{column}: {}expected {expected}, found {found}", path.display(), in_item(item.as_deref()))]
    IndexFile {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1: where the fault was noticed, which is the end of the value that is wrong.
        column: usize,
        /// The key of the item in whose entry the fault lies, as the file writes it.
        item: Option<String>,
        /// What should have been there.
        expected: String,
        /// What is there.
        found: String,
    },

    /// A file of tokens does not hold what it should.
    #[error("{}:{line}: expected {expected}, found {found}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What should have been there.
        expected: String,
        /// What is there.
        found: String,
    },

    /// A table without items, or whose codes are no rectangle.
    #[error("expected {expected}, found {found}")]
    Shape {
        /// What the arguments should have satisfied.
        expected: String,
        /// The values given.
        found: String,
    },

    /// A code that its codebook does not have.
    #[error(
        "item {item}, level {level}: expected a code below {codewords} (the codewords of this level), found {found}"
    )]
    CodeOutOfRange {
        /// The item.
        item: u32,
        /// The level, from 0.
        level: usize,
        /// The code found.
        found: i64,
        /// The number of codewords of the level.
        codewords: usize,
    },

    /// Two or more items have one identifier, where each must have its own.
    #[error(
        "{groups} identifiers are shared by {collided} items, the first, {identifier}, by items {}; expected an identifier of its own for every item: \
         read the codes as a `CodeTable` and make them unique with `Disambiguate`, or keep the table as it is and work with its groups",
        list(items)
    )]
    Collision {
        /// The shared identifier of the lowest item that has to share.
        identifier: Identifier,
        /// The items that share it.
        items: Vec<ItemId>,
        /// The number of shared identifiers.
        groups: usize,
        /// The number of items that share an identifier with another.
        collided: usize,
    },

    /// A rule to resolve collisions needs the geometry behind the codes and did not get it.
    #[error(
        "{rule} compares latents with codewords and was given none; expected a `ResidualSpace` with the latents of all items and the codebooks \
         (where only the codes are known, as for a published table, use `Disambiguate::AppendToken`)"
    )]
    MissingGeometry {
        /// The rule.
        rule: &'static str,
    },

    /// A configuration that makes no sense.
    #[error("{option}: expected {expected}, found {found}")]
    Config {
        /// The option's name.
        option: &'static str,
        /// What it must satisfy.
        expected: String,
        /// Its value.
        found: String,
    },

    /// The quantizer or its training failed.
    #[error(transparent)]
    Quantize(#[from] genrec_quantize::Error),

    /// The embeddings do not fit.
    #[error(transparent)]
    Embed(#[from] genrec_embed::Error),
}

fn in_item(item: Option<&str>) -> String {
    item.map(|item| format!("item {item}: "))
        .unwrap_or_default()
}

/// The first few of a list of items; a message must stay readable.
fn list(items: &[ItemId]) -> String {
    const SHOWN: usize = 8;
    let mut text = items
        .iter()
        .take(SHOWN)
        .map(|item| item.get().to_string())
        .collect::<Vec<_>>()
        .join(", ");
    if items.len() > SHOWN {
        text += &format!(", ... ({} in all)", items.len());
    }
    text
}
