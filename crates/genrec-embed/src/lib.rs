//! Item embeddings: what items say, as one row of numbers an item.
//!
//! In: the texts of a [`Catalog`](genrec_data::Catalog), or a file that somebody else computed. Out: [`Embeddings`],
//! whose row `i` belongs to item `i`, checked to be finite, and as many rows as there are items if you ask.
//!
//! ```
//! use genrec_embed::{Embeddings, HashedTfIdfConfig};
//!
//! let texts = ["steel screw, 20 mm", "brass screw, 30 mm", "hand cream", "cream for dry hands"];
//! let encoder = HashedTfIdfConfig::new().with_dim(64).fit(&texts, 42)?;
//! let embeddings = encoder.encode(&texts)?.expect_rows(4)?;
//! assert_eq!((embeddings.rows(), embeddings.dim()), (4, 64));
//!
//! let file = std::env::temp_dir().join(format!("genrec-embed-{}.npy", std::process::id()));
//! embeddings.write(&file)?;
//! assert_eq!(Embeddings::read(&file)?, embeddings);
//! # std::fs::remove_file(&file).unwrap();
//! # Ok::<(), genrec_embed::Error>(())
//! ```
//!
//! # What is inside
//!
//! - [`Embeddings`]: the rows, to and from arrays, tensors, safetensors and NumPy's `.npy`. Files are written whole or not
//!   at all, and read with every fault named: file, tensor, row and column.
//! - [`HashedTfIdf`]: a text encoder without weights. Words and pairs of words, weighted by TF-IDF and projected at random;
//!   the same on every platform.
//! - [`SentenceEncoder`]: a sentence encoder of the BERT family, read from a Hugging Face folder (such as
//!   all-MiniLM-L6-v2) and computed on any [`Device`](burn::tensor::Device) by the module [`Bert`].

mod bert;
mod embeddings;
mod error;
mod files;
mod principal;
mod tfidf;

pub use bert::{Bert, BertConfig, SentenceEncoder, SentenceEncoderConfig};
pub use embeddings::Embeddings;
pub use error::{Error, Result};
pub use principal::PrincipalComponents;
pub use tfidf::{HashedTfIdf, HashedTfIdfConfig};
