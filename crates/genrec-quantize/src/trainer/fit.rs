use super::checkpoint::{Run, Saved};
use super::{Callbacks, Evaluation, Progress, Selection, Trainer, epoch};
use crate::seed::{self, Stream};
use crate::{CodeUsage, Error, Quantizer, Result, encode_all, rows};
use burn::tensor::Tensor;
use genrec_cores::adamw;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// What a run comes to.
#[derive(Clone, Debug)]
pub struct Fitted<Q> {
    /// The quantizer that [`Selection`] chose, without autodiff.
    pub quantizer: Q,
    /// The epoch after which it was like that, from 0.
    pub epoch: usize,
    /// What [`Selection`] watches, at that epoch; for [`Selection::Last`] the training loss.
    pub figure: f64,
    /// Epochs that were run, those before a resumption included.
    pub epochs: usize,
    /// Why the run ended.
    pub stop: Stop,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// All epochs are done.
    Finished,
    /// No improvement for [`patience`](crate::TrainerConfig::patience) epochs.
    Patience,
    /// The progress callback said so.
    Callback,
}

/// The best model so far.
#[derive(Clone, Debug)]
pub(super) struct Best<Q> {
    pub(super) quantizer: Q,
    pub(super) epoch: usize,
    pub(super) figure: f64,
}

impl Trainer {
    /// Trains a quantizer on rows.
    ///
    /// The rows stay where they are; the quantizer must be on the same device. With checkpoints, a
    /// run that was interrupted goes on where its last checkpoint was taken and ends in the same
    /// bits as an undisturbed one.
    ///
    /// # Shapes
    ///
    /// - rows: `[rows, d_input]`
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a configuration that cannot work, [`Error::Rows`] and
    /// [`Error::NotFinite`] for rows that do not fit, [`Error::Diverged`] when the loss is no
    /// number any more, [`Error::Checkpoint`] and [`Error::Io`] for checkpoints that cannot be used
    /// or written, and what [`Quantizer::initialise`] gives.
    pub fn fit<Q: Quantizer>(
        &self,
        quantizer: Q,
        rows: &Tensor<2>,
        mut callbacks: Callbacks<'_, Q>,
    ) -> Result<Fitted<Q>> {
        let config = &self.config;
        config.check()?;
        if config.selection == Selection::Criterion && callbacks.criterion.is_none() {
            return Err(Error::Config {
                field: "TrainerConfig::selection",
                found: "Criterion".into(),
                expected: "no criterion is among the callbacks: give one, or select by something else",
            });
        }
        let rows = rows.clone().inner();
        rows::check(&rows, quantizer.d_input())?;
        // Clipping is done by the loop itself, over all gradients at once.
        let optimizer = adamw(config.weight_decay as f32);
        let run = self
            .checkpoints
            .as_ref()
            .map(|checkpoints| Run::new(checkpoints, config, &quantizer, &rows));
        let mut saved = match run
            .as_ref()
            .map(|run| run.load(&quantizer, &optimizer))
            .transpose()?
            .flatten()
        {
            Some(saved) => saved,
            None => {
                let seed = seed::derive(config.seed, Stream::Initialise, 0);
                Saved::start(quantizer.train().initialise(&rows, seed)?, optimizer)
            }
        };
        while saved.stop.is_none() {
            self.epoch(&mut saved, &rows, &mut callbacks)?;
            if let Some(run) = &run
                && (saved.epoch.is_multiple_of(run.every()) || saved.stop.is_some())
            {
                run.save(&saved)?;
            }
        }
        Ok(saved.into_fitted())
    }

    fn epoch<Q: Quantizer>(
        &self,
        saved: &mut Saved<Q>,
        rows: &Tensor<2>,
        callbacks: &mut Callbacks<'_, Q>,
    ) -> Result<()> {
        let config = &self.config;
        let number = saved.epoch;
        let done = epoch::run(
            config,
            saved.quantizer.clone(),
            &mut saved.optimizer,
            rows,
            number,
            callbacks,
        )?;
        if !done.loss.is_finite() {
            return Err(Error::Diverged {
                epoch: number,
                loss: done.loss,
            });
        }
        saved.quantizer = done.quantizer;
        saved.epoch += 1;
        let last = saved.epoch == config.epochs;
        let mut progress = Progress {
            epoch: number,
            epochs: config.epochs,
            loss: done.loss,
            reconstruction: done.reconstruction,
            learning_rate: done.learning_rate,
            evaluation: None,
        };
        if last || saved.epoch.is_multiple_of(config.evaluate_every) {
            progress.evaluation = Some(self.evaluate(&saved.quantizer, rows, callbacks));
        }
        self.select(saved, &progress);
        let told = callbacks
            .progress
            .as_mut()
            .map_or(ControlFlow::Continue(()), |report| report(&progress));
        saved.stop = if last {
            Some(Stop::Finished)
        } else if told.is_break() {
            Some(Stop::Callback)
        } else if config
            .patience
            .is_some_and(|patience| saved.epoch - saved.improved >= patience)
        {
            Some(Stop::Patience)
        } else {
            None
        };
        Ok(())
    }

    fn evaluate<Q: Quantizer>(
        &self,
        quantizer: &Q,
        rows: &Tensor<2>,
        callbacks: &mut Callbacks<'_, Q>,
    ) -> Evaluation {
        let quantizer = quantizer.valid();
        let codes = encode_all(&quantizer, rows, self.config.batch);
        Evaluation {
            usage: CodeUsage::new(codes, &quantizer.codebook_sizes()),
            criterion: callbacks
                .criterion
                .as_mut()
                .map(|criterion| criterion(&quantizer)),
        }
    }

    /// Keeps the model if it is the best so far, and notes when the figure last improved enough.
    fn select<Q: Quantizer>(&self, saved: &mut Saved<Q>, progress: &Progress) {
        let Some(figure) = self.config.selection.figure(progress) else {
            return;
        };
        if figure < saved.watched - self.config.min_improvement {
            saved.watched = figure;
            saved.improved = saved.epoch;
        }
        let better = saved.best.as_ref().is_none_or(|best| figure < best.figure);
        if better || self.config.selection == Selection::Last {
            saved.best = Some(Best {
                quantizer: saved.quantizer.valid(),
                epoch: progress.epoch,
                figure,
            });
        }
    }
}

impl<Q: Quantizer> Saved<Q> {
    /// Before the first epoch.
    fn start(quantizer: Q, optimizer: burn::optim::ModuleOptimizer) -> Self {
        Self {
            quantizer,
            optimizer,
            best: None,
            epoch: 0,
            improved: 0,
            watched: f64::INFINITY,
            stop: None,
        }
    }

    fn into_fitted(self) -> Fitted<Q> {
        // A run stopped before its first evaluation has nothing to choose from but the model it
        // ended with.
        let best = self.best.unwrap_or(Best {
            quantizer: self.quantizer.valid(),
            epoch: self.epoch - 1,
            figure: f64::NAN,
        });
        Fitted {
            quantizer: best.quantizer,
            epoch: best.epoch,
            figure: best.figure,
            epochs: self.epoch,
            stop: self.stop.unwrap_or(Stop::Finished),
        }
    }
}
