use burn::config::Config;
use genrec_identify::refine::Assignment;
use genrec_train::TrainingConfig;
use serde::{Deserialize, Serialize};

use crate::instruct::{Question, Regeneration};
use crate::{Error, Result};

/// Who gets an identifier that several items want: see [`Assignment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The items choose in the order of their numbers.
    AsListed,
    /// The items choose, those with most training interactions first.
    ByPopularity,
    /// The most likely proposals first.
    ByScore,
    /// As many items as possible get a proposal, and their scores add up to the most.
    Optimal,
}

impl Order {
    pub(super) fn assignment(self, popularity: impl FnOnce() -> Vec<u64>) -> Assignment {
        match self {
            Self::AsListed => Assignment::AsListed,
            Self::ByPopularity => Assignment::ByPopularity(popularity()),
            Self::ByScore => Assignment::ByScore,
            Self::Optimal => Assignment::Optimal,
        }
    }
}

/// Configuration of [`Siit`](super::Siit).
#[derive(Config, Debug, PartialEq)]
pub struct SiitConfig {
    /// Regenerations. The paper has 2 to 5.
    #[config(default = 2)]
    pub rounds: usize,
    /// The training on the next item with the identifiers given.
    pub warm_up: TrainingConfig,
    /// The training on what items say -> identifier and back, of the copy that writes new identifiers. The weights are those of the last epoch.
    pub alignment: TrainingConfig,
    /// The training on the next item with new identifiers.
    pub next_item: TrainingConfig,
    /// How the next item is asked for.
    #[config(default = "Question::Instruction")]
    pub question: Question,
    /// Proposals an item: the width of the beam search.
    #[config(default = 20)]
    pub proposals: usize,
    /// What may be written as an identifier.
    #[config(default = "Regeneration::PerLevel")]
    pub regeneration: Regeneration,
    /// Who gets an identifier that several items want.
    #[config(default = "Order::AsListed")]
    pub order: Order,
    /// The most recent items of a history that are read.
    #[config(default = 10)]
    pub max_history: usize,
    /// The tokens of what an item says that are read and written.
    #[config(default = 64)]
    pub max_text: usize,
    /// Seed of everything random.
    #[config(default = 0)]
    pub seed: u64,
}

impl SiitConfig {
    /// As in the paper (section 4.1), for a Flan-T5-small: 20 epochs of warm-up, 10 of each round, batches of 256, learning rate 1e-3. The paper says not how long the
    /// alignment is: 10 epochs.
    pub fn paper() -> Self {
        let training = TrainingConfig::new()
            .with_batch_size(256)
            .with_accumulation(1)
            .with_learning_rate(1e-3);
        Self::new(
            training.clone().with_epochs(20),
            training.clone().with_epochs(10),
            training.with_epochs(10),
        )
    }

    /// For a small decoder-only model that starts from nothing, within half an hour on two cores for a catalogue of a few thousand items: a pass over a history predicts all of
    /// its items.
    pub fn quick() -> Self {
        let training = TrainingConfig::new()
            .with_batch_size(64)
            .with_accumulation(1)
            .with_piece_rows(Some(16))
            .with_learning_rate(2e-3)
            .with_warmup(0.05)
            .with_samples_per_epoch(Some(8192));
        Self::new(
            training.clone().with_epochs(20).with_validate_every(5),
            training.clone().with_epochs(15),
            training.with_epochs(8).with_validate_every(4),
        )
        .with_max_text(32)
        .with_question(Question::WholeHistory)
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.proposals == 0 || self.max_history == 0 || self.max_text == 0 {
            return Err(Error::Config {
                what: "SIIT",
                found: format!(
                    "{} proposals, histories of {} items, texts of {} tokens",
                    self.proposals, self.max_history, self.max_text
                ),
                expected: String::from("at least 1 of each"),
            });
        }
        let stages = [
            ("warm-up", &self.warm_up),
            ("alignment", &self.alignment),
            ("next item", &self.next_item),
        ];
        if let Some((stage, _)) = stages.iter().find(|(_, training)| training.epochs == 0) {
            return Err(Error::Config {
                what: "SIIT",
                found: format!("0 epochs of {stage}"),
                expected: String::from("at least 1"),
            });
        }
        Ok(())
    }
}
