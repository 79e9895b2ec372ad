//! Training of sequence models.

mod batch;
mod loss;
mod task;
mod trainer;

pub use genrec_train::{EpochSummary, TrainingConfig, TrainingEvent};
pub use trainer::{SequenceTrainer, Trained};

#[cfg(test)]
mod tests;
