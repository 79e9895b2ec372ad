//! Small layers with weights drawn on the host.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Tensor;
use genrec_train::Draw;

/// A linear layer, `[d_input, d_output]`: weights from N(0, 1 / d_input), biases zero.
pub(super) fn linear(d_input: usize, d_output: usize, bias: bool, draw: &mut Draw) -> Linear {
    let weight = draw.normal([d_input, d_output], (d_input as f64).powf(-0.5));
    Linear {
        weight: Param::from_tensor(weight),
        bias: bias.then(|| Param::from_tensor(Tensor::zeros([d_output], draw.device()))),
    }
}

/// A table of `rows` rows from N(0, std^2).
pub(super) fn table(rows: usize, d: usize, std: f64, draw: &mut Draw) -> Param<Tensor<2>> {
    Param::from_tensor(draw.normal([rows, d], std))
}

/// A table of `rows` rows of zeros: a row that training never meets says nothing.
pub(super) fn nothing(rows: usize, d: usize, draw: &Draw) -> Param<Tensor<2>> {
    Param::from_tensor(Tensor::zeros([rows, d], draw.device()))
}
