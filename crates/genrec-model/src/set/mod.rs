//! SETRec: items as sets of continuous tokens, all answered at once (Lin et al., "Order-agnostic Identifier for Large Language Model-based Generative Recommendation", 2025).
//!
//! *In:* frozen rows of what people did with the items and of what the items say, and training histories. *Out:* a [`SetRecommender`]: one pass of the network answers every query
//! vector at once, and items are ranked by how well their tokens fit the answers. No beam search, and new items need no training.
//!
//! - [`SetRecConfig`]: `paper()`, `released()` and `quick()`; tokens, attention, queries, the weight alpha of the reconstruction.
//! - [`ItemRows`]: the frozen rows, also for items that nobody met.
//! - [`SetModel`]: tokenizer, T5 and queries, trained together by [`SetTrainer`] (feature `train`).
//! - [`SetRecommender`]: the trained model with a [`SetTable`](genrec_identify::set::SetTable) of tokens worked out once, and the weight beta between CF and semantic answers, chosen on
//!   validation.

mod config;
#[cfg(all(test, feature = "train"))]
mod golden;
mod model;
mod recommender;
mod rows;
#[cfg(feature = "train")]
mod task;
#[cfg(all(test, feature = "train"))]
mod tests;

pub use config::{QueryAttention, Reconstruction, SetRecConfig};
pub use model::SetModel;
pub use recommender::SetRecommender;
pub use rows::ItemRows;
#[cfg(feature = "train")]
pub use task::SetTrainer;
