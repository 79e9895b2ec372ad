//! k-means++: starting centroids that are points far from each other.

use burn::tensor::{Tensor, TensorData};
use rand::RngExt;
use rand::rngs::StdRng;

/// `clusters` of the points, the first at random, each further one with a probability proportional
/// to its squared distance from the nearest chosen one.
///
/// # Shapes
///
/// - points: `[points, d]`
/// - output: `[clusters, d]`
pub(super) fn plus_plus(points: &Tensor<2>, clusters: usize, rng: &mut StdRng) -> Tensor<2> {
    let [count, _] = points.dims();
    let norms = points.clone().square().sum_dim(1);
    let mut chosen = vec![rng.random_range(0..count)];
    let mut distances = vec![f64::INFINITY; count];
    while chosen.len() < clusters {
        let last = chosen[chosen.len() - 1];
        let point = points.clone().narrow(0, last, 1);
        let norm = point.clone().square().sum_dim(1);
        let to_last =
            points.clone().matmul(point.mul_scalar(-2.0).transpose()) + norms.clone() + norm;
        for (distance, new) in distances.iter_mut().zip(to_last.into_data().iter::<f64>()) {
            *distance = distance.min(new.max(0.0));
        }
        // Rounding leaves a chosen point some way from itself; it must not be chosen again while
        // others remain.
        distances[last] = 0.0;
        chosen.push(draw(&distances, rng));
    }
    let device = points.device();
    let chosen: Vec<i32> = chosen.into_iter().map(|point| point as i32).collect();
    points.clone().select(
        0,
        Tensor::from_data(TensorData::new(chosen, [clusters]), &device),
    )
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
            let centroids = plus_plus(&points, 4, &mut generator(seed, Stream::Restart, 0));
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
            plus_plus(&points, 3, &mut generator(0, Stream::Restart, 0)).dims(),
            [3, 3]
        );
    }
}
