//! Items as sets of continuous tokens, in no order (SETRec, Lin et al. 2025, section 3.1).
//!
//! **In**: frozen rows of what people did with the items and of what the items say. **Out**: a [`SetTable`], for every item a handful of vectors as wide as the language model that reads
//! them: one from the collaborative row (CF token), N from the text (semantic tokens).
//!
//! ```
//! use burn::tensor::Device;
//! use genrec_embed::Embeddings;
//! use genrec_identify::set::SetTokenizerConfig;
//!
//! let collaborative = Embeddings::from_vec(3, 2, vec![0.1; 6])?;
//! let text = Embeddings::from_vec(3, 5, vec![0.2; 15])?;
//! let tokenizer = SetTokenizerConfig::new(8).with_semantic(4).init(Some(2), Some(5), &Device::default())?;
//! let table = tokenizer.table(Some(&collaborative), Some(&text))?;
//! assert_eq!((table.items(), table.slots(), table.d_model()), (3, 5, 8));
//!
//! // New items need no training.
//! let more = tokenizer.table(Some(&collaborative.slice(0..1)), Some(&text.slice(0..1)))?;
//! assert_eq!(table.extended(&more)?.items(), 4);
//! # Ok::<(), genrec_identify::Error>(())
//! ```

mod table;
mod tokenizer;

pub use table::SetTable;
pub use tokenizer::{SetTokenizer, SetTokenizerConfig, SetTokens};
