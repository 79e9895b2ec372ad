use super::assignment::assign_at;
use super::plus_plus::plus_plus;
use super::{Clustering, check, settled_below};
use crate::Result;
use crate::distance::squared_distances;
use crate::seed::{self, Stream};
use burn::config::Config;
use burn::tensor::{Tensor, TensorData};

/// Configuration of k-means with hard bounds on the cluster sizes (Bradley, Bennett and Demiriz,
/// 2000).
#[derive(Config, Debug, PartialEq)]
pub struct ConstrainedKMeansConfig {
    /// How many clusters.
    pub clusters: usize,
    /// Fewest points a cluster may have.
    pub min_size: usize,
    /// Most points a cluster may have.
    pub max_size: usize,
    /// Iterations at most.
    #[config(default = 50)]
    pub iterations: usize,
    /// Settled when the centroids' squared moves sum to less than this times the mean variance of
    /// the points' values.
    #[config(default = 1e-4)]
    pub tolerance: f64,
    /// Starts to try; the one with the least inertia is kept.
    #[config(default = 1)]
    pub restarts: usize,
}

/// Bounds on the sizes of clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeBounds {
    /// Fewest points a cluster may have.
    pub min: usize,
    /// Most points a cluster may have.
    pub max: usize,
}

impl SizeBounds {
    /// The bounds with which LETTER's released code starts a codebook of `codewords` from `rows`
    /// latents: at least `min(rows / (2 codewords), 50)` each and at most four times that, but room
    /// for all rows (see
    /// [`CodebookInit::ConstrainedKMeans`](crate::CodebookInit::ConstrainedKMeans)).
    pub fn of_codebook(rows: usize, codewords: usize) -> Self {
        let min = (rows / (2 * codewords)).min(50);
        Self {
            min,
            max: (4 * min).max(rows.div_ceil(codewords)),
        }
    }
}

impl ConstrainedKMeansConfig {
    /// Sorts points into clusters of `min_size..=max_size`. Distances are taken on the device,
    /// every assignment is exact ([`constrained_assignment`](crate::constrained_assignment)) and
    /// made on the host.
    ///
    /// # Shapes
    ///
    /// - points: `[points, d]`
    ///
    /// # Errors
    ///
    /// [`Error::Bounds`](crate::Error::Bounds) if no clusters of these sizes hold the points,
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a point that is nowhere,
    /// [`Error::Rows`](crate::Error::Rows) for fewer points than clusters,
    /// [`Error::Config`](crate::Error::Config) for no clusters or iterations.
    pub fn fit(&self, points: &Tensor<2>, seed: u64) -> Result<Clustering> {
        check(points, self.clusters, self.iterations)?;
        let points = Points::new(points);
        let mut best: Option<Clustering> = None;
        for restart in 0..self.restarts.max(1) as u64 {
            let mut rng = seed::generator(seed, Stream::Restart, restart);
            let start = plus_plus(&points.tensor, self.clusters, 1, &mut rng);
            let found = self.fit_from(&points, start)?;
            if best
                .as_ref()
                .is_none_or(|best| found.inertia < best.inertia)
            {
                best = Some(found);
            }
        }
        Ok(best.expect("at least one start"))
    }

    fn fit_from(&self, points: &Points, mut centroids: Tensor<2>) -> Result<Clustering> {
        let settled = settled_below(&points.tensor, self.tolerance);
        let device = points.tensor.device();
        let mut host = values(centroids.clone());
        let mut prices = vec![0.0; self.clusters];
        let mut iterations = 0;
        loop {
            let costs = values(squared_distances(points.tensor.clone(), centroids.clone()));
            let assigned = assign_at(&costs, &mut prices, self.min_size, self.max_size)?;
            let means = points.means(&assigned, &host);
            let moved: f64 = means
                .iter()
                .zip(&host)
                .map(|(a, b)| f64::from(a - b).powi(2))
                .sum();
            iterations += 1;
            host = means;
            centroids = Tensor::from_data(TensorData::new(host.clone(), centroids.dims()), &device);
            // The last assignment is the result, and the centroids are its means.
            if moved <= settled || iterations == self.iterations {
                let inertia = points.inertia(&assigned, &host);
                let codes: Vec<i32> = assigned.into_iter().map(|cluster| cluster as i32).collect();
                let codes = Tensor::from_data(TensorData::new(codes, [points.count()]), &device);
                return Ok(Clustering {
                    centroids,
                    codes,
                    inertia,
                    iterations,
                });
            }
        }
    }
}

/// The points, on the device and on the host.
struct Points {
    tensor: Tensor<2>,
    values: Vec<f32>,
    d: usize,
}

impl Points {
    fn new(points: &Tensor<2>) -> Self {
        let tensor = points.clone().inner();
        Self {
            values: values(tensor.clone()),
            d: tensor.dims()[1],
            tensor,
        }
    }

    fn count(&self) -> usize {
        self.values.len() / self.d
    }

    /// The mean of each cluster; a cluster without points keeps its centroid.
    fn means(&self, assigned: &[u32], centroids: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0f64; centroids.len()];
        let mut counts = vec![0u32; centroids.len() / self.d];
        for (point, &cluster) in self.values.chunks_exact(self.d).zip(assigned) {
            counts[cluster as usize] += 1;
            let sum = &mut sums[cluster as usize * self.d..][..self.d];
            sum.iter_mut()
                .zip(point)
                .for_each(|(sum, value)| *sum += f64::from(*value));
        }
        sums.iter()
            .zip(centroids)
            .enumerate()
            .map(|(i, (sum, &old))| match counts[i / self.d] {
                0 => old,
                count => (sum / f64::from(count)) as f32,
            })
            .collect()
    }

    fn inertia(&self, assigned: &[u32], centroids: &[f32]) -> f64 {
        self.values
            .chunks_exact(self.d)
            .zip(assigned)
            .map(|(point, &cluster)| {
                let centroid = &centroids[cluster as usize * self.d..][..self.d];
                point
                    .iter()
                    .zip(centroid)
                    .map(|(a, b)| f64::from(a - b).powi(2))
                    .sum::<f64>()
            })
            .sum()
    }
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, KMeansConfig, mlp::normals};
    use burn::tensor::Device;

    fn points(count: usize, d: usize, seed: u64) -> Tensor<2> {
        let values = normals(
            count * d,
            1.0,
            &mut seed::generator(seed, Stream::Sample, 0),
        );
        Tensor::from_data(TensorData::new(values, [count, d]), &Device::default())
    }

    fn counts(found: &Clustering, clusters: usize) -> Vec<usize> {
        let mut counts = vec![0; clusters];
        found
            .codes
            .clone()
            .into_data()
            .iter::<i64>()
            .for_each(|code| counts[code as usize] += 1);
        counts
    }

    #[test]
    fn sizes_keep_the_bounds_and_the_seed_decides() {
        let points = points(256, 8, 1);
        let config = ConstrainedKMeansConfig::new(10, 20, 30);
        let found = config.fit(&points, 3).unwrap();
        assert!(
            counts(&found, 10)
                .iter()
                .all(|count| (20..=30).contains(count)),
            "{:?}",
            counts(&found, 10)
        );
        assert_eq!(
            found.codes.into_data(),
            config.fit(&points, 3).unwrap().codes.into_data()
        );
    }

    #[test]
    fn bounds_that_do_not_bind_change_nothing() {
        let points = points(300, 3, 2);
        let free = KMeansConfig::new(6)
            .with_tolerance(0.0)
            .fit(&points, 9)
            .unwrap();
        let config = ConstrainedKMeansConfig::new(6, 0, 300)
            .with_tolerance(0.0)
            .with_iterations(100);
        let bound = config.fit(&points, 9).unwrap();
        assert!(
            (free.inertia - bound.inertia).abs() < 1e-3 * free.inertia,
            "{} {}",
            free.inertia,
            bound.inertia
        );
        assert_eq!(
            free.codes.into_data().iter::<i64>().collect::<Vec<_>>(),
            bound.codes.into_data().iter::<i64>().collect::<Vec<_>>()
        );
    }

    #[test]
    fn more_iterations_do_not_hurt() {
        let points = points(200, 4, 3);
        let mut last = f64::INFINITY;
        for iterations in [1, 2, 4, 8, 16] {
            let config = ConstrainedKMeansConfig::new(8, 22, 28)
                .with_tolerance(0.0)
                .with_iterations(iterations);
            let inertia = config.fit(&points, 0).unwrap().inertia;
            assert!(inertia <= last * (1.0 + 1e-6), "{inertia} after {last}");
            last = inertia;
        }
    }

    #[test]
    fn the_released_bounds_and_where_they_had_no_room() {
        assert_eq!(
            SizeBounds::of_codebook(9922, 256),
            SizeBounds { min: 19, max: 76 }
        );
        assert_eq!(
            SizeBounds::of_codebook(40_000, 256),
            SizeBounds { min: 50, max: 200 }
        );
        assert_eq!(
            SizeBounds::of_codebook(100_000, 256),
            SizeBounds { min: 50, max: 391 }
        );
        assert_eq!(
            SizeBounds::of_codebook(300, 256),
            SizeBounds { min: 0, max: 2 }
        );
    }

    #[test]
    fn what_cannot_be_clustered_is_refused() {
        let points = points(20, 2, 4);
        assert!(matches!(
            ConstrainedKMeansConfig::new(5, 5, 9).fit(&points, 0),
            Err(Error::Bounds { points: 20, .. })
        ));
        let broken = Tensor::<2>::from_data([[0.0, 1.0], [2.0, f32::NAN]], &Device::default());
        let error = ConstrainedKMeansConfig::new(1, 1, 2)
            .fit(&broken, 0)
            .unwrap_err();
        assert!(
            error.to_string().starts_with("row 1, column 1 is NaN"),
            "{error}"
        );
    }
}
