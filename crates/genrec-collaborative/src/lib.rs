//! Collaborative models: rows of users and items learnt from what people did, and recommenders themselves.
//!
//! In: the [`Interactions`](genrec_data::Interactions) to learn from. Out: a model that gives
//! [`Embeddings`](genrec_embed::Embeddings) of the items (LightGCN of the users, too), and that is a
//! [`Recommender`](genrec_metrics::Recommender) itself.
//!
//! ```
//! use genrec_collaborative::LightGcnConfig;
//! use genrec_data::{Interactions, ItemId};
//! use genrec_metrics::{Query, Recommender};
//!
//! let items = |numbers: &[u32]| numbers.iter().copied().map(ItemId::new).collect::<Vec<_>>();
//! let histories = vec![items(&[0, 1, 2]), items(&[1, 2]), items(&[3, 4]), items(&[3, 4, 5])];
//! let interactions = Interactions::new(6, histories)?;
//!
//! let config = LightGcnConfig::new().with_d_model(16).with_learning_rate(0.01).with_epochs(100);
//! let model = config.fit(&interactions, 7, |epoch| assert!(epoch.loss < 1.0))?;
//! assert_eq!(model.item_embeddings().rows(), 6);
//!
//! // Somebody new who has item 1: the items of the same people come first.
//! let history = items(&[1]);
//! let best = &model.recommend(&[Query::anonymous(&history)], 3)[0];
//! assert!(best.items().iter().all(|item| item.index() < 3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is inside
//!
//! - [`LightGcn`]: rows propagated along the graph of who had what, trained by pairwise comparisons. Products and
//!   gradients are written by hand on compressed sparse rows and run on all cores of the host; the same seed gives the same
//!   bits with any number of them. With 0 layers it is matrix factorization, [`LightGcnConfig::bpr_mf`].
//! - [`SequentialModel`]: SASRec, BERT4Rec, GRU4Rec, Caser or HGN over one table of items, with cross-entropy over all items or the papers' losses
//!   ([`Loss`]); trained by a [`SequentialTrainer`] (feature `train`, on by default).

mod error;
mod lightgcn;
mod sequential;

pub use error::{Error, Result};
pub use lightgcn::{EarlyStopping, Epoch, LightGcn, LightGcnConfig};
pub use sequential::{Architecture, Loss, Score, SequentialConfig, SequentialModel};
#[cfg(feature = "train")]
pub use sequential::{SequentialTrainer, TrainedSequential};
