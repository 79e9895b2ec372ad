use burn::config::Config;

/// The learning rate over a training run, as a factor of
/// [`TrainerConfig::learning_rate`](crate::TrainerConfig::learning_rate).
#[derive(Config, Debug, Copy, PartialEq)]
pub enum Schedule {
    /// Always 1.
    Constant,
    /// Rises linearly from 0 over the first `warmup` share of all steps, then falls to 0 along half
    /// a cosine.
    WarmupCosine {
        /// Share of the steps, in `0..1`; 0.01 is usual.
        warmup: f64,
    },
}

impl Schedule {
    /// The factor of step `step` (from 0) out of `steps`.
    pub fn factor(self, step: usize, steps: usize) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::WarmupCosine { warmup } => {
                let rising = (warmup * steps as f64).ceil();
                // Counted from 1 while rising, so that the first step moves something.
                if (step as f64) < rising {
                    return (step + 1) as f64 / rising;
                }
                let done = (step as f64 - rising) / (steps as f64 - rising).max(1.0);
                0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_then_falls() {
        let schedule = Schedule::WarmupCosine { warmup: 0.1 };
        let factors: Vec<f64> = (0..100).map(|step| schedule.factor(step, 100)).collect();
        assert!((factors[0] - 0.1).abs() < 1e-12 && (factors[9] - 1.0).abs() < 1e-12);
        assert!((factors[10] - 1.0).abs() < 1e-12 && (factors[55] - 0.5).abs() < 1e-12);
        assert!(factors[10..].windows(2).all(|pair| pair[1] < pair[0]) && factors[99] > 0.0);
        assert_eq!(Schedule::Constant.factor(7, 9).to_bits(), 1f64.to_bits());
        assert!((Schedule::WarmupCosine { warmup: 0.0 }.factor(0, 5) - 1.0).abs() < 1e-12);
    }
}
