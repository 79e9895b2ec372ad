//! What all trained recommenders share.
//!
//! *In:* a [`Task`]: what a module learns from, its loss, and how it recommends. *Out:* a [`Trained`] module with the weights of the epoch that
//! recommended best on validation, and checkpoints that a killed training goes on from to the same bits.
//!
//! The models themselves are in `genrec-model` (generative) and `genrec-collaborative` (classic).
//!
//! # What is inside
//!
//! - [`Trainer`] (feature `trainer`, on by default): burn-train with AdamW, warm-up and cosine, batches of like length, clipped gradients, batches cut into
//!   pieces that are computed side by side, averaged weights, early stopping, and a checkpoint an epoch.
//! - [`Samples`]: training histories as stretches of bounded length; [`batches`]: their order.
//! - [`Dropout`] and [`Draw`]: masks and initial weights that are functions of a seed alone, not of what else a process draws.
//! - [`softmax_loss`]: cross-entropy over all items, its gradient worked out by hand.
//! - [`sealed`]: folders that are there whole or not at all.

mod draw;
mod dropout;
mod error;
mod samples;
pub mod sealed;
mod seed;
mod softmax;
#[cfg(feature = "trainer")]
mod trainer;

pub use draw::Draw;
pub use dropout::Dropout;
pub use error::{Error, Result};
pub use samples::{Samples, batches};
pub use seed::mixed;
pub use softmax::softmax_loss;
#[cfg(feature = "trainer")]
pub use trainer::{
    EpochSummary, Task, Trained, Trainer, TrainingConfig, TrainingEvent, describe_weights,
};
