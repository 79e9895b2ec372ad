//! The training of a sequence model, from data to the weights of the best epoch.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use burn::lr_scheduler::{
    LrSchedulerConfig, cosine::CosineAnnealingLrSchedulerConfig, linear::LinearLrSchedulerConfig,
    module_lr_scheduler::ModuleLrScheduler, sequential::SequentialLrSchedulerConfig,
};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::AdamWConfig;
use burn::store::ModuleRecord;
use burn::tensor::Tensor;
use burn::train::logger::InMemoryMetricLogger;
use burn::train::{Interrupter, Learner, SupervisedTraining};
use genrec_data::{Interactions, ItemId, Validation};
use genrec_identify::ItemTokens;

use super::batch::Layout;
use super::checkpoint::{EpochSummary, Part, Patience, SaveEveryEpoch, Vault};
use super::learner::{SequenceLearner, Settings};
use super::loader::{TrainLoader, ValidationLoader};
use super::progress::{Listener, Renderer};
use super::samples::Samples;
use super::tally::Tally;
use super::{TrainingConfig, TrainingEvent};
use crate::sequence::{Retrieval, SequenceModel};
use crate::{Error, Result, sealed};

/// What a training has come to.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model with the weights of the best epoch.
    pub model: SequenceModel,
    /// The epoch whose weights these are: the one with the highest validation NDCG@10.
    pub best: EpochSummary,
    /// All epochs, in order.
    pub epochs: Vec<EpochSummary>,
}

/// Trains a [`SequenceModel`] to write the identifier of the next item, with checkpoints in a folder.
///
/// Runs on burn-train, on the device of the model. Samples are batched by length; AdamW, warm-up and cosine, clipped gradients; after an epoch
/// the recommender is measured on a sample of the validation users by NDCG@10 of its constrained beam search. The same seed gives the same
/// result on the same device, also when the training was killed at any moment and resumed.
#[derive(Clone, Debug)]
pub struct SequenceTrainer {
    config: TrainingConfig,
    folder: PathBuf,
    resume: bool,
}

impl SequenceTrainer {
    /// A trainer that keeps its checkpoints in `folder`.
    pub fn new(config: TrainingConfig, folder: impl AsRef<Path>) -> Self {
        Self {
            config,
            folder: folder.as_ref().to_path_buf(),
            resume: false,
        }
    }

    /// Whether to go on from the last checkpoint in the folder, if there is one. Without it a folder with checkpoints is refused.
    pub fn with_resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Trains on the histories of `train`, measured on `validation`; `listener` hears of every batch and epoch.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for settings that cannot be, [`Error::Resume`] and [`Error::Folder`] for checkpoints that cannot be continued from,
    /// [`Error::Training`] if a step fails or the loss is no longer a number.
    pub fn fit(
        &self,
        model: SequenceModel,
        tokens: &Arc<ItemTokens>,
        train: &Interactions,
        validation: &Validation,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<Trained> {
        let config = &self.config;
        check(config)?;
        if tokens.items() != train.items() {
            return Err(Error::Config {
                what: "identifiers",
                found: format!("identifiers of {} items", tokens.items()),
                expected: format!("one for each of the {} items of the data", train.items()),
            });
        }
        let whole_sequences = model.config().t5.causal_encoder;
        let samples = Samples::new(train, model.config().max_history, whole_sequences);
        let users: Vec<(Vec<ItemId>, ItemId)> = validation
            .cases()
            .sample(config.validation_users, config.seed)
            .iter()
            .filter_map(|case| {
                case.targets
                    .first()
                    .map(|&target| (case.history.to_vec(), target))
            })
            .collect();
        if samples.len() == 0 || users.is_empty() {
            return Err(Error::Config {
                what: "training data",
                found: format!(
                    "{} training samples and {} validation users",
                    samples.len(),
                    users.len()
                ),
                expected: "at least one of each: histories of two items or more".into(),
            });
        }

        let fingerprint = fingerprint(&model, tokens, train, &users, config);
        let vault = Vault::open(&self.folder, &fingerprint, self.resume)?;
        if vault.last_epoch() < config.epochs && !vault.journal().exhausted(config.patience) {
            self.run(
                &model,
                tokens,
                samples,
                users,
                &vault,
                Listener::new(listener),
            )?;
        }

        let journal = vault.journal();
        let best = journal
            .best()
            .ok_or_else(|| Error::Training("no epoch was validated".into()))?;
        let file = vault.model_file(best.epoch)?;
        let record = ModuleRecord::load(&file).map_err(|error| Error::Malformed {
            path: file.clone(),
            reason: error.to_string(),
        })?;
        let learner = self.learner(model, tokens).load_record(record);
        Ok(Trained {
            model: learner.model,
            best,
            epochs: journal.epochs,
        })
    }

    pub(super) fn learner(
        &self,
        model: SequenceModel,
        tokens: &Arc<ItemTokens>,
    ) -> SequenceLearner {
        SequenceLearner {
            model,
            settings: Arc::new(Settings {
                retrieval: Retrieval::new(tokens.clone()).with_beams(self.config.validation_beams),
                temperature: self.config.temperature,
                label_smoothing: self.config.label_smoothing,
                accumulation: self.config.accumulation,
                max_gradient_norm: self.config.max_gradient_norm,
            }),
        }
    }

    fn run(
        &self,
        model: &SequenceModel,
        tokens: &Arc<ItemTokens>,
        samples: Samples,
        users: Vec<(Vec<ItemId>, ItemId)>,
        vault: &Vault,
        listener: Listener,
    ) -> Result<()> {
        let config = &self.config;
        let device = model.device();
        let last = vault.last_epoch();
        let next = last as u64 + 1;
        let batches = samples.len().div_ceil(config.batch_size);
        let steps = config.epochs * batches.div_ceil(config.accumulation);
        let total = samples.len();

        let train = TrainLoader {
            subset: (0..samples.len()).collect(),
            samples: Arc::new(samples),
            retrieval: Retrieval::new(tokens.clone()),
            layout: Layout::of(model),
            batch_size: config.batch_size,
            piece_rows: config.piece_rows,
            window: config.bucket_window,
            seed: config.seed,
            device,
            epoch: AtomicU64::new(next),
        };
        let validation = ValidationLoader {
            users: Arc::new(users),
            batch_size: 64,
            every: config.validate_every as u64,
            epochs: config.epochs as u64,
            epoch: AtomicU64::new(next),
        };

        let tally = Tally::default();
        let interrupter = Interrupter::new();
        let report = listener.clone();
        let mut training =
            SupervisedTraining::new(&self.folder, Arc::new(train), Arc::new(validation))
                .with_application_logger(None)
                .with_metric_logger(InMemoryMetricLogger::new())
                .metric_train(tally.loss_metric(interrupter.clone()))
                .with_interrupter(interrupter)
                .metric_valid(tally.gain_metric())
                .num_epochs(config.epochs)
                .renderer(Box::new(Renderer {
                    listener,
                    tally: tally.clone(),
                    epoch: last + 1,
                    epochs: config.epochs,
                    total,
                    training: true,
                }))
                .with_custom_checkpointers(
                    vault.part(Part::Model),
                    vault.part(Part::Optimizer),
                    vault.part(Part::Schedule),
                )
                .with_checkpointing_strategy(SaveEveryEpoch {
                    vault: vault.clone(),
                    tally: tally.clone(),
                    report: Box::new(move |summary| report.tell(TrainingEvent::Epoch(*summary))),
                })
                .early_stopping(Patience {
                    vault: vault.clone(),
                    patience: config.patience,
                });
        if config.accumulation > 1 {
            training = training.grads_accumulation(config.accumulation);
        }
        if last > 0 {
            training = training.checkpoint(last);
        }
        let optimizer = AdamWConfig::new()
            .with_weight_decay(config.weight_decay)
            .with_epsilon(1e-8)
            .init();
        let learner = Learner::new(
            self.learner(model.clone(), tokens).train(),
            optimizer,
            schedule(config, steps)?,
        );
        let result = training.launch(learner);
        if let Some(error) = result.error {
            return Err(Error::Training(error.to_string()));
        }
        if let Some(loss) = tally.diverged() {
            return Err(Error::Training(format!(
                "the loss is {loss} after epoch {}: lower the learning rate, or clip gradients",
                vault.last_epoch()
            )));
        }
        Ok(())
    }
}

fn check(config: &TrainingConfig) -> Result<()> {
    let counts = [
        ("epochs", config.epochs),
        ("batch_size", config.batch_size),
        ("accumulation", config.accumulation),
        ("piece_rows", config.piece_rows.unwrap_or(1)),
        ("bucket_window", config.bucket_window),
        ("validation_users", config.validation_users),
        ("validation_beams", config.validation_beams),
        ("validate_every", config.validate_every),
        ("patience", config.patience),
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
    let norm = config.max_gradient_norm.unwrap_or(1.0);
    let ranges = [
        ("max_gradient_norm", norm, f64::MIN_POSITIVE..=f64::MAX),
        ("weight_decay", f64::from(config.weight_decay), 0.0..=1e3),
        (
            "learning_rate",
            config.learning_rate,
            f64::MIN_POSITIVE..=1.0,
        ),
        ("warmup", config.warmup, 0.0..=1.0),
        ("temperature", config.temperature, 1e-3..=1e3),
        ("label_smoothing", config.label_smoothing, 0.0..=1.0),
    ];
    for (what, value, range) in ranges {
        if !range.contains(&value) {
            return Err(Error::Config {
                what,
                found: value.to_string(),
                expected: format!("from {} to {}", range.start(), range.end()),
            });
        }
    }
    Ok(())
}

/// Linear warm-up, then a cosine down to zero.
fn schedule(config: &TrainingConfig, steps: usize) -> Result<ModuleLrScheduler> {
    let warmup = ((steps as f64 * config.warmup).round() as usize).min(steps.saturating_sub(1));
    let cosine = CosineAnnealingLrSchedulerConfig::new(config.learning_rate, steps - warmup);
    let schedule = if warmup == 0 {
        cosine.init()
    } else {
        let rise = LinearLrSchedulerConfig::new(
            config.learning_rate / warmup as f64,
            config.learning_rate,
            warmup,
        );
        SequentialLrSchedulerConfig::new(
            vec![
                LrSchedulerConfig::Linear(rise),
                LrSchedulerConfig::Cosine(cosine),
            ],
            vec![warmup],
        )
        .init()
    };
    schedule.map_err(|reason| Error::Config {
        what: "learning rate schedule",
        found: reason,
        expected: "a learning rate above 0 and at most 1".into(),
    })
}

/// SHA-256 of all that determines a training: settings, identifiers, data, and the weights that it starts from.
fn fingerprint(
    model: &SequenceModel,
    tokens: &ItemTokens,
    train: &Interactions,
    users: &[(Vec<ItemId>, ItemId)],
    config: &TrainingConfig,
) -> String {
    let mut bytes = serde_json::to_vec(&(model.config(), config, tokens.vocabulary(), users))
        .expect("plain data is serializable");
    let mut push = |values: &mut dyn Iterator<Item = u32>| {
        bytes.extend(values.flat_map(u32::to_le_bytes));
        bytes.extend(u32::MAX.to_le_bytes());
    };
    for (_, history) in train.iter() {
        push(&mut history.iter().map(|item| item.get()));
    }
    for group in 0..tokens.groups() {
        push(&mut tokens.group_tokens(group).iter().map(|token| token.get()));
        push(&mut tokens.group_items(group).iter().map(|item| item.get()));
    }
    let mut weights = Weights(bytes);
    model.visit(&mut weights);
    sealed::sha256(&weights.0)
}

/// The bytes of all weights.
struct Weights(Vec<u8>);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend_from_slice(param.val().into_data().as_bytes());
    }
}
