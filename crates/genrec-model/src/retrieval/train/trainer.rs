//! The training of a retrieval model.

use std::path::Path;
use std::sync::Arc;

use genrec_data::{Interactions, Validation};
use genrec_metrics::SeenItems;
use genrec_train::{Trainer, TrainingConfig, TrainingEvent};

use super::task::NearItems;
use crate::retrieval::{Representations, RetrievalModel, Tokens};
use crate::train::expect_same_items;
use crate::{Error, Result};

/// What the training of a retrieval model has come to.
pub type TrainedRetrieval = genrec_train::Trained<RetrievalModel>;

/// Trains a [`RetrievalModel`] to answer near the rows of the next items, with checkpoints in a folder.
///
/// A [`Trainer`] that measures the recommender on a sample of the validation users by NDCG@10, asked with the first of its prompts. Negatives are drawn from the items
/// of training that the user has not taken there. The temperature and the label smoothing of the [`TrainingConfig`] are of other models and have to be left as
/// they are; it is [`RetrievalConfig::loss`](crate::retrieval::RetrievalConfig::loss) that says what is learnt.
#[derive(Clone, Debug)]
pub struct RetrievalTrainer {
    trainer: Trainer,
    seen_items: SeenItems,
}

impl RetrievalTrainer {
    /// A trainer that keeps its checkpoints in `folder`.
    pub fn new(config: TrainingConfig, folder: impl AsRef<Path>) -> Self {
        Self {
            trainer: Trainer::new(config, folder),
            seen_items: SeenItems::Ranked,
        }
    }

    /// Whether to go on from the last checkpoint in the folder, if there is one. Without it a folder with checkpoints is refused.
    #[must_use]
    pub fn with_resume(mut self, resume: bool) -> Self {
        self.trainer = self.trainer.with_resume(resume);
        self
    }

    /// Whether items of the history take part in the ranking that validation measures.
    #[must_use]
    pub fn with_seen_items(mut self, seen_items: SeenItems) -> Self {
        self.seen_items = seen_items;
        self
    }

    /// Trains on the histories of `train`, measured on `validation`; `listener` hears of every batch and epoch. The tokens are those of the rows in
    /// `representations`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if model, tokens, representations and data are not of each other's size, and those of [`Trainer::fit`].
    pub fn fit(
        &self,
        model: RetrievalModel,
        tokens: &Arc<Tokens>,
        representations: &Representations,
        train: &Interactions,
        validation: &Validation,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<TrainedRetrieval> {
        let rows = [
            representations.users().rows(),
            representations.items().rows(),
        ];
        if rows != [train.users(), train.items()] {
            return Err(Error::Config {
                what: "representations",
                found: format!("{} users and {} items", rows[0], rows[1]),
                expected: format!(
                    "the {} users and {} items of the data",
                    train.users(),
                    train.items()
                ),
            });
        }
        expect_same_items(train, validation)?;
        let config = self.trainer.config();
        if (config.temperature, config.label_smoothing) != (1.0, 0.0) {
            return Err(Error::Config {
                what: "temperature and label_smoothing",
                found: format!("{} and {}", config.temperature, config.label_smoothing),
                expected: "1 and 0: they would do nothing; see RetrievalConfig::loss".into(),
            });
        }
        let task = NearItems::new(&model, tokens, representations, train, self.seen_items)?;
        Ok(self.trainer.fit(model, task, validation, listener)?)
    }
}
