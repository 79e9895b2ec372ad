//! The points where papers and released code of residual quantizers part; each is a choice.

use crate::SinkhornConfig;
use burn::config::Config;
use burn::tensor::Tensor;

/// How the codebook and commitment terms of the levels are put together.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum LevelLoss {
    /// Their sum, as LETTER's and TIGER's formulas are printed.
    Sum,
    /// Their mean, as LETTER's released code has it: whatever else is in the loss then weighs
    /// `levels` times as much.
    Mean,
}

/// What the next level is asked to quantize: in value always `r - e`, the residual less its
/// codeword; what differs is the gradient.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Residual {
    /// `r - e`, as printed: the terms of a level teach the encoder and the codebooks of the levels
    /// before it.
    Codeword,
    /// `r - sg(e)`: the terms of a level teach the encoder, and no codebook but its own.
    Detached,
    /// `r - (r + sg(e - r))`, as LETTER's released code has it. Its gradient is zero: the
    /// commitment terms of every level but the first teach the encoder nothing.
    StraightThrough,
}

/// Where the gradient of [`Quantized::quantized`](crate::Quantized::quantized), the sum of
/// codewords, goes: what a regularizer on it can teach.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum QuantizedGradient {
    /// `sum e`: to the codebooks, as printed.
    Codebooks,
    /// `r_0 + sg(sum e - r_0)`: to the encoder only, as in LETTER's released code. (With another
    /// [`Estimator`], as that one passes it.)
    Encoder,
    /// `sum e + r_0 - sg(r_0)`: to both.
    Both,
}

/// How the gradient of what is built on the quantized latent (the decoder's) gets to the encoder.
/// [`encode`](crate::Quantizer::encode) is the same with all of them.
#[derive(Config, Debug, Copy, PartialEq)]
pub enum Estimator {
    /// Unchanged: `r_0 + sg(sum e - r_0)` (van den Oord et al., 2017).
    StraightThrough,
    /// Turned and stretched as the latent had to be to become the sum of its codewords (the
    /// rotation trick; Fifty et al., 2024): the angle between gradient and quantized latent is kept
    /// up to the encoder. Latents then run away from codebooks that follow slowly: use a commitment
    /// of 1, or moving averages, beside it.
    Rotation,
    /// Gumbel-softmax (Jang et al., 2017): codewords are drawn by `argmax l_k + g_k`, where `l_k =
    /// -| r - e_k |² / v` (`v` is the mean of the batch's squared distances to the nearest
    /// codeword, which frees the settings from the scale of the latents) and `g_k` is Gumbel noise.
    /// The gradient is that of the mixture of codewords by `softmax((l + g) / temperature)`, and
    /// reaches the codebooks, too. The paper's logits are then `l / noise`, its temperature is
    /// `temperature / noise`.
    Gumbel {
        /// Size of the noise; 0 draws the nearest.
        noise: f64,
        /// Temperature of the first epoch.
        start: f64,
        /// What the temperature is multiplied with after every epoch, in `0..=1`.
        decay: f64,
        /// Temperature below which it does not fall.
        least: f64,
    },
}

impl Estimator {
    /// Gumbel-softmax that goes from a temperature of 1 to one of 0.1 in 45 epochs, with noise that
    /// confuses codewords about as near as each other.
    pub fn gumbel() -> Self {
        Self::Gumbel {
            noise: 0.05,
            start: 1.0,
            decay: 0.95,
            least: 0.1,
        }
    }
}

/// What the codewords of a level are made of.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Codewords {
    /// Each has values of its own.
    Free,
    /// Frozen rows times one learned matrix (SimVQ; Zhu et al., 2024): a step moves all codewords,
    /// so that none is left behind.
    Linear,
}

/// The size of a difference between two rows.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum RowError {
    /// Mean of the squares over all elements of the batch, as released code has it; the published
    /// loss weights were tuned with it.
    MeanSquare,
    /// Squared norm of a row, averaged over the rows: the formulas read literally. The
    /// reconstruction then weighs `d_input / d` times more against the codebook terms than with
    /// [`RowError::MeanSquare`].
    SquaredNorm,
}

impl RowError {
    /// The error between two batches of rows, both `[batch, d]`, as `[1]`.
    pub fn between(self, a: Tensor<2>, b: Tensor<2>) -> Tensor<1> {
        let d = a.dims()[1] as f64;
        let mean = (a - b).square().mean();
        match self {
            Self::MeanSquare => mean,
            Self::SquaredNorm => mean.mul_scalar(d),
        }
    }
}

/// How codebooks start.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum CodebookInit {
    /// Uniform in `±1 / codewords`; needs no data.
    Uniform,
    /// k-means (k-means++ and Lloyd) on what each level is asked to quantize: over all rows, or
    /// over a seeded sample of them.
    KMeans {
        /// How many rows to take; `None` takes all. At least as many as the largest codebook has
        /// codewords.
        sample: Option<usize>,
        /// Lloyd iterations at most.
        iterations: usize,
    },
    /// Constrained k-means over all rows, as LETTER's released code does: each of `N` codewords
    /// starts as the centre of `min(n / (2 N), 50)` to `4 min(n / (2 N), 50)` of the `n` rows.
    /// Where that upper bound has no room for all rows (the released code stops with an error
    /// there) it is `n / N`, rounded up.
    ConstrainedKMeans {
        /// Lloyd iterations at most.
        iterations: usize,
    },
}

/// How a residual gets its codeword while training. [`encode`](crate::Quantizer::encode) always
/// takes the nearest.
#[derive(Config, Debug, Copy, PartialEq)]
pub enum Assignment {
    /// The nearest codeword, at every level.
    Nearest,
    /// The nearest, but at the last level a balanced assignment of the batch by Sinkhorn
    /// iterations.
    SinkhornLast(SinkhornConfig),
}

/// How codebooks learn.
#[derive(Config, Debug, Copy, PartialEq)]
pub enum CodebookUpdate {
    /// By the gradient of the codebook term `|| sg[r] - e ||²`.
    Gradient,
    /// By exponential moving averages of the residuals assigned to each codeword (van den Oord et
    /// al., 2017, appendix A.1). There is then no codebook term, and no gradient reaches a
    /// codebook.
    Ema {
        /// Weight of the past, in `0..1`; 0.99 is usual.
        decay: f64,
    },
}
