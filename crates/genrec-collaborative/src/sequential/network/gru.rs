//! Gated recurrent layers (Cho et al. 2014), as GRU4Rec stacks them.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use genrec_train::{Draw, Dropout};

use super::layers::linear;

/// Layers one on top of the other, all `d_model` wide.
#[derive(Module, Debug)]
pub(crate) struct Gru {
    layers: Vec<Layer>,
}

impl Gru {
    pub(super) fn new(d_model: usize, layers: usize, draw: &mut Draw) -> Self {
        Self {
            layers: (0..layers).map(|_| Layer::new(d_model, draw)).collect(),
        }
    }

    pub(super) fn forward(&self, rows: Tensor<3>, dropout: &Dropout) -> Tensor<3> {
        self.layers
            .iter()
            .fold(rows, |x, layer| layer.forward(dropout.apply(x)))
    }
}

#[derive(Module, Debug)]
struct Layer {
    /// Reset gate, update gate and candidate of the input, `[d, 3 d]`.
    input: Linear,
    /// Reset and update gate of the state, `[d, 2 d]`.
    gates: Linear,
    /// Candidate of the state, `[d, d]`.
    candidate: Linear,
}

impl Layer {
    fn new(d: usize, draw: &mut Draw) -> Self {
        Self {
            input: linear(d, 3 * d, true, draw),
            gates: linear(d, 2 * d, false, draw),
            candidate: linear(d, d, true, draw),
        }
    }

    /// `h = (1 - z) n + z h` with `n = tanh(W x + r (U h + b))`: the candidate of cuDNN and PyTorch.
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, places, d] = x.dims();
        let inputs = self.input.forward(x);
        let mut state = Tensor::<2>::zeros([batch, d], &inputs.device());
        let mut states = Vec::with_capacity(places);
        for place in 0..places {
            let input = inputs
                .clone()
                .slice([0..batch, place..place + 1, 0..3 * d])
                .reshape([batch, 3 * d]);
            let gates = input.clone().narrow(1, 0, 2 * d) + self.gates.forward(state.clone());
            let gates = sigmoid(gates);
            let (reset, update) = (gates.clone().narrow(1, 0, d), gates.narrow(1, d, d));
            let candidate =
                input.narrow(1, 2 * d, d) + reset * self.candidate.forward(state.clone());
            let candidate = candidate.tanh();
            state = candidate.clone() + update * (state - candidate);
            states.push(state.clone());
        }
        Tensor::stack::<3>(states, 1)
    }
}
