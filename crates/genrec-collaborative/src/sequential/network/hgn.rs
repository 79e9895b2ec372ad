//! Gates on the features and the items of the last items (HGN, section 3).

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use genrec_train::{Draw, Dropout};

use super::layers::{linear, nothing};
use super::windows::windows;
use crate::sequential::inputs::Inputs;

/// Feature gating, instance gating, and rows of users.
#[derive(Module, Debug)]
pub(crate) struct Hgn {
    /// `[users + 1, d_model]`: somebody unknown first, who is nothing, as everybody is at the start.
    users: Param<Tensor<2>>,
    /// W1 and its bias, `[d_model, d_model]`.
    feature_item: Linear,
    /// W2, `[d_model, d_model]`.
    feature_user: Linear,
    /// w3, `[d_model, 1]`.
    instance_item: Linear,
    /// W4, `[d_model, window]`.
    instance_user: Linear,
    window: usize,
}

impl Hgn {
    pub(super) fn new(d_model: usize, users: usize, window: usize, draw: &mut Draw) -> Self {
        Self {
            users: nothing(users + 1, d_model, draw),
            feature_item: linear(d_model, d_model, true, draw),
            feature_user: linear(d_model, d_model, false, draw),
            instance_item: linear(d_model, 1, false, draw),
            instance_user: linear(d_model, window, false, draw),
            window,
        }
    }

    /// The user's row, the mean of the gated items and the sum of the items as they are (equation 9: each is multiplied with the rows of the candidates, so their
    /// sum is).
    pub(super) fn forward(&self, rows: Tensor<3>, inputs: &Inputs, dropout: &Dropout) -> Tensor<3> {
        let [batch, places, d] = rows.dims();
        let count = batch * places;
        let read = windows(rows, self.window);
        let users = self.users.val().select(0, inputs.users.clone());
        let users = users.unsqueeze_dim::<3>(1).repeat_dim(1, places);
        let users = users.reshape([count, d]);
        let gate = self.feature_item.forward(read.clone())
            + self
                .feature_user
                .forward(users.clone())
                .reshape([count, 1, d]);
        let gated = read.clone() * sigmoid(gate);
        let gate = self.instance_item.forward(gated.clone())
            + self
                .instance_user
                .forward(users.clone())
                .reshape([count, self.window, 1]);
        let gate = sigmoid(gate);
        let pooled = (gated * gate.clone()).sum_dim(1) / (gate.sum_dim(1) + 1e-6);
        let state = users + (pooled + read.sum_dim(1)).reshape([count, d]);
        dropout.apply(state).reshape([batch, places, d])
    }
}
