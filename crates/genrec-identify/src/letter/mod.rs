//! LETTER's learnable item tokenizer (Wang et al., "Learnable Item Tokenization for Generative Recommendation", CIKM
//! 2024, section 3), and TIGER's (Rajput et al., "Recommender Systems with Generative Retrieval", NeurIPS 2023, section
//! 3.1) as the case without regularizers.
//!
//! **In**: text [`Embeddings`](genrec_embed::Embeddings), row `i` of item `i`; for the collaborative regularizer
//! collaborative ones, too. **Out**: a [`Letter`]: the trained [`RqVae`](genrec_quantize::RqVae), the codes of all
//! items, and what is needed to make identifiers of them.
//!
//! The loss of a batch of `B` items, with latents `r_0 = Enc(x)`, residuals `r_l = r_{l-1} - e_{l,c_l}` and `z^ = sum_l
//! e_{l,c_l}`:
//!
//! ```text
//! L     = L_sem + alpha L_CF + beta L_div
//! L_sem = || x - Dec(z^) ||^2 + sum_l ( || sg[r_{l-1}] - e_{l,c_l} ||^2 + mu || r_{l-1} - sg[e_{l,c_l}] ||^2 )
//! L_CF  = -1/B sum_i log [ exp<z^_i, h_i> / sum_j exp<z^_i, h_j> ]                 collaborative_loss
//! L_div = -1/B sum_i log [ exp<e^i, e_+> / sum_{j != c} exp<e^i, e_j> ]            diversity_loss, level by level
//! ```
//!
//! `L_sem` is the loss of the [`RqVae`](genrec_quantize::RqVae) itself. `h_i` is the collaborative embedding of item
//! `i`; `e_+` a random other codeword of the cluster of `e^i`, where each codebook is clustered anew in every epoch by
//! k-means with bounded cluster sizes.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use burn::tensor::Device;
//! use genrec_embed::Embeddings;
//! use genrec_identify::{Disambiguate, letter::LetterConfig};
//!
//! # let text = Embeddings::from_vec(40, 8, (0..320).map(|at| (at * at % 37) as f32 / 37.0).collect())?;
//! // A small one without regularizers; as `LetterConfig::paper(text.dim())` it would train for hours.
//! let mut config = LetterConfig::quick(text.dim()).without_regularizers().with_seed(7);
//! config.rqvae.hidden = vec![16];
//! config.rqvae.quantizer.codebook_sizes = vec![8, 8];
//! config.training.epochs = 5;
//!
//! let letter = config.init().fit(&text, None, &Device::default(), |epoch| {
//!     assert!(epoch.loss.is_finite());
//!     ControlFlow::Continue(())
//! })?;
//! let identifiers = letter.identify(&Disambiguate::NextBest)?;
//! assert_eq!(identifiers.len(), text.rows());
//! # Ok::<(), genrec_identify::Error>(())
//! ```
//!
//! # Where the paper and its released code part
//!
//! Both are reached by plain options; [`LetterConfig::paper`] and [`LetterConfig::released`] set them together.
//!
//! | | paper | released code | option |
//! | --- | --- | --- | --- |
//! | 1 | the terms of the levels are summed | averaged: with four levels their terms, `L_div` among them, weigh a quarter as much against the others | `rqvae.quantizer.level_loss` |
//! | 2 | `L_CF` is printed without the logarithm | with it | [`CollaborativeConfig::form`] (with it by default: without, it is not the contrastive loss that is meant) |
//! | 3 | `r_l = r_{l-1} - e` | `r_{l-1}` less the straight-through value: no gradient goes on | `rqvae.quantizer.residual` |
//! | 4 | `L_CF` reaches the codebooks | only the encoder | `rqvae.quantizer.quantized_gradient` |
//! | 5 | start of the codebooks not said | constrained k-means over all latents | `rqvae.quantizer.init` |
//! | 6 | nearest codeword | on the last level Sinkhorn, while training and where items collide | `rqvae.quantizer.assignment`, [`Disambiguate`](crate::Disambiguate) |
//! | 7 | a cluster of one codeword: undefined | endless loop | none: the term is 0 |
//!
//! (The eighth, the temperature of the generation loss, belongs to the language model.)

mod ablation;
mod aligned;
mod codewords;
mod collaborative;
mod config;
mod diversity;
mod fitted;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod learning;
#[cfg(test)]
mod planted;
mod regularizer;
mod sweep;
mod trainer;

pub use ablation::Ablation;
pub use collaborative::{ContrastiveForm, collaborative_loss};
pub use config::{Alignment, CollaborativeConfig, DiversityConfig, LetterConfig};
pub use diversity::{Clusters, diversity_loss};
pub use fitted::{Letter, LetterEpoch};
pub use sweep::Setting;
pub use trainer::LetterTrainer;
