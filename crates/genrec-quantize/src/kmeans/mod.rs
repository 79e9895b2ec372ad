//! k-means (Lloyd, 1982; k-means++, Arthur and Vassilvitskii, 2007), free and with bounds on the
//! cluster sizes.

mod assignment;
mod constrained;
mod flow;
mod lloyd;
mod plus_plus;
mod prices;
mod sizes;

pub use assignment::constrained_assignment;
pub use constrained::{ConstrainedKMeansConfig, SizeBounds};
pub use lloyd::KMeansConfig;
pub use sizes::ClusterSizes;

use crate::{Error, Result, rows};
use burn::tensor::{Int, Tensor};

/// Points sorted into clusters.
#[derive(Clone, Debug)]
pub struct Clustering {
    /// The centre of each cluster, `[clusters, d]`: with bounds on the sizes the mean of its points;
    /// without, the mean of those that it had before all points went to their nearest centre for the
    /// last time.
    pub centroids: Tensor<2>,
    /// The cluster of each point, `[points]`.
    pub codes: Tensor<1, Int>,
    /// Sum over all points of the squared distance to their centroid.
    pub inertia: f64,
    /// Iterations it took.
    pub iterations: usize,
}

/// That there is a cluster, an iteration, and a point for each cluster, and that all points are
/// somewhere.
fn check(points: &Tensor<2>, clusters: usize, iterations: usize) -> Result<()> {
    let [count, columns] = points.dims();
    if clusters == 0 || iterations == 0 {
        return Err(Error::Config {
            field: "KMeansConfig::clusters, ::iterations",
            found: format!("{clusters}, {iterations}"),
            expected: "both must be at least 1",
        });
    }
    if count < clusters || columns == 0 {
        let expected = format!(
            "{clusters} clusters need at least {clusters} rows of at least one value: use fewer clusters"
        );
        return Err(Error::Rows {
            rows: count,
            columns,
            expected,
        });
    }
    rows::check(points, columns)
}

/// How far centroids may still move, summed over all of them, for the clustering to count as
/// settled: `tolerance` times the mean variance of the points' values.
fn settled_below(points: &Tensor<2>, tolerance: f64) -> f64 {
    let means = points.clone().mean_dim(0);
    let variance = (points.clone() - means)
        .square()
        .mean()
        .into_scalar::<f32>();
    tolerance * f64::from(variance)
}
