//! Prices at which the bounds of a constrained assignment are almost met.
//!
//! The dual of the assignment asks for a price per cluster that maximizes `sum_i min_k (cost_ik +
//! price_k) - sum_k paid_k`, where a cluster pays its price `max` times if it is positive and `min`
//! times if it is negative. It is concave, and its maximum over one price alone is easy: the price
//! at which exactly `max` (or `min`) points want the cluster, or 0. A few sweeps of that leave
//! little for the exact search to do, which is right for any prices. All of it in 32-bit floats:
//! nothing here has to be exact.

const SWEEPS: usize = 10;
/// No cluster.
const NONE: u32 = u32::MAX;

/// Sweeps over the clusters whose bounds are violated while that at least halves the violation, and
/// leaves the best prices found.
pub(super) fn ascend(costs: &[f32], prices: &mut [f64], min: usize, max: usize) {
    let mut ascent = Ascent::new(costs, prices, min, max);
    let mut margins = vec![0.0; ascent.first.len()];
    let mut least = usize::MAX;
    for _ in 0..SWEEPS {
        let violation: usize = (0..prices.len())
            .map(|cluster| ascent.violation(cluster))
            .sum();
        if violation < least {
            prices
                .iter_mut()
                .zip(&ascent.prices)
                .for_each(|(price, &found)| *price = f64::from(found));
        }
        if violation == 0 || violation > least / 2 {
            break;
        }
        least = violation;
        let mut order: Vec<usize> = (0..prices.len()).collect();
        order.sort_by_key(|&cluster| std::cmp::Reverse(ascent.violation(cluster)));
        for cluster in order {
            if let Some(size) = ascent.wanted(cluster) {
                ascent.settle(cluster, size, &mut margins);
            }
        }
    }
}

struct Ascent<'a> {
    costs: &'a [f32],
    /// The costs column by column.
    columns: Vec<f32>,
    min: usize,
    /// No more than there are points.
    max: usize,
    prices: Vec<f32>,
    /// Each point's cheapest cluster, price included, and the next.
    first: Vec<(u32, f32)>,
    second: Vec<(u32, f32)>,
    /// How many points each cluster is the cheapest for.
    sizes: Vec<usize>,
}

impl<'a> Ascent<'a> {
    fn new(costs: &'a [f32], prices: &[f64], min: usize, max: usize) -> Self {
        let clusters = prices.len();
        let points = costs.len() / clusters;
        let mut columns = vec![0.0; costs.len()];
        for (point, row) in costs.chunks_exact(clusters).enumerate() {
            row.iter()
                .enumerate()
                .for_each(|(cluster, &cost)| columns[cluster * points + point] = cost);
        }
        let prices = prices.iter().map(|&price| price as f32).collect();
        let none = vec![(NONE, f32::INFINITY); points];
        let mut ascent = Self {
            costs,
            columns,
            min,
            max: max.min(points),
            prices,
            first: none.clone(),
            second: none,
            sizes: vec![0; clusters],
        };
        for point in 0..points {
            ascent.rank(point);
            ascent.sizes[ascent.first[point].0 as usize] += 1;
        }
        ascent
    }

    fn violation(&self, cluster: usize) -> usize {
        let size = self.sizes[cluster];
        size.saturating_sub(self.max) + self.min.saturating_sub(size)
    }

    /// The size at which the price of a cluster would be right, unless it is.
    fn wanted(&self, cluster: usize) -> Option<usize> {
        let (size, price) = (self.sizes[cluster], self.prices[cluster]);
        if size > self.max || (price > 0.0 && size < self.max) {
            Some(self.max)
        } else if size < self.min || (price < 0.0 && size > self.min) {
            Some(self.min)
        } else {
            None
        }
    }

    /// Finds a point's two cheapest clusters.
    fn rank(&mut self, point: usize) {
        let clusters = self.prices.len();
        let (mut first, mut second) = ((NONE, f32::INFINITY), (NONE, f32::INFINITY));
        let row = &self.costs[point * clusters..][..clusters];
        for (cluster, (cost, price)) in row.iter().zip(&self.prices).enumerate() {
            let value = cost + price;
            if value < first.1 {
                (first, second) = ((cluster as u32, value), first);
            } else if value < second.1 {
                second = (cluster as u32, value);
            }
        }
        (self.first[point], self.second[point]) = (first, second);
    }

    /// Sets the price of a cluster so that `size` points want it, or to 0 if the price would change
    /// its sign on the way.
    fn settle(&mut self, cluster: usize, size: usize, margins: &mut [f32]) {
        let points = margins.len();
        let column = &self.columns[cluster * points..][..points];
        // A point wants the cluster at every price below its margin.
        for (point, margin) in margins.iter_mut().enumerate() {
            let (first, second) = (self.first[point], self.second[point]);
            let other = if first.0 == cluster as u32 {
                second.1
            } else {
                first.1
            };
            *margin = other - column[point];
        }
        let next = if size < points {
            *margins
                .select_nth_unstable_by(size, |a, b| b.total_cmp(a))
                .1
        } else {
            f32::NEG_INFINITY
        };
        let last = margins[..size]
            .iter()
            .copied()
            .fold(f32::INFINITY, f32::min);
        let price = match (last.is_finite(), next.is_finite()) {
            (true, true) => (last + next) / 2.0,
            (true, false) => last - 1.0,
            (false, true) => next + 1.0,
            // A cluster alone: every point wants it at any price.
            (false, false) => 0.0,
        };
        self.prices[cluster] = if size == self.max {
            price.max(0.0)
        } else {
            price.min(0.0)
        };
        for point in 0..points {
            self.reprice(
                point,
                cluster,
                self.columns[cluster * points + point] + self.prices[cluster],
            );
        }
    }

    /// Takes note of what a cluster now costs a point.
    fn reprice(&mut self, point: usize, cluster: usize, value: f32) {
        let (cluster, was, second) = (cluster as u32, self.first[point], self.second[point]);
        if was.0 == cluster && value <= second.1 {
            self.first[point].1 = value;
        } else if was.0 == cluster || second.0 == cluster {
            self.rank(point);
        } else if value < was.1 {
            (self.first[point], self.second[point]) = ((cluster, value), was);
        } else if value < second.1 {
            self.second[point] = (cluster, value);
        }
        let now = self.first[point].0;
        if now != was.0 {
            self.sizes[was.0 as usize] -= 1;
            self.sizes[now as usize] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Stream, generator};
    use rand::RngExt;

    fn dual(costs: &[f32], prices: &[f64], min: usize, max: usize) -> f64 {
        let cheapest = |row: &[f32]| {
            row.iter()
                .zip(prices)
                .map(|(&c, p)| f64::from(c) + p)
                .fold(f64::INFINITY, f64::min)
        };
        let paid = |&price: &f64| {
            if price > 0.0 {
                price * max as f64
            } else {
                price * min as f64
            }
        };
        costs.chunks_exact(prices.len()).map(cheapest).sum::<f64>()
            - prices.iter().map(paid).sum::<f64>()
    }

    fn violation(costs: &[f32], prices: &[f64], min: usize, max: usize) -> usize {
        let ascent = Ascent::new(costs, prices, min, max);
        (0..prices.len())
            .map(|cluster| ascent.violation(cluster))
            .sum()
    }

    #[test]
    fn the_dual_rises_and_little_violation_is_left() {
        let clusters = 20;
        for (seed, min, max) in [(0, 20, 80), (1, 45, 55), (2, 0, 60), (3, 30, 1000)] {
            let mut rng = generator(seed, Stream::Sample, 0);
            // Clusters from popular to unpopular.
            let costs: Vec<f32> = (0..1000 * clusters)
                .map(|i| rng.random_range(0.0..1.0f32) + (i % clusters) as f32 * 0.03)
                .collect();
            let start = vec![0.0; clusters];
            let mut prices = start.clone();
            ascend(&costs, &mut prices, min, max);
            let (before, after) = (
                dual(&costs, &start, min, max),
                dual(&costs, &prices, min, max),
            );
            assert!(after > before, "{after} after {before}");
            let (before, after) = (
                violation(&costs, &start, min, max),
                violation(&costs, &prices, min, max),
            );
            assert!(after * 3 < before * 2, "{after} after {before}");
        }
    }
}
