use crate::error::at_least_one;
use crate::{ClusterSizes, Error, Result};
use burn::config::Config;

/// Configuration of product quantization: four parts of 256 codewords, no rotation.
#[derive(Config, Debug, PartialEq)]
pub struct ProductKMeansConfig {
    /// Codewords of each part; as many parts as entries.
    #[config(default = "vec![256; 4]")]
    pub codebook_sizes: Vec<usize>,
    /// How many rows a codeword may be fitted to.
    #[config(default = "ClusterSizes::Free")]
    pub sizes: ClusterSizes,
    /// Iterations of k-means at most, in each part.
    #[config(default = 50)]
    pub iterations: usize,
    /// Starts of k-means to try in each part; the best is kept.
    #[config(default = 1)]
    pub restarts: usize,
    /// What is done to rows before they are cut.
    #[config(default = "Rotation::None")]
    pub rotation: Rotation,
}

/// A rotation of rows before they are cut into parts: which values share a codeword is otherwise an
/// accident of their order.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// None.
    None,
    /// A random one: spreads what there is evenly over the parts.
    Random,
    /// Learned (OPQ; Ge et al., 2013, section 3.1): quantizing the rotated rows and rotating the
    /// rows as near as possible to what they were quantized to, in turns.
    Learned {
        /// How many turns.
        rounds: usize,
    },
}

impl ProductKMeansConfig {
    /// Whether this can work.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for no parts, a codebook or number of iterations of 0, or sizes that
    /// cannot be.
    pub fn check(&self) -> Result<()> {
        if self.codebook_sizes.is_empty() || self.codebook_sizes.contains(&0) {
            return Err(Error::Config {
                field: "ProductKMeansConfig::codebook_sizes",
                found: format!("{:?}", self.codebook_sizes),
                expected: "at least one part is needed, and a codeword in each",
            });
        }
        at_least_one(&[
            ("ProductKMeansConfig::iterations", self.iterations),
            ("ProductKMeansConfig::restarts", self.restarts),
        ])?;
        self.sizes.check()
    }
}
