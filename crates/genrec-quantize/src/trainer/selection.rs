use super::{Evaluation, Progress};
use burn::config::Config;

/// Which model a run gives back, and what early stopping watches. Less is better in all of them.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Selection {
    /// The last one; early stopping then watches the training loss.
    Last,
    /// The one after the epoch with the least training loss.
    Loss,
    /// The one after the epoch with the least reconstruction loss.
    Reconstruction,
    /// The evaluated one with the least collision rate of whole codes over all rows.
    Collisions,
    /// The evaluated one for which the [criterion](crate::Callbacks::with_criterion) was least.
    Criterion,
}

impl Selection {
    /// The figure that is watched, where this epoch has one.
    pub(super) fn figure(self, progress: &Progress) -> Option<f64> {
        let evaluation = progress.evaluation.as_ref();
        match self {
            Self::Last | Self::Loss => Some(progress.loss),
            Self::Reconstruction => Some(progress.reconstruction),
            Self::Collisions => evaluation.map(Evaluation::collision_rate),
            Self::Criterion => evaluation.and_then(|evaluation| evaluation.criterion),
        }
    }
}
