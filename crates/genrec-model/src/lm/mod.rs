//! Decoder-only language models: Qwen2, Qwen2.5, LLaMA 2 and 3.
//!
//! *In:* token ids, and how many of each row are real. *Out:* hidden states and logits over any contiguous slice of the vocabulary; or, prompt first and then token by token,
//! the states of many beams that share one prompt.
//!
//! Pre-norm blocks of grouped-query attention (Ainslie et al. 2023) with rotary positions (Su et al. 2021) and a gated feed-forward layer (Shazeer 2020), root mean square norms
//! ([`RmsNorm`](crate::t5::RmsNorm)). Folders in the layout of Hugging Face [load](LanguageModel::load) as they are, in one file or in shards, and are [saved](LanguageModel::save) the
//! same way.
//!
//! - **Beams are query positions.** Keys and values of a [prompt](Prompt) are computed once and never copied; a beam adds only its own tokens.
//! - **Only the tokens that can follow.** [`LanguageModel::logits`] projects onto a range of the vocabulary.
//! - **Low-rank adapters** stand beside [any named linear layers](crate::lora::Adapters::adapt), and can be [merged](crate::lora::Adapters::merge).
//!
//! ```
//! use burn::tensor::{Device, Int, Tensor};
//! use genrec_model::lm::LanguageModelConfig;
//!
//! let device = Device::default();
//! let model = LanguageModelConfig::new(40, 16, 2).init(&device)?;
//! let tokens = Tensor::<2, Int>::from_data([[3, 14, 27], [5, 9, 0]], &device);
//! assert_eq!(model.logits(model.forward(tokens.clone()), 0..40).dims(), [2, 3, 40]);
//!
//! // Prompts of 3 and 2 tokens, then one token for each of two beams.
//! let (prompt, last) = model.read(tokens, &[3, 2]);
//! assert_eq!(model.logits(last, 2..12).dims(), [2, 10]);
//! let mut beams = prompt.beams();
//! let next = Tensor::<2, Int>::from_data([[7, 8], [9, 9]], &device);
//! assert_eq!(model.step(next, &prompt, &mut beams).dims(), [2, 2, 16]);
//! # Ok::<(), genrec_model::Error>(())
//! ```

mod attention;
mod cache;
mod config;
mod files;
mod model;
mod rotary;
mod scorer;

#[cfg(test)]
mod tests;

pub use attention::Attention;
pub use cache::{Beams, Prompt};
pub use config::{Family, LanguageModelConfig, RotaryScaling};
pub use model::{Block, FeedForward, LanguageModel};
pub use scorer::LanguageScorer;
