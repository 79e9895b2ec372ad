//! The assignment of points to clusters that costs least while every cluster has at least and at
//! most so many points.
//!
//! It is a minimum-cost flow: every point sends one unit to a cluster, every cluster sends
//! `min..=max` units on to a sink. Points never appear as nodes: the residual graph has the
//! clusters and the sink, and the length of an edge between two clusters is the cheapest move of
//! one point. Successive shortest paths (Ahuja, Magnanti and Orlin, *Network Flows*, section 9.7)
//! start from prices and the assignment that is best at those prices, which for prices 0 is the
//! nearest centroid: only what violates the bounds has to be moved. Optimal for any starting
//! prices, and quick for good ones: those of a similar problem solved before (the previous iteration
//! of k-means), or those that a quick ascent of the dual finds (`prices.rs`).

use super::flow::Flow;
use super::prices::ascend;
use crate::{Error, Result};

/// Assigns every point to a cluster so that the sum of costs is the least possible with `min..=max`
/// points in every cluster.
///
/// `costs[point * clusters + cluster]` is what a point costs in a cluster; output: a cluster per
/// point. The time is a few passes over the costs, and one over the pairs of clusters for each of
/// the (few) points that approximate prices leave at the wrong cluster.
///
/// # Errors
///
/// [`Error::Bounds`] if no assignment meets the bounds.
///
/// # Panics
///
/// If there are no clusters, the costs are no full rows, or one of them is no finite number.
pub fn constrained_assignment(
    costs: &[f32],
    clusters: usize,
    min: usize,
    max: usize,
) -> Result<Vec<u32>> {
    assign_at(costs, &mut vec![0.0; clusters], min, max)
}

/// As [`constrained_assignment`], starting from `prices` (one per cluster) and leaving the optimal
/// ones there.
pub(super) fn assign_at(
    costs: &[f32],
    prices: &mut [f64],
    min: usize,
    max: usize,
) -> Result<Vec<u32>> {
    let clusters = prices.len();
    assert!(
        clusters > 0 && costs.len().is_multiple_of(clusters),
        "{} costs in rows of {clusters}",
        costs.len()
    );
    assert!(
        costs.iter().all(|cost| cost.is_finite()),
        "a cost is no finite number"
    );
    let points = costs.len() / clusters;
    if clusters.saturating_mul(min) > points || clusters.saturating_mul(max) < points || min > max {
        return Err(Error::Bounds {
            points,
            clusters,
            min,
            max,
        });
    }
    let mut flow = Flow::new(costs, prices, min, max);
    // The search moves a unit or so at a time: worth preparing where there are many.
    if flow.surplus() > clusters as i64 {
        ascend(costs, prices, min, max);
        flow = Flow::new(costs, prices, min, max);
    }
    flow.find_moves();
    while flow.augment() {}
    // A price is what the sink asks beyond its own: 0 for a cluster whose bounds do not matter.
    let sink = flow.potentials[clusters];
    prices
        .iter_mut()
        .zip(&flow.potentials)
        .for_each(|(price, potential)| *price = potential - sink);
    Ok(flow.assigned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Stream, generator};
    use proptest::prelude::*;
    use rand::RngExt;

    fn total(costs: &[f32], clusters: usize, assigned: &[u32]) -> f64 {
        assigned
            .iter()
            .enumerate()
            .map(|(point, &c)| f64::from(costs[point * clusters + c as usize]))
            .sum()
    }

    fn sizes(assigned: &[u32], clusters: usize) -> Vec<usize> {
        (0..clusters)
            .map(|c| assigned.iter().filter(|&&a| a as usize == c).count())
            .collect()
    }

    /// Every assignment there is.
    fn brute_force(costs: &[f32], clusters: usize, min: usize, max: usize) -> Option<f64> {
        let points = costs.len() / clusters;
        (0..clusters.pow(points as u32))
            .map(|number| {
                (0..points)
                    .map(|p| (number / clusters.pow(p as u32) % clusters) as u32)
                    .collect::<Vec<_>>()
            })
            .filter(|assigned| {
                sizes(assigned, clusters)
                    .iter()
                    .all(|size| (min..=max).contains(size))
            })
            .map(|assigned| total(costs, clusters, &assigned))
            .min_by(f64::total_cmp)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(192))]
        #[test]
        fn equals_brute_force(
            costs in prop::collection::vec(0.0f32..9.0, 3..25), clusters in 1usize..5, min in 0usize..4, room in 0usize..4,
            whole in any::<bool>(), start in prop::array::uniform4(-4.0f64..4.0),
        ) {
            let points = (costs.len() / clusters).min(if clusters == 4 { 6 } else { 8 });
            prop_assume!(points > 0);
            // Whole numbers make ties, which are where mistakes hide.
            let costs: Vec<f32> = costs[..points * clusters].iter().map(|c| if whole { c.round() } else { *c }).collect();
            let (max, expected) = (min + room, brute_force(&costs, clusters, min, min + room));
            for mut prices in [vec![0.0; clusters], start[..clusters].to_vec()] {
                match (assign_at(&costs, &mut prices, min, max), expected) {
                    (Ok(assigned), Some(expected)) => {
                        prop_assert!(sizes(&assigned, clusters).iter().all(|size| (min..=max).contains(size)));
                        prop_assert!((total(&costs, clusters, &assigned) - expected).abs() < 1e-4);
                    }
                    (Err(Error::Bounds { .. }), None) => {}
                    (found, expected) => prop_assert!(false, "{found:?}, expected {expected:?}"),
                }
            }
        }
    }

    /// Optimal prices prove an assignment optimal: their dual objective equals its cost. Too large
    /// for brute force.
    #[test]
    fn a_large_assignment_is_proved_optimal_by_its_prices() {
        let (points, clusters, min, max) = (900, 24, 30, 40);
        let mut rng = generator(5, Stream::Sample, 0);
        // Far more points than fit want the first clusters.
        let costs: Vec<f32> = (0..points * clusters)
            .map(|i| rng.random_range(0.0..1.0f32) + (i % clusters) as f32 * 0.05)
            .collect();
        let mut prices = vec![0.0; clusters];
        let assigned = assign_at(&costs, &mut prices, min, max).unwrap();
        assert!(
            sizes(&assigned, clusters)
                .iter()
                .all(|size| (min..=max).contains(size))
        );
        let cheapest: f64 = costs
            .chunks_exact(clusters)
            .map(|row| {
                (0..clusters)
                    .map(|c| f64::from(row[c]) + prices[c])
                    .fold(f64::INFINITY, f64::min)
            })
            .sum();
        let paid: f64 = prices
            .iter()
            .map(|&p| {
                if p > 0.0 {
                    p * max as f64
                } else {
                    p * min as f64
                }
            })
            .sum();
        let primal = total(&costs, clusters, &assigned);
        assert!(
            (primal - (cheapest - paid)).abs() < 1e-6,
            "{primal} against {}",
            cheapest - paid
        );
        // From its own prices the optimum is found at once.
        let again = assign_at(&costs, &mut prices, min, max).unwrap();
        assert!((total(&costs, clusters, &again) - primal).abs() < 1e-6);
    }

    #[test]
    fn bounds_that_cannot_be_met_are_named() {
        let message = constrained_assignment(&[0.0; 12], 3, 2, 1)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("4 points") && message.contains("3 clusters"),
            "{message}"
        );
        assert!(constrained_assignment(&[0.0; 12], 3, 0, 1).is_err());
        assert!(constrained_assignment(&[0.0; 12], 3, 2, 4).is_err());
    }
}
