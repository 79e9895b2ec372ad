//! AdamW in one pass.

use burn::optim::{
    AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, ModuleOptimizer, Optimizer,
};
use burn::tensor::{Device, Tensor};
use multiversion::multiversion;
use rayon::prelude::*;

use crate::in_place::{CHUNK, is_possible, values};

/// Decays of the two moments, and what keeps a quotient finite: PyTorch's defaults, which published learning rates were tuned with.
const BETAS: [f32; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-8;

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", algorithm 2) with betas of .9 and .999 and an epsilon of 1e-8, as in PyTorch.
///
/// On the host all of it is one pass over weights, gradient and moments, in their memory and on all cores; Burn's own takes about fifteen, on one core, each into fresh memory. The numbers are
/// the same to the bit, and so are the records.
pub fn adamw(weight_decay: f32) -> ModuleOptimizer {
    OnePass {
        weight_decay,
        plain: plain(weight_decay).build(),
    }
    .into()
}

fn plain(weight_decay: f32) -> AdamWConfig {
    AdamWConfig::new()
        .with_beta_1(BETAS[0])
        .with_beta_2(BETAS[1])
        .with_epsilon(EPSILON)
        .with_weight_decay(weight_decay)
}

#[derive(Clone)]
struct OnePass {
    weight_decay: f32,
    /// For accelerators.
    plain: AdamW,
}

impl Optimizer for OnePass {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        rate: f64,
        weights: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        if !(is_possible(&weights) && is_possible(&gradient)) {
            return self.plain.step(rate, weights, gradient, state);
        }
        let (shape, device) = (weights.dims(), weights.device());
        let state = state.map(|state| state.momentum).unwrap_or_else(|| {
            let zeros = Tensor::zeros(shape, &device);
            AdaptiveMomentumState::new(0, zeros.clone(), zeros)
        });
        let time = state.time + 1;
        let step = Step {
            // As Burn has them: powers in single precision, factors of the weights in double.
            corrections: BETAS.map(|beta| 1.0 - beta.powi(time as i32)),
            kept: (1.0 - rate * f64::from(self.weight_decay)) as f32,
            rate: rate as f32,
        };
        let (mut weights, mut gradient) = (weights.into_data(), gradient.into_data());
        let (mut first, mut second) = (state.moment_1.into_data(), state.moment_2.into_data());
        values(&mut weights)
            .par_chunks_mut(CHUNK)
            .zip(values(&mut gradient).par_chunks(CHUNK))
            .zip(values(&mut first).par_chunks_mut(CHUNK))
            .zip(values(&mut second).par_chunks_mut(CHUNK))
            .for_each(|(((weights, gradient), first), second)| {
                take(&step, weights, gradient, first, second);
            });
        let tensor = |data| Tensor::from_data(data, &device);
        let momentum = AdaptiveMomentumState::new(time, tensor(first), tensor(second));
        (tensor(weights), Some(AdamWState::new(momentum)))
    }

    fn to_device<const D: usize>(state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        AdamW::to_device(state, device)
    }
}

struct Step {
    /// What the moments lack because they started from zero.
    corrections: [f32; 2],
    /// What the decay leaves of a weight.
    kept: f32,
    rate: f32,
}

#[multiversion(targets = "simd")]
fn take(step: &Step, weights: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
    let moments = first.iter_mut().zip(second);
    for ((weight, &gradient), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
        *first = *first * BETAS[0] + gradient * (1.0 - BETAS[0]);
        *second = *second * BETAS[1] + gradient * gradient * (1.0 - BETAS[1]);
        let [of_first, of_second] = step.corrections;
        let change = *first / of_first / ((*second / of_second).sqrt() + EPSILON);
        *weight = *weight * step.kept - change * step.rate;
    }
}

#[cfg(test)]
mod tests {
    use burn::module::{Module, Param};
    use burn::optim::GradientsParams;
    use burn::tensor::Distribution;

    use super::*;

    #[derive(Module, Debug)]
    struct Two {
        matrix: Param<Tensor<2>>,
        vector: Param<Tensor<1>>,
    }

    impl Two {
        fn new(device: &Device) -> Self {
            device.seed(7);
            let normal = Distribution::Normal(0.0, 1.0);
            Self {
                matrix: Param::from_tensor(Tensor::random([150, 230], normal, device)),
                vector: Param::from_tensor(Tensor::random([230], normal, device)),
            }
        }

        fn gradients(&self, step: usize) -> GradientsParams {
            // Gradients of the matrix come as a view that is turned, as those of linear layers may.
            let turned = self.matrix.val().transpose().sin() * (step as f64 + 0.5);
            let loss = turned.sum() + (self.vector.val().square() * 0.01).sum();
            GradientsParams::from_grads(loss.backward(), self)
        }

        fn numbers(&self) -> Vec<u32> {
            let (matrix, vector) = (self.matrix.val(), self.vector.val());
            let all = [matrix.into_data(), vector.into_data()];
            let bits = all.iter().flat_map(|data| data.iter::<f32>());
            bits.map(f32::to_bits).collect()
        }
    }

    fn trained(mut optimizer: ModuleOptimizer, reopened: bool) -> Vec<u32> {
        let mut model = Two::new(&Device::flex().autodiff());
        for step in 0..5 {
            if step == 3 && reopened {
                let bytes = optimizer.into_bytes().unwrap();
                // Into the other one's record and back.
                let other = plain(0.1).init().from_bytes(bytes).unwrap();
                let bytes = other.into_bytes().unwrap();
                optimizer = adamw(0.1).from_bytes(bytes).unwrap();
            }
            let gradients = model.gradients(step);
            model = optimizer.step(0.03 / (step + 1) as f64, model, gradients);
        }
        model.numbers()
    }

    #[test]
    fn one_pass_is_burns_own_to_the_bit() {
        let start = Two::new(&Device::flex().autodiff()).numbers();
        let expected = trained(plain(0.1).init(), false);
        assert!(
            expected
                .iter()
                .zip(&start)
                .all(|(after, before)| after != before)
        );
        assert_eq!(trained(adamw(0.1), false), expected);
        assert_eq!(trained(adamw(0.1), true), expected);
        // Without decay, too.
        assert_eq!(
            trained(adamw(0.0), false),
            trained(plain(0.0).init(), false)
        );
    }
}
