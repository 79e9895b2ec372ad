//! Training of any [`Quantizer`](crate::Quantizer): minibatches, AdamW, schedules, early stopping,
//! checkpoints.
//!
//! A loop of its own instead of `burn-train`, because codebooks start from the data and change
//! between steps.

mod callbacks;
mod checkpoint;
mod clip;
mod config;
mod epoch;
mod fit;
mod schedule;
mod selection;

pub use callbacks::{Batch, Callbacks, Evaluation, Progress};
pub use checkpoint::Checkpoints;
pub use config::{Trainer, TrainerConfig};
pub use fit::{Fitted, Stop};
pub use schedule::Schedule;
pub use selection::Selection;

#[cfg(test)]
mod tests;
