use super::{ResidualKMeans, ResidualKMeansConfig};
use crate::distance::means;
use crate::residual::search;
use crate::seed::{self, Stream};
use crate::{Result, rows};
use burn::tensor::{Int, Tensor};

/// Passes over the codebooks in a round of refinement: each is a step of a descent that settles
/// quickly.
const PASSES: usize = 4;

impl ResidualKMeansConfig {
    /// Fits the codebooks to rows, level by level on what the codes of the levels before leave
    /// over. The seed decides everything random.
    ///
    /// # Shapes
    ///
    /// - rows: `[rows, d_input]`
    ///
    /// # Errors
    ///
    /// [`Error::Rows`](crate::Error::Rows) for fewer rows than codewords,
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a row that is nowhere,
    /// [`Error::Bounds`](crate::Error::Bounds) and [`Error::Config`](crate::Error::Config) for a
    /// configuration that cannot work.
    pub fn fit(&self, rows: &Tensor<2>, seed: u64) -> Result<ResidualKMeans> {
        self.check()?;
        let rows = rows.clone().inner();
        rows::check(&rows, rows.dims()[1])?;
        let mut codebooks: Vec<Tensor<2>> = vec![];
        let mut left = rows.clone();
        for (level, &size) in self.codebook_sizes.iter().enumerate() {
            let seed = seed::derive(seed, Stream::Codebooks, level as u64);
            codebooks.push(self.sizes.centroids(
                &left,
                size,
                self.iterations,
                self.restarts,
                seed,
            )?);
            // A beam may change its mind about the levels before.
            let codes = search::encode(&codebooks, rows.clone(), self.beam);
            left = residual(&codebooks, &rows, &codes);
        }
        let codebooks = self.refine(codebooks, &rows, left);
        Ok(ResidualKMeans::new(self.clone(), codebooks))
    }

    fn refine(
        &self,
        codebooks: Vec<Tensor<2>>,
        rows: &Tensor<2>,
        left: Tensor<2>,
    ) -> Vec<Tensor<2>> {
        let mut best = (error(left), codebooks.clone());
        let mut codebooks = codebooks;
        let mut codes = search::encode(&codebooks, rows.clone(), self.beam);
        for _ in 0..self.refinements {
            (0..PASSES).for_each(|_| pass(&mut codebooks, rows, &codes));
            codes = search::encode(&codebooks, rows.clone(), self.beam);
            let found = error(residual(&codebooks, rows, &codes));
            if found < best.0 {
                best = (found, codebooks.clone());
            }
        }
        best.1
    }
}

/// Makes every codebook in turn the best one for the codes: a codeword becomes the mean of what the
/// other levels leave over of its rows. A codeword that nobody uses stays.
fn pass(codebooks: &mut [Tensor<2>], rows: &Tensor<2>, codes: &Tensor<2, Int>) {
    let mut left = residual(codebooks, rows, codes);
    for (level, words) in codebooks.iter_mut().enumerate() {
        let codes = codes.clone().narrow(1, level, 1).squeeze_dim::<1>(1);
        let without = left + words.clone().select(0, codes.clone());
        *words = means(&without, &codes, words.clone());
        left = without - words.clone().select(0, codes);
    }
}

/// What codes leave over of rows, `[rows, d]`.
fn residual(codebooks: &[Tensor<2>], rows: &Tensor<2>, codes: &Tensor<2, Int>) -> Tensor<2> {
    let taken = |left: Tensor<2>, (level, words): (usize, &Tensor<2>)| {
        left - words
            .clone()
            .select(0, codes.clone().narrow(1, level, 1).squeeze_dim::<1>(1))
    };
    codebooks.iter().enumerate().fold(rows.clone(), taken)
}

fn error(left: Tensor<2>) -> f32 {
    left.square().mean().into_scalar()
}
