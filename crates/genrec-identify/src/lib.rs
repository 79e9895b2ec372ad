//! Item identifiers: codes to identifiers, identifier tables, collisions, and the tokenizers of the papers.

mod code;
mod collisions;
mod disambiguate;
mod error;
mod index_json;
mod item_tokens;
pub mod letter;
mod table;
mod vocabulary;

pub use code::{Code, Identifier};
pub use collisions::Collisions;
pub use disambiguate::{Disambiguate, Remainder, ResidualSpace, SinkhornRule};
pub use error::{Error, Result};
pub use item_tokens::ItemTokens;
pub use table::{CodeTable, IdentifierTable};
pub use vocabulary::Vocabulary;
