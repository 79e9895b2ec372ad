use super::plus_plus::plus_plus;
use super::{Clustering, check, settled_below};
use crate::Result;
use crate::distance::{assigned_sums, distances_at_once, nearest};
use crate::seed::{self, Stream};
use burn::config::Config;
use burn::tensor::{Int, Tensor, TensorData};
use genrec_cores::{on_cores, side_by_side};

/// Configuration of k-means on the device of the points.
#[derive(Config, Debug, PartialEq)]
pub struct KMeansConfig {
    /// How many clusters.
    pub clusters: usize,
    /// Iterations at most.
    #[config(default = 100)]
    pub iterations: usize,
    /// Settled when the centroids' squared moves sum to less than this times the mean variance of
    /// the points' values.
    #[config(default = 1e-4)]
    pub tolerance: f64,
    /// Starts to try; the one with the least inertia is kept.
    #[config(default = 1)]
    pub restarts: usize,
    /// Points k-means++ draws for each starting centroid, of which it takes the best. More than 1
    /// is the greedy k-means++ of Arthur and Vassilvitskii's section 5; they draw about 2 + ln
    /// `clusters`.
    #[config(default = 1)]
    pub candidates: usize,
}

impl KMeansConfig {
    /// Sorts points into clusters: k-means++, then Lloyd's iteration. A cluster that loses all its
    /// points starts anew at the point farthest from its centroid.
    ///
    /// # Shapes
    ///
    /// - points: `[points, d]`
    ///
    /// # Errors
    ///
    /// [`Error::Rows`](crate::Error::Rows) for fewer points than clusters,
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a point that is nowhere,
    /// [`Error::Config`](crate::Error::Config) for no clusters, iterations, restarts or
    /// candidates.
    pub fn fit(&self, points: &Tensor<2>, seed: u64) -> Result<Clustering> {
        check(points, self.clusters, self.iterations)?;
        if self.restarts == 0 || self.candidates == 0 {
            return Err(crate::Error::Config {
                field: "KMeansConfig::restarts, ::candidates",
                found: format!("{}, {}", self.restarts, self.candidates),
                expected: "both must be at least 1",
            });
        }
        let points = points.clone().inner();
        let best = (0..self.restarts as u64)
            .map(|restart| {
                let mut rng = seed::generator(seed, Stream::Restart, restart);
                self.fit_from(
                    &points,
                    plus_plus(&points, self.clusters, self.candidates, &mut rng),
                )
            })
            .min_by(|a, b| a.inertia.total_cmp(&b.inertia));
        Ok(best.expect("at least one start"))
    }

    fn fit_from(&self, points: &Tensor<2>, mut centroids: Tensor<2>) -> Clustering {
        let settled = settled_below(points, self.tolerance);
        let blocks = blocks(points, self.clusters);
        let mut iterations = 0;
        while iterations < self.iterations {
            iterations += 1;
            let assigned = Assigned::new(&blocks, &centroids);
            let counts: Vec<f32> = assigned.counts.clone().into_data().iter::<f32>().collect();
            let mut means = assigned.sums / assigned.counts.clamp_min(1.0).unsqueeze_dim(1);
            let empty: Vec<usize> = (0..counts.len())
                .filter(|&cluster| counts[cluster] == 0.0)
                .collect();
            if !empty.is_empty() {
                means = reseed(points, &centroids, assigned.codes, means, &empty, &counts);
            }
            let moved = (means.clone() - centroids)
                .square()
                .sum()
                .into_scalar::<f32>();
            centroids = means;
            if f64::from(moved) <= settled {
                break;
            }
        }
        let codes = Assigned::new(&blocks, &centroids).codes;
        let inertia = distances(points, &centroids, codes.clone())
            .into_data()
            .iter::<f64>()
            .sum();
        Clustering {
            centroids,
            codes,
            inertia,
            iterations,
        }
    }
}

/// The points in blocks whose distances to all centroids are held at once.
fn blocks(points: &Tensor<2>, clusters: usize) -> Vec<Tensor<2>> {
    let (count, device) = (points.dims()[0], points.device());
    let size = (distances_at_once(&device) / clusters).max(1);
    let block = |start: usize| {
        let block = points.clone().narrow(0, start, size.min(count - start));
        // The host copies a part of a tensor each time its rows are added up: once will do.
        match on_cores(&device) {
            true => Tensor::from_data(block.into_data(), &device),
            false => block,
        }
    };
    (0..count).step_by(size).map(block).collect()
}

/// Nearest centroids, and what each centroid got.
struct Assigned {
    /// `[points]`.
    codes: Tensor<1, Int>,
    /// `[clusters]`.
    counts: Tensor<1>,
    /// `[clusters, d]`.
    sums: Tensor<2>,
}

impl Assigned {
    fn new(blocks: &[Tensor<2>], centroids: &Tensor<2>) -> Self {
        let clusters = centroids.dims()[0];
        // Side by side, and added in their order.
        let parts = side_by_side(blocks.iter().collect(), |points: &Tensor<2>| {
            let codes = nearest(points.clone(), centroids.clone());
            let (counts, sums) = assigned_sums(points.clone(), codes.clone(), clusters);
            Self {
                codes,
                counts,
                sums,
            }
        });
        let codes = parts.iter().map(|part| part.codes.clone()).collect();
        let sums = parts
            .into_iter()
            .map(|part| (part.counts, part.sums))
            .reduce(|a, b| (a.0 + b.0, a.1 + b.1));
        let (counts, sums) = sums.expect("at least one point");
        Self {
            codes: Tensor::cat(codes, 0),
            counts,
            sums,
        }
    }
}

/// Squared distance of each point to the centroid it was assigned, `[points, 1]`.
fn distances(points: &Tensor<2>, centroids: &Tensor<2>, codes: Tensor<1, Int>) -> Tensor<2> {
    (points.clone() - centroids.clone().select(0, codes))
        .square()
        .sum_dim(1)
}

/// Puts each empty cluster onto the point that is by now farthest from every centroid, but not onto
/// the only point of a cluster.
fn reseed(
    points: &Tensor<2>,
    centroids: &Tensor<2>,
    codes: Tensor<1, Int>,
    means: Tensor<2>,
    empty: &[usize],
    counts: &[f32],
) -> Tensor<2> {
    let mut far: Vec<f32> = distances(points, centroids, codes.clone())
        .into_data()
        .iter::<f32>()
        .collect();
    let codes: Vec<i64> = codes.into_data().iter::<i64>().collect();
    let mut left = counts.to_vec();
    // Rows of the means, then those of the donors: one selection picks the right one for every
    // cluster.
    let mut rows: Vec<i32> = (0..counts.len() as i32).collect();
    let mut all = vec![means];
    for &cluster in empty {
        let movable = (0..far.len()).filter(|&point| left[codes[point] as usize] > 1.0);
        let Some(donor) = movable.max_by(|&a, &b| far[a].total_cmp(&far[b])) else {
            break;
        };
        left[codes[donor] as usize] -= 1.0;
        let point = points.clone().narrow(0, donor, 1);
        let to_donor = (points.clone() - point.clone())
            .square()
            .sum_dim(1)
            .into_data();
        far.iter_mut()
            .zip(to_donor.iter::<f32>())
            .for_each(|(far, new)| *far = far.min(new));
        // Below any distance: never taken twice, even among equal points.
        far[donor] = -1.0;
        rows[cluster] = (counts.len() + all.len() - 1) as i32;
        all.push(point);
    }
    let rows = Tensor::from_data(TensorData::new(rows, [counts.len()]), &points.device());
    Tensor::cat(all, 0).select(0, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use rand::RngExt;

    /// Points around `(10 c, -10 c)`, 30 around each.
    fn planted(groups: usize, seed: u64) -> Tensor<2> {
        let mut rng = seed::generator(seed, Stream::Sample, 0);
        let values: Vec<f32> = (0..groups * 30)
            .flat_map(|i| {
                let centre = (i % groups) as f32 * 10.0;
                [
                    centre + rng.random_range(-1.0..1.0f32),
                    -centre + rng.random_range(-1.0..1.0f32),
                ]
            })
            .collect();
        Tensor::from_data(
            TensorData::new(values, [groups * 30, 2]),
            &Device::default(),
        )
    }

    #[test]
    fn planted_groups_are_found() {
        let points = planted(6, 1);
        let found = KMeansConfig::new(6)
            .with_restarts(3)
            .fit(&points, 0)
            .unwrap();
        let codes: Vec<i64> = found.codes.into_data().iter::<i64>().collect();
        for (i, code) in codes.iter().enumerate() {
            assert_eq!(*code, codes[i % 6], "point {i} left its group");
        }
        assert!(found.inertia / 180.0 < 0.8, "inertia {}", found.inertia);
    }

    #[test]
    fn centroids_are_the_means_and_more_iterations_do_not_hurt() {
        let points = planted(9, 2);
        let mut last = f64::INFINITY;
        for iterations in [1, 2, 4, 50] {
            let found = KMeansConfig::new(5)
                .with_iterations(iterations)
                .with_tolerance(0.0)
                .fit(&points, 4)
                .unwrap();
            assert!(
                found.inertia <= last * (1.0 + 1e-6),
                "{} after {last}",
                found.inertia
            );
            last = found.inertia;
        }
        let found = KMeansConfig::new(5)
            .with_tolerance(0.0)
            .fit(&points, 4)
            .unwrap();
        let (counts, sums) = assigned_sums(points, found.codes, 5);
        let gap = (sums / counts.unsqueeze_dim(1) - found.centroids)
            .abs()
            .max()
            .into_scalar::<f32>();
        assert!(gap < 1e-4, "a centroid is {gap} from its mean");
    }

    #[test]
    fn empty_clusters_start_anew() {
        let points = planted(3, 3);
        // Two centroids nobody is near.
        let start =
            Tensor::<2>::from_data([[0.0, 0.0], [900.0, 0.0], [900.0, 9.0]], &Device::default());
        let found = KMeansConfig::new(3).fit_from(&points, start);
        let (counts, _) = assigned_sums(points, found.codes, 3);
        assert!(counts.min().into_scalar::<f32>() >= 1.0);
        assert!(found.inertia / 90.0 < 0.8, "inertia {}", found.inertia);
    }

    #[test]
    fn the_seed_decides_and_impossible_requests_are_refused() {
        let points = planted(4, 4);
        let fit = |seed| {
            KMeansConfig::new(7)
                .fit(&points, seed)
                .unwrap()
                .centroids
                .into_data()
        };
        assert_eq!(fit(5), fit(5));
        assert_ne!(fit(5), fit(6));
        assert!(
            KMeansConfig::new(121)
                .fit(&points, 0)
                .unwrap_err()
                .to_string()
                .contains("121")
        );
        assert!(KMeansConfig::new(0).fit(&points, 0).is_err());
        for nowhere in [f32::NAN, f32::INFINITY] {
            let points = Tensor::<2>::from_data([[0.0, 1.0], [2.0, nowhere]], &Device::default());
            let error = KMeansConfig::new(1).fit(&points, 0).unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with("row 1, column 1 is"), "{message}");
        }
    }
}
