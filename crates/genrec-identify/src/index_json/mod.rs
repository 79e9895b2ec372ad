//! Identifiers as LETTER and LC-Rec publish them: `{"0": ["<a_12>", "<b_7>"], "1": ...}`.
//!
//! Keys are item numbers, every number from 0 once; the tokens are the codes of the levels in order. The writer spaces
//! as Python's `json.dumps` does and puts the items in order, so a published file that is read and written comes out
//! with the same bytes.

#[cfg(test)]
mod malformed;
mod read;

use std::{fmt::Write as _, fs, path::Path};

pub(crate) use read::{Lengths, parse};

use crate::{Code, Error, Identifier, Result};

/// Reads a file; see [`parse`].
pub(crate) fn read(path: &Path, lengths: Lengths) -> Result<Vec<Identifier>> {
    let bytes = fs::read(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &bytes, lengths)
}

/// Writes the identifiers of items 0, 1, ... to a file.
pub(crate) fn write<'a>(path: &Path, rows: impl Iterator<Item = &'a [Code]>) -> Result<()> {
    fs::write(path, to_string(rows)).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}

/// The identifiers of items 0, 1, ... as the file has them.
pub(crate) fn to_string<'a>(rows: impl Iterator<Item = &'a [Code]>) -> String {
    let mut text = String::from("{");
    for (item, codes) in rows.enumerate() {
        let comma = if item > 0 { ", " } else { "" };
        write!(text, "{comma}\"{item}\": [").expect("a string takes all that is written");
        for (level, code) in codes.iter().enumerate() {
            let comma = if level > 0 { ", " } else { "" };
            write!(text, "{comma}\"{}\"", code.name(level))
                .expect("a string takes all that is written");
        }
        text.push(']');
    }
    text.push('}');
    text
}
