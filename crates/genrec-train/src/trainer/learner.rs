//! A model and its task as burn-train sees them: a step of training, and a step of validation.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::Module;
use burn::optim::{
    GradientsAccumulator, GradientsParams, ModuleOptimizer,
    lr_scheduler::module_lr_scheduler::ModuleLearningRate,
};
use burn::tensor::{ExecutionError, Tensor};
use burn::train::{InferenceStep, ItemLazy, TrainOutput, TrainStep, metric::Adaptor};
use genrec_cores::side_by_side;
use genrec_data::{ItemId, UserId};
use genrec_metrics::{Query, ndcg};

use super::average::moved;
use super::gradients::prepare;
use super::task::Task;

/// The length of the lists that validation measures.
const K: usize = 10;

/// What the steps need beside the weights.
#[derive(Debug)]
pub(super) struct Settings<T> {
    pub(super) task: Arc<T>,
    /// Batches whose gradients were added up since the last step of the optimizer: at the end of an epoch fewer than asked for.
    pub(super) summed: AtomicUsize,
    pub(super) max_gradient_norm: Option<f64>,
    pub(super) averaging: Option<f64>,
}

/// A model that can be trained.
#[derive(Module, Debug)]
pub(super) struct TaskLearner<M: Module, T: Clone + std::fmt::Debug + Send + Sync + 'static> {
    /// The weights that are trained.
    pub(super) model: M,
    /// Their running average, if there is to be one: what is measured, and what comes out.
    pub(super) average: Option<M>,
    #[module(skip)]
    pub(super) settings: Arc<Settings<T>>,
}

impl<M: Module, T: Clone + std::fmt::Debug + Send + Sync + 'static> TaskLearner<M, T> {
    /// The weights that recommend.
    pub(super) fn result(&self) -> &M {
        self.average.as_ref().unwrap_or(&self.model)
    }
}

/// A part of a training batch, and the seed of its dropout.
pub(super) struct Piece<B> {
    pub(super) batch: B,
    pub(super) seed: u64,
}

/// What the loss of a piece is, and wants.
struct Found {
    loss: Tensor<1>,
    of_weights: GradientsParams,
    of_shared: Vec<Option<Tensor<2>>>,
}

/// The same values, where a graph of its own begins.
fn leaf(tensor: &Tensor<2>) -> Tensor<2> {
    Tensor::from_inner(tensor.clone().inner()).require_grad()
}

/// Loss of a training batch, `[1]`.
pub(super) struct BatchLoss(pub(super) Tensor<1>);

impl ItemLazy for BatchLoss {
    fn sync(self) -> Result<Self, ExecutionError> {
        Ok(self)
    }
}

impl Adaptor<Tensor<1>> for BatchLoss {
    fn adapt(&self) -> Tensor<1> {
        self.0.clone()
    }
}

/// A user whose next items are known.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) user: UserId,
    pub(super) history: Vec<ItemId>,
    /// Each once.
    pub(super) targets: Vec<ItemId>,
}

/// NDCG of every user of a validation batch.
#[derive(Clone)]
pub(super) struct Gains(pub(super) Vec<f64>);

impl ItemLazy for Gains {
    fn sync(self) -> Result<Self, ExecutionError> {
        Ok(self)
    }
}

impl Adaptor<Gains> for Gains {
    fn adapt(&self) -> Gains {
        self.clone()
    }
}

impl<T: Task> TrainStep for TaskLearner<T::Model, T> {
    type Input = Vec<Piece<T::Batch>>;
    type Output = BatchLoss;

    /// Loss and gradients of the pieces of a batch, computed side by side. Each has its own copy of the model (of the handles, not the weights) and of what the pieces share, so that
    /// their graphs have nothing in common; the gradients are added in the order of the pieces, whichever is ready first.
    fn step(&self, pieces: Self::Input) -> TrainOutput<BatchLoss> {
        self.settings.summed.fetch_add(1, Ordering::Relaxed);
        let task = &self.settings.task;
        let predictions = pieces
            .iter()
            .map(|piece| task.predictions(&piece.batch))
            .sum();
        let weights = self.model.valid();
        let whole = weights.clone().train();
        let batches: Vec<&T::Batch> = pieces.iter().map(|piece| &piece.batch).collect();
        let shared = task.shared(&whole, &batches);
        let work = |piece: &Piece<T::Batch>| {
            let model = weights.clone().train();
            let leaves: Vec<Tensor<2>> = shared.iter().map(leaf).collect();
            let loss = task.loss(&model, &leaves, &piece.batch, predictions, piece.seed);
            let gradients = loss.backward();
            Found {
                of_shared: leaves.iter().map(|leaf| leaf.grad(&gradients)).collect(),
                of_weights: GradientsParams::from_grads(gradients, &model),
                loss: loss.inner(),
            }
        };
        let mut gradients = GradientsAccumulator::new();
        let mut losses = Vec::with_capacity(pieces.len());
        let mut wanted: Vec<Option<Tensor<2>>> = vec![None; shared.len()];
        // A few at a time, so that the gradients of all pieces need not be kept at once.
        for group in pieces.chunks(2 * rayon::current_num_threads()) {
            let found: Vec<Found> = side_by_side(group.iter().collect(), work);
            for piece in found {
                gradients.accumulate(&self.model, piece.of_weights);
                losses.push(piece.loss);
                for (sum, gradient) in wanted.iter_mut().zip(piece.of_shared) {
                    *sum = match (sum.take(), gradient) {
                        (Some(sum), Some(gradient)) => Some(sum + gradient),
                        (sum, gradient) => sum.or(gradient),
                    };
                }
            }
        }
        // Of the sum of products the gradient is the other factor.
        let products = shared
            .into_iter()
            .zip(wanted)
            .filter_map(|(shared, wanted)| {
                wanted.map(|wanted| (shared * Tensor::from_inner(wanted)).sum())
            });
        if let Some(carrier) = products.reduce(|sum, product| sum + product) {
            let back = GradientsParams::from_grads(carrier.backward(), &whole);
            gradients.accumulate(&self.model, back);
        }
        TrainOutput {
            grads: gradients.grads(),
            item: BatchLoss(Tensor::cat(losses, 0).sum()),
        }
    }

    fn optimize(
        self,
        optim: &mut ModuleOptimizer,
        lr_module: ModuleLearningRate,
        gradients: GradientsParams,
    ) -> Self {
        let settings = self.settings;
        let gradients = prepare(
            &self.model,
            gradients,
            settings.summed.swap(0, Ordering::Relaxed).max(1),
            settings.max_gradient_norm,
        );
        let model = optim.step(lr_module, self.model, gradients);
        let average = self
            .average
            .zip(settings.averaging)
            .map(|(average, decay)| moved(average, &model, decay));
        Self {
            model,
            average,
            settings,
        }
    }
}

impl<T: Task> InferenceStep for TaskLearner<T::Model, T> {
    type Input = Vec<Asked>;
    type Output = Gains;

    fn step(&self, users: Vec<Asked>) -> Gains {
        let queries: Vec<Query<'_>> = users
            .iter()
            .map(|asked| Query::new(asked.user, &asked.history))
            .collect();
        let model = self.result().valid();
        let ranked = self.settings.task.recommend(&model, &queries, K);
        let gains = ranked.iter().zip(&users).map(|(ranked, asked)| {
            let targets = asked.targets.iter();
            let ranks: Vec<u32> = targets
                .filter_map(|&target| ranked.rank_of(target))
                .collect();
            ndcg(&ranks, asked.targets.len(), K)
        });
        Gains(gains.collect())
    }
}
