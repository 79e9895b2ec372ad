//! Residual quantization: each level quantizes what the levels before it left over.

mod config;
mod options;
mod quantizer;
mod start;

pub use config::ResidualQuantizerConfig;
pub use options::{
    Assignment, CodebookInit, CodebookUpdate, LevelLoss, QuantizedGradient, Residual, RowError,
};
pub use quantizer::{ResidualQuantized, ResidualQuantizer};
