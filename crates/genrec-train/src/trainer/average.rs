//! A running average of weights.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// `decay * average + (1 - decay) * model`, weight by weight, without autodiff.
pub(super) fn moved<M: Module>(average: M, model: &M, decay: f64) -> M {
    let mut weights = Weights(GradientsParams::new());
    model.visit(&mut weights);
    average.map(&mut Towards {
        weights: weights.0,
        decay,
    })
}

/// The weights of a module by their parameters, in Burn's container for tensors of any rank.
struct Weights(GradientsParams);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.register(param.id, param.val().inner());
    }
}

/// Moves weights towards those of another module with the same parameters.
struct Towards {
    weights: GradientsParams,
    decay: f64,
}

impl ModuleMapper for Towards {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let target = self.weights.remove::<D>(param.id);
        param.map(|average| match target {
            Some(target) => average.inner() * self.decay + target * (1.0 - self.decay),
            None => average.inner(),
        })
    }
}
