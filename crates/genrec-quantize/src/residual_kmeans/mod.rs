//! Residual k-means: codewords by clustering instead of by gradient (Chen, Guan and Wang, 2010).
//!
//! Each level is k-means on what the levels before it leave over. There is no encoder: rows are
//! quantized as they are, and what codes stand for is the sum of their codewords.
//!
//! # Fitted and trained
//!
//! A quantizer that is fitted comes out of its configuration's `fit`
//! ([`ResidualKMeansConfig::fit`], [`ProductKMeansConfig::fit`](crate::ProductKMeansConfig::fit));
//! one that is trained is made by `init` and goes through a [`Trainer`](crate::Trainer). What comes
//! out is a [`Quantizer`] both times, so that whatever takes codes takes them from either.
//! [`forward`](Quantizer::forward) is no stub for a fitted one: its loss is the error of the
//! reconstruction, as a function of all codebooks at once. Clustering gives each level the best
//! codebook for what is left; a [`Trainer`](crate::Trainer) can go on from there and move all
//! levels jointly (without weight decay, which would pull codewords towards 0). Splitting the trait
//! into one for use and one for training would say less: no caller needs a quantizer that cannot be
//! trained further.

mod config;
mod fit;
#[cfg(test)]
mod tests;

pub use config::ResidualKMeansConfig;

use crate::codebook::lookup;
use crate::residual::search;
use crate::{
    ClusterSizes, Codebook, CodebookConfig, Error, Quantized, Quantizer, Result, RowError,
};
use crate::{constrained_assignment, rows};
use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData, assert_shape};

/// Codebooks whose codewords add up to rows; comes out of [`ResidualKMeansConfig::fit`].
#[derive(Module, Debug)]
pub struct ResidualKMeans {
    /// One per level, first level first.
    pub codebooks: Vec<Codebook>,
    #[module(skip)]
    config: ResidualKMeansConfig,
}

impl ResidualKMeans {
    /// Of codebooks that come from elsewhere, `[codewords, d]` per level; the rest of the
    /// configuration (the beam) is that of `config`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for codebooks of other sizes than the configuration's, [`Error::Rows`] for
    /// different widths, [`Error::NotFinite`] for a codeword that is nowhere, and what
    /// [`ResidualKMeansConfig::check`] finds.
    pub fn of_codebooks(config: ResidualKMeansConfig, codebooks: Vec<Tensor<2>>) -> Result<Self> {
        config.check()?;
        let found: Vec<usize> = codebooks.iter().map(|words| words.dims()[0]).collect();
        if found != config.codebook_sizes {
            return Err(Error::Config {
                field: "ResidualKMeansConfig::codebook_sizes",
                found: format!("{:?}", config.codebook_sizes),
                expected: "the codebooks given have other sizes: set it to theirs",
            });
        }
        let d = codebooks[0].dims()[1];
        for words in &codebooks {
            rows::check(words, d)?;
        }
        Ok(Self::new(config, codebooks))
    }

    fn new(config: ResidualKMeansConfig, codebooks: Vec<Tensor<2>>) -> Self {
        let codebook = |words: Tensor<2>| {
            let [codewords, d] = words.dims();
            CodebookConfig::new(codewords, d)
                .init(&words.device())
                .with_codewords(words)
        };
        Self {
            codebooks: codebooks.into_iter().map(codebook).collect(),
            config,
        }
    }

    /// This with another [`beam`](ResidualKMeansConfig::beam).
    ///
    /// # Panics
    ///
    /// If the beam is 0.
    pub fn with_beam(mut self, beam: usize) -> Self {
        assert!(beam > 0, "a beam of 0 keeps nothing; 1 is greedy");
        self.config.beam = beam;
        self
    }

    /// The codewords of each level, `[codewords, d_input]` per level.
    pub fn codebooks(&self) -> Vec<Tensor<2>> {
        self.codebooks.iter().map(Codebook::words).collect()
    }

    /// What it was fitted with.
    pub fn config(&self) -> &ResidualKMeansConfig {
        &self.config
    }

    /// The codes of a whole set of rows where every level's codewords get bounded numbers of rows:
    /// level by level, of all such assignments of what is left the one of least error
    /// ([`constrained_assignment`]). [`encode`](Quantizer::encode) gives a row the same codes in any
    /// company and therefore cannot promise sizes.
    ///
    /// # Shapes
    ///
    /// - rows: `[rows, d_input]`
    /// - output: `[rows, levels]`, without autodiff
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] and [`Error::NotFinite`] for rows that do not fit, [`Error::Config`] for
    /// sizes that cannot be.
    pub fn encode_within(&self, rows: &Tensor<2>, sizes: ClusterSizes) -> Result<Tensor<2, Int>> {
        sizes.check()?;
        let mut residual = rows.clone().inner();
        rows::check(&residual, self.d_input())?;
        let count = residual.dims()[0];
        let mut codes = vec![];
        for codebook in &self.codebooks {
            let chosen = match sizes.bounds(count, codebook.len()) {
                None => codebook.nearest(residual.clone()),
                Some(bounds) => {
                    let costs = codebook.squared_distances(residual.clone()).into_data();
                    let costs: Vec<f32> = costs.iter::<f32>().collect();
                    let assigned =
                        constrained_assignment(&costs, codebook.len(), bounds.min, bounds.max)?;
                    let assigned: Vec<i64> = assigned.into_iter().map(i64::from).collect();
                    Tensor::from_data(TensorData::new(assigned, [count]), &residual.device())
                }
            };
            residual = residual - codebook.lookup(chosen.clone()).inner();
            codes.push(chosen);
        }
        Ok(Tensor::stack(codes, 1))
    }
}

impl Quantizer for ResidualKMeans {
    /// The loss is the mean square of what the codewords leave over; its gradient reaches all
    /// codebooks.
    fn forward(&self, rows: Tensor<2>) -> Quantized {
        let codes = self.encode(rows.clone());
        let codewords = lookup(&self.codebooks, &codes);
        let mut left = rows.clone();
        let mut inputs = vec![];
        for codeword in &codewords {
            let next = left.clone() - codeword.clone();
            inputs.push(std::mem::replace(&mut left, next));
        }
        let quantized = sum(&codewords);
        let reconstruction = RowError::MeanSquare.between(quantized.clone(), rows.clone());
        Quantized {
            latent: rows,
            quantized: quantized.clone(),
            codes,
            output: quantized,
            loss: reconstruction.clone(),
            reconstruction,
            inputs,
            codewords,
            statistics: vec![],
        }
    }

    fn encode(&self, rows: Tensor<2>) -> Tensor<2, Int> {
        let d = self.d_input();
        assert_shape!(rows, [_, d]);
        let codebooks: Vec<_> = self.codebooks().into_iter().map(Tensor::inner).collect();
        search::encode(&codebooks, rows.inner(), self.config.beam)
    }

    fn decode(&self, codes: Tensor<2, Int>) -> Tensor<2> {
        let levels = self.levels();
        assert_shape!(codes, [_, levels]);
        sum(&lookup(&self.codebooks, &codes))
    }

    fn levels(&self) -> usize {
        self.codebooks.len()
    }

    fn codebook_sizes(&self) -> Vec<usize> {
        self.config.codebook_sizes.clone()
    }

    fn d_input(&self) -> usize {
        self.codebooks[0].d_code()
    }

    fn settings(&self) -> String {
        serde_json::to_string(&self.config).expect("a configuration is plain data")
    }
}

fn sum(codewords: &[Tensor<2>]) -> Tensor<2> {
    let sum = codewords.iter().cloned().reduce(|a, b| a + b);
    sum.expect("at least one level")
}
