//! Language models that read and write identifiers among words: LC-Rec and LETTER-LC-Rec, and the models of SIIT.
//!
//! *In:* identifiers of the items, what the items say, and training histories. *Out:* a [`LanguageRecommender`]: a history in an instruction in natural language, an identifier as the
//! answer, constrained to those that exist.
//!
//! - [`TextModel`]: a T5 or a decoder-only model, from any Hugging Face folder or from nothing.
//! - [`TextTokenizer`]: words and identifiers as tokens of one vocabulary; any Hugging Face `tokenizer.json`, or a small one trained on the texts at hand.
//! - [`Templates`]: instructions as data, fifteen wordings of the next item for shops and for places.
//! - [`Instructions`]: what a model is tuned on: next item, text to identifier and back, mixed histories, and search and preferences where there is text for them. The loss is on the
//!   response only.
//! - [`InstructionTrainer`] (feature `train`): the tuning, whole or of [adapters](crate::lora::LoraConfig).

#[cfg(feature = "train")]
mod batch;
mod exchange;
mod model;
mod propose;
mod recommender;
mod samples;
#[cfg(feature = "train")]
mod task;
mod templates;
#[cfg(all(test, feature = "train"))]
mod tests;
mod text;

pub use exchange::Exchange;
pub use model::TextModel;
pub use propose::{Regeneration, propose};
pub use recommender::LanguageRecommender;
pub use samples::{Instructions, Question};
#[cfg(feature = "train")]
pub use task::InstructionTrainer;
pub use templates::{Template, Templates};
pub use text::TextTokenizer;
