use super::{pick, replace};
use crate::distance::assigned_sums;
use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};

/// Below this a count has all but vanished, and dividing by it would only magnify rounding.
const VANISHED: f64 = 1e-6;

/// Moving averages over the batches: how many rows a codeword gets, and their sum.
#[derive(Module, Debug)]
pub(super) struct Averages {
    /// `[codewords]`.
    counts: Param<Tensor<1>>,
    /// `[codewords, d]`.
    sums: Param<Tensor<2>>,
    #[module(skip)]
    decay: f64,
    #[module(skip)]
    smoothing: f64,
}

impl Averages {
    /// Averages that start as if each codeword `[codewords, d]` had got one row, itself.
    pub(super) fn new(codewords: Tensor<2>, decay: f64, smoothing: f64) -> Self {
        let count = codewords.dims()[0];
        let counts = Tensor::ones([count], &codewords.device());
        Self {
            counts: Param::from_tensor(counts).set_require_grad(false),
            sums: Param::from_tensor(codewords).set_require_grad(false),
            decay,
            smoothing,
        }
    }

    /// These, starting anew from codewords `[codewords, d]`.
    pub(super) fn restarted(mut self, codewords: Tensor<2>) -> Self {
        let counts = Tensor::ones([codewords.dims()[0]], &codewords.device());
        self.counts = replace(&self.counts, counts);
        self.sums = replace(&self.sums, codewords);
        self
    }

    /// These, starting anew for the codewords where `moved` `[codewords, 1]` is 1, from the rows
    /// of `places` `[codewords, d]`.
    pub(super) fn with_moved(mut self, moved: Tensor<2>, places: Tensor<2>) -> Self {
        let counts = self.counts.val().inner().unsqueeze_dim::<2>(1);
        let counts = pick(moved.clone(), counts.ones_like(), counts);
        let sums = pick(moved, places, self.sums.val().inner());
        self.counts = replace(&self.counts, counts.squeeze_dim(1));
        self.sums = replace(&self.sums, sums);
        self
    }

    /// These after a batch, and the codewords that come of it; `old` is where they were.
    ///
    /// # Shapes
    ///
    /// - rows: `[batch, d]`
    /// - codes: `[batch]`
    /// - old, output: `[codewords, d]`
    pub(super) fn moved_by(
        mut self,
        rows: Tensor<2>,
        codes: Tensor<1, Int>,
        old: Tensor<2>,
    ) -> (Self, Tensor<2>) {
        let decay = self.decay;
        let (count, sum) = assigned_sums(rows, codes, old.dims()[0]);
        let counts = self.counts.val().inner().mul_scalar(decay) + count.mul_scalar(1.0 - decay);
        let sums = self.sums.val().inner().mul_scalar(decay) + sum.mul_scalar(1.0 - decay);

        let forgotten = counts
            .clone()
            .lower_scalar(VANISHED)
            .unsqueeze_dim::<2>(1)
            .expand(sums.dims());
        let divisors = self.smoothed(counts.clone()).clamp_min(VANISHED);
        let words = (sums.clone() / divisors.unsqueeze_dim(1)).mask_where(forgotten, old);

        self.counts = replace(&self.counts, counts);
        self.sums = replace(&self.sums, sums);
        (self, words)
    }

    fn smoothed(&self, counts: Tensor<1>) -> Tensor<1> {
        if self.smoothing == 0.0 {
            return counts;
        }
        let total = counts.clone().sum();
        let all = total.clone() + self.smoothing * counts.dims()[0] as f64;
        (counts + self.smoothing) / all * total
    }
}
