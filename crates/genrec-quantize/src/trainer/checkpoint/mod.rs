//! Checkpoints: all of a run's state in one file, there whole or not at all.

mod file;

use super::fit::{Best, Stop};
use super::{Schedule, TrainerConfig};
use crate::{Error, Quantizer, Result};
use burn::optim::ModuleOptimizer;
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::{Bytes, Tensor};
use file::{BestHeader, Header, Identity, MAGIC, open, replace};
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::PathBuf;

const FILE: &str = "quantizer.checkpoint";

/// Where a run keeps its checkpoint, and whether it goes on from the one that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    folder: PathBuf,
    every: usize,
    resume: bool,
}

impl Checkpoints {
    /// In a folder, which is made if it is not there; every 10 epochs and at the end; a run that
    /// finds a checkpoint goes on from it.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            every: 10,
            resume: true,
        }
    }

    /// Epochs from one checkpoint to the next; 0 means 1.
    pub fn with_every(mut self, epochs: usize) -> Self {
        self.every = epochs.max(1);
        self
    }

    /// Whether to go on from a checkpoint that is there; without, finding one is an error, so that
    /// no run overwrites another's.
    pub fn with_resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// The file that holds the checkpoint.
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }
}

/// The state of a run between two epochs.
pub(super) struct Saved<Q> {
    pub(super) quantizer: Q,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) best: Option<Best<Q>>,
    /// Epochs done.
    pub(super) epoch: usize,
    /// Epochs done when the watched figure last improved enough, and what it was then.
    pub(super) improved: usize,
    pub(super) watched: f64,
    pub(super) stop: Option<Stop>,
}

/// A run that keeps checkpoints.
pub(super) struct Run<'a> {
    checkpoints: &'a Checkpoints,
    identity: Identity,
    epochs: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new<Q: Quantizer>(
        checkpoints: &'a Checkpoints,
        config: &TrainerConfig,
        quantizer: &Q,
        rows: &Tensor<2>,
    ) -> Self {
        let mut trainer = config.clone();
        // At a constant rate a longer run begins as a shorter one does: it may go on from its
        // checkpoint.
        if trainer.schedule == Schedule::Constant {
            trainer.epochs = 0;
        }
        let data = rows.to_data();
        let identity = Identity {
            trainer: serde_json::to_string(&trainer).expect("a configuration is plain data"),
            quantizer: quantizer.settings(),
            rows: rows.dims(),
            rows_sha256: hex(&Sha256::digest(data.as_bytes())),
        };
        Self {
            checkpoints,
            identity,
            epochs: config.epochs,
        }
    }

    pub(super) fn every(&self) -> usize {
        self.checkpoints.every
    }

    /// The checkpoint, if there is one; `quantizer` and `optimizer` give the structure it must fit.
    pub(super) fn load<Q: Quantizer>(
        &self,
        quantizer: &Q,
        optimizer: &ModuleOptimizer,
    ) -> Result<Option<Saved<Q>>> {
        let path = self.checkpoints.file();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(Error::Io {
                    action: "cannot read",
                    path,
                    source,
                });
            }
        };
        let refuse = |reason: String| Error::Checkpoint {
            path: path.clone(),
            reason,
        };
        if !self.checkpoints.resume {
            let reason = "an earlier run left it; resume that run, remove the file, or choose another folder";
            return Err(refuse(reason.into()));
        }
        let (header, parts) = open(&bytes).map_err(refuse)?;
        self.compare(&header.identity).map_err(refuse)?;
        let restore = |record: &[u8], target: Q| -> std::result::Result<Q, RecordError> {
            target.try_load_record(ModuleRecord::from_bytes(Bytes::from_bytes_vec(
                record.to_vec(),
            ))?)
        };
        let unfit = |error: RecordError| refuse(format!("it does not fit this quantizer: {error}"));
        let model = restore(parts[0], quantizer.clone().train()).map_err(unfit)?;
        let optimizer = optimizer
            .clone()
            .from_bytes(Bytes::from_bytes_vec(parts[1].to_vec()))
            .map_err(unfit)?;
        let best = header
            .best
            .map(|best| {
                let quantizer = match parts[2] {
                    [] => model.valid(),
                    record => restore(record, quantizer.valid()).map_err(unfit)?,
                };
                Ok(Best {
                    quantizer,
                    epoch: best.epoch,
                    figure: f64::from_bits(best.figure),
                })
            })
            .transpose()?;
        if header.epoch > self.epochs {
            return Err(Error::Checkpoint {
                path: self.checkpoints.file(),
                reason: format!(
                    "is of epoch {}, beyond the {} epochs asked for: ask for at least as many, or start anew in another folder",
                    header.epoch, self.epochs
                ),
            });
        }
        // A run that was told to stop may go on, as may one that has got more epochs since.
        let stop = match header.stop {
            Some(Stop::Patience) => Some(Stop::Patience),
            _ => (header.epoch == self.epochs).then_some(Stop::Finished),
        };
        Ok(Some(Saved {
            quantizer: model,
            optimizer,
            best,
            epoch: header.epoch,
            improved: header.improved,
            watched: f64::from_bits(header.watched),
            stop,
        }))
    }

    /// Puts the state into the place of the last checkpoint. Killed at any moment, this leaves the
    /// old one or the new one.
    pub(super) fn save<Q: Quantizer>(&self, saved: &Saved<Q>) -> Result<()> {
        let path = self.checkpoints.file();
        let refuse = |error: RecordError| Error::Checkpoint {
            path: path.clone(),
            reason: format!("not written: {error}"),
        };
        let model = saved
            .quantizer
            .valid()
            .into_record()
            .into_bytes()
            .map_err(refuse)?;
        let optimizer = saved.optimizer.into_bytes().map_err(refuse)?;
        let best = match &saved.best {
            Some(best) if best.epoch + 1 != saved.epoch => Some(
                best.quantizer
                    .clone()
                    .into_record()
                    .into_bytes()
                    .map_err(refuse)?,
            ),
            _ => None,
        };
        let parts: [&[u8]; 3] = [&model, &optimizer, best.as_deref().unwrap_or_default()];
        let header = Header {
            identity: self.identity.clone(),
            epoch: saved.epoch,
            improved: saved.improved,
            watched: saved.watched.to_bits(),
            best: saved.best.as_ref().map(|best| BestHeader {
                epoch: best.epoch,
                figure: best.figure.to_bits(),
            }),
            stop: saved.stop,
            lengths: parts.map(<[u8]>::len),
        };
        let header = serde_json::to_vec(&header).expect("a header is plain data");
        let length = (header.len() as u64).to_le_bytes();
        let mut all: Vec<&[u8]> = vec![MAGIC, &length, &header];
        all.extend(parts);
        let folder = &self.checkpoints.folder;
        fs::create_dir_all(folder).map_err(|source| Error::Io {
            action: "cannot make",
            path: folder.clone(),
            source,
        })?;
        replace(&path, &all).map_err(|source| Error::Io {
            action: "cannot write",
            path,
            source,
        })
    }

    /// What differs between this run and the one that wrote a checkpoint.
    fn compare(&self, other: &Identity) -> std::result::Result<(), String> {
        let mine = &self.identity;
        let differs = |what: &str, found: &dyn std::fmt::Debug, expected: &dyn std::fmt::Debug| {
            Err(format!(
                "it is of another run: its {what} {found:?}, this run's {expected:?}; give what it was started with, or choose another folder"
            ))
        };
        if other.rows != mine.rows {
            return differs("rows are", &other.rows, &mine.rows);
        }
        if other.rows_sha256 != mine.rows_sha256 {
            return differs(
                "rows have the SHA-256",
                &other.rows_sha256,
                &mine.rows_sha256,
            );
        }
        if other.trainer != mine.trainer {
            return differs("trainer is", &other.trainer, &mine.trainer);
        }
        if other.quantizer != mine.quantizer {
            return differs("quantizer is", &other.quantizer, &mine.quantizer);
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
