//! Training of sequence models.

mod batch;
mod loss;
mod task;
mod trainer;

pub use genrec_train::{EpochSummary, TrainingConfig, TrainingEvent};
pub use trainer::{SequenceTrainer, Trained};

use genrec_data::{Interactions, Validation};

use crate::{Error, Result};

/// That a model is measured on the items that it is trained with.
pub(crate) fn expect_same_items(train: &Interactions, validation: &Validation) -> Result<()> {
    let (found, expected) = (validation.cases().items(), train.items());
    if found == expected {
        return Ok(());
    }
    Err(Error::Config {
        what: "items of the validation cases",
        found: found.to_string(),
        expected: format!("the {expected} of training"),
    })
}

#[cfg(test)]
mod tests;
