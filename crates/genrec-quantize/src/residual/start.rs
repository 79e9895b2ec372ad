//! How the codebooks start from data, and how unused codewords come back to life.

use super::{CodebookInit, ResidualQuantizer};
use crate::distance::nearest;
use crate::kmeans::{ConstrainedKMeansConfig, KMeansConfig, SizeBounds};
use crate::seed::{self, Stream};
use crate::{CodeUsage, Error, Result};
use burn::tensor::{Int, Tensor, TensorData};
use rand::RngExt;
use rand::seq::index;

impl ResidualQuantizer {
    /// Starts the codebooks from all latents `[rows, d]`, level by level on what the levels before
    /// leave over.
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] for fewer rows than codewords or rows of another width.
    pub fn initialise(mut self, latents: Tensor<2>, seed: u64) -> Result<Self> {
        let [rows, columns] = latents.dims();
        if columns != self.d_code() {
            let expected = format!("a latent row has {} values", self.d_code());
            return Err(Error::Rows {
                rows,
                columns,
                expected,
            });
        }
        let mut residuals = match self.config.init {
            CodebookInit::Uniform => return Ok(self),
            CodebookInit::KMeans {
                sample: Some(sample),
                ..
            } if sample < rows => {
                let mut rng = seed::generator(seed, Stream::Sample, 0);
                let chosen = index::sample(&mut rng, rows, sample)
                    .into_iter()
                    .map(|i| i as i64)
                    .collect::<Vec<_>>();
                let chosen = Tensor::<1, Int>::from_data(
                    TensorData::new(chosen, [sample]),
                    &latents.device().inner(),
                );
                latents.inner().select(0, chosen)
            }
            _ => latents.inner(),
        };
        let mut codebooks = Vec::with_capacity(self.levels());
        for (level, codebook) in self.codebooks.into_iter().enumerate() {
            let seed = seed::derive(seed, Stream::Codebooks, level as u64);
            let size = codebook.len();
            let centroids = match self.config.init {
                CodebookInit::ConstrainedKMeans { iterations } => {
                    let SizeBounds { min, max } =
                        SizeBounds::of_codebook(residuals.dims()[0], size);
                    ConstrainedKMeansConfig::new(size, min, max)
                        .with_iterations(iterations)
                        .fit(&residuals, seed)?
                }
                CodebookInit::KMeans { iterations, .. } => KMeansConfig::new(size)
                    .with_iterations(iterations)
                    .fit(&residuals, seed)?,
                CodebookInit::Uniform => unreachable!("returned above"),
            }
            .centroids;
            let codes = nearest(residuals.clone(), centroids.clone());
            residuals = residuals - centroids.clone().select(0, codes);
            codebooks.push(codebook.with_codewords(centroids));
        }
        self.codebooks = codebooks;
        Ok(self)
    }

    /// Puts every codeword that `usage` says nobody used onto a random row of what its level
    /// quantized last.
    ///
    /// # Shapes
    ///
    /// - inputs: `[batch, d]` per level
    pub fn revive(mut self, usage: &CodeUsage, inputs: &[Tensor<2>], seed: u64) -> Self {
        self.codebooks = self
            .codebooks
            .into_iter()
            .enumerate()
            .map(|(level, codebook)| {
                let dead: Vec<bool> = usage.levels[level]
                    .counts
                    .iter()
                    .map(|&count| count == 0)
                    .collect();
                if !dead.contains(&true) {
                    return codebook;
                }
                let inputs = inputs[level].clone().inner();
                let mut rng = seed::generator(seed, Stream::Revival, level as u64);
                let batch = inputs.dims()[0] as i64;
                let donors: Vec<i64> = dead.iter().map(|_| rng.random_range(0..batch)).collect();
                let device = inputs.device();
                let donors =
                    Tensor::<1, Int>::from_data(TensorData::new(donors, [dead.len()]), &device);
                let dead: Vec<f32> = dead.iter().map(|&dead| f32::from(u8::from(dead))).collect();
                let count = dead.len();
                let dead = Tensor::<2>::from_data(TensorData::new(dead, [count, 1]), &device);
                codebook.with_moved(dead, inputs.select(0, donors))
            })
            .collect();
        self
    }
}
