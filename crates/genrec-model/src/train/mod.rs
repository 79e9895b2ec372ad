//! Training of sequence models, on burn-train.

mod batch;
mod checkpoint;
mod config;
mod learner;
mod loader;
mod loss;
mod progress;
mod samples;
mod tally;
mod trainer;

pub use checkpoint::EpochSummary;
pub use config::TrainingConfig;
pub use progress::TrainingEvent;
pub use trainer::{SequenceTrainer, Trained};

#[cfg(test)]
mod tests;
