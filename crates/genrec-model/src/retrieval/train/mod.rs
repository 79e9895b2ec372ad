//! Training of retrieval models.

mod batch;
mod loss;
mod task;
#[cfg(test)]
pub(in crate::retrieval) mod tests;
mod trainer;

pub use trainer::{RetrievalTrainer, TrainedRetrieval};
