//! Generative recommenders: from histories to the identifier of the next item.
//!
//! *In:* the tokens of every item's identifier (from `genrec-identify`) and training histories (from `genrec-data`).
//! *Out:* a [`SequenceRecommender`], which answers histories with ranked items, and a [`System`], the folder it is saved as.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use burn::tensor::Device;
//! use genrec_identify::{IdentifierTable, Vocabulary};
//! use genrec_metrics::{Query, Recommender};
//! use genrec_model::{Retrieval, SequenceModel, SequenceModelConfig, SequenceRecommender};
//! use genrec_model::{SequenceTrainer, TrainingConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let table = IdentifierTable::read_index_json("identifiers.json")?;
//! let vocabulary = Vocabulary::of(&table);
//! let tokens = Arc::new(vocabulary.tokenize(&table));
//!
//! let device = Device::default();
//! let model = SequenceModel::new(SequenceModelConfig::quick(&vocabulary), &tokens, 0, &device)?;
//! let split = genrec_data::leave_one_out(&genrec_data::open("data")?.interactions)?;
//! let trained = SequenceTrainer::new(TrainingConfig::quick(), "checkpoints")
//!     .fit(model, &tokens, &split.train, &split.validation, |_| {})?;
//!
//! let recommender = SequenceRecommender::new("TIGER", trained.model, Retrieval::new(tokens));
//! let ranked = recommender.recommend(&[Query::anonymous(&[3.into(), 14.into()])], 10);
//! # Ok(())
//! # }
//! ```
//!
//! # What is inside
//!
//! - [`t5`]: the encoder-decoder, in Hugging Face's layout, with groups of target sequences that share a user's encoder states.
//! - [`instruct`]: language models tuned on instructions among whose words are identifiers (LC-Rec).
//! - [`lm`]: decoder-only language models in Hugging Face's layout.
//! - [`lora`]: low-rank adapters beside the layers of either, in PEFT's layout.
//! - [`sequence`]: TIGER and LETTER-TIGER: histories to identifier tokens, constrained beam search, items out.
//! - [`set`]: SETRec: sets of continuous tokens, all answered at once.
//! - [`retrieval`]: TokenRec: users and items as tokens of a prompt, the next item by nearest neighbour.
//! - [`siit`] (feature `train`): SIIT: rounds in which a language model writes its identifiers anew.
//! - [`train`] (feature `train`, on by default): training on burn-train with length buckets, early stopping, and checkpoints that survive a kill.
//! - [`System`]: a trained recommender in one verified folder.

mod beams;
mod error;
pub mod instruct;
pub mod lm;
pub mod lora;
pub mod retrieval;
pub mod sequence;
pub mod set;
mod side_by_side;
#[cfg(feature = "train")]
pub mod siit;
mod system;
pub mod t5;
#[cfg(feature = "train")]
pub mod train;
mod weights;

pub use error::{Error, Result};
#[cfg(feature = "train")]
pub use retrieval::train::{RetrievalTrainer, TrainedRetrieval};
pub use retrieval::{
    Representations, RetrievalConfig, RetrievalModel, RetrievalRecommender, TokenRecConfig,
    Tokenizers, Tokens,
};
pub use sequence::{
    DecoderInput, HistoryPositions, Inputs, Retrieval, SequenceModel, SequenceModelConfig,
    SequenceRecommender, SequenceScorer, SoftmaxOver,
};
pub use system::{System, SystemRecommender};
#[cfg(feature = "train")]
pub use train::{EpochSummary, SequenceTrainer, Trained, TrainingConfig, TrainingEvent};
