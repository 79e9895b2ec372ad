//! Tables from items to codes: with collisions ([`CodeTable`]) and without ([`IdentifierTable`]).

mod codes;
mod identifiers;
#[cfg(test)]
mod published;

pub use codes::CodeTable;
pub use identifiers::IdentifierTable;

use crate::{Error, Result};

/// So many codewords in all levels together leave room for the special tokens in 32 bits.
const MAX_CODEWORDS: usize = 1 << 31;

/// Checks what both tables must satisfy.
fn check_sizes(items: usize, codebook_sizes: &[usize]) -> Result<()> {
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
