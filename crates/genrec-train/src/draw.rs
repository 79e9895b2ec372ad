//! Initial weights, drawn on the host.
//!
//! The generators of Burn's devices are shared by all threads of a process, so that what one thread draws depends on what others do. Weights are
//! drawn from a generator of their own instead: the same seed gives the same bits, on every device.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, StandardNormal};

/// Draws tensors, one after the other.
#[derive(Debug)]
pub struct Draw {
    rng: Option<StdRng>,
    device: Device,
}

impl Draw {
    /// Draws from `seed` on, for tensors on `device`.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self {
            rng: Some(StdRng::seed_from_u64(seed)),
            device: device.clone(),
        }
    }

    /// Draws nothing: zeros, for weights that are about to be read from files.
    pub fn nothing(device: &Device) -> Self {
        Self {
            rng: None,
            device: device.clone(),
        }
    }

    /// Where the tensors are.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// A matrix from N(0, std^2).
    pub fn normal(&mut self, shape: [usize; 2], std: f64) -> Tensor<2> {
        let Some(rng) = &mut self.rng else {
            return Tensor::zeros(shape, &self.device);
        };
        let mut draw = || {
            let standard: f64 = StandardNormal.sample(rng);
            (standard * std) as f32
        };
        let values: Vec<f32> = (0..shape[0] * shape[1]).map(|_| draw()).collect();
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_the_seed_alone() {
        let device = Device::default();
        let draw = |seed| Draw::new(seed, &device).normal([30, 40], 0.5);
        let first = draw(1);
        device.seed(9);
        assert_eq!(first.to_data(), draw(1).into_data());
        assert_ne!(first.to_data(), draw(2).into_data());
        let nothing = Draw::nothing(&device).normal([3, 4], 0.5);
        assert_eq!(nothing.abs().max().into_scalar::<f32>(), 0.0);
        let square = first.square().mean().into_scalar::<f32>();
        assert!((square.sqrt() - 0.5).abs() < 0.05, "{square}");
    }
}
