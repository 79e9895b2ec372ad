//! Which values a request may be answered with.

mod allowed;
mod mask;
mod selection;
#[cfg(test)]
mod tests;

pub(crate) use allowed::Allowed;
pub(crate) use mask::Mask;
pub use selection::Selection;
pub(crate) use selection::{EVERYTHING, allowed};

/// Which values a request may be answered with. Values that the trie does not have are ignored;
/// values may repeat, in any order.
///
/// What is the same for many requests is made a [`Selection`] once; a filter of its own is what
/// one request is about, and costs time for each of its values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Filter<'a> {
    /// Any value of the trie.
    #[default]
    All,
    /// Any value but these: what the user has seen, say.
    Exclude(&'a [u32]),
    /// Only these. None at all gives an empty list.
    Allow(&'a [u32]),
    /// What a selection has (a category, or all that is in stock) without some values. The
    /// selection has to be that of the identifiers that are searched.
    Within {
        /// What may be answered with at all.
        selection: &'a Selection,
        /// What may not all the same.
        exclude: &'a [u32],
    },
}
