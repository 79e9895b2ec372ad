//! k-means++: starting centroids that are points far from each other.

use burn::tensor::{Int, Tensor, TensorData};
use multiversion::multiversion;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::index;
use rayon::prelude::*;

/// Points summed one after the other.
const BLOCK: usize = 4096;

/// Points a cluster that starts are drawn from: of more, a sample of so many does as well, and takes
/// less time than the iterations to come.
const SAMPLE: usize = 64;

/// So many points are not too many to draw from all of them.
const FEW: usize = 1 << 14;

/// `clusters` of the points, the first at random, each further one with a probability proportional
/// to its squared distance from the nearest chosen one. Of several candidates drawn so, the one is
/// taken that leaves the least sum of squared distances. Of more than [`SAMPLE`] points a cluster and
/// [`FEW`] in all, a random sample stands for all.
///
/// # Shapes
///
/// - points: `[points, d]`
/// - output: `[clusters, d]`
pub(super) fn plus_plus(
    points: &Tensor<2>,
    clusters: usize,
    candidates: usize,
    rng: &mut StdRng,
) -> Tensor<2> {
    let [count, d] = points.dims();
    let rows = points.clone().into_data().convert::<f32>();
    let rows = rows.try_to_vec::<f32>().expect("points are floats");
    let size = SAMPLE.saturating_mul(clusters).max(FEW);
    if count > size {
        let sample = index::sample(rng, count, size).into_vec();
        let rows: Vec<f32> = sample
            .iter()
            .flat_map(|&point| &rows[point * d..][..d])
            .copied()
            .collect();
        let chosen = starts(&rows, d, clusters, candidates, rng);
        let chosen: Vec<usize> = chosen.into_iter().map(|place| sample[place]).collect();
        return points.clone().select(0, numbers(&chosen, points));
    }
    let chosen = starts(&rows, d, clusters, candidates, rng);
    points.clone().select(0, numbers(&chosen, points))
}

/// The numbers of the chosen ones among rows of width `d`.
fn starts(
    rows: &[f32],
    d: usize,
    clusters: usize,
    candidates: usize,
    rng: &mut StdRng,
) -> Vec<usize> {
    let count = rows.len() / d;
    let mut chosen = vec![rng.random_range(0..count)];
    let (_, mut distances) = left(&vec![f32::INFINITY; count], rows, d, &chosen);
    while chosen.len() < clusters {
        let sums = running_sums(&distances);
        let drawn: Vec<usize> = (0..candidates).map(|_| draw(&sums, rng)).collect();
        let (sums, left) = left(&distances, rows, d, &drawn);
        let best = (0..candidates).min_by(|&a, &b| sums[a].total_cmp(&sums[b]));
        let best = best.expect("at least one candidate");
        chosen.push(drawn[best]);
        let left = left.iter().skip(best).step_by(candidates);
        distances
            .iter_mut()
            .zip(left)
            .for_each(|(old, &new)| *old = new);
    }
    chosen
}

/// Distances to the nearest chosen point after each of some candidates is chosen, `[points,
/// candidates]`, and before them their sums, `[candidates]`. All in one pass over the points, which
/// take most of the time to come from memory; they are summed in blocks of fixed size, so that the
/// number of cores changes nothing.
fn left(distances: &[f32], rows: &[f32], d: usize, candidates: &[usize]) -> (Vec<f64>, Vec<f32>) {
    let there: Vec<&[f32]> = candidates
        .iter()
        .map(|&candidate| &rows[candidate * d..][..d])
        .collect();
    let mut left = vec![0.0; distances.len() * candidates.len()];
    let sums: Vec<Vec<f64>> = left
        .par_chunks_mut(BLOCK * candidates.len())
        .zip(distances.par_chunks(BLOCK))
        .zip(rows.par_chunks(BLOCK * d))
        .map(|((left, distances), rows)| left_of_block(left, distances, rows, &there))
        .collect();
    let total = |candidate: usize| sums.iter().map(|sums| sums[candidate]).sum();
    ((0..candidates.len()).map(total).collect(), left)
}

#[multiversion(targets = "simd")]
fn left_of_block(left: &mut [f32], distances: &[f32], rows: &[f32], there: &[&[f32]]) -> Vec<f64> {
    let mut sums = vec![0.0; there.len()];
    let left = left.chunks_exact_mut(there.len());
    let rows = rows.chunks_exact(there[0].len());
    for ((left, &old), row) in left.zip(distances).zip(rows) {
        for ((left, sum), there) in left.iter_mut().zip(&mut sums).zip(there) {
            *left = old.min(squared_distance(row, there));
            *sum += f64::from(*left);
        }
    }
    sums
}

/// In as many sums side by side as a compiler can keep in registers.
#[inline(always)]
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (a, rest_a) = a.as_chunks::<LANES>();
    let (b, rest_b) = b.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            let gap = a[lane] - b[lane];
            sums[lane] += gap * gap;
        }
    }
    let rest = rest_a.iter().zip(rest_b).map(|(a, b)| (a - b) * (a - b));
    sums.iter().sum::<f32>() + rest.sum::<f32>()
}

fn running_sums(weights: &[f32]) -> Vec<f64> {
    let mut sum = 0.0;
    let sums = weights.iter().map(|&weight| {
        sum += f64::from(weight);
        sum
    });
    sums.collect()
}

fn numbers(chosen: &[usize], points: &Tensor<2>) -> Tensor<1, Int> {
    let chosen: Vec<i32> = chosen.iter().map(|&point| point as i32).collect();
    let count = chosen.len();
    Tensor::from_data(TensorData::new(chosen, [count]), &points.device())
}

/// A number drawn with weights of these running sums; any of them if all are 0.
fn draw(sums: &[f64], rng: &mut StdRng) -> usize {
    let total = sums.last().copied().unwrap_or(0.0);
    if total <= 0.0 {
        return rng.random_range(0..sums.len());
    }
    let drawn = rng.random::<f64>() * total;
    // What has no weight adds nothing to the sum, and is never the first above.
    sums.partition_point(|&sum| sum <= drawn)
        .min(sums.partition_point(|&sum| sum < total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance::squared_distances;
    use crate::mlp::normals;
    use crate::seed::{Stream, generator};
    use burn::tensor::Device;

    #[test]
    fn draws_follow_the_weights() {
        let mut rng = generator(3, Stream::Restart, 0);
        let mut counts = [0; 3];
        (0..6000).for_each(|_| counts[draw(&running_sums(&[1.0, 0.0, 3.0]), &mut rng)] += 1);
        assert_eq!(counts[1], 0);
        assert!((1350..1650).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn far_groups_each_get_a_centroid() {
        let values: Vec<f32> = (0..40)
            .map(|i| (i % 4) as f32 * 100.0 + (i / 4) as f32 * 0.01)
            .collect();
        let points = Tensor::from_data(TensorData::new(values, [40, 1]), &Device::default());
        for seed in 0..20 {
            let centroids = plus_plus(&points, 4, 1, &mut generator(seed, Stream::Restart, 0));
            let mut groups: Vec<i32> = centroids
                .into_data()
                .iter::<f32>()
                .map(|x| (x / 100.0).round() as i32)
                .collect();
            groups.sort_unstable();
            assert_eq!(groups, [0, 1, 2, 3], "seed {seed}");
        }
    }

    #[test]
    fn a_sample_of_many_points_covers_as_much() {
        let clusters = 8;
        let count = 6 * FEW;
        let values = normals(count * 2, 1.0, &mut generator(2, Stream::Sample, 0));
        let points = Tensor::from_data(
            TensorData::new(values.clone(), [count, 2]),
            &Device::default(),
        );
        let far = |centroids: Tensor<2>| -> f64 {
            let near = squared_distances(points.clone(), centroids).min_dim(1);
            f64::from(near.sum().into_scalar::<f32>())
        };
        let (mut sampled, mut whole) = (0.0, 0.0);
        for seed in 0..10 {
            let rng = &mut generator(seed, Stream::Restart, 0);
            sampled += far(plus_plus(&points, clusters, 3, rng));
            let chosen = starts(&values, 2, clusters, 3, rng);
            whole += far(points.clone().select(0, numbers(&chosen, &points)));
        }
        assert!(sampled < 1.1 * whole, "{sampled} against {whole}");
    }

    #[test]
    fn equal_points_are_no_trouble() {
        let points = Tensor::<2>::ones([5, 3], &Device::default());
        assert_eq!(
            plus_plus(&points, 3, 2, &mut generator(0, Stream::Restart, 0)).dims(),
            [3, 3]
        );
    }

    #[test]
    fn the_best_of_several_candidates_covers_more() {
        let values = normals(600 * 4, 1.0, &mut generator(1, Stream::Sample, 0));
        let points = Tensor::from_data(TensorData::new(values, [600, 4]), &Device::default());
        let left = |candidates| -> f64 {
            let sum = |seed| {
                let rng = &mut generator(seed, Stream::Restart, 0);
                let centroids = plus_plus(&points, 20, candidates, rng);
                let near = squared_distances(points.clone(), centroids).min_dim(1);
                f64::from(near.sum().into_scalar::<f32>())
            };
            (0..5).map(sum).sum()
        };
        let (one, five) = (left(1), left(5));
        assert!(five < 0.95 * one, "{five} against {one}");
    }
}
