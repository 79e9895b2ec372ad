//! Sentence encoders of the BERT family.

mod encoder;
mod folder;
mod model;
mod weights;

pub use encoder::{SentenceEncoder, SentenceEncoderConfig};
pub use model::{Bert, BertConfig};
