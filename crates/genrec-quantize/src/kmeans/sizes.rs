use super::{ConstrainedKMeansConfig, KMeansConfig, SizeBounds};
use crate::{Error, Result};
use burn::config::Config;
use burn::tensor::Tensor;

/// How large clusters may be, in shares of the size they would all have if they were even, `points
/// / clusters`.
#[derive(Config, Debug, Copy, PartialEq)]
pub enum ClusterSizes {
    /// As they come.
    Free,
    /// Between two shares, each cluster exactly so.
    Bounded {
        /// At most 1; 0.5 is what LETTER's released code asks for.
        least: f64,
        /// At least 1; 2 is what LETTER's released code allows.
        most: f64,
    },
}

impl ClusterSizes {
    /// The bounds for so many points in so many clusters; rounded outwards, so that 1 and 1 is as
    /// even as possible. `None` where there are none.
    pub fn bounds(self, points: usize, clusters: usize) -> Option<SizeBounds> {
        let even = points as f64 / clusters as f64;
        match self {
            Self::Free => None,
            Self::Bounded { least, most } => Some(SizeBounds {
                min: (least * even).floor() as usize,
                max: (most * even).ceil() as usize,
            }),
        }
    }

    /// Whether this can be met.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for shares on the wrong side of 1.
    pub fn check(self) -> Result<()> {
        match self {
            Self::Bounded { least, most }
                if !((0.0..=1.0).contains(&least) && most.is_finite() && most >= 1.0) =>
            {
                Err(Error::Config {
                    field: "ClusterSizes::Bounded",
                    found: format!("{least} to {most}"),
                    expected: "the smallest share is in 0..=1 and the largest at least 1: clusters are 1 on average",
                })
            }
            _ => Ok(()),
        }
    }

    /// Centroids `[clusters, d]` of points `[points, d]`, by k-means: from greedy k-means++ where sizes are free, from k-means++ where they are
    /// bounded.
    pub(crate) fn centroids(
        self,
        points: &Tensor<2>,
        clusters: usize,
        iterations: usize,
        restarts: usize,
        seed: u64,
    ) -> Result<Tensor<2>> {
        let clustering = match self.bounds(points.dims()[0], clusters) {
            None => KMeansConfig::new(clusters)
                .with_candidates(2 + (clusters as f64).ln() as usize)
                .with_iterations(iterations)
                .with_restarts(restarts)
                .fit(points, seed),
            Some(SizeBounds { min, max }) => ConstrainedKMeansConfig::new(clusters, min, max)
                .with_iterations(iterations)
                .with_restarts(restarts)
                .fit(points, seed),
        };
        Ok(clustering?.centroids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_sizes_and_wrong_ones_are_refused() {
        let of = |least, most| ClusterSizes::Bounded { least, most };
        assert_eq!(ClusterSizes::Free.bounds(10, 4), None);
        assert_eq!(
            of(1.0, 1.0).bounds(10, 4),
            Some(SizeBounds { min: 2, max: 3 })
        );
        assert_eq!(
            of(0.5, 2.0).bounds(9922, 256),
            Some(SizeBounds { min: 19, max: 78 })
        );
        assert!(of(0.0, 1.0).check().is_ok() && ClusterSizes::Free.check().is_ok());
        for wrong in [
            of(1.1, 2.0),
            of(0.5, 0.9),
            of(f64::NAN, 2.0),
            of(0.5, f64::INFINITY),
        ] {
            let message = wrong.check().unwrap_err().to_string();
            assert!(message.starts_with("ClusterSizes::Bounded is"), "{message}");
        }
    }
}
