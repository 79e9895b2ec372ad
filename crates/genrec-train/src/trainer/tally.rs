//! Sums of what an epoch measures, filled by burn-train's metrics.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use burn::tensor::{Tensor, TensorReadError};
use burn::train::Interrupter;
use burn::train::metric::{Metric, MetricMetadata, SerializedEntry};

use super::learner::Gains;

/// A mean in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: usize,
}

/// The means of the running epoch, shared between the metrics (which run on burn-train's thread) and the checkpoints.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    loss: Arc<Mutex<Mean>>,
    gain: Arc<Mutex<Mean>>,
    /// The first loss that was no number.
    diverged: Arc<OnceLock<f64>>,
}

impl Tally {
    /// The mean loss over the batches of the epoch, and the mean validation gain if there was a validation; starts afresh.
    pub(super) fn take(&self) -> (f64, Option<f64>) {
        let take = |mean: &Mutex<Mean>| {
            let mean = std::mem::take(&mut *mean.lock().unwrap_or_else(PoisonError::into_inner));
            (mean.count > 0).then(|| mean.sum / mean.count as f64)
        };
        (take(&self.loss).unwrap_or(f64::NAN), take(&self.gain))
    }

    /// The mean loss so far.
    pub(super) fn loss(&self) -> Option<f64> {
        let mean = self.loss.lock().unwrap_or_else(PoisonError::into_inner);
        (mean.count > 0).then(|| mean.sum / mean.count as f64)
    }

    /// The first loss that was infinite or no number.
    pub(super) fn diverged(&self) -> Option<f64> {
        self.diverged.get().copied()
    }

    /// Stops the training by `interrupter` at the first loss that is infinite or no number: before its weights are saved.
    pub(super) fn loss_metric(&self, interrupter: Interrupter) -> LossTally {
        LossTally {
            mean: self.loss.clone(),
            diverged: self.diverged.clone(),
            interrupter,
        }
    }

    pub(super) fn gain_metric(&self) -> GainTally {
        GainTally(self.gain.clone())
    }
}

/// Adds up the losses of training batches.
#[derive(Clone)]
pub(super) struct LossTally {
    mean: Arc<Mutex<Mean>>,
    diverged: Arc<OnceLock<f64>>,
    interrupter: Interrupter,
}

/// Adds up the gains of validation users.
#[derive(Clone)]
pub(super) struct GainTally(Arc<Mutex<Mean>>);

fn entry(mean: &Mutex<Mean>) -> SerializedEntry {
    let Mean { sum, count } = *mean.lock().unwrap_or_else(PoisonError::into_inner);
    let mean = sum / count.max(1) as f64;
    SerializedEntry::new(format!("{mean:.4}"), mean.to_string())
}

impl Metric for LossTally {
    type Input = Tensor<1>;

    fn name(&self) -> Arc<String> {
        Arc::new("Loss".into())
    }

    fn update(
        &mut self,
        loss: &Tensor<1>,
        _: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        let loss = loss.clone().try_into_scalar::<f64>()?;
        {
            let mut mean = self.mean.lock().unwrap_or_else(PoisonError::into_inner);
            mean.sum += loss;
            mean.count += 1;
        }
        if !loss.is_finite() && self.diverged.set(loss).is_ok() {
            self.interrupter.stop(Some("the loss is not a number"));
        }
        Ok(entry(&self.mean))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(entry(&self.mean))
    }

    // Called by burn-train between splits; the sums are taken at the end of the epoch instead.
    fn clear(&mut self) {}
}

impl Metric for GainTally {
    type Input = Gains;

    fn name(&self) -> Arc<String> {
        Arc::new("NDCG@10".into())
    }

    fn update(
        &mut self,
        gains: &Gains,
        _: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        {
            let mut mean = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            mean.sum += gains.0.iter().sum::<f64>();
            mean.count += gains.0.len();
        }
        Ok(entry(&self.0))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(entry(&self.0))
    }

    fn clear(&mut self) {}
}
