//! Histories to identifiers: TIGER and LETTER-TIGER.

mod config;
mod inputs;
mod model;
mod recommender;
mod retrieval;
mod scorer;

pub use config::{DecoderInput, HistoryPositions, SequenceModelConfig, SoftmaxOver};
pub use inputs::Inputs;
pub use model::SequenceModel;
pub use recommender::SequenceRecommender;
pub use retrieval::Retrieval;
pub use scorer::SequenceScorer;

#[cfg(test)]
mod tests;
