//! One level's codewords, and the search for the nearest.

mod averages;
#[cfg(test)]
mod tests;

use crate::distance::{nearest, squared_distances};
use crate::seed::{self, Stream};
use averages::Averages;
use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData, assert_shape};
use rand::RngExt;

/// Configuration of a [`Codebook`].
#[derive(Config, Debug, PartialEq)]
pub struct CodebookConfig {
    /// How many codewords.
    pub codewords: usize,
    /// Width of a codeword.
    pub d_code: usize,
    /// With it, codewords are moving averages of what is assigned to them (see
    /// [`Codebook::average`]) and take no gradient.
    pub ema_decay: Option<f64>,
    /// Laplace smoothing of the moving averages' counts, in rows; 1e-5 is usual.
    #[config(default = 0.0)]
    pub ema_smoothing: f64,
    /// Whether codewords are frozen rows times a learned matrix (SimVQ).
    #[config(default = false)]
    pub linear: bool,
    /// Seed of the starting codewords.
    #[config(default = 0)]
    pub seed: u64,
}

/// The codewords of one level.
#[derive(Module, Debug)]
pub struct Codebook {
    /// What codewords are made of, `[codewords, d]`: the codewords themselves, or with a linear
    /// layer the frozen rows that go through it.
    pub codewords: Param<Tensor<2>>,
    /// The linear layer of SimVQ (Zhu et al., 2024), `[d, d]`: one step moves all codewords, used
    /// or not.
    pub layer: Option<Param<Tensor<2>>>,
    averages: Option<Averages>,
}

impl CodebookConfig {
    /// Codewords uniform in `±1 / codewords`.
    ///
    /// # Panics
    ///
    /// If there are no codewords or they have no width, if they are to be moving averages and
    /// go through a linear layer, or if the averages' decay is not in 0..1 or their smoothing is
    /// negative or not finite.
    pub fn init(&self, device: &Device) -> Codebook {
        let (count, d) = (self.codewords, self.d_code);
        assert!(
            count > 0 && d > 0,
            "a codebook of {count} codewords of width {d}: both must be at least 1"
        );
        assert!(
            self.ema_decay.is_none() || !self.linear,
            "codewords are moving averages or go through a linear layer, not both"
        );
        let (decay, smoothing) = (self.ema_decay.unwrap_or(0.0), self.ema_smoothing);
        assert!(
            (0.0..1.0).contains(&decay) && smoothing.is_finite() && smoothing >= 0.0,
            "moving averages with decay {decay} and smoothing {smoothing}: expected a decay in 0..1 and a smoothing of at least 0"
        );
        let bound = 1.0 / count as f32;
        let mut rng = seed::generator(self.seed, Stream::Codebooks, 0);
        let values: Vec<f32> = (0..count * d)
            .map(|_| rng.random_range(-bound..bound))
            .collect();
        let codewords = Tensor::<2>::from_data(TensorData::new(values, [count, d]), device);
        let averages = self
            .ema_decay
            .map(|decay| Averages::new(codewords.clone(), decay, self.ema_smoothing));
        let trainable = averages.is_none() && !self.linear;
        Codebook {
            codewords: Param::from_tensor(codewords).set_require_grad(trainable),
            layer: self
                .linear
                .then(|| Param::from_tensor(Tensor::eye(d, device))),
            averages,
        }
    }
}

/// The codewords that codes stand for, `[batch, levels]` to `[batch, d]` per level, with gradient to
/// each codebook.
pub(crate) fn lookup(codebooks: &[Codebook], codes: &Tensor<2, Int>) -> Vec<Tensor<2>> {
    let level = |(level, codebook): (usize, &Codebook)| {
        codebook.lookup(codes.clone().narrow(1, level, 1).squeeze_dim(1))
    };
    codebooks.iter().enumerate().map(level).collect()
}

impl Codebook {
    /// How many codewords there are.
    pub fn len(&self) -> usize {
        self.codewords.dims()[0]
    }

    /// Whether there are none (there always is one).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Width of a codeword.
    pub fn d_code(&self) -> usize {
        self.codewords.dims()[1]
    }

    /// Whether codewords are moving averages instead of learning by gradient.
    pub fn is_averaged(&self) -> bool {
        self.averages.is_some()
    }

    /// The codewords as rows are compared with them, `[codewords, d]`, with gradient to what they
    /// are made of.
    pub fn words(&self) -> Tensor<2> {
        let words = self.codewords.val();
        match &self.layer {
            Some(layer) => words.matmul(layer.val()),
            None => words,
        }
    }

    /// The number of the nearest codeword of each row; of several equally near the first. No
    /// gradient.
    ///
    /// # Shapes
    ///
    /// - rows: `[batch, d]`
    /// - output: `[batch]`
    ///
    /// # Panics
    ///
    /// If the rows have another width.
    pub fn nearest(&self, rows: Tensor<2>) -> Tensor<1, Int> {
        nearest(rows.inner(), self.words().inner())
    }

    /// Squared distances of rows to all codewords, no gradient: `[batch, d]` to `[batch,
    /// codewords]`.
    ///
    /// # Panics
    ///
    /// If the rows have another width.
    pub fn squared_distances(&self, rows: Tensor<2>) -> Tensor<2> {
        squared_distances(rows.inner(), self.words().inner())
    }

    /// The codewords of codes, with gradient to this codebook: `[batch]` to `[batch, d]`.
    pub fn lookup(&self, codes: Tensor<1, Int>) -> Tensor<2> {
        self.words().select(0, codes)
    }

    /// This codebook with other codewords `[codewords, d]`; moving averages start anew from them,
    /// and a linear layer from the identity.
    ///
    /// # Panics
    ///
    /// If the codewords have another shape.
    pub fn with_codewords(mut self, codewords: Tensor<2>) -> Self {
        let (count, d) = (self.len(), self.d_code());
        assert_shape!(codewords, [count, d]);
        let codewords = codewords.inner();
        self.averages = self
            .averages
            .map(|averages| averages.restarted(codewords.clone()));
        self.layer = self
            .layer
            .map(|layer| replace(&layer, Tensor::eye(d, &codewords.device())));
        self.codewords = replace(&self.codewords, codewords);
        self
    }

    /// This codebook with some codewords put elsewhere, their moving averages starting anew there;
    /// the others keep their place and their averages. (Through a linear layer no codeword can be
    /// moved alone: it starts anew from the identity.)
    ///
    /// # Shapes
    ///
    /// - moved: `[codewords, 1]`, 1 for a codeword to move and 0 for one to leave
    /// - places: `[codewords, d]`, of which only the rows of moved codewords count
    pub(crate) fn with_moved(mut self, moved: Tensor<2>, places: Tensor<2>) -> Self {
        let words = pick(moved.clone(), places.clone(), self.words().inner());
        if self.layer.is_some() {
            return self.with_codewords(words);
        }
        self.averages = self
            .averages
            .map(|averages| averages.with_moved(moved, places));
        self.codewords = replace(&self.codewords, words);
        self
    }

    /// Moves the averages by one batch (van den Oord et al., 2017, appendix A.1) and the codewords
    /// onto them; nothing happens in a codebook that learns by gradient. A codeword whose count
    /// has all but vanished stays where it is.
    ///
    /// With a smoothing of `s` rows a codeword is its sum divided by `(N_i + s) / (n + K s) n`
    /// instead of by its count `N_i` (`n` is the sum of all `K` counts): a codeword that few rows
    /// use is drawn towards 0, where it is found again, instead of being divided by next to
    /// nothing.
    ///
    /// # Shapes
    ///
    /// - rows: `[batch, d]`, what was assigned
    /// - codes: `[batch]`, to which codeword
    pub fn average(mut self, rows: Tensor<2>, codes: Tensor<1, Int>) -> Self {
        if let Some(averages) = self.averages {
            let old = self.codewords.val().inner();
            let (averages, words) = averages.moved_by(rows.inner(), codes, old);
            self.averages = Some(averages);
            self.codewords = replace(&self.codewords, words);
        }
        self
    }
}

/// Row by row the one or the other: where `chosen` `[rows, 1]` is 1, a row of `a`, where it is 0,
/// one of `b`, both `[rows, d]`.
fn pick(chosen: Tensor<2>, a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    b * (-chosen.clone() + 1.0) + a * chosen
}

/// The parameter with another value, a leaf again if it takes gradients.
pub(crate) fn replace<const D: usize>(
    param: &Param<Tensor<D>>,
    value: Tensor<D>,
) -> Param<Tensor<D>> {
    param.clone().map(|old| {
        if old.is_autodiff() {
            value
                .inner()
                .autodiff()
                .set_require_grad(old.is_require_grad())
        } else {
            value.inner()
        }
    })
}
