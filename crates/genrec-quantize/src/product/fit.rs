use super::rotation::{nearest_rotation, random_rotation};
use super::{ProductKMeans, ProductKMeansConfig, Rotation};
use crate::distance::{means, nearest};
use crate::seed::{self, Stream};
use crate::{Error, Result, rows};
use burn::tensor::Tensor;

impl ProductKMeansConfig {
    /// Fits the rotation, where there is one, and the codebooks of the parts. The seed decides
    /// everything random.
    ///
    /// # Shapes
    ///
    /// - rows: `[rows, d_input]`, `d_input` a multiple of the number of parts
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] for another width or fewer rows than codewords, [`Error::NotFinite`] for a
    /// row that is nowhere, [`Error::Bounds`] and [`Error::Config`] for a configuration that cannot
    /// work.
    pub fn fit(&self, rows: &Tensor<2>, seed: u64) -> Result<ProductKMeans> {
        self.check()?;
        let rows = rows.clone().inner();
        let [count, columns] = rows.dims();
        rows::check(&rows, columns)?;
        let parts = self.codebook_sizes.len();
        if !columns.is_multiple_of(parts) {
            let expected = format!(
                "a width that is a multiple of {parts} can be cut into {parts} parts: change the number of parts or pad the rows"
            );
            return Err(Error::Rows {
                rows: count,
                columns,
                expected,
            });
        }
        let rotation = match self.rotation {
            Rotation::None => None,
            Rotation::Random => Some(random_rotation(columns, seed, &rows.device())),
            Rotation::Learned { rounds } => Some(self.learn(&rows, rounds, seed)?),
        };
        let rotated = match &rotation {
            Some(rotation) => rows.matmul(rotation.clone()),
            None => rows,
        };
        let codebooks = self.cluster(&rotated, seed)?;
        Ok(ProductKMeans::new(self.clone(), codebooks, rotation))
    }

    fn cluster(&self, rows: &Tensor<2>, seed: u64) -> Result<Vec<Tensor<2>>> {
        let parts = cut(rows, self.codebook_sizes.len());
        let sized = parts.iter().zip(&self.codebook_sizes).enumerate();
        sized
            .map(|(part, (rows, &size))| {
                let seed = seed::derive(seed, Stream::Codebooks, part as u64);
                self.sizes
                    .centroids(rows, size, self.iterations, self.restarts, seed)
            })
            .collect()
    }

    /// Starts from the rows as they are. A turn is one iteration of k-means in every part, then the
    /// rotation that fits best; neither makes the error larger.
    fn learn(&self, rows: &Tensor<2>, rounds: usize, seed: u64) -> Result<Tensor<2>> {
        let mut rotation = Tensor::eye(rows.dims()[1], &rows.device());
        let mut codebooks = self.cluster(rows, seed)?;
        for _ in 0..rounds {
            let parts = cut(&rows.clone().matmul(rotation.clone()), codebooks.len());
            let quantized = parts
                .into_iter()
                .zip(&mut codebooks)
                .map(|(part, words)| {
                    let codes = nearest(part.clone(), words.clone());
                    *words = means(&part, &codes, words.clone());
                    words.clone().select(0, nearest(part, words.clone()))
                })
                .collect();
            rotation = nearest_rotation(rows, Tensor::cat(quantized, 1), rotation);
        }
        Ok(rotation)
    }
}

fn cut(rows: &Tensor<2>, parts: usize) -> Vec<Tensor<2>> {
    rows.clone().chunk(parts, 1)
}
