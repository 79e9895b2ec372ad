//! Checkpoints: after every epoch one folder that holds all that the next epoch needs.
//!
//! burn-train saves model, optimizer and learning rate schedule one by one, on three threads. Here they meet in one folder, which gets its
//! name when the last of them is on disk, so that a killed run leaves whole checkpoints only.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use burn::train::EarlyStoppingStrategy;
use burn::train::checkpoint::{
    Checkpoint, Checkpointer, CheckpointerError, CheckpointingAction, CheckpointingStrategy,
};
use burn::train::metric::store::EventStoreClient;
use serde::{Deserialize, Serialize};

use super::tally::Tally;
use crate::sealed::{self, Format};
use crate::{Error, Result};

const FORMAT: Format = Format {
    name: "genrec-checkpoint",
    version: 1,
};

/// What an epoch has come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochSummary {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Mean training loss over its batches, in nats a prediction.
    pub loss: f64,
    /// NDCG@10 on the validation sample, if it was measured after this epoch.
    pub validation: Option<f64>,
}

/// All epochs so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Journal {
    /// SHA-256 of all that determines the training: a resumed one has to have the same.
    pub(super) fingerprint: String,
    pub(super) epochs: Vec<EpochSummary>,
}

impl Journal {
    /// The epoch with the highest validation; the first of equals.
    pub(super) fn best(&self) -> Option<EpochSummary> {
        let mut best: Option<EpochSummary> = None;
        for &epoch in &self.epochs {
            if let Some(value) = epoch.validation
                && best.is_none_or(|best| value > best.validation.unwrap_or(f64::NEG_INFINITY))
            {
                best = Some(epoch);
            }
        }
        best
    }

    /// Whether there was no better validation for `patience` validations.
    pub(super) fn exhausted(&self, patience: usize) -> bool {
        let Some(best) = self.best() else {
            return false;
        };
        let since = self
            .epochs
            .iter()
            .filter(|epoch| epoch.epoch > best.epoch && epoch.validation.is_some());
        since.count() >= patience
    }

    fn last_epoch(&self) -> usize {
        self.epochs.last().map_or(0, |epoch| epoch.epoch)
    }
}

/// The parts of a checkpoint.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Model,
    Optimizer,
    Schedule,
}

impl Part {
    const COUNT: usize = 3;

    fn file(self) -> &'static str {
        match self {
            Self::Model => "model.bpk",
            Self::Optimizer => "optimizer.bpk",
            Self::Schedule => "schedule.bpk",
        }
    }
}

/// The checkpoints of one training, in one folder.
#[derive(Clone, Debug)]
pub(super) struct Vault {
    folder: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    journal: Journal,
    /// Of checkpoints in the making: the journal to put in, and the number of parts that are written.
    pending: HashMap<usize, (Journal, usize)>,
}

impl Vault {
    /// Opens the folder of a training, made if it is not there, and the journal of its last whole checkpoint.
    ///
    /// # Errors
    ///
    /// [`Error::Resume`] if there are checkpoints and they are not to be resumed, or belong to another training; [`Error::Folder`] if the last
    /// one is damaged.
    pub(super) fn open(folder: &Path, fingerprint: &str, resume: bool) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let last = checkpoints(folder)?.into_iter().max();
        let journal = match last {
            None => Journal {
                fingerprint: fingerprint.to_owned(),
                epochs: Vec::new(),
            },
            Some(_) if !resume => {
                return Err(Error::Resume {
                    path: folder.to_path_buf(),
                    reason: "it holds checkpoints already; ask to resume, choose another folder, or remove it".into(),
                });
            }
            Some(epoch) => {
                let path = folder.join(name(epoch));
                let journal: Journal = sealed::open(&path, FORMAT)?;
                if journal.fingerprint != fingerprint {
                    return Err(Error::Resume {
                        path,
                        reason: "it was written with other settings, data, identifiers or weights to start from; \
                                 give the same as before, or choose another folder"
                            .into(),
                    });
                }
                journal
            }
        };
        Ok(Self {
            folder: folder.to_path_buf(),
            state: Arc::new(Mutex::new(State {
                journal,
                pending: HashMap::new(),
            })),
        })
    }

    /// A copy of the journal.
    pub(super) fn journal(&self) -> Journal {
        self.lock().journal.clone()
    }

    /// The last epoch that has a checkpoint; 0 if none has.
    pub(super) fn last_epoch(&self) -> usize {
        self.lock().journal.last_epoch()
    }

    /// The file of the weights after `epoch`, verified.
    pub(super) fn model_file(&self, epoch: usize) -> Result<PathBuf> {
        let folder = self.folder.join(name(epoch));
        let _: Journal = sealed::open(&folder, FORMAT)?;
        Ok(folder.join(Part::Model.file()))
    }

    /// Saves and restores one part of each checkpoint.
    pub(super) fn part(&self, part: Part) -> VaultPart {
        VaultPart {
            vault: self.clone(),
            part,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn partial(&self, epoch: usize) -> PathBuf {
        self.folder.join(format!("{}.partial", name(epoch)))
    }

    /// Notes that a part is on disk; the last one completes the checkpoint and removes those that are no longer needed.
    fn written(&self, epoch: usize) -> Result<()> {
        let journal = {
            let mut state = self.lock();
            let Some((_, parts)) = state.pending.get_mut(&epoch) else {
                return Err(Error::Training(format!(
                    "checkpoint {epoch} was never begun"
                )));
            };
            *parts += 1;
            if *parts < Part::COUNT {
                return Ok(());
            }
            state
                .pending
                .remove(&epoch)
                .map(|(journal, _)| journal)
                .unwrap_or_default()
        };
        sealed::finish(
            &self.partial(epoch),
            &self.folder.join(name(epoch)),
            FORMAT,
            &journal,
        )?;
        let best = journal.best().map(|best| best.epoch);
        for old in checkpoints(&self.folder)? {
            if old != epoch && Some(old) != best {
                let path = self.folder.join(name(old));
                fs::remove_dir_all(&path).map_err(Error::io(&path))?;
            }
        }
        Ok(())
    }
}

fn name(epoch: usize) -> String {
    format!("epoch-{epoch:05}")
}

/// The epochs that have a whole checkpoint.
fn checkpoints(folder: &Path) -> Result<Vec<usize>> {
    let mut epochs = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
        let file = entry.map_err(Error::io(folder))?.file_name();
        let epoch = file.to_str().and_then(|name| name.strip_prefix("epoch-"));
        epochs.extend(epoch.and_then(|epoch| epoch.parse::<usize>().ok()));
    }
    Ok(epochs)
}

/// One part of every checkpoint, for burn-train.
pub(super) struct VaultPart {
    vault: Vault,
    part: Part,
}

impl<R: Checkpoint> Checkpointer<R> for VaultPart {
    fn save(&self, epoch: usize, record: R) -> std::result::Result<(), CheckpointerError> {
        record.save(self.vault.partial(epoch).join(self.part.file()))?;
        self.vault
            .written(epoch)
            .map_err(|error| CheckpointerError::Unknown(error.to_string()))
    }

    // Old checkpoints go when a new one is complete, all parts together.
    fn delete(&self, _epoch: usize) -> std::result::Result<(), CheckpointerError> {
        Ok(())
    }

    fn restore(&self, epoch: usize) -> std::result::Result<R, CheckpointerError> {
        R::load(self.vault.folder.join(name(epoch)).join(self.part.file()))
    }
}

/// Closes the books of an epoch, and has it saved.
pub(super) struct SaveEveryEpoch {
    pub(super) vault: Vault,
    pub(super) tally: Tally,
    pub(super) report: Box<dyn Fn(&EpochSummary) + Send>,
}

impl CheckpointingStrategy for SaveEveryEpoch {
    fn checkpointing(&mut self, epoch: usize, _: &EventStoreClient) -> Vec<CheckpointingAction> {
        let (loss, validation) = self.tally.take();
        let summary = EpochSummary {
            epoch,
            loss,
            validation,
        };
        // A partial folder that cannot be made shows when its first part is written.
        let _ = sealed::begin(&self.vault.folder.join(name(epoch)));
        let mut state = self.vault.lock();
        state.journal.epochs.push(summary);
        let journal = state.journal.clone();
        state.pending.insert(epoch, (journal, 0));
        drop(state);
        (self.report)(&summary);
        vec![CheckpointingAction::Save]
    }
}

/// Stops when the journal says that there was no better validation for long enough, also across a resume.
#[derive(Clone)]
pub(super) struct Patience {
    pub(super) vault: Vault,
    pub(super) patience: usize,
}

impl EarlyStoppingStrategy for Patience {
    fn should_stop(&mut self, _epoch: usize, _: &EventStoreClient) -> bool {
        self.vault.journal().exhausted(self.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(values: &[Option<f64>]) -> Journal {
        let epochs = values
            .iter()
            .enumerate()
            .map(|(i, &validation)| EpochSummary {
                epoch: i + 1,
                loss: 1.0,
                validation,
            });
        Journal {
            fingerprint: String::new(),
            epochs: epochs.collect(),
        }
    }

    #[test]
    fn the_best_epoch_is_the_first_of_equals() {
        assert_eq!(journal(&[]).best(), None);
        assert_eq!(journal(&[None, None]).best(), None);
        let best = journal(&[Some(0.1), None, Some(0.3), Some(0.3), Some(0.2)]).best();
        assert_eq!(best.map(|best| best.epoch), Some(3));
    }

    #[test]
    fn patience_counts_validations_not_epochs() {
        let values = [Some(0.3), None, Some(0.2), None, Some(0.1)];
        assert!(journal(&values).exhausted(2));
        assert!(!journal(&values).exhausted(3));
        assert!(!journal(&[None, None, None]).exhausted(1));
    }
}
