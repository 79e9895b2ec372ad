//! Multi-layer perceptron: linear layers with ReLU between them, none after the last.

use crate::seed::{self, Stream};
use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData, assert_shape};
use rand::rngs::StdRng;
use rand::{Rng, RngExt};

/// How the weights of an [`Mlp`] start.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum MlpInit {
    /// Normal with variance `2 / d_in` after a ReLU and `1 / d_in` in the first layer, biases 0:
    /// the mean square of a signal stays what it was through any depth (He et al., 2015).
    Kaiming,
    /// Normal with variance `2 / (d_in + d_out)`, biases 0: what LETTER's and LC-Rec's released
    /// code does.
    Xavier,
    /// Weights and biases uniform in `±1 / sqrt(d_in)`: PyTorch's default for linear layers.
    Uniform,
}

/// Configuration of an [`Mlp`].
#[derive(Config, Debug, PartialEq)]
pub struct MlpConfig {
    /// Widths: input, hidden layers, output; at least two.
    pub widths: Vec<usize>,
    /// Probability with which an input value of a layer is dropped while training.
    #[config(default = 0.0)]
    pub dropout: f64,
    /// How the weights start.
    #[config(default = "MlpInit::Kaiming")]
    pub init: MlpInit,
    /// Seed of the starting weights.
    #[config(default = 0)]
    pub seed: u64,
}

/// Linear layers with ReLU between them and none after the last; dropout, if any, before each
/// layer.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The layers, input first.
    pub layers: Vec<Linear>,
    dropout: Dropout,
}

impl MlpConfig {
    /// Makes the layers.
    ///
    /// # Panics
    ///
    /// If there are fewer than two widths, a width is 0, or `dropout` is not in `0..1`.
    pub fn init(&self, device: &Device) -> Mlp {
        assert!(
            self.widths.len() >= 2 && self.widths.iter().all(|&w| w > 0),
            "MlpConfig::widths is {:?}, but at least an input and an output width are needed, none of them 0",
            self.widths
        );
        let layers = self
            .widths
            .windows(2)
            .enumerate()
            .map(|(layer, pair)| {
                let mut rng = seed::generator(self.seed, Stream::Weights, layer as u64);
                self.linear(pair[0], pair[1], layer > 0, &mut rng, device)
            })
            .collect();
        Mlp {
            layers,
            dropout: DropoutConfig::new(self.dropout).init(),
        }
    }

    /// The mirrored network: from this one's output back to its input, with weights of its own.
    pub fn mirrored(&self) -> Self {
        let mut mirrored = self.clone();
        mirrored.widths.reverse();
        mirrored.seed = seed::derive(self.seed, Stream::Weights, u64::MAX);
        mirrored
    }

    fn linear(
        &self,
        d_in: usize,
        d_out: usize,
        rectified: bool,
        rng: &mut StdRng,
        device: &Device,
    ) -> Linear {
        let count = d_in * d_out;
        let bound = (1.0 / d_in as f64).sqrt();
        let mut uniform = |count: usize| -> Vec<f32> {
            (0..count)
                .map(|_| rng.random_range(-bound..bound) as f32)
                .collect()
        };
        let (weight, bias) = match self.init {
            MlpInit::Uniform => (uniform(count), uniform(d_out)),
            MlpInit::Kaiming => {
                let gain = if rectified { 2.0 } else { 1.0 };
                (
                    normals(count, (gain / d_in as f64).sqrt(), rng),
                    vec![0.0; d_out],
                )
            }
            MlpInit::Xavier => (
                normals(count, (2.0 / (d_in + d_out) as f64).sqrt(), rng),
                vec![0.0; d_out],
            ),
        };
        Linear {
            weight: Param::from_data(TensorData::new(weight, [d_in, d_out]), device),
            bias: Some(Param::from_data(TensorData::new(bias, [d_out]), device)),
        }
    }
}

impl Mlp {
    /// # Shapes
    ///
    /// - input: `[batch, widths.first]`
    /// - output: `[batch, widths.last]`
    ///
    /// # Panics
    ///
    /// If the input has another width.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let d_input = self.d_input();
        assert_shape!(input, [_, d_input]);
        let mut signal = input;
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                signal = relu(signal);
            }
            signal = layer.forward(self.dropout.forward(signal));
        }
        signal
    }

    /// Width of the input.
    pub fn d_input(&self) -> usize {
        self.layers
            .first()
            .map_or(0, |layer| layer.weight.dims()[0])
    }

    /// Width of the output.
    pub fn d_output(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.weight.dims()[1])
    }
}

/// Normal deviates with mean 0, two at a time (Box and Muller, 1958).
pub(crate) fn normals(count: usize, deviation: f64, rng: &mut impl Rng) -> Vec<f32> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        // 1 - u lies in (0, 1]: its logarithm is finite.
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt() * deviation;
        let (sine, cosine) = (rng.random::<f64>() * std::f64::consts::TAU).sin_cos();
        values.push((radius * cosine) as f32);
        values.push((radius * sine) as f32);
    }
    values.truncate(count);
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    fn mean_square(tensor: Tensor<2>) -> f32 {
        tensor.square().mean().into_scalar::<f32>()
    }

    #[test]
    fn kaiming_keeps_the_signal() {
        let device = Device::default();
        let mlp = MlpConfig::new(vec![256; 8]).init(&device);
        let input = Tensor::<2>::random([64, 256], Distribution::Normal(0.0, 1.0), &device);
        let kept = mean_square(mlp.forward(input));
        assert!((0.3..3.0).contains(&kept), "mean square {kept}");
    }

    #[test]
    fn normals_have_their_deviation() {
        let values = normals(20_000, 0.5, &mut seed::generator(1, Stream::Weights, 0));
        let mean = values.iter().sum::<f32>() / 20_000.0;
        let variance = values.iter().map(|v| v * v).sum::<f32>() / 20_000.0;
        assert!(
            mean.abs() < 0.015 && (variance - 0.25).abs() < 0.01,
            "mean {mean}, variance {variance}"
        );
    }

    #[test]
    fn the_last_layer_is_linear_and_widths_mirror() {
        let device = Device::default();
        let config = MlpConfig::new(vec![6, 5, 3]).with_init(MlpInit::Xavier);
        let mlp = config.init(&device);
        let input = Tensor::<2>::random([50, 6], Distribution::Normal(0.0, 1.0), &device);
        let output = mlp.forward(input);
        assert!(
            output.clone().min().into_scalar::<f32>() < 0.0,
            "a ReLU would leave nothing below 0"
        );
        let mirror = config.mirrored().init(&device);
        assert_eq!((mirror.d_input(), mirror.d_output()), (3, 6));
        assert_eq!(mirror.forward(output).dims(), [50, 6]);
    }

    #[test]
    fn the_seed_decides_the_weights() {
        let device = Device::default();
        let weight = |seed| {
            MlpConfig::new(vec![4, 3])
                .with_seed(seed)
                .init(&device)
                .layers[0]
                .weight
                .to_data()
        };
        assert_eq!(weight(1), weight(1));
        assert_ne!(weight(1), weight(2));
    }

    #[test]
    fn dropout_acts_only_while_training() {
        let device = Device::default();
        let mlp = MlpConfig::new(vec![64, 64])
            .with_dropout(0.5)
            .init(&device.clone().autodiff());
        let input = Tensor::<2>::ones([1, 64], &device);
        let still = mlp.valid();
        assert_eq!(
            still.forward(input.clone()).into_data(),
            still.forward(input.clone()).into_data()
        );
        let dropped = mlp.forward(input.clone().autodiff()).into_data();
        assert_ne!(dropped, still.forward(input).into_data());
    }
}
