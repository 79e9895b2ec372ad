//! Users and items as tokens of a prompt, the next item by nearest neighbour: TokenRec (Qu et al., "TokenRec: Learning to tokenize ID for
//! LLM-based generative recommendations", 2024).
//!
//! *In:* [`Representations`], a row of a collaborative model for every user and item. [`Tokenizers`] make tokens of them, a [`RetrievalModel`] reads a prompt with
//! the tokens of a user and of the user's history and answers with one row, and the items whose rows are nearest to it are recommended. *Out:* a
//! [`RetrievalRecommender`]. No identifier is written, so that users and items may share their tokens, and new ones need rows only:
//! [`RetrievalRecommender::update_representations`].
//!
//! # What is inside
//!
//! - [`TokenRecConfig`]: everything of the method, as in the paper, as released, and for two processor cores.
//! - [`Representations`], [`Tokenizers`], [`Tokens`]: rows, what makes tokens of them, and the tokens.
//! - [`RetrievalModel`]: a T5 whose decoder reads one start token, and a linear layer from its state to the width of the rows.
//! - [`RetrievalRecommender`]: model, tokens and a search over the rows of items.

mod asking;
mod config;
mod model;
mod reader;
mod recommender;
mod rows;
#[cfg(test)]
mod tests;
#[cfg(feature = "train")]
pub(crate) mod train;

pub(crate) use asking::Asking;
pub use config::{HistoryOrder, RetrievalConfig, RetrievalLoss, TokenRecConfig};
pub use model::RetrievalModel;
pub(crate) use reader::Reader;
pub use recommender::RetrievalRecommender;
pub use rows::{Representations, Tokenizers, Tokens};
