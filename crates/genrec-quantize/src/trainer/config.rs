use super::{Checkpoints, Schedule, Selection};
use crate::{Error, Result};
use burn::config::Config;

/// Configuration of a [`Trainer`]; the defaults are LETTER's.
#[derive(Config, Debug, PartialEq)]
pub struct TrainerConfig {
    /// How often every row is seen.
    pub epochs: usize,
    /// Rows in a step; the last step of an epoch takes what is left.
    #[config(default = 1024)]
    pub batch: usize,
    /// Learning rate of AdamW.
    #[config(default = 1e-3)]
    pub learning_rate: f64,
    /// Decoupled weight decay of AdamW.
    #[config(default = 1e-4)]
    pub weight_decay: f64,
    /// The learning rate over the run.
    #[config(default = "Schedule::Constant")]
    pub schedule: Schedule,
    /// Gradients longer than this, all of them taken as one vector, are shortened to it.
    pub clip_norm: Option<f64>,
    /// Epochs from one evaluation over all rows to the next.
    #[config(default = 10)]
    pub evaluate_every: usize,
    /// Which model is given back.
    #[config(default = "Selection::Last")]
    pub selection: Selection,
    /// Epochs without an improvement of what `selection` watches after which the run ends.
    pub patience: Option<usize>,
    /// By how much the figure has to fall to count as improved.
    #[config(default = 0.0)]
    pub min_improvement: f64,
    /// Seed of everything random: order of the rows, start of the codebooks, dropout, revival.
    #[config(default = 0)]
    pub seed: u64,
    /// Whatever else a run depends on, as text (the settings of a regularizer): a checkpoint with
    /// another text is not resumed.
    #[config(default = "String::new()")]
    pub context: String,
}

/// Trains a [`Quantizer`](crate::Quantizer); see [`fit`](Trainer::fit).
#[derive(Clone, Debug)]
pub struct Trainer {
    pub(super) config: TrainerConfig,
    pub(super) checkpoints: Option<Checkpoints>,
}

impl TrainerConfig {
    /// A trainer that writes no checkpoints. The configuration is checked by [`Trainer::fit`].
    pub fn init(&self) -> Trainer {
        Trainer {
            config: self.clone(),
            checkpoints: None,
        }
    }

    /// Whether this can work.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a count of 0 or a rate out of its range.
    pub fn check(&self) -> Result<()> {
        let fail = |field, found: String, expected| {
            Err(Error::Config {
                field,
                found,
                expected,
            })
        };
        for (field, count) in [
            ("TrainerConfig::epochs", self.epochs),
            ("TrainerConfig::batch", self.batch),
            ("TrainerConfig::evaluate_every", self.evaluate_every),
        ] {
            if count == 0 {
                return fail(field, "0".into(), "it must be at least 1");
            }
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return fail(
                "TrainerConfig::learning_rate",
                self.learning_rate.to_string(),
                "it must be positive; 1e-3 is usual",
            );
        }
        for (field, weight) in [
            ("TrainerConfig::weight_decay", self.weight_decay),
            ("TrainerConfig::min_improvement", self.min_improvement),
        ] {
            if !(weight.is_finite() && weight >= 0.0) {
                return fail(
                    field,
                    weight.to_string(),
                    "it must be finite and not negative",
                );
            }
        }
        if let Some(norm) = self.clip_norm
            && !(norm.is_finite() && norm > 0.0)
        {
            return fail(
                "TrainerConfig::clip_norm",
                norm.to_string(),
                "it must be positive; 1 is usual",
            );
        }
        if let Schedule::WarmupCosine { warmup } = self.schedule
            && !(0.0..1.0).contains(&warmup)
        {
            return fail(
                "Schedule::WarmupCosine::warmup",
                warmup.to_string(),
                "it is a share of the steps, in 0..1",
            );
        }
        Ok(())
    }
}

impl Trainer {
    /// With checkpoints in a folder.
    pub fn with_checkpoints(mut self, checkpoints: Checkpoints) -> Self {
        self.checkpoints = Some(checkpoints);
        self
    }

    /// What it was made with.
    pub fn config(&self) -> &TrainerConfig {
        &self.config
    }
}
