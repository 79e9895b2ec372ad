//! One epoch over the rows.

use super::clip::clip_to;
use super::{Batch, Callbacks, TrainerConfig};
use crate::seed::{self, Stream};
use crate::{EpochCodes, Quantized, Quantizer, Result};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Int, Tensor, TensorData};
use rand::seq::SliceRandom;

/// What an epoch leaves behind, and the means over its rows.
pub(super) struct Epoch<Q> {
    pub(super) quantizer: Q,
    pub(super) loss: f64,
    pub(super) reconstruction: f64,
    pub(super) learning_rate: f64,
}

/// Trains on all rows once, in an order that depends on the seed and the epoch only. No number is
/// read back from the device before the end.
pub(super) fn run<Q: Quantizer>(
    config: &TrainerConfig,
    mut quantizer: Q,
    optimizer: &mut ModuleOptimizer,
    rows: &Tensor<2>,
    epoch: usize,
    callbacks: &mut Callbacks<'_, Q>,
) -> Result<Epoch<Q>> {
    let count = rows.dims()[0];
    let device = rows.device();
    let order = order(count, config.seed, epoch);
    let numbers: Vec<i64> = order.iter().map(|&row| row as i64).collect();
    let numbers = Tensor::<1, Int>::from_data(TensorData::new(numbers, [count]), &device);
    let (steps, mut learning_rate) = (count.div_ceil(config.batch), config.learning_rate);
    let mut sums = Sums::default();
    let mut codes = vec![];
    let mut inputs = vec![];
    // Dropout draws from the device's own generator: seeded here, a resumed run draws what an
    // undisturbed one does.
    device.seed(seed::derive(config.seed, Stream::Dropout, epoch as u64));
    let seed = seed::derive(config.seed, Stream::BeforeEpoch, epoch as u64);
    quantizer = quantizer.before_epoch(rows, epoch, seed)?;
    for step in 0..steps {
        let start = step * config.batch;
        let size = config.batch.min(count - start);
        let chosen = rows
            .clone()
            .select(0, numbers.clone().narrow(0, start, size));
        let quantized = quantizer.forward(chosen.autodiff());
        let batch = Batch {
            rows: &order[start..start + size],
            epoch,
            step,
        };
        let loss = match callbacks
            .regularizer
            .as_mut()
            .and_then(|term| term(&quantizer, &quantized, &batch))
        {
            Some(term) => quantized.loss.clone() + term,
            None => quantized.loss.clone(),
        };
        sums.add(&loss, &quantized, size);
        let gradients = GradientsParams::from_grads(loss.backward(), &quantizer);
        let gradients = match config.clip_norm {
            Some(norm) => clip_to(gradients, &quantizer, norm),
            None => gradients,
        };
        learning_rate = config.learning_rate
            * config
                .schedule
                .factor(epoch * steps + step, config.epochs * steps);
        quantizer = optimizer
            .step(learning_rate, quantizer, gradients)
            .after_step(&quantized);
        codes.push(quantized.codes);
        inputs = quantized.inputs;
    }
    let codes = EpochCodes {
        codes: Tensor::cat(codes, 0),
        inputs,
    };
    let quantizer = quantizer.after_epoch(
        &codes,
        seed::derive(config.seed, Stream::AfterEpoch, epoch as u64),
    );
    let (loss, reconstruction) = sums.means(count);
    Ok(Epoch {
        quantizer,
        loss,
        reconstruction,
        learning_rate,
    })
}

/// Sums over the rows, left on the device until the end of the epoch.
#[derive(Default)]
struct Sums {
    terms: Option<Tensor<1>>,
}

impl Sums {
    fn add(&mut self, loss: &Tensor<1>, quantized: &Quantized, rows: usize) {
        let both = Tensor::cat(
            vec![
                loss.clone().inner(),
                quantized.reconstruction.clone().inner(),
            ],
            0,
        );
        let both = both.mul_scalar(rows as f64);
        self.terms = Some(match self.terms.take() {
            Some(sum) => sum + both,
            None => both,
        });
    }

    fn means(self, rows: usize) -> (f64, f64) {
        let sums: Vec<f64> = self
            .terms
            .expect("at least one step")
            .into_data()
            .iter::<f64>()
            .collect();
        (sums[0] / rows as f64, sums[1] / rows as f64)
    }
}

/// The rows in the order of an epoch.
fn order(count: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut seed::generator(seed, Stream::Shuffle, epoch as u64));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_a_permutation_of_its_epoch() {
        let mut first = order(100, 3, 0);
        assert_eq!(first, order(100, 3, 0));
        assert_ne!(first, order(100, 3, 1));
        assert_ne!(first, order(100, 4, 0));
        first.sort_unstable();
        assert_eq!(first, (0..100).collect::<Vec<_>>());
    }
}
