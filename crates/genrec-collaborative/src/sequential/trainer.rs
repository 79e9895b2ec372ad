//! The training of a sequential model.

use std::path::Path;

use genrec_data::{Interactions, Validation};
use genrec_train::{Trainer, TrainingConfig, TrainingEvent};

use super::config::{Architecture, Loss, SequentialConfig};
use super::model::SequentialModel;
use super::task::NextItem;
use crate::error::{Error, Result};

/// What the training of a sequential model has come to.
pub type TrainedSequential = genrec_train::Trained<SequentialModel>;

impl SequentialConfig {
    /// How such a model is trained: batches of 128 whole sequences in pieces of 32, learning rate 3e-3 with 1 % warm-up and cosine over 60 epochs, measured on all
    /// validation users every fourth.
    pub fn training() -> TrainingConfig {
        TrainingConfig::new()
            .with_epochs(60)
            .with_batch_size(128)
            .with_piece_rows(Some(32))
            .with_accumulation(1)
            .with_learning_rate(3e-3)
            .with_weight_decay(0.0)
            .with_validation_users(usize::MAX)
            .with_validate_every(4)
            .with_patience(5)
    }
}

/// Trains a [`SequentialModel`], with checkpoints in a folder: a [`Trainer`] with the task of one.
#[derive(Clone, Debug)]
pub struct SequentialTrainer(Trainer);

impl SequentialTrainer {
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
    /// [`Error::Rows`] if the model is for another number of items, or reads users and is for another number of them, [`Error::Option`] for label smoothing with a loss that does not compare all items, [`Error::NothingToLearn`] if there are fewer than two items, and
    /// [`Error::Train`] for those of [`Trainer::fit`].
    pub fn fit(
        &self,
        model: SequentialModel,
        train: &Interactions,
        validation: &Validation,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<TrainedSequential> {
        if model.items != train.items() {
            return Err(Error::Rows {
                what: "items",
                found: model.items,
                expected: train.items(),
            });
        }
        let reads_users = matches!(
            model.config.architecture,
            Architecture::Caser { .. } | Architecture::Hgn { .. }
        );
        if reads_users && model.users != train.users() {
            return Err(Error::Rows {
                what: "users",
                found: model.users,
                expected: train.users(),
            });
        }
        if model.items < 2 {
            return Err(Error::NothingToLearn {
                users: train.users(),
                items: model.items,
                interactions: train.len(),
            });
        }
        let training = self.0.config();
        if training.label_smoothing != 0.0 && model.config.loss != Loss::Softmax {
            return Err(Error::Option {
                option: "label_smoothing",
                found: training.label_smoothing.to_string(),
                expected: "0 with a loss that does not compare all items",
            });
        }
        let task = NextItem::new(&model, train, training);
        Ok(self.0.fit(model, task, validation, listener)?)
    }
}
