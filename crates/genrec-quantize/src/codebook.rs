//! One level's codewords, and the search for the nearest.

use crate::distance::{assigned_sums, nearest, squared_distances};
use crate::seed::{self, Stream};
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
    /// Seed of the starting codewords.
    #[config(default = 0)]
    pub seed: u64,
}

/// The codewords of one level.
#[derive(Module, Debug)]
pub struct Codebook {
    /// `[codewords, d]`.
    pub codewords: Param<Tensor<2>>,
    averages: Option<Averages>,
}

/// Moving averages over the batches: how many rows a codeword gets, and their sum.
#[derive(Module, Debug)]
struct Averages {
    /// `[codewords]`.
    counts: Param<Tensor<1>>,
    /// `[codewords, d]`.
    sums: Param<Tensor<2>>,
    #[module(skip)]
    decay: f64,
}

impl CodebookConfig {
    /// Codewords uniform in `±1 / codewords`.
    ///
    /// # Panics
    ///
    /// If there are no codewords or they have no width.
    pub fn init(&self, device: &Device) -> Codebook {
        let (count, d) = (self.codewords, self.d_code);
        assert!(
            count > 0 && d > 0,
            "a codebook of {count} codewords of width {d}: both must be at least 1"
        );
        let bound = 1.0 / count as f32;
        let mut rng = seed::generator(self.seed, Stream::Codebooks, 0);
        let values: Vec<f32> = (0..count * d)
            .map(|_| rng.random_range(-bound..bound))
            .collect();
        let codewords = Tensor::<2>::from_data(TensorData::new(values, [count, d]), device);
        let averages = self.ema_decay.map(|decay| Averages {
            counts: Param::from_tensor(Tensor::ones([count], device)).set_require_grad(false),
            sums: Param::from_tensor(codewords.clone()).set_require_grad(false),
            decay,
        });
        let trainable = averages.is_none();
        Codebook {
            codewords: Param::from_tensor(codewords).set_require_grad(trainable),
            averages,
        }
    }
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
        nearest(rows.inner(), self.codewords.val().inner())
    }

    /// Squared distances of rows to all codewords, no gradient: `[batch, d]` to `[batch,
    /// codewords]`.
    ///
    /// # Panics
    ///
    /// If the rows have another width.
    pub fn squared_distances(&self, rows: Tensor<2>) -> Tensor<2> {
        squared_distances(rows.inner(), self.codewords.val().inner())
    }

    /// The codewords of codes, with gradient to this codebook: `[batch]` to `[batch, d]`.
    pub fn lookup(&self, codes: Tensor<1, Int>) -> Tensor<2> {
        self.codewords.val().select(0, codes)
    }

    /// This codebook with other codewords `[codewords, d]`; moving averages start anew from them.
    ///
    /// # Panics
    ///
    /// If the codewords have another shape.
    pub fn with_codewords(mut self, codewords: Tensor<2>) -> Self {
        let (count, d) = (self.len(), self.d_code());
        assert_shape!(codewords, [count, d]);
        let codewords = codewords.inner();
        if let Some(averages) = self.averages.as_mut() {
            averages.counts = replace(&averages.counts, Tensor::ones([count], &codewords.device()));
            averages.sums = replace(&averages.sums, codewords.clone());
        }
        self.codewords = replace(&self.codewords, codewords);
        self
    }

    /// Moves the averages by one batch (van den Oord et al., 2017, appendix A.1) and the codewords
    /// onto them; nothing happens in a codebook that learns by gradient. A codeword that gets no
    /// row stays where it is: its count and its sum shrink alike.
    ///
    /// # Shapes
    ///
    /// - rows: `[batch, d]`, what was assigned
    /// - codes: `[batch]`, to which codeword
    pub fn average(mut self, rows: Tensor<2>, codes: Tensor<1, Int>) -> Self {
        let Some(averages) = self.averages.as_mut() else {
            return self;
        };
        let (rows, decay) = (rows.inner(), averages.decay);
        let (count, sum) = assigned_sums(rows, codes, self.codewords.dims()[0]);
        let counts =
            averages.counts.val().inner().mul_scalar(decay) + count.mul_scalar(1.0 - decay);
        let sums = averages.sums.val().inner().mul_scalar(decay) + sum.mul_scalar(1.0 - decay);

        // Below this a count has all but vanished, and dividing by it would only magnify rounding.
        let forgotten = counts
            .clone()
            .lower_scalar(1e-6)
            .unsqueeze_dim::<2>(1)
            .expand(sums.dims());
        let means = sums.clone() / counts.clone().clamp_min(1e-6).unsqueeze_dim(1);
        let means = means.mask_where(forgotten, self.codewords.val().inner());

        averages.counts = replace(&averages.counts, counts);
        averages.sums = replace(&averages.sums, sums);
        self.codewords = replace(&self.codewords, means);
        self
    }
}

/// The parameter with another value, a leaf again if it takes gradients.
fn replace<const D: usize>(param: &Param<Tensor<D>>, value: Tensor<D>) -> Param<Tensor<D>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(values: &[[f32; 2]]) -> Tensor<2> {
        let flat: Vec<f32> = values.iter().flatten().copied().collect();
        Tensor::from_data(TensorData::new(flat, [values.len(), 2]), &Device::default())
    }

    fn naive_nearest(row: [f32; 2], words: &[[f32; 2]]) -> f64 {
        words
            .iter()
            .map(|word| distance(row, *word))
            .fold(f64::INFINITY, f64::min)
    }

    fn distance(a: [f32; 2], b: [f32; 2]) -> f64 {
        a.iter()
            .zip(b)
            .map(|(x, y)| (f64::from(*x) - f64::from(y)).powi(2))
            .sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn nearest_is_nearest(
            points in prop::collection::vec(prop::array::uniform2(-3.0f32..3.0), 1..20),
            words in prop::collection::vec(prop::array::uniform2(-3.0f32..3.0), 1..12),
        ) {
            let codebook = CodebookConfig::new(words.len(), 2).init(&Device::default()).with_codewords(rows(&words));
            let codes: Vec<i64> = codebook.nearest(rows(&points)).into_data().iter::<i64>().collect();
            let distances: Vec<f32> = codebook.squared_distances(rows(&points)).into_data().iter::<f32>().collect();
            for (i, &point) in points.iter().enumerate() {
                let found = distance(point, words[codes[i] as usize]);
                prop_assert!(found <= naive_nearest(point, &words) + 1e-4);
                for (k, &word) in words.iter().enumerate() {
                    prop_assert!((f64::from(distances[i * words.len() + k]) - distance(point, word)).abs() < 1e-4);
                }
            }
        }
    }

    #[test]
    fn averages_follow_the_rows() {
        let start = rows(&[[0.0, 0.0], [10.0, 10.0]]);
        let codebook = CodebookConfig::new(2, 2)
            .with_ema_decay(Some(0.5))
            .init(&Device::default());
        let mut codebook = codebook.with_codewords(start);
        let batch = rows(&[[1.0, 2.0], [3.0, 2.0]]);
        for _ in 0..40 {
            let codes = codebook.nearest(batch.clone());
            codebook = codebook.average(batch.clone(), codes);
        }
        let words: Vec<f32> = codebook.codewords.val().into_data().iter::<f32>().collect();
        assert!(
            (words[0] - 2.0).abs() < 1e-3 && (words[1] - 2.0).abs() < 1e-3,
            "{words:?}"
        );
        assert!(words[2..].iter().all(|w| w.is_finite()), "{words:?}");
    }

    #[test]
    fn one_averaging_step_by_hand() {
        let codebook = CodebookConfig::new(1, 2)
            .with_ema_decay(Some(0.9))
            .init(&Device::default());
        let codebook = codebook.with_codewords(rows(&[[1.0, -1.0]]));
        let codes = Tensor::<1, Int>::zeros([2], &Device::default());
        let codebook = codebook.average(rows(&[[2.0, 0.0], [4.0, 2.0]]), codes);
        // Counts .9 + .2, sums .9 (1, -1) + .1 (6, 2).
        let words: Vec<f32> = codebook.codewords.val().into_data().iter::<f32>().collect();
        assert!(
            (words[0] - 1.5 / 1.1).abs() < 1e-5 && (words[1] + 0.7 / 1.1).abs() < 1e-5,
            "{words:?}"
        );
    }

    #[test]
    fn an_averaged_codebook_takes_no_gradient_even_after_train() {
        let device = Device::default().autodiff();
        let averaged = CodebookConfig::new(3, 2)
            .with_ema_decay(Some(0.9))
            .init(&device);
        let words = averaged
            .valid()
            .train()
            .with_codewords(Tensor::ones([3, 2], &device))
            .codewords;
        assert!(!words.val().is_require_grad());
        let learned = CodebookConfig::new(3, 2).init(&device).valid().train();
        assert!(
            learned
                .with_codewords(Tensor::ones([3, 2], &device))
                .codewords
                .val()
                .is_require_grad()
        );
    }
}
