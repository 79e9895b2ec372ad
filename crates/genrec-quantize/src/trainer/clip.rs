//! Clipping of all gradients as one vector, without reading a number back from the device.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Shortens the gradients, taken together as one vector, to `norm` if they are longer (Pascanu,
/// Mikolov and Bengio, 2013).
///
/// Burn's own clipping does this parameter by parameter, which changes the direction of the step.
pub(super) fn clip_to<M: Module>(
    gradients: GradientsParams,
    module: &M,
    norm: f64,
) -> GradientsParams {
    let mut squares = Squares {
        gradients: &gradients,
        sum: None,
    };
    module.visit(&mut squares);
    let Some(sum) = squares.sum else {
        return gradients;
    };
    let factor = (sum.sqrt() + 1e-6).recip().mul_scalar(norm).clamp_max(1.0);
    let mut scaled = Scaled {
        gradients,
        factor,
        scaled: GradientsParams::new(),
    };
    module.visit(&mut scaled);
    scaled.scaled
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let square = gradient.square().sum();
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + square,
                None => square,
            });
        }
    }
}

struct Scaled {
    gradients: GradientsParams,
    factor: Tensor<1>,
    scaled: GradientsParams,
}

impl ModuleVisitor for Scaled {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.scaled
                .register(param.id, gradient * self.factor.clone().unsqueeze::<D>());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MlpConfig;
    use burn::tensor::Device;

    fn gradients(scale: f32) -> (crate::Mlp, GradientsParams) {
        let mlp = MlpConfig::new(vec![3, 4, 2]).init(&Device::default().autodiff());
        let rows = Tensor::<2>::from_data([[1.0, -2.0, 3.0], [0.5, 1.0, 0.0]], &Device::default())
            .autodiff();
        let loss = mlp.forward(rows).square().sum().mul_scalar(scale);
        let gradients = GradientsParams::from_grads(loss.backward(), &mlp);
        (mlp, gradients)
    }

    fn norm(module: &crate::Mlp, gradients: &GradientsParams) -> f32 {
        let mut squares = Squares {
            gradients,
            sum: None,
        };
        module.visit(&mut squares);
        squares.sum.unwrap().sqrt().into_scalar::<f32>()
    }

    #[test]
    fn long_gradients_are_shortened_as_one_and_short_ones_left() {
        let (mlp, long) = gradients(100.0);
        let before = norm(&mlp, &long);
        let first = long.get::<2>(mlp.layers[0].weight.id).unwrap();
        let clipped = clip_to(long, &mlp, 1.5);
        assert!(before > 10.0 && (norm(&mlp, &clipped) - 1.5).abs() < 1e-4);
        // Same direction: every gradient shrank by the same factor.
        let gap = clipped.get::<2>(mlp.layers[0].weight.id).unwrap() - first * (1.5 / before);
        assert!(gap.abs().max().into_scalar::<f32>() < 1e-4);

        let (mlp, short) = gradients(1e-4);
        let before = norm(&mlp, &short);
        assert!((norm(&mlp, &clip_to(short, &mlp, 1.5)) - before).abs() <= before * 1e-6);
    }
}
