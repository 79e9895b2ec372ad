//! Tables from items to codes: with collisions ([`CodeTable`]) and without ([`IdentifierTable`]).

mod codes;
mod identifiers;
#[cfg(test)]
mod published;

pub use codes::CodeTable;
pub use identifiers::IdentifierTable;

use genrec_data::ItemId;

use crate::{Code, Error, Result};

/// So many codewords in all levels together leave room for the special tokens in 32 bits.
const MAX_CODEWORDS: usize = 1 << 31;

/// Checks what all tables must satisfy.
pub(crate) fn check_sizes(items: usize, codebook_sizes: &[usize]) -> Result<()> {
    let shape = |expected: &str, found: String| {
        Err(Error::Shape {
            expected: expected.to_owned(),
            found,
        })
    };
    if items == 0 || items > u32::MAX as usize {
        return shape("between 1 and 2^32 - 1 items", format!("{items}"));
    }
    if codebook_sizes.is_empty() || codebook_sizes.contains(&0) {
        return shape(
            "at least one level and at least one codeword at every level",
            format!("codebook sizes {codebook_sizes:?}"),
        );
    }
    let codewords = codebook_sizes
        .iter()
        .fold(0_usize, |sum, &size| sum.saturating_add(size));
    if codewords > MAX_CODEWORDS {
        return shape(
            "at most 2^31 codewords in all levels together",
            format!("{codewords}"),
        );
    }
    Ok(())
}

/// Checks that every code of an item is below the codebook size of its level; there are at least as many sizes as codes.
pub(crate) fn check_codes(item: ItemId, codes: &[Code], codebook_sizes: &[usize]) -> Result<()> {
    let mut levels = codes.iter().zip(codebook_sizes).enumerate();
    match levels.find(|(_, (code, codewords))| code.index() >= **codewords) {
        None => Ok(()),
        Some((level, (code, &codewords))) => Err(Error::CodeOutOfRange {
            item: item.get(),
            level,
            found: code.get().into(),
            codewords,
        }),
    }
}
