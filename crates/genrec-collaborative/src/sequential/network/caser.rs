//! Convolutions over the last items (Caser, section 3).

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use genrec_train::{Draw, Dropout};

use super::layers::{linear, nothing, table};
use super::windows::windows;
use crate::sequential::inputs::Inputs;

/// Horizontal and vertical filters, a fully connected layer, and rows of users beside it.
#[derive(Module, Debug)]
pub(crate) struct Caser {
    /// `[users + 1, d_model]`: somebody unknown first, who is nothing, as everybody is at the start.
    users: Param<Tensor<2>>,
    /// The filters of every height, `[height * d_model, horizontal]`.
    horizontal: Vec<Linear>,
    /// `[window, vertical]`
    vertical: Param<Tensor<2>>,
    /// `[window * horizontal + vertical * d_model, d_model]`
    connected: Linear,
}

impl Caser {
    /// `[horizontal, vertical]` filters.
    pub(super) fn new(
        d_model: usize,
        users: usize,
        window: usize,
        [horizontal, vertical]: [usize; 2],
        draw: &mut Draw,
    ) -> Self {
        let features = window * horizontal + vertical * d_model;
        Self {
            users: nothing(users + 1, d_model, draw),
            horizontal: (1..=window)
                .map(|height| linear(height * d_model, horizontal, true, draw))
                .collect(),
            vertical: table(window, vertical, (window as f64).powf(-0.5), draw),
            connected: linear(features, d_model, true, draw),
        }
    }

    /// What the window says and whose it is, `[batch, places, 2 d_model]`.
    pub(super) fn forward(&self, rows: Tensor<3>, inputs: &Inputs, dropout: &Dropout) -> Tensor<3> {
        let [batch, places, d] = rows.dims();
        let window = self.horizontal.len();
        let read = windows(rows, window);
        let count = batch * places;
        let mut features = Vec::with_capacity(window + 1);
        for (filters, height) in self.horizontal.iter().zip(1..) {
            // Every stretch of `height` items side by side, through the filters; the largest answer of each filter counts.
            let stretches = (0..=window - height)
                .map(|start| {
                    read.clone()
                        .narrow(1, start, height)
                        .reshape([count, 1, height * d])
                })
                .collect();
            let answers = relu(filters.forward(Tensor::cat(stretches, 1)));
            features.push(answers.max_dim(1).flatten::<2>(1, 2));
        }
        // [count, d, window] by [window, vertical]
        let vertical = read.swap_dims(1, 2).matmul(self.vertical.val().unsqueeze());
        features.push(vertical.flatten::<2>(1, 2));
        let window = relu(
            self.connected
                .forward(dropout.apply(Tensor::cat(features, 1))),
        );
        let users = self.users.val().select(0, inputs.users.clone());
        let users = users.unsqueeze_dim::<3>(1).repeat_dim(1, places);
        Tensor::cat(vec![window.reshape([batch, places, d]), users], 2)
    }
}
