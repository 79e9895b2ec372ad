//! Rotary positions: pairs of elements of queries and keys are turned by angles that grow with the position (Su et al. 2021).

use std::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};

use super::config::{LanguageModelConfig, RotaryScaling};

/// The angles a position further, `[d_head / 2]`.
pub(super) fn frequencies(config: &LanguageModelConfig) -> Vec<f64> {
    let width = config.d_head();
    (0..width / 2)
        .map(|pair| {
            let frequency = config.rotary_base.powf(-2.0 * pair as f64 / width as f64);
            scaled(frequency, config.rotary_scaling)
        })
        .collect()
}

fn scaled(frequency: f64, scaling: RotaryScaling) -> f64 {
    match scaling {
        RotaryScaling::None => frequency,
        RotaryScaling::Linear { factor } => frequency / factor,
        RotaryScaling::Llama3 {
            factor,
            low_frequency_factor: low,
            high_frequency_factor: high,
            original_positions,
        } => {
            // How often the wave turns within the original context.
            let turns = original_positions as f64 * frequency / TAU;
            let kept = ((turns - low) / (high - low)).clamp(0.0, 1.0);
            (1.0 - kept) * frequency / factor + kept * frequency
        }
    }
}

/// Cosines and sines of positions, both `[rows, 1, positions, d_head]`, to be broadcast over heads.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    cosines: Tensor<4>,
    sines: Tensor<4>,
}

impl Rotation {
    /// For `rows` rows of positions, row after row.
    pub(super) fn new(
        frequencies: &[f64],
        rows: usize,
        positions: &[usize],
        device: &Device,
    ) -> Self {
        let shape = [rows, 1, positions.len() / rows, 2 * frequencies.len()];
        let table = |of: fn(f64) -> f64| {
            let values: Vec<f32> = positions
                .iter()
                .flat_map(|&position| {
                    let half = frequencies
                        .iter()
                        .map(move |f| of(position as f64 * f) as f32);
                    half.clone().chain(half)
                })
                .collect();
            Tensor::from_data(TensorData::new(values, shape), device)
        };
        Self {
            cosines: table(f64::cos),
            sines: table(f64::sin),
        }
    }

    /// Turns `x`, `[rows, heads, positions, d_head]`: element `i` with element `i + d_head / 2`.
    pub(super) fn turn(&self, x: Tensor<4>) -> Tensor<4> {
        let half = x.dims()[3] / 2;
        let (first, second) = (
            x.clone().narrow(3, 0, half),
            x.clone().narrow(3, half, half),
        );
        let other = Tensor::cat(vec![-second, first], 3);
        x * self.cosines.clone() + other * self.sines.clone()
    }
}
