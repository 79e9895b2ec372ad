//! LightGCN (He et al., "LightGCN: Simplifying and powering graph convolution network for recommendation", 2020).

mod adam;
mod bpr;
mod config;
mod file;
mod fit;
mod graph;
mod learner;
mod model;
mod propagation;
mod recommend;
mod rows;
mod sampler;
mod selection;

pub use config::{EarlyStopping, LightGcnConfig};
pub use fit::Epoch;
pub use model::LightGcn;
