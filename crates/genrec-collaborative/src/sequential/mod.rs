//! Sequential recommenders: a network reads a history and the item whose row is nearest to what it says comes next.
//!
//! One model with five networks: they share the table of items, the losses, the training and the recommending, so that what differs between two rows of a
//! table is the network and nothing else.

mod config;
mod files;
mod inputs;
#[cfg(feature = "train")]
mod loss;
mod model;
mod network;
mod recommend;
#[cfg(feature = "train")]
mod task;
#[cfg(feature = "train")]
mod trainer;

pub use config::{Architecture, Loss, Score, SequentialConfig};
pub use model::SequentialModel;
#[cfg(feature = "train")]
pub use trainer::{SequentialTrainer, TrainedSequential};

#[cfg(all(test, feature = "train"))]
mod tests;
