//! The layer norm of T5: root mean square only, no mean, no bias (Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019).

use burn::module::{Module, Param};
use burn::tensor::module::linear as product;
use burn::tensor::{Device, Tensor};

use crate::lora::Projection;

/// `x / sqrt(mean(x^2) + epsilon) * weight`, over the last dimension.
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// Scales, `[d_model]`.
    pub weight: Param<Tensor<1>>,
    epsilon: f64,
}

/// Normalised rows `[..., d_model]` whose scales are still to come.
///
/// Every norm but the last of a stack feeds linear layers, and `(x * scale) W = x (scale * W)`: in training there are fewer weights than rows times
/// widths, so the scales go into the weights, and neither they nor their gradient take a pass over the rows. A step of a search has few rows, which are
/// scaled at once.
#[derive(Clone, Debug)]
pub(super) struct Normed<const D: usize> {
    rows: Tensor<D>,
    /// `[d_model, 1]`, where the rows are not scaled.
    scales: Option<Tensor<2>>,
}

/// More rows than this are not scaled.
const FEW_ROWS: usize = 1024;

impl RmsNorm {
    /// Scales of `scale` for rows of width `d_model`.
    pub(crate) fn new(d_model: usize, scale: f64, epsilon: f64, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::full([d_model], scale, device)),
            epsilon,
        }
    }

    /// Normalises and scales the rows of `x`, `[..., d_model]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.normalized(x) * self.weight.val().unsqueeze()
    }

    /// Normalises the rows of `x`, `[..., d_model]`, for linear layers to follow.
    pub(super) fn before_linear<const D: usize>(&self, x: Tensor<D>) -> Normed<D> {
        let rows = x.dims()[..D - 1].iter().product::<usize>();
        if rows <= FEW_ROWS && !x.is_autodiff() {
            return Normed {
                rows: self.forward(x),
                scales: None,
            };
        }
        Normed {
            rows: self.normalized(x),
            scales: Some(self.weight.val().unsqueeze_dim(1)),
        }
    }

    /// `x / sqrt(mean(x^2) + epsilon)`.
    fn normalized<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let width = x.dims()[D - 1];
        let mean = Tensor::full([width, 1], 1.0 / width as f64, &x.device());
        // Differentiating m = mean(x * c) with c a constant copy of x gives half of the gradient of mean(x^2); sqrt(c') / m, with c' a constant copy
        // of m, has the value of 1 / sqrt(m) and twice its derivative. Together they are right, with half of the passes over x on the way back.
        let square = x.clone() * x.clone().detach();
        let mean_square = product(square, mean, None) + self.epsilon;
        let inverse = mean_square.clone().detach().sqrt() / mean_square;
        x * inverse
    }
}

impl<const D: usize> Normed<D> {
    /// The output of `projection`, `[..., d_output]`.
    pub(super) fn through(&self, projection: &Projection) -> Tensor<D> {
        let Some(scales) = self.scales.clone() else {
            return projection.forward(self.rows.clone());
        };
        let weight = projection.linear.weight.val() * scales.clone();
        let plain = product(self.rows.clone(), weight, None);
        projection.with_adapter(plain, || self.rows.clone() * scales.transpose().unsqueeze())
    }
}
