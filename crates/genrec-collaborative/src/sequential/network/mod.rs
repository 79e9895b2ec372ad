//! The networks: item rows in, a state at every place out.

mod caser;
mod gru;
mod hgn;
mod layers;
mod transformer;
mod windows;

use burn::module::Module;
use burn::tensor::Tensor;
use genrec_train::{Draw, Dropout};

use super::config::{Architecture, SequentialConfig};
use super::inputs::Inputs;

/// One of the networks.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one a model")]
pub(super) enum Network {
    Transformer(transformer::Transformer),
    Gru(gru::Gru),
    Caser(caser::Caser),
    Hgn(hgn::Hgn),
}

impl Network {
    pub(super) fn new(config: &SequentialConfig, users: usize, draw: &mut Draw) -> Self {
        let d_model = config.d_model;
        match config.architecture {
            Architecture::SasRec { blocks, heads } => Self::Transformer(
                transformer::Transformer::new(config, [blocks, heads], true, draw),
            ),
            Architecture::Bert4Rec { blocks, heads, .. } => Self::Transformer(
                transformer::Transformer::new(config, [blocks, heads], false, draw),
            ),
            Architecture::Gru4Rec { layers } => Self::Gru(gru::Gru::new(d_model, layers, draw)),
            Architecture::Caser {
                window,
                horizontal,
                vertical,
            } => Self::Caser(caser::Caser::new(
                d_model,
                users,
                window,
                [horizontal, vertical],
                draw,
            )),
            Architecture::Hgn { window } => Self::Hgn(hgn::Hgn::new(d_model, users, window, draw)),
        }
    }

    /// The width of the item rows that states are compared with, where they are not those that are read.
    pub(super) fn d_output(&self, d_model: usize) -> Option<usize> {
        match self {
            Self::Transformer(_) | Self::Gru(_) => None,
            Self::Caser(_) => Some(2 * d_model),
            Self::Hgn(_) => Some(d_model),
        }
    }

    /// The state at every place, `[rows, places, d_state]`, of item rows `[rows, places, d_model]`. What stands at places that are not real changes nothing at
    /// those that are.
    pub(super) fn forward(&self, rows: Tensor<3>, inputs: &Inputs, dropout: &Dropout) -> Tensor<3> {
        match self {
            Self::Transformer(network) => network.forward(rows, inputs, dropout),
            Self::Gru(network) => network.forward(rows, dropout),
            Self::Caser(network) => network.forward(rows, inputs, dropout),
            Self::Hgn(network) => network.forward(rows, inputs, dropout),
        }
    }
}
