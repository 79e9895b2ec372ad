//! Dropout whose masks are a function of a seed.
//!
//! A back end's own random numbers come from one generator of the whole process, so what a training step draws depends on
//! everything that drew before it. Here every mask has a number, and its bits depend on the seed and that number alone: a
//! resumed run draws what an undisturbed one draws, every device the same, and models can train side by side. The host draws
//! the masks, with all its cores.

use std::sync::atomic::{AtomicU64, Ordering};

use burn::tensor::{Tensor, TensorData};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;

use crate::seed::mixed;

/// Elements that one generator fills: a fixed number, so that masks do not depend on the number of cores.
const CHUNK: usize = 1 << 14;

/// Zeroes elements at random and scales the others up, while training.
#[derive(Debug)]
pub struct Dropout {
    /// An element is dropped if sixteen random bits are below this.
    threshold: u16,
    seed: AtomicU64,
    /// Number of masks drawn since the seed was set.
    drawn: AtomicU64,
}

impl Clone for Dropout {
    /// A clone draws the same masks from here on, independently of the original.
    fn clone(&self) -> Self {
        Self {
            threshold: self.threshold,
            seed: AtomicU64::new(self.seed.load(Ordering::Relaxed)),
            drawn: AtomicU64::new(self.drawn.load(Ordering::Relaxed)),
        }
    }
}

impl Dropout {
    /// Dropout with probability `rate`, to the next 1/65,536.
    ///
    /// # Panics
    ///
    /// If `rate` is not at least 0 and below 1.
    pub fn new(rate: f64) -> Self {
        assert!(
            (0.0..1.0).contains(&rate),
            "a dropout rate of {rate}, expected at least 0 and below 1"
        );
        Self {
            threshold: (rate * 65_536.0).round().min(65_535.0) as u16,
            seed: AtomicU64::new(0),
            drawn: AtomicU64::new(0),
        }
    }

    /// Starts the sequence of masks of `seed`.
    pub fn seed(&self, seed: u64) {
        self.seed.store(seed, Ordering::Relaxed);
        self.drawn.store(0, Ordering::Relaxed);
    }

    /// Drops elements of `x` if it is on a device that differentiates, and returns it untouched otherwise.
    pub fn apply<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        if self.threshold == 0 || !x.is_autodiff() {
            return x;
        }
        let mask = TensorData::new(self.mask(x.shape().num_elements()), x.shape());
        let mask = Tensor::from_data(mask, &x.device());
        x * mask
    }

    /// The next mask: zeros, and one over the probability of keeping.
    fn mask(&self, elements: usize) -> Vec<f32> {
        let seed = self.seed.load(Ordering::Relaxed);
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        let kept = (65_536.0 / (65_536.0 - f64::from(self.threshold))) as f32;
        let mut mask = vec![0.0; elements];
        mask.par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, mask)| {
                let mut random =
                    Xoshiro256PlusPlus::seed_from_u64(mixed(mixed(seed, number), chunk as u64));
                for four in mask.chunks_mut(4) {
                    let mut bits = random.next_u64();
                    for element in four {
                        *element = if (bits as u16) < self.threshold {
                            0.0
                        } else {
                            kept
                        };
                        bits >>= 16;
                    }
                }
            });
        mask
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn masks_have_the_rate_and_keep_the_mean() {
        let dropout = Dropout::new(0.1);
        let mask = dropout.mask(1_000_003);
        let dropped =
            mask.iter().filter(|&&element| element == 0.0).count() as f64 / mask.len() as f64;
        assert!((dropped - 0.1).abs() < 2e-3, "dropped {dropped}");
        let mean = mask.iter().map(|&element| f64::from(element)).sum::<f64>() / mask.len() as f64;
        assert!((mean - 1.0).abs() < 2e-3, "mean {mean}");
    }

    #[test]
    fn masks_depend_on_seed_and_number_alone() {
        let dropout = Dropout::new(0.5);
        dropout.seed(7);
        let (first, second) = (dropout.mask(100_000), dropout.mask(100_000));
        assert_ne!(first, second);
        let clone = dropout.clone();
        dropout.seed(7);
        assert_eq!(dropout.mask(100_000), first);
        assert_eq!(dropout.mask(100_000), second);
        assert_eq!(clone.mask(100_000), dropout.mask(100_000));
        dropout.seed(8);
        let other = dropout.mask(100_000);
        assert_ne!(other, first);
        // Unrelated, not just different: half of the elements agree.
        let agree = first.iter().zip(&other).filter(|(a, b)| a == b).count() as f64 / 1e5;
        assert!((agree - 0.5).abs() < 0.02, "{agree} agree");
    }

    #[test]
    #[should_panic(expected = "at least 0 and below 1")]
    fn a_rate_that_is_no_probability_is_refused() {
        Dropout::new(f64::NAN);
    }

    #[test]
    fn nothing_is_dropped_when_nothing_is_learned() {
        let dropout = Dropout::new(0.5);
        let ones = Tensor::<2>::ones([50, 50], &Device::default());
        let kept = dropout.apply(ones.clone());
        assert_eq!(kept.to_data(), ones.to_data());
        let training = Tensor::<2>::ones([50, 50], &Device::default().autodiff());
        assert_ne!(dropout.apply(training).inner().to_data(), ones.to_data());
        let none = Dropout::new(0.0);
        let training = Tensor::<2>::ones([50, 50], &Device::default().autodiff());
        assert_eq!(none.apply(training).inner().to_data(), ones.to_data());
    }
}
