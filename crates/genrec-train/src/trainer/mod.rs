//! Training of anything that has a [`Task`], on burn-train.

mod average;
mod checkpoint;
mod config;
mod fit;
mod gradients;
mod learner;
mod loader;
mod progress;
mod schedule;
mod tally;
mod task;

pub use checkpoint::EpochSummary;
pub use config::TrainingConfig;
pub use fit::{Trained, Trainer, describe_weights};
pub use progress::TrainingEvent;
pub use task::Task;

#[cfg(test)]
mod tests;
