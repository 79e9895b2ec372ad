use crate::error::at_least_one;
use crate::{ClusterSizes, Error, Result};
use burn::config::Config;

/// Configuration of residual k-means: four levels of 256 codewords, greedy.
#[derive(Config, Debug, PartialEq)]
pub struct ResidualKMeansConfig {
    /// Codewords of each level.
    #[config(default = "vec![256; 4]")]
    pub codebook_sizes: Vec<usize>,
    /// How many rows a codeword may be fitted to. (The codes themselves are evened out by
    /// [`encode_within`](crate::ResidualKMeans::encode_within).)
    #[config(default = "ClusterSizes::Free")]
    pub sizes: ClusterSizes,
    /// Iterations of k-means at most, in each level.
    #[config(default = 50)]
    pub iterations: usize,
    /// Starts of k-means to try in each level; the best is kept.
    #[config(default = 1)]
    pub restarts: usize,
    /// How many partial codes are kept from level to level when codes are searched; 1 is greedy.
    #[config(default = 1)]
    pub beam: usize,
    /// Rounds of refinement after the levels are there: all rows get their codes, then every
    /// codebook in turn becomes the best one for these codes and the other codebooks. The codebooks
    /// of the round with the least error are kept.
    #[config(default = 0)]
    pub refinements: usize,
}

impl ResidualKMeansConfig {
    /// Whether this can work.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for no levels, a codebook, beam or number of iterations of 0, or sizes
    /// that cannot be.
    pub fn check(&self) -> Result<()> {
        if self.codebook_sizes.is_empty() || self.codebook_sizes.contains(&0) {
            return Err(Error::Config {
                field: "ResidualKMeansConfig::codebook_sizes",
                found: format!("{:?}", self.codebook_sizes),
                expected: "at least one level is needed, and a codeword in each",
            });
        }
        at_least_one(&[
            ("ResidualKMeansConfig::iterations", self.iterations),
            ("ResidualKMeansConfig::restarts", self.restarts),
            ("ResidualKMeansConfig::beam", self.beam),
        ])?;
        self.sizes.check()
    }
}
