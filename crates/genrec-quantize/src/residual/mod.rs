//! Residual quantization: each level quantizes what the levels before it left over.

mod config;
mod estimator;
mod options;
mod quantizer;
pub(crate) mod search;
mod start;
#[cfg(test)]
mod tests;

pub use config::ResidualQuantizerConfig;
pub use options::{
    Assignment, CodebookInit, CodebookUpdate, Codewords, Estimator, LevelLoss, QuantizedGradient,
    Residual, RowError,
};
pub use quantizer::{ResidualQuantized, ResidualQuantizer};
