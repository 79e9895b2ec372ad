//! The model as burn-train sees it: a step of training, and a step of validation.

use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{
    GradientsAccumulator, GradientsParams, ModuleOptimizer,
    lr_scheduler::module_lr_scheduler::ModuleLearningRate,
};
use burn::tensor::{ExecutionError, Tensor};
use burn::train::{InferenceStep, ItemLazy, TrainOutput, TrainStep, metric::Adaptor};
use genrec_data::ItemId;
use genrec_metrics::{Query, Ranked};
use rayon::prelude::*;

use super::batch::Batch;
use super::loss::ranking_loss;
use crate::sequence::{Retrieval, SequenceModel};

/// What the steps need beside the weights.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) retrieval: Retrieval,
    pub(crate) temperature: f64,
    pub(crate) label_smoothing: f64,
    pub(crate) accumulation: usize,
    pub(crate) max_gradient_norm: Option<f64>,
}

/// A [`SequenceModel`] that can be trained.
#[derive(Module, Debug)]
pub(crate) struct SequenceLearner {
    pub(crate) model: SequenceModel,
    #[module(skip)]
    pub(crate) settings: Arc<Settings>,
}

/// Loss of a training batch, `[1]`.
pub(crate) struct BatchLoss(pub(crate) Tensor<1>);

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

/// Users whose next item is known.
pub(crate) type ValidationBatch = Vec<(Vec<ItemId>, ItemId)>;

/// NDCG@10 of every user of a validation batch.
#[derive(Clone)]
pub(crate) struct Gains(pub(crate) Vec<f64>);

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

impl TrainStep for SequenceLearner {
    type Input = Vec<Batch>;
    type Output = BatchLoss;

    /// Loss and gradients of the pieces of a batch, computed side by side. Each has its own copy of the model (of the handles, not the weights), so that
    /// their graphs share nothing; the gradients are added in the order of the pieces, whichever is ready first.
    fn step(&self, pieces: Vec<Batch>) -> TrainOutput<BatchLoss> {
        let tokens = pieces.iter().map(|piece| piece.tokens).sum();
        let weights = self.valid();
        let found: Vec<(GradientsParams, Tensor<1>)> = pieces
            .par_iter()
            .map(|piece| {
                let learner = weights.clone().train();
                learner.model.t5.seed_dropout(piece.seed);
                let loss = ranking_loss(
                    &learner.model,
                    piece,
                    tokens,
                    self.settings.temperature,
                    self.settings.label_smoothing,
                );
                let gradients = GradientsParams::from_grads(loss.backward(), &learner);
                (gradients, loss.inner())
            })
            .collect();
        let mut gradients = GradientsAccumulator::new();
        let mut losses = Vec::with_capacity(found.len());
        for (piece, loss) in found {
            gradients.accumulate(self, piece);
            losses.push(loss);
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
        let gradients = prepare(
            &self,
            gradients,
            self.settings.accumulation,
            self.settings.max_gradient_norm,
        );
        optim.step(lr_module, self, gradients)
    }
}

impl InferenceStep for SequenceLearner {
    type Input = ValidationBatch;
    type Output = Gains;

    fn step(&self, batch: ValidationBatch) -> Gains {
        let queries: Vec<Query<'_>> = batch
            .iter()
            .map(|(history, _)| Query {
                user: None,
                history,
            })
            .collect();
        // A model whose weights are no longer numbers answers nothing, which gains nothing; its loss is what ends the training.
        let ranked = self
            .settings
            .retrieval
            .try_recommend(&self.model, &queries, 10)
            .unwrap_or_else(|_| vec![Ranked::default(); queries.len()]);
        let gain = |rank: u32| {
            if rank <= 10 {
                1.0 / f64::from(rank + 1).log2()
            } else {
                0.0
            }
        };
        Gains(
            ranked
                .iter()
                .zip(&batch)
                .map(|(ranked, &(_, target))| ranked.rank_of(target).map_or(0.0, gain))
                .collect(),
        )
    }
}

/// Averages gradients that were summed over `accumulation` batches, and scales them down to `max_norm` over all parameters.
fn prepare<M: Module>(
    module: &M,
    mut gradients: GradientsParams,
    accumulation: usize,
    max_norm: Option<f64>,
) -> GradientsParams {
    let mean = 1.0 / accumulation as f64;
    let scale = max_norm.and_then(|max_norm| {
        let mut norm = SquaredNorm {
            gradients: &gradients,
            sum: None,
        };
        module.visit(&mut norm);
        // Stays on the device: min(1, max_norm / norm), without reading the norm.
        norm.sum.map(|sum| {
            (sum.sqrt() * mean + 1e-6)
                .recip()
                .mul_scalar(max_norm)
                .clamp_max(1.0)
        })
    });
    if scale.is_some() || accumulation > 1 {
        let mut scaling = Scale {
            gradients: &mut gradients,
            mean,
            scale,
        };
        module.visit(&mut scaling);
    }
    gradients
}

/// Sum of the squares of all gradients.
struct SquaredNorm<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for SquaredNorm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let squares = gradient.square().sum();
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + squares,
                None => squares,
            });
        }
    }
}

/// Multiplies all gradients.
struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    mean: f64,
    scale: Option<Tensor<1>>,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(mut gradient) = self.gradients.remove::<D>(param.id) {
            if self.mean != 1.0 {
                gradient = gradient * self.mean;
            }
            if let Some(scale) = &self.scale {
                gradient = gradient * scale.clone().reshape([1; D]);
            }
            self.gradients.register(param.id, gradient);
        }
    }
}
