//! T5: the encoder-decoder of TIGER, LETTER-TIGER, SETRec and TokenRec.
//!
//! *In:* token ids (or rows of any other origin, already embedded) and a mask of real positions. *Out:* encoder states, decoder states, and logits
//! over any contiguous slice of the vocabulary.
//!
//! The network is that of Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer" (2020, section 2.1): pre-norm
//! residual blocks with [RMS norms](RmsNorm), attention without scaling or biases, and one learned [bias by relative distance](RelativeBias) shared by
//! the layers of a stack. Both published variants are here: version 1.0 (ReLU, head tied to the embeddings) and version 1.1 (gated GELU, a head of its own).
//! Folders in the layout of Hugging Face [load](T5::load) as they are and are [saved](T5::save) the same way.
//!
//! Three things differ from the usual implementation, none of them in the numbers:
//!
//! - **Groups and beams are query positions.** [`T5::decode`] and [`T5::decode_step`] let many short target sequences share the encoder states of one
//!   user. Cross-attention [keys and values](CrossMemory) are computed once a user and never copied.
//! - **Only the tokens that can follow.** [`T5::logits`] projects onto a range of the vocabulary.
//! - **Seeded dropout.** Masks are a function of [a seed](T5::seed_dropout) and of nothing else.
//!
//! ```
//! use burn::tensor::{Bool, Device, Int, Tensor};
//! use genrec_model::t5::{SelfCache, T5Config};
//!
//! let device = Device::default();
//! let t5 = T5Config::letter_tiger(40).init(&device);
//! let history = Tensor::<2, Int>::from_data([[3, 14, 27], [5, 0, 0]], &device);
//! let mask = Tensor::<2, Bool>::from_data([[true, true, true], [true, false, false]], &device);
//!
//! // Encode once, then write one token: two beams for each of the two users.
//! let memory = t5.memory(t5.encode(t5.embed(history), &mask));
//! let mut cache = SelfCache::new();
//! let beams = t5.embed(Tensor::<2, Int>::from_data([[7, 8], [9, 9]], &device));
//! let hidden = t5.decode_step(beams, &memory, &mask, &mut cache);
//! assert_eq!(t5.logits(hidden, 2..12).dims(), [2, 2, 10]);
//! ```

mod attention;
mod bias;
mod cache;
mod config;
mod feed_forward;
mod files;
mod model;
mod norm;
mod scorer;
mod sets;
mod stack;

#[cfg(test)]
mod tests;

pub use attention::Attention;
pub use bias::RelativeBias;
pub use cache::{CrossMemory, SelfCache};

pub use config::{Activation, T5Config};
pub use feed_forward::FeedForward;
pub use model::T5;
pub use norm::RmsNorm;
pub use scorer::T5Scorer;
pub use sets::SetAttention;
pub use stack::{Decoder, DecoderLayer, Encoder, EncoderLayer};
