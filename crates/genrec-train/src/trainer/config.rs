//! How a recommender is trained.

use burn::config::Config;

use crate::Error;

/// Configuration of a [`Trainer`](super::Trainer), with LETTER-TIGER's values (LETTER, section 4.1) as defaults where the paper gives them.
#[derive(Config, Debug, PartialEq)]
pub struct TrainingConfig {
    /// Passes over the training samples, at most.
    #[config(default = 200)]
    pub epochs: usize,
    /// Samples a forward and backward pass. A sample is a prefix and its next item, or a whole sequence.
    #[config(default = 256)]
    pub batch_size: usize,
    /// Samples of an epoch, drawn anew for each; `None`, or more than there are, takes them all. Where there are many samples a user, this gives more validations for
    /// the same work.
    #[config(default = "None")]
    pub samples_per_epoch: Option<usize>,
    /// Samples of a batch that are computed at a time. The pieces of a batch are computed side by side on the cores of the host and their gradients
    /// added in order, so that the result does not depend on the number of cores. `None` computes the batch as a whole, as an accelerator does with any number here.
    #[config(default = "Some(32)")]
    pub piece_rows: Option<usize>,
    /// Batches whose gradients are averaged before one step of the optimizer.
    #[config(default = 4)]
    pub accumulation: usize,
    /// The highest learning rate, reached after the warm-up.
    #[config(default = 5e-4)]
    pub learning_rate: f64,
    /// Weight decay of AdamW.
    #[config(default = 0.01)]
    pub weight_decay: f32,
    /// Share of all steps during which the learning rate rises linearly; afterwards it falls along a cosine to zero.
    #[config(default = 0.01)]
    pub warmup: f64,
    /// The temperature tau of LETTER's ranking-guided generation loss (section 3.3): logits are divided by it in training, not at inference.
    /// Below one, the hardest wrong tokens weigh more.
    #[config(default = 1.0)]
    pub temperature: f64,
    /// Share of the target probability that is spread evenly over the tokens of the softmax; 0 is plain cross-entropy.
    #[config(default = 0.0)]
    pub label_smoothing: f64,
    /// Gradients whose norm over all parameters exceeds this are scaled down to it.
    #[config(default = "Some(1.0)")]
    pub max_gradient_norm: Option<f64>,
    /// Measure and keep a running average of the weights, moved towards them by one less this share after every step. `None` keeps the weights themselves.
    #[config(default = "None")]
    pub averaging: Option<f64>,
    /// Batches are cut from windows of this many batches of shuffled samples, sorted by length, so that little is padded.
    #[config(default = 50)]
    pub bucket_window: usize,
    /// Users on whose validation items the recommender is measured: a sample, the same in every epoch.
    #[config(default = 1_000)]
    pub validation_users: usize,
    /// Beams of the validation's search, in models that search.
    #[config(default = 20)]
    pub validation_beams: usize,
    /// Epochs from one validation to the next.
    #[config(default = 1)]
    pub validate_every: usize,
    /// Training ends when the validation NDCG@10 has not risen for this many validations.
    #[config(default = 20)]
    pub patience: usize,
    /// Seed of the order of samples, of masks, negatives and dropout, and of the validation sample.
    #[config(default = 0)]
    pub seed: u64,
}

impl TrainingConfig {
    /// LETTER-TIGER as the paper trains it: 200 epochs, effective batch 1,024, learning rate 5e-4, tau 0.7. The released code is [`new`](Self::new): its tau is 1.
    pub fn paper() -> Self {
        Self::new().with_temperature(0.7)
    }

    /// For `SequenceModelConfig::quick` of `genrec-model`: smaller batches, whole sequences as samples, a higher learning
    /// rate.
    pub fn quick() -> Self {
        Self::new()
            .with_epochs(20)
            .with_batch_size(64)
            .with_accumulation(1)
            .with_piece_rows(Some(16))
            .with_learning_rate(3e-3)
            .with_warmup(0.05)
            .with_weight_decay(0.3)
            .with_validation_users(1_000)
            .with_validate_every(2)
            .with_patience(5)
    }

    /// Refuses values that no training can use.
    pub(super) fn check(&self) -> crate::Result<()> {
        let counts = [
            ("epochs", self.epochs),
            ("batch_size", self.batch_size),
            ("accumulation", self.accumulation),
            ("samples_per_epoch", self.samples_per_epoch.unwrap_or(1)),
            ("piece_rows", self.piece_rows.unwrap_or(1)),
            ("bucket_window", self.bucket_window),
            ("validation_users", self.validation_users),
            ("validation_beams", self.validation_beams),
            ("validate_every", self.validate_every),
            ("patience", self.patience),
        ];
        for (what, value) in counts {
            if value == 0 {
                return Err(Error::Config {
                    what,
                    found: "0".into(),
                    expected: "at least 1".into(),
                });
            }
        }
        let norm = self.max_gradient_norm.unwrap_or(1.0);
        let shares = (0.0..1.0, "at least 0 and below 1");
        let ranges = [
            (
                "max_gradient_norm",
                norm,
                f64::MIN_POSITIVE..f64::INFINITY,
                "a finite number above 0",
            ),
            (
                "weight_decay",
                f64::from(self.weight_decay),
                0.0..f64::INFINITY,
                "a finite number of at least 0",
            ),
            (
                "learning_rate",
                self.learning_rate,
                f64::MIN_POSITIVE..1.0 + f64::EPSILON,
                "above 0 and at most 1",
            ),
            (
                "temperature",
                self.temperature,
                f64::MIN_POSITIVE..f64::INFINITY,
                "a finite number above 0",
            ),
            (
                "warmup",
                self.warmup,
                0.0..1.0 + f64::EPSILON,
                "at least 0 and at most 1",
            ),
            (
                "averaging",
                self.averaging.unwrap_or(0.0),
                shares.0.clone(),
                shares.1,
            ),
            ("label_smoothing", self.label_smoothing, shares.0, shares.1),
        ];
        for (what, value, range, expected) in ranges {
            if !range.contains(&value) {
                return Err(Error::Config {
                    what,
                    found: value.to_string(),
                    expected: expected.into(),
                });
            }
        }
        Ok(())
    }
}
