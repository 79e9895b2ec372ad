/// Adam (Kingma and Ba, "Adam: a method for stochastic optimization", algorithm 1) over rows of a matrix.
#[derive(Debug, Clone)]
pub(super) struct Adam {
    learning_rate: f64,
    steps: i32,
}

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// One step of [`Adam`], the same for all rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// The learning rate over the bias of the first moment.
    rate: f32,
    /// One over the root of the bias of the second moment.
    correction: f32,
}

impl Adam {
    pub(super) fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            steps: 0,
        }
    }

    /// The next step.
    pub(super) fn step(&mut self) -> Step {
        self.steps = self.steps.saturating_add(1);
        let bias = |beta: f32| 1.0 - f64::from(beta).powi(self.steps);
        Step {
            rate: (self.learning_rate / bias(BETA_1)) as f32,
            correction: (1.0 / bias(BETA_2).sqrt()) as f32,
        }
    }
}

impl Step {
    /// Moves a row of weights, `[d]`, against its gradient, `[d]`; `first` and `second`, `[d]`, are its running moments,
    /// zeros at the start.
    pub(super) fn update(
        self,
        weights: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
        gradient: &[f32],
    ) {
        for (((weight, first), second), gradient) in
            weights.iter_mut().zip(first).zip(second).zip(gradient)
        {
            *first = BETA_1 * *first + (1.0 - BETA_1) * gradient;
            *second = BETA_2 * *second + (1.0 - BETA_2) * gradient * gradient;
            *weight -= self.rate * *first / (second.sqrt() * self.correction + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: the first step is the learning rate against the sign of the gradient, whatever its size.
    #[test]
    fn the_first_step_is_the_learning_rate() {
        let (mut weights, mut first, mut second) = ([1.0, 1.0, 1.0], [0.0; 3], [0.0; 3]);
        Adam::new(0.01)
            .step()
            .update(&mut weights, &mut first, &mut second, &[3.0, -1e-3, 0.0]);
        for (weight, expected) in weights.iter().zip([0.99, 1.01, 1.0]) {
            assert!((weight - expected).abs() < 1e-5, "{weight} {expected}");
        }
    }

    /// The same gradient again and again moves by the learning rate again and again.
    #[test]
    fn equal_gradients_move_evenly() {
        let (mut weights, mut first, mut second) = ([0.0], [0.0], [0.0]);
        let mut adam = Adam::new(0.1);
        for steps in 1..=20 {
            adam.step()
                .update(&mut weights, &mut first, &mut second, &[-0.5]);
            assert!(
                (weights[0] - 0.1 * steps as f32).abs() < 1e-4,
                "{weights:?} after {steps}"
            );
        }
    }
}
