//! What a training tells while it runs.

use std::sync::{Arc, Mutex, PoisonError};

use burn::train::LearnerSummary;
use burn::train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use burn::train::metric::MetricDefinition;
use burn::train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining,
};

use super::checkpoint::EpochSummary;
use super::tally::Tally;

/// Something that happened in a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrainingEvent {
    /// A batch has been learnt from.
    Step {
        /// The epoch, from 1.
        epoch: usize,
        /// The number of epochs, if none is saved by early stopping.
        epochs: usize,
        /// Samples of this epoch that have been learnt from.
        samples: usize,
        /// Samples of an epoch.
        total: usize,
        /// Mean loss of this epoch so far, in nats a prediction.
        loss: Option<f64>,
    },
    /// An epoch has ended, and its checkpoint is being written.
    Epoch(EpochSummary),
}

/// Where events go.
#[derive(Clone)]
pub(super) struct Listener(Arc<Mutex<dyn FnMut(TrainingEvent) + Send>>);

impl Listener {
    pub(super) fn new(listener: impl FnMut(TrainingEvent) + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(listener)))
    }

    pub(super) fn tell(&self, event: TrainingEvent) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner))(event);
    }
}

/// Turns what burn-train renders into events; prints nothing.
pub(super) struct Renderer {
    pub(super) listener: Listener,
    pub(super) tally: Tally,
    pub(super) epoch: usize,
    pub(super) epochs: usize,
    pub(super) total: usize,
    pub(super) training: bool,
}

impl TrainingProgressLogger for Renderer {
    fn start(
        &mut self,
        epochs: usize,
        starting_epoch: usize,
        _items: Option<usize>,
        _label: Option<&str>,
    ) {
        self.epochs = epochs;
        self.epoch = starting_epoch;
    }

    fn update_epoch(&mut self, epoch: usize) {
        self.epoch = epoch + 1;
    }

    fn start_split(&mut self, split: &str, total: usize) {
        self.training = split.eq_ignore_ascii_case("train");
        self.total = total;
    }

    fn update_split(&mut self, samples: usize) {
        if self.training {
            self.listener.tell(TrainingEvent::Step {
                epoch: self.epoch,
                epochs: self.epochs,
                samples,
                total: self.total,
                loss: self.tally.loss(),
            });
        }
    }

    fn end_split(&mut self) {}

    fn end(&mut self) {}

    fn log_event_training(&mut self, _event: String) {}
}

impl MetricsRendererTraining for Renderer {
    fn update_train(&mut self, _state: MetricState) {}

    fn update_valid(&mut self, _state: MetricState) {}

    fn on_train_end(
        &mut self,
        _summary: Option<LearnerSummary>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        Ok(())
    }
}

impl MetricsRendererEvaluation for Renderer {
    fn update_test(&mut self, _name: EvaluationName, _state: MetricState) {}
}

impl EvaluationProgressLogger for Renderer {
    fn start_global_progress(&mut self, _total_tests: usize) {}

    fn start_test(&mut self, _name: &str, _total_items: usize) {}

    fn update_test_progress(&mut self, _items_processed: usize) {}

    fn end_test(&mut self) {}

    fn end_global_progress(&mut self) {}

    fn log_event_evaluation(&mut self, _event: String) {}
}

impl MetricsRenderer for Renderer {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, _definition: MetricDefinition) {}
}
