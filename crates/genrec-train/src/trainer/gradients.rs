//! Gradients between the backward pass and the optimizer.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Averages gradients that were summed over `batches`, and scales them down to `max_norm` over all parameters.
pub(super) fn prepare<M: Module>(
    module: &M,
    mut gradients: GradientsParams,
    batches: usize,
    max_norm: Option<f64>,
) -> GradientsParams {
    let mean = 1.0 / batches as f64;
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
    if scale.is_some() || batches > 1 {
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
