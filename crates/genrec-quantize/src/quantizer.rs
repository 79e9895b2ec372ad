//! What a quantizer is: rows to codes and back, trainable.

use crate::Result;
use burn::module::Module;
use burn::tensor::{Int, Tensor};

/// What [`Quantizer::forward`] makes of a batch of rows while training.
///
/// Regularizers are functions of this: nothing in it is detached unless its description says so.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// What the encoder gave, `[batch, d]`.
    pub latent: Tensor<2>,
    /// The sum of the codewords, `[batch, d]`. Where its gradient goes is an option of the
    /// quantizer ([`QuantizedGradient`](crate::QuantizedGradient)); the decoder is given the
    /// straight-through value whatever that option says.
    pub quantized: Tensor<2>,
    /// The codes, `[batch, levels]`, without autodiff.
    pub codes: Tensor<2, Int>,
    /// The reconstruction, `[batch, d_input]`.
    pub output: Tensor<2>,
    /// What to minimize, `[1]`: reconstruction + codebook + commitment terms.
    pub loss: Tensor<1>,
    /// The reconstruction term alone, `[1]`.
    pub reconstruction: Tensor<1>,
    /// What each level was asked to quantize (for residual levels the residual before it), `[batch,
    /// d]` per level.
    pub inputs: Vec<Tensor<2>>,
    /// The codeword each level chose, `[batch, d]` per level; its gradient reaches the level's
    /// codebook and nothing else.
    pub codewords: Vec<Tensor<2>>,
    /// Mean and variance of the batch, `[d]` each, for every batch norm in the order that the
    /// quantizer passes them: what its running statistics are moved by after the step. Empty
    /// without batch norms.
    pub statistics: Vec<Tensor<1>>,
}

/// The codes of one training epoch, as [`Quantizer::after_epoch`] sees them.
#[derive(Clone, Debug)]
pub struct EpochCodes {
    /// The codes of every row of the epoch in the order the rows were seen, `[rows, levels]`.
    pub codes: Tensor<2, Int>,
    /// What each level was asked to quantize in the last batch, `[batch, d]` per level.
    pub inputs: Vec<Tensor<2>>,
}

/// A trainable map from rows to codes and back.
///
/// `forward` is for training; `encode` and `decode` are for use, and may differ from it where a
/// method asks for that (a balanced assignment of the last level while training, dropout). What was
/// fitted by clustering is one, too: training goes on from there
/// ([`ResidualKMeans`](crate::ResidualKMeans)). The
/// hooks let codebooks start from the data and be changed between steps; their defaults do nothing.
pub trait Quantizer: Module {
    /// Codes, reconstruction and loss of a batch.
    ///
    /// # Shapes
    ///
    /// - rows: `[batch, d_input]`
    ///
    /// # Panics
    ///
    /// If the rows have another width.
    fn forward(&self, rows: Tensor<2>) -> Quantized;

    /// The codes of rows: `[batch, d_input]` to `[batch, levels]`, without autodiff.
    ///
    /// # Panics
    ///
    /// If the rows have another width.
    fn encode(&self, rows: Tensor<2>) -> Tensor<2, Int>;

    /// The rows that codes stand for: `[batch, levels]` to `[batch, d_input]`.
    ///
    /// # Panics
    ///
    /// If the codes have another number of levels.
    fn decode(&self, codes: Tensor<2, Int>) -> Tensor<2>;

    /// How many codes a row gets.
    fn levels(&self) -> usize;

    /// How many codewords each level has, `levels` entries.
    fn codebook_sizes(&self) -> Vec<usize>;

    /// The width of the rows.
    fn d_input(&self) -> usize;

    /// Everything the quantizer was configured with, as text. A checkpoint is only resumed by a
    /// quantizer of equal settings.
    fn settings(&self) -> String;

    /// Starts the codebooks from the data; called once, before the first step, with all rows
    /// `[rows, d_input]`.
    fn initialise(self, _rows: &Tensor<2>, _seed: u64) -> Result<Self> {
        Ok(self)
    }

    /// Called before every epoch (from 0) with all rows `[rows, d_input]`: seeds for what is drawn
    /// in it, codebooks that start anew.
    fn before_epoch(self, _rows: &Tensor<2>, _epoch: usize, _seed: u64) -> Result<Self> {
        Ok(self)
    }

    /// Called after every optimizer step with what `forward` gave for it (a moving-average update
    /// of codebooks).
    fn after_step(self, _quantized: &Quantized) -> Self {
        self
    }

    /// Called after every epoch with the codes of the epoch (revival of unused codewords).
    fn after_epoch(self, _epoch: &EpochCodes, _seed: u64) -> Self {
        self
    }
}

/// The codes of all rows, `batch` rows at a time: `[rows, d_input]` to `[rows, levels]`.
///
/// # Panics
///
/// If `batch` is 0, there are no rows, or they have another width than the quantizer's.
pub fn encode_all<Q: Quantizer>(quantizer: &Q, rows: &Tensor<2>, batch: usize) -> Tensor<2, Int> {
    assert!(batch > 0, "batch must be at least 1");
    let quantizer = quantizer.valid();
    let rows = rows.clone().inner();
    let count = rows.dims()[0];
    let codes = (0..count)
        .step_by(batch)
        .map(|start| quantizer.encode(rows.clone().narrow(0, start, batch.min(count - start))))
        .collect();
    Tensor::cat(codes, 0)
}
