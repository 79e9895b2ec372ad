//! Masked K-way vector quantization (TokenRec, section 4.2): K encoders look at a partly hidden row, each chooses a codeword of a codebook
//! of its own, and one decoder rebuilds the whole row from all of them.
//!
//! The codes of a row do not build on each other: none is coarser than the next.

mod config;
mod draws;
#[cfg(test)]
mod golden;
mod network;
mod options;
mod quantizer;
#[cfg(test)]
mod tests;

pub use config::MaskedVqConfig;
pub use network::{BatchNorm, NormedMlp};
pub use options::{Combine, EncoderGradient, Masking};
pub use quantizer::MaskedVq;
