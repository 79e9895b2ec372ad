//! The training of a sequence model.

use std::path::Path;
use std::sync::Arc;

use genrec_data::{Interactions, Validation};
use genrec_identify::ItemTokens;
use genrec_train::{Trainer, TrainingConfig, TrainingEvent};

use super::task::NextIdentifier;
use crate::sequence::SequenceModel;
use crate::{Error, Result};

/// What the training of a sequence model has come to.
pub type Trained = genrec_train::Trained<SequenceModel>;

/// Trains a [`SequenceModel`] to write the identifier of the next item, with checkpoints in a folder.
///
/// A [`Trainer`] that measures the recommender on a sample of the validation users by NDCG@10 of its constrained beam search.
#[derive(Clone, Debug)]
pub struct SequenceTrainer(Trainer);

impl SequenceTrainer {
    /// A trainer that keeps its checkpoints in `folder`.
    pub fn new(config: TrainingConfig, folder: impl AsRef<Path>) -> Self {
        Self(Trainer::new(config, folder))
    }

    /// Whether to go on from the last checkpoint in the folder, if there is one. Without it a folder with checkpoints is refused.
    pub fn with_resume(self, resume: bool) -> Self {
        Self(self.0.with_resume(resume))
    }

    /// Trains on the histories of `train`, measured on `validation`; `listener` hears of every batch and epoch.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there is not one identifier an item of the data, and those of [`Trainer::fit`].
    pub fn fit(
        &self,
        model: SequenceModel,
        tokens: &Arc<ItemTokens>,
        train: &Interactions,
        validation: &Validation,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<Trained> {
        if tokens.items() != train.items() {
            return Err(Error::Config {
                what: "identifiers",
                found: format!("identifiers of {} items", tokens.items()),
                expected: format!("one for each of the {} items of the data", train.items()),
            });
        }
        super::expect_same_items(train, validation)?;
        let task = NextIdentifier::new(&model, tokens, train, self.0.config());
        Ok(self.0.fit(model, task, validation, listener)?)
    }
}
