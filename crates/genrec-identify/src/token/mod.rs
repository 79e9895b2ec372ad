//! Users and items as tokens of a prompt (TokenRec, section 4): K tokens each, out of the vocabulary of any text, such as `<u1-128>` and `<v2-21>`.
//!
//! **In**: the codes of users and items, from a [`MaskedVq`](genrec_quantize::MaskedVq) over what people did or from a published file. **Out**: [`TokenTable`]s,
//! and the [`PromptVocabulary`] of a model that reads [`Prompt`]s with users and items in them. Users and items may share their tokens: who is read or found is
//! never read off the tokens alone.
//!
//! ```
//! use genrec_identify::CodeTable;
//! use genrec_identify::token::{Prompt, PromptVocabulary, Side, TokenTable};
//!
//! let codes = |codes: [u32; 6]| CodeTable::new(3, 2, codes.map(Into::into).to_vec(), vec![8, 8]);
//! let users = TokenTable::new(Side::User, codes([0, 1, 2, 3, 4, 5])?);
//! let items = TokenTable::new(Side::Item, codes([7, 0, 7, 1, 6, 0])?);
//! assert_eq!((users.name(1), items.name(2)), ("<u1-2><u2-3>".into(), "<v1-6><v2-0>".into()));
//!
//! let prompt = Prompt::new("{user} took {items}. What now?")?;
//! let vocabulary = PromptVocabulary::new([&prompt], [8, 8], [8, 8]);
//! // Pad, end, the words (took . what now ?), two levels of users, two of items.
//! assert_eq!(vocabulary.len(), 2 + 5 + 16 + 16);
//! # Ok::<(), genrec_identify::Error>(())
//! ```

mod prompt;
mod published;
mod side;
mod table;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use prompt::{Part, Prompt, Prompts};
pub use published::{read_published, write_published};
pub use side::Side;
pub use table::TokenTable;
pub use vocabulary::PromptVocabulary;
