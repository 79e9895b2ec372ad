//! Item tokenization and generative recommendation: the front door to the crates of genrec.
//!
//! A catalogue and what people did with it go in; recommendations of valid items, and figures that say how good they are, come out:
//!
//! 1. [`data`]: who did what when, and what the items say, read from files; cut into training, validation and test.
//! 2. [`embed`] and [`collaborative`]: what an item says, and what people did with it, as rows of numbers.
//! 3. [`quantize`]: rows to codes and back.
//! 4. [`identify`]: codes to identifiers, unique ones, in the words of a vocabulary.
//! 5. [`model`]: a language model learns to write the identifier of the next item; [`decode`] lets only valid identifiers out.
//! 6. [`metrics`]: how good is it, beside baselines, under one protocol.
//!
//! ```no_run
//! use std::{ops::ControlFlow, sync::Arc};
//!
//! use burn::tensor::Device;
//! use genrec::data::{leave_one_out, open};
//! use genrec::embed::HashedTfIdfConfig;
//! use genrec::identify::{Disambiguate, Vocabulary, letter::LetterConfig};
//! use genrec::metrics::{EvaluateConfig, evaluate};
//! use genrec::model::{
//!     Retrieval, SequenceModel, SequenceModelConfig, SequenceRecommender, SequenceTrainer, TrainingConfig,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let device = Device::default();
//! let dataset = open("data")?;
//! let split = leave_one_out(&dataset.interactions)?.limit_history(20);
//!
//! let texts = dataset.catalog.texts();
//! let rows = HashedTfIdfConfig::new().fit(&texts, 1)?.encode(&texts)?;
//! let tokenizer = LetterConfig::quick(rows.dim()).without_regularizers();
//! let codes = tokenizer.init().fit(&rows, None, &device, |_| ControlFlow::Continue(()))?;
//! let identifiers = codes.identify(&Disambiguate::NextBest)?;
//! let tokens = Arc::new(Vocabulary::of(&identifiers).tokenize(&identifiers));
//!
//! let config = SequenceModelConfig::quick(tokens.vocabulary());
//! let model = SequenceModel::new(config, &tokens, 1, &device)?;
//! let trainer = SequenceTrainer::new(TrainingConfig::quick(), "checkpoints");
//! let trained = trainer.fit(model, &tokens, &split.train, &split.validation, |_| {})?;
//!
//! let recommender = SequenceRecommender::new("TIGER", trained.model, Retrieval::new(tokens));
//! // With the training the report says what the split gives away of the answers.
//! let config = EvaluateConfig::new(1).with_training(split.train.clone());
//! println!("{}", evaluate(&recommender, &split.test, &config)?);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "train")]
pub mod report;

/// What people did, as rows; and as recommenders.
pub use genrec_collaborative as collaborative;
/// Element-wise work on the cores of the host.
pub use genrec_cores as cores;
/// Who did what when, and what items say.
pub use genrec_data as data;
/// Only valid identifiers come out.
pub use genrec_decode as decode;
/// What items say, as rows.
pub use genrec_embed as embed;
/// Codes to item identifiers.
pub use genrec_identify as identify;
/// How good is it, honestly.
pub use genrec_metrics as metrics;
/// Histories to the next item.
pub use genrec_model as model;
/// Reports as one HTML file.
pub use genrec_page as page;
/// Rows to codes and back.
pub use genrec_quantize as quantize;
/// Which item rows are nearest to a query.
pub use genrec_retrieve as retrieve;
/// What all trained recommenders share.
pub use genrec_train as train;
