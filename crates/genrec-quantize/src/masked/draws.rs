//! What is hidden and dropped, as a function of a seed alone.
//!
//! The generator of a device is shared by all threads of a process; here every mask has a number, and depends on the seed and that number
//! only, so that a resumed run hides what an undisturbed one does.

use super::Masking;
use crate::seed::{self, Stream};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt};
use std::sync::atomic::{AtomicU64, Ordering};

/// Masks, one after the other.
#[derive(Debug, Default)]
pub(super) struct Draws {
    seed: u64,
    drawn: AtomicU64,
}

impl Clone for Draws {
    /// A clone draws the same masks from here on, independently of the original.
    fn clone(&self) -> Self {
        Self {
            seed: self.seed,
            drawn: AtomicU64::new(self.drawn.load(Ordering::Relaxed)),
        }
    }
}

impl Draws {
    /// The masks of `seed`, from the first.
    pub(super) fn new(seed: u64) -> Self {
        let drawn = AtomicU64::new(0);
        Self { seed, drawn }
    }

    /// Zeros with probability `rate` and `kept` otherwise: `[rows, columns]`.
    fn elements(&self, [rows, columns]: [usize; 2], rate: f64, kept: f32) -> Vec<f32> {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut random = seed::generator(self.seed, Stream::Mask, number);
        let threshold = (rate * 65_536.0).round() as u64;
        let mut mask = vec![kept; rows * columns];
        for four in mask.chunks_mut(4) {
            let mut bits = random.next_u64();
            for element in four {
                if bits & 0xffff < threshold {
                    *element = 0.0;
                }
                bits >>= 16;
            }
        }
        mask
    }

    /// 0 where the encoders see nothing and 1 elsewhere, `[rows, columns]`, or `[1, columns]` for all rows; the columns are cut into `slices`.
    pub(super) fn hidden(
        &self,
        masking: Masking,
        [rows, columns]: [usize; 2],
        rate: f64,
        slices: usize,
        device: &Device,
    ) -> Tensor<2> {
        let (rows, mask) = match masking {
            Masking::Elements => (rows, self.elements([rows, columns], rate, 1.0)),
            Masking::SharedSlice => {
                let mut mask = self.elements([1, columns], rate, 1.0);
                let number = self.drawn.fetch_add(1, Ordering::Relaxed);
                let slice =
                    seed::generator(self.seed, Stream::Mask, number).random_range(0..slices);
                let within = slice * columns / slices..(slice + 1) * columns / slices;
                for (column, element) in mask.iter_mut().enumerate() {
                    if !within.contains(&column) {
                        *element = 1.0;
                    }
                }
                (1, mask)
            }
        };
        Tensor::from_data(TensorData::new(mask, [rows, columns]), device)
    }

    /// Drops elements with probability `rate` and scales the others up.
    pub(super) fn dropout(&self, signal: Tensor<2>, rate: f64) -> Tensor<2> {
        if rate == 0.0 {
            return signal;
        }
        let shape = signal.dims();
        let mask = self.elements(shape, rate, (1.0 / (1.0 - rate)) as f32);
        let mask = Tensor::from_data(TensorData::new(mask, shape), &signal.device());
        signal * mask
    }
}
