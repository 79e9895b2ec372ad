//! Item identifiers: codes to identifiers, identifier tables, collisions, and the tokenizers of the papers.
//!
//! **In**: [`Embeddings`](genrec_embed::Embeddings) of what items say and of what people did with them, or codes that
//! are there already, such as a published `index.json`. **Out**: an [`IdentifierTable`], one identifier for every item
//! and one item for every identifier, and the [`ItemTokens`] that a language model reads and writes for it.
//!
//! ```
//! use genrec_data::ItemId;
//! use genrec_identify::{CodeTable, Disambiguate, Error, IdentifierTable, Vocabulary};
//!
//! // Codes as a quantizer or a file gives them: here items 0 and 2 collide.
//! let file = r#"{"0": ["<a_1>", "<b_0>"], "1": ["<a_0>", "<b_2>"], "2": ["<a_1>", "<b_0>"]}"#;
//! let codes = CodeTable::from_index_json(file)?;
//! assert_eq!(codes.collisions().rate(), 1.0 / 3.0);
//! assert!(matches!(IdentifierTable::from_index_json(file), Err(Error::Collision { .. })));
//!
//! // One more code for every item makes them unique.
//! let table = Disambiguate::AppendToken.apply(&codes, None)?;
//! assert_eq!(table.to_index_json(), r#"{"0": ["<a_1>", "<b_0>", "<c_0>"], "1": ["<a_0>", "<b_2>", "<c_0>"], "2": ["<a_1>", "<b_0>", "<c_1>"]}"#);
//!
//! // What a language model reads and writes, and the trie of all it may write.
//! let vocabulary = Vocabulary::of(&table);
//! let tokens = vocabulary.tokenize(&table);
//! let written: Vec<String> = tokens.tokens(ItemId::new(2)).iter().map(|&token| vocabulary.name(token)).collect();
//! assert_eq!(written, ["<a_1>", "<b_0>", "<c_1>"]);
//! assert_eq!(tokens.trie().get(tokens.tokens(ItemId::new(2))), Some(2));
//! # Ok::<(), Error>(())
//! ```
//!
//! # What is inside
//!
//! - [`Code`], [`Identifier`], and the tables: [`CodeTable`], collisions included, and [`IdentifierTable`], unique by
//!   construction. Both read and write LETTER's and LC-Rec's `index.json` to the same bytes.
//! - [`Collisions`], and the rules that resolve them, [`Disambiguate`]: append a code, Sinkhorn assignment, the next
//!   best free identifier. The last two look at the geometry behind the codes, a [`ResidualSpace`].
//! - [`Vocabulary`] and [`ItemTokens`]: the tokens of identifiers, and groups of items where collisions are kept, as
//!   published results have them.
//! - [`letter`]: the tokenizers of LETTER and TIGER, trained.
//! - [`indexing`]: identifiers without a trained tokenizer: IID, SID, SemID, CID.
//! - [`refine`]: identifiers that a model proposes itself, made unique (SIIT).
//! - [`set`]: items as sets of continuous tokens (SETRec).
//! - [`token`]: TokenRec's tokens of users and items, its prompts, and their vocabulary.
//! - [`inspect`]: what a table is worth before a model is trained on it: codebook use, collisions, tree, neighbours, categories, churn.
//! - [`Error`]: everything that can go wrong.

mod code;
mod collisions;
mod disambiguate;
mod error;
mod index_json;
pub mod indexing;
pub mod inspect;
mod item_tokens;
pub mod letter;
pub mod refine;
pub mod set;
mod table;
pub mod token;
mod vocabulary;

pub use code::{Code, Identifier};
pub use collisions::Collisions;
pub use disambiguate::{Disambiguate, Remainder, ResidualSpace, SinkhornRule};
pub use error::{Error, Result};
pub use item_tokens::ItemTokens;
pub use table::{CodeTable, IdentifierTable};
pub use vocabulary::Vocabulary;
