//! What a trainer has to know of what it trains.

use std::fmt::Debug;

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};
use genrec_metrics::{Query, Ranked};

/// What a module learns: its samples, its loss, and how it answers when it is measured.
///
/// Called by [`Trainer`](super::Trainer), which knows nothing else of what it trains.
pub trait Task: Clone + Debug + Send + Sync + 'static {
    /// What is trained.
    type Model: Module + ModuleDisplay + Sync + 'static;
    /// Samples as tensors.
    type Batch: Send + Sync + 'static;

    /// The number of training samples.
    fn samples(&self) -> usize;

    /// The length of a sample: samples of like length are batched together, so that little is padded.
    fn length(&self, sample: usize) -> usize;

    /// Samples as tensors on `device`; whatever is drawn for them (masks, negatives) is a function of `seed` alone.
    fn batch(&self, samples: &[usize], seed: u64, device: &Device) -> Self::Batch;

    /// How many predictions a batch asks for: what its loss is a mean over.
    fn predictions(&self, batch: &Self::Batch) -> usize;

    /// What all pieces of a batch need, such as the tokens of all items: worked out once a step, handed to every [`loss`](Self::loss), and sent back through once, with
    /// the gradients of the pieces added up. Nothing unless a task says so.
    ///
    /// Made from `model`, on its device; what is drawn here has no seed. A loss gets the same values at the beginning of a graph of its own, and need not use them all.
    fn shared(&self, _model: &Self::Model, _pieces: &[&Self::Batch]) -> Vec<Tensor<2>> {
        Vec::new()
    }

    /// The losses of the predictions of a batch, added up and divided by `predictions`, `[1]`: the number of predictions of this batch or of the whole of which
    /// it is a piece. `shared` is what [`shared`](Self::shared) gave. Dropout is a function of `seed` alone.
    fn loss(
        &self,
        model: &Self::Model,
        shared: &[Tensor<2>],
        batch: &Self::Batch,
        predictions: usize,
        seed: u64,
    ) -> Tensor<1>;

    /// The best `k` items for every query, as [`Recommender::recommend`](genrec_metrics::Recommender::recommend), or nothing for all of them if the weights are no
    /// longer numbers.
    fn recommend(&self, model: &Self::Model, queries: &[Query<'_>], k: usize) -> Vec<Ranked>;

    /// All that determines the training beside the weights that it starts from and the [`TrainingConfig`](super::TrainingConfig): settings and data,
    /// in any form that differs when they do. A checkpoint is continued from only where it is the same.
    fn describe(&self, bytes: &mut Vec<u8>);
}
