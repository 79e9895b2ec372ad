//! Vector quantization: rows to codes and back.
//!
//! **In**: a matrix of rows `[rows, d]`, one per thing to be coded; what a row means is the
//! caller's business. **Out**: a trained [`Quantizer`], the codes `[rows, levels]` it gives, and
//! how well they are used ([`CodeUsage`]).
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use genrec_quantize::{
//!     CodeUsage, Quantizer, ResidualQuantizerConfig, RqVaeConfig, Selection, TrainerConfig, encode_all,
//! };
//!
//! # fn main() -> Result<(), genrec_quantize::Error> {
//! let device = Device::default();
//! let rows = Tensor::<2>::random([200, 16], Distribution::Normal(0.0, 1.0), &device);
//!
//! // 16 -> 32 -> 8, three levels of eight codewords, and back.
//! let rqvae = RqVaeConfig::new(16)
//!     .with_hidden(vec![32])
//!     .with_quantizer(ResidualQuantizerConfig::new(8).with_codebook_sizes(vec![8; 3]))
//!     .init(&device);
//!
//! let fitted = TrainerConfig::new(5)
//!     .with_batch(64)
//!     .with_selection(Selection::Reconstruction)
//!     .init()
//!     .fit(rqvae, &rows, Default::default())?;
//!
//! let codes = encode_all(&fitted.quantizer, &rows, 64); // [200, 3]
//! let usage = CodeUsage::new(codes.clone(), &fitted.quantizer.codebook_sizes());
//! assert_eq!(usage.levels.len(), 3);
//! let back = fitted.quantizer.decode(codes); // [200, 16]
//! assert_eq!(back.dims(), [200, 16]);
//! # Ok(())
//! # }
//! ```
//!
//! Without training, by clustering:
//!
//! ```
//! # use burn::tensor::{Device, Distribution, Tensor};
//! use genrec_quantize::{Quantizer, ResidualKMeansConfig};
//!
//! # fn main() -> Result<(), genrec_quantize::Error> {
//! # let rows = Tensor::<2>::random([200, 16], Distribution::Normal(0.0, 1.0), &Device::default());
//! let fitted = ResidualKMeansConfig::new()
//!     .with_codebook_sizes(vec![8; 3])
//!     .with_beam(4)
//!     .fit(&rows, 1)?;
//! assert_eq!(fitted.encode(rows).dims(), [200, 3]);
//! # Ok(())
//! # }
//! ```
//!
//! # What is inside
//!
//! - [`Quantizer`], what the trainer calls, and [`Quantized`], what it gives back. [`RqVae`] is the
//!   residual-quantized auto-encoder of TIGER and LETTER: an [`Mlp`], a [`ResidualQuantizer`] of
//!   several [`Codebook`]s, a mirrored [`Mlp`]. Where papers and their released code part (what is
//!   summed, where gradients go, how codebooks start, how the last level is assigned) each way is
//!   an option of [`ResidualQuantizerConfig`]; [`RqVaeConfig::paper`] and [`RqVaeConfig::released`]
//!   set them together.
//! - Ways past the choice of a codeword, all options of [`ResidualQuantizerConfig`]: straight
//!   through, the rotation trick, Gumbel-softmax ([`Estimator`]); codebooks that learn by gradient
//!   or are moving averages ([`CodebookUpdate`]), free or behind a linear layer as in SimVQ
//!   ([`Codewords`]). [`Fsq`] rounds instead of choosing and has no codebook to learn.
//! - [`MaskedVq`], TokenRec's tokenizer: K encoders that see a part of a row, K codebooks, one
//!   decoder; [`MaskedVqConfig::paper`] and [`MaskedVqConfig::released`].
//! - Quantizers that are fitted by clustering, not trained: [`ResidualKMeans`] (greedy or with a
//!   beam over the levels) and [`ProductKMeans`] (with a rotation or without). Their
//!   configurations have a `fit`; what it gives is a [`Quantizer`] as well, on which a [`Trainer`]
//!   can go on.
//! - [`Trainer`]: seeded minibatches, AdamW, schedules, callbacks ([`Callbacks`]: a regularizer, a
//!   criterion, progress), early stopping, the best model kept, checkpoints that survive being
//!   killed at any moment and resume to the same bits.
//! - Clustering: [`KMeansConfig`] on the device, [`ConstrainedKMeansConfig`] with hard lower and
//!   upper sizes and an exact assignment ([`constrained_assignment`]), and balanced assignment by
//!   [`SinkhornConfig`].
//! - [`CodeUsage`]: used codewords, entropy, perplexity and Gini coefficient per level, collisions
//!   of whole codes.

mod codebook;
mod distance;
mod error;
mod fsq;
#[cfg(test)]
mod golden;
mod kmeans;
mod masked;
mod mlp;
mod product;
mod quantizer;
mod residual;
mod residual_kmeans;
mod rows;
mod rqvae;
mod seed;
mod sinkhorn;
mod trainer;
mod usage;

pub use codebook::{Codebook, CodebookConfig};
pub use error::{Error, Result};
pub use fsq::{Fsq, FsqConfig};
pub use kmeans::{
    ClusterSizes, Clustering, ConstrainedKMeansConfig, KMeansConfig, SizeBounds,
    constrained_assignment,
};
pub use masked::{
    BatchNorm, Combine, EncoderGradient, MaskedVq, MaskedVqConfig, Masking, NormedMlp,
};
pub use mlp::{Mlp, MlpConfig, MlpInit};
pub use product::{ProductKMeans, ProductKMeansConfig, Rotation};
pub use quantizer::{EpochCodes, Quantized, Quantizer, encode_all};
pub use residual::{
    Assignment, CodebookInit, CodebookUpdate, Codewords, Estimator, LevelLoss, QuantizedGradient,
    Residual, ResidualQuantized, ResidualQuantizer, ResidualQuantizerConfig, RowError,
};
pub use residual_kmeans::{ResidualKMeans, ResidualKMeansConfig};
pub use rqvae::{RqVae, RqVaeConfig};
pub use sinkhorn::{SinkhornConfig, SinkhornPlan};
pub use trainer::{
    Batch, Callbacks, Checkpoints, Evaluation, Fitted, Progress, Schedule, Selection, Stop,
    Trainer, TrainerConfig,
};
pub use usage::{CodeUsage, LevelUsage};
