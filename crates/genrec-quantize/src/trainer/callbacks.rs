use crate::{CodeUsage, Quantized};
use burn::tensor::Tensor;
use std::ops::ControlFlow;

/// Where in a run a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// The numbers of its rows in the matrix given to [`Trainer::fit`](crate::Trainer::fit).
    pub rows: &'a [usize],
    /// The epoch, from 0.
    pub epoch: usize,
    /// The step within the epoch, from 0: work that is due once an epoch (clustering the codebooks)
    /// is due at step 0.
    pub step: usize,
}

/// A term to add to the loss of a batch; see [`Callbacks::regularizer`].
type Regularizer<'a, Q> = dyn FnMut(&Q, &Quantized, &Batch<'_>) -> Option<Tensor<1>> + 'a;
/// A figure of a model, less is better; see [`Callbacks::criterion`].
type Criterion<'a, Q> = dyn FnMut(&Q) -> f64 + 'a;
/// What is told after every epoch; see [`Callbacks::progress`].
type Report<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + 'a;

/// What the caller adds to training a quantizer `Q`; all of it optional.
pub struct Callbacks<'a, Q> {
    pub(super) regularizer: Option<&'a mut Regularizer<'a, Q>>,
    pub(super) criterion: Option<&'a mut Criterion<'a, Q>>,
    pub(super) progress: Option<&'a mut Report<'a>>,
}

impl<Q> Default for Callbacks<'_, Q> {
    fn default() -> Self {
        Self {
            regularizer: None,
            criterion: None,
            progress: None,
        }
    }
}

impl<'a, Q> Callbacks<'a, Q> {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Called in every step with the quantizer, what it made of the batch, and which batch it is;
    /// gives a term `[1]` to add to the loss, weighted, or `None`.
    ///
    /// For a run to resume to the same bits the term may depend on the epoch, the step and the
    /// quantizer, but on nothing drawn or gathered in earlier epochs.
    pub fn with_regularizer(
        mut self,
        regularizer: &'a mut (dyn FnMut(&Q, &Quantized, &Batch<'_>) -> Option<Tensor<1>> + 'a),
    ) -> Self {
        self.regularizer = Some(regularizer);
        self
    }

    /// Called with the quantizer, without autodiff, at every evaluation; gives a figure of which
    /// less is better ([`Selection::Criterion`](crate::Selection::Criterion)).
    pub fn with_criterion(mut self, criterion: &'a mut (dyn FnMut(&Q) -> f64 + 'a)) -> Self {
        self.criterion = Some(criterion);
        self
    }

    /// Called after every epoch; `Break` ends the run.
    pub fn with_progress(
        mut self,
        progress: &'a mut (dyn FnMut(&Progress) -> ControlFlow<()> + 'a),
    ) -> Self {
        self.progress = Some(progress);
        self
    }
}

/// What an epoch came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The epoch just finished, from 0.
    pub epoch: usize,
    /// Epochs of the whole run.
    pub epochs: usize,
    /// Mean over the epoch's rows of what was minimized, regularizer included.
    pub loss: f64,
    /// Mean over the epoch's rows of the reconstruction term.
    pub reconstruction: f64,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// The model after this epoch, looked at over all rows; there every
    /// [`evaluate_every`](crate::TrainerConfig::evaluate_every) epochs and after the last.
    pub evaluation: Option<Evaluation>,
}

/// How a model codes all rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Use of the codewords by the codes of all rows.
    pub usage: CodeUsage,
    /// What the caller's criterion said, if there is one.
    pub criterion: Option<f64>,
}

impl Evaluation {
    /// Share of rows whose whole code an earlier row has: [`CodeUsage::collision_rate`].
    pub fn collision_rate(&self) -> f64 {
        self.usage.collision_rate()
    }
}
