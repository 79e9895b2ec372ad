//! k-means++: starting centroids that are points far from each other.

use burn::tensor::{Int, Tensor, TensorData};
use rand::RngExt;
use rand::rngs::StdRng;

/// `clusters` of the points, the first at random, each further one with a probability proportional
/// to its squared distance from the nearest chosen one. Of several candidates drawn so, the one is
/// taken that leaves the least sum of squared distances.
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
    let [count, _] = points.dims();
    let norms = points.clone().square().sum_dim(1);
    let mut chosen = vec![rng.random_range(0..count)];
    let mut distances = vec![f64::INFINITY; count];
    lower(&mut distances, chosen[0], &to(points, &norms, &chosen)[0]);
    while chosen.len() < clusters {
        let drawn: Vec<usize> = (0..candidates).map(|_| draw(&distances, rng)).collect();
        let best = drawn
            .iter()
            .zip(to(points, &norms, &drawn))
            .map(|(&point, new)| {
                let mut distances = distances.clone();
                lower(&mut distances, point, &new);
                (point, distances)
            })
            .min_by(|a, b| a.1.iter().sum::<f64>().total_cmp(&b.1.iter().sum()));
        let (point, lowered) = best.expect("at least one candidate");
        chosen.push(point);
        distances = lowered;
    }
    points.clone().select(0, numbers(&chosen, points))
}

/// Squared distances of all points from each of some of them.
fn to(points: &Tensor<2>, norms: &Tensor<2>, chosen: &[usize]) -> Vec<Vec<f64>> {
    let count = points.dims()[0];
    let chosen = numbers(chosen, points);
    let there = points.clone().select(0, chosen.clone());
    let products = there.mul_scalar(-2.0).matmul(points.clone().transpose());
    let all = products + norms.clone().transpose() + norms.clone().select(0, chosen);
    let all: Vec<f64> = all.into_data().iter::<f64>().collect();
    all.chunks_exact(count).map(<[f64]>::to_vec).collect()
}

/// Distances to the nearest chosen point, after one more is chosen.
fn lower(distances: &mut [f64], point: usize, new: &[f64]) {
    for (distance, new) in distances.iter_mut().zip(new) {
        *distance = distance.min(new.max(0.0));
    }
    // Rounding leaves a chosen point some way from itself; it must not be chosen again while
    // others remain.
    distances[point] = 0.0;
}

fn numbers(chosen: &[usize], points: &Tensor<2>) -> Tensor<1, Int> {
    let chosen: Vec<i32> = chosen.iter().map(|&point| point as i32).collect();
    let count = chosen.len();
    Tensor::from_data(TensorData::new(chosen, [count]), &points.device())
}

/// A number drawn with the given weights; any of them if all are 0.
fn draw(weights: &[f64], rng: &mut StdRng) -> usize {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return rng.random_range(0..weights.len());
    }
    let mut left = rng.random::<f64>() * total;
    let mut last = 0;
    for (index, &weight) in weights.iter().enumerate() {
        if weight > 0.0 {
            last = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
    }
    last
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
        (0..6000).for_each(|_| counts[draw(&[1.0, 0.0, 3.0], &mut rng)] += 1);
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
