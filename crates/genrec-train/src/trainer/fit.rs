//! The training of a module, from its task to the weights of the best epoch.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use burn::module::{Module, ModuleVisitor, Param};
use burn::store::ModuleRecord;
use burn::tensor::Tensor;
use burn::train::logger::InMemoryMetricLogger;
use burn::train::{Interrupter, Learner, SupervisedTraining};
use genrec_cores::adamw;
use genrec_data::Validation;

use super::checkpoint::{EpochSummary, Part, Patience, SaveEveryEpoch, Vault};
use super::learner::{Asked, Settings, TaskLearner};
use super::loader::{TrainLoader, ValidationLoader};
use super::progress::{Listener, Renderer};
use super::schedule::schedule;
use super::tally::Tally;
use super::task::Task;
use super::{TrainingConfig, TrainingEvent};
use crate::{Error, Result, sealed};

/// What a training has come to.
#[derive(Clone, Debug)]
pub struct Trained<M> {
    /// The model with the weights of the best epoch.
    pub model: M,
    /// The epoch whose weights these are: the one with the highest validation NDCG@10.
    pub best: EpochSummary,
    /// All epochs, in order.
    pub epochs: Vec<EpochSummary>,
}

/// Trains a module at a [`Task`], with checkpoints in a folder.
///
/// Runs on burn-train, on the device of the model. Samples are batched by length; AdamW, warm-up and cosine, clipped gradients; after an epoch
/// the model is measured on a sample of the validation users by NDCG@10. The same seed gives the same result on the same device, also when the
/// training was killed at any moment and resumed.
#[derive(Clone, Debug)]
pub struct Trainer {
    config: TrainingConfig,
    folder: PathBuf,
    resume: bool,
}

impl Trainer {
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

    /// How it trains.
    pub fn config(&self) -> &TrainingConfig {
        &self.config
    }

    /// Trains `model`, measured on `validation`; `listener` hears of every batch and epoch.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for settings that cannot be, [`Error::Resume`] and [`Error::Folder`] for checkpoints that cannot be continued from,
    /// [`Error::Training`] if a step fails or the loss is no longer a number.
    pub fn fit<T: Task>(
        &self,
        model: T::Model,
        task: T,
        validation: &Validation,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<Trained<T::Model>> {
        let config = &self.config;
        config.check()?;
        let users: Vec<Asked> = validation
            .cases()
            .sample(config.validation_users, config.seed)
            .iter()
            .map(|case| {
                let mut targets = case.targets.to_vec();
                targets.sort_unstable();
                targets.dedup();
                Asked {
                    user: case.user,
                    history: case.history.to_vec(),
                    targets,
                }
            })
            .collect();
        if task.samples() == 0 || users.is_empty() {
            return Err(Error::Config {
                what: "training data",
                found: format!(
                    "{} training samples and {} validation users",
                    task.samples(),
                    users.len()
                ),
                expected: "at least one of each: histories of two items or more".into(),
            });
        }

        let fingerprint = fingerprint(&model, &task, &users, config);
        let vault = Vault::open(&self.folder, &fingerprint, self.resume)?;
        let learner = self.learner(model, task);
        if vault.last_epoch() < config.epochs && !vault.journal().exhausted(config.patience) {
            self.run(&learner, users, &vault, Listener::new(listener))?;
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
        Ok(Trained {
            model: learner.load_record(record).result().clone(),
            best,
            epochs: journal.epochs,
        })
    }

    pub(super) fn learner<T: Task>(&self, model: T::Model, task: T) -> TaskLearner<T::Model, T> {
        let config = &self.config;
        TaskLearner {
            average: config.averaging.map(|_| model.clone()),
            model,
            settings: Arc::new(Settings {
                task: Arc::new(task),
                summed: AtomicUsize::new(0),
                max_gradient_norm: config.max_gradient_norm,
                averaging: config.averaging,
            }),
        }
    }

    fn run<T: Task>(
        &self,
        learner: &TaskLearner<T::Model, T>,
        users: Vec<Asked>,
        vault: &Vault,
        listener: Listener,
    ) -> Result<()> {
        let config = &self.config;
        let task = &learner.settings.task;
        let device = learner
            .model
            .devices()
            .into_iter()
            .next()
            .unwrap_or_default();
        let last = vault.last_epoch();
        let next = last as u64 + 1;
        let total = task.samples();
        let count = config.samples_per_epoch.unwrap_or(total).min(total);
        let batches = count.div_ceil(config.batch_size);
        let steps = config.epochs * batches.div_ceil(config.accumulation);

        let train = TrainLoader {
            task: task.clone(),
            subset: (0..total).collect(),
            count,
            batch_size: config.batch_size,
            piece_rows: config.piece_rows,
            window: config.bucket_window,
            seed: config.seed,
            device,
            epoch: AtomicU64::new(next),
        };
        let validation = ValidationLoader {
            users: Arc::new(users),
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
        let optimizer = adamw(config.weight_decay);
        let learner = Learner::new(learner.clone().train(), optimizer, schedule(config, steps)?);
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

/// SHA-256 of all that determines a training: settings, task, validation users, and the weights that it starts from.
fn fingerprint<T: Task>(
    model: &T::Model,
    task: &T,
    users: &[Asked],
    config: &TrainingConfig,
) -> String {
    let mut bytes = serde_json::to_vec(config).expect("plain data is serializable");
    task.describe(&mut bytes);
    for asked in users {
        let lengths = [
            asked.user.get(),
            asked.history.len() as u32,
            asked.targets.len() as u32,
        ];
        let items = asked.history.iter().chain(&asked.targets);
        let numbers = lengths.into_iter().chain(items.map(|item| item.get()));
        bytes.extend(numbers.flat_map(u32::to_le_bytes));
    }
    describe_weights(model, &mut bytes);
    sealed::sha256(&bytes)
}

/// Adds the bytes of all weights to `bytes`, so that what is said of one model is not taken for what is said of another.
pub fn describe_weights<M: Module>(model: &M, bytes: &mut Vec<u8>) {
    model.visit(&mut Weights(bytes));
}

/// The bytes of all weights.
struct Weights<'a>(&'a mut Vec<u8>);

impl ModuleVisitor for Weights<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend_from_slice(param.val().into_data().as_bytes());
    }
}
