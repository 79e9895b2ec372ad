use ndarray::Array2;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use super::identifiers::Columns;

/// How far codes order pairs of items as embeddings do: on a sample of pairs, the rank correlation of nearness in codes with the cosine
/// of the embeddings (which is that of the two distances).
///
/// Most pairs of items have no code in common and are tied, so even good codes stay far below 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// Pairs of different items drawn, with replacement.
    pub pairs: usize,
    /// Nearness is the length of the common prefix.
    pub prefix: RankCorrelation,
    /// Nearness is the number of codes in common.
    pub shared: RankCorrelation,
}

/// Correlations of ranks, tied values treated alike; nothing where one side is constant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankCorrelation {
    /// Spearman's rho: Pearson's correlation of the mean ranks.
    pub spearman: Option<f64>,
    /// Kendall's tau-b: pairs ordered alike less pairs ordered otherwise, over those not tied.
    pub kendall: Option<f64>,
}

/// On `pairs` pairs of items whose rows are not zero; nothing where there are no two of them. Rows have length 1, `[items, dim]`.
pub(super) fn correlation(
    columns: &Columns,
    rows: &Array2<f32>,
    pairs: usize,
    seed: u64,
) -> Option<Correlation> {
    let items: Vec<usize> = (0..rows.nrows())
        .filter(|&row| rows.row(row).iter().any(|&x| x != 0.0))
        .collect();
    if items.len() < 2 {
        return None;
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut cosines, mut shared, mut prefix) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..pairs {
        let a = rng.random_range(0..items.len());
        // Any other item, each as likely.
        let b = rng.random_range(0..items.len() - 1);
        let (a, b) = (items[a], items[b + usize::from(b >= a)]);
        let products = rows.row(a).into_iter().zip(rows.row(b));
        // To add 0 makes -0 and 0 one value.
        cosines.push(
            products
                .map(|(&x, &y)| f64::from(x) * f64::from(y))
                .sum::<f64>()
                + 0.0,
        );
        let (in_common, first) = columns.pair(a, b);
        shared.push(in_common as f64);
        prefix.push(first as f64);
    }
    Some(Correlation {
        pairs,
        prefix: RankCorrelation::of(&prefix, &cosines),
        shared: RankCorrelation::of(&shared, &cosines),
    })
}

impl RankCorrelation {
    /// Of two lists of one length, all finite.
    pub(super) fn of(x: &[f64], y: &[f64]) -> Self {
        Self {
            spearman: pearson(&ranks(x), &ranks(y)),
            kendall: kendall(x, y),
        }
    }
}

/// Ranks from 1, equal values with the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = before as f64 + (tied.len() + 1) as f64 / 2.0;
        for &place in tied {
            ranks[place] = mean;
        }
        before += tied.len();
    }
    ranks
}

fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (&x, &y) in x.iter().zip(y) {
        let (x, y) = (x - mean_x, y - mean_y);
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

/// Tau-b in `n log n` (Knight, 1966): sorted by `x`, pairs ordered otherwise are the exchanges that sort `y`.
fn kendall(x: &[f64], y: &[f64]) -> Option<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_unstable_by(|&a, &b| x[a].total_cmp(&x[b]).then(y[a].total_cmp(&y[b])));
    let tied = |order: &[usize], same: &dyn Fn(usize, usize) -> bool| {
        let runs = order.chunk_by(|&a, &b| same(a, b));
        runs.map(|run| pairs(run.len())).sum::<f64>()
    };
    let tied_x = tied(&order, &|a, b| x[a] == x[b]);
    let tied_both = tied(&order, &|a, b| x[a] == x[b] && y[a] == y[b]);
    let mut by_y: Vec<f64> = order.iter().map(|&place| y[place]).collect();
    let exchanges = sort(&mut by_y, &mut vec![0.0; y.len()]) as f64;
    let tied_y: f64 = by_y
        .chunk_by(|a, b| a == b)
        .map(|run| pairs(run.len()))
        .sum();
    let all = pairs(x.len());
    let otherwise = exchanges;
    let alike = all - tied_x - tied_y + tied_both - exchanges;
    let scale = (all - tied_x) * (all - tied_y);
    (scale > 0.0).then(|| (alike - otherwise) / scale.sqrt())
}

fn pairs(count: usize) -> f64 {
    count as f64 * (count as f64 - 1.0) / 2.0
}

/// Merge sort that counts the pairs in falling order.
fn sort(values: &mut [f64], spare: &mut [f64]) -> u64 {
    if values.len() < 2 {
        return 0;
    }
    let middle = values.len() / 2;
    let (left, right) = values.split_at_mut(middle);
    let (spare_left, spare_right) = spare.split_at_mut(middle);
    let mut exchanges = sort(left, spare_left) + sort(right, spare_right);
    let (mut a, mut b) = (0, 0);
    for place in &mut *spare {
        if b == right.len() || (a < left.len() && left[a] <= right[b]) {
            *place = left[a];
            a += 1;
        } else {
            *place = right[b];
            b += 1;
            exchanges += (left.len() - a) as u64;
        }
    }
    values.copy_from_slice(spare);
    exchanges
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn a_constant_has_no_correlation() {
        let found = RankCorrelation::of(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]);
        assert_eq!((found.spearman, found.kendall), (None, None));
        let found = RankCorrelation::of(&[1.0, 2.0, 3.0], &[9.0, 8.0, 7.0]);
        assert_eq!((found.spearman, found.kendall), (Some(-1.0), Some(-1.0)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Against the definitions, pair by pair.
        #[test]
        fn ranks_and_tau_are_what_comparing_all_pairs_gives(points in vec((0_u8..5, 0_u8..7), 2..40)) {
            let x: Vec<f64> = points.iter().map(|point| f64::from(point.0)).collect();
            let y: Vec<f64> = points.iter().map(|point| f64::from(point.1)).collect();
            for (place, rank) in ranks(&x).into_iter().enumerate() {
                let below = x.iter().filter(|&&other| other < x[place]).count() as f64;
                let equal = x.iter().filter(|&&other| other == x[place]).count() as f64;
                prop_assert_eq!(rank, below + (equal + 1.0) / 2.0);
            }
            let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
            let (mut both, mut in_x, mut in_y) = (0.0, 0.0, 0.0);
            for a in 0..x.len() {
                for b in 0..a {
                    let (dx, dy) = (sign(x[a], x[b]), sign(y[a], y[b]));
                    both += dx * dy;
                    in_x += dx * dx;
                    in_y += dy * dy;
                }
            }
            match kendall(&x, &y) {
                None => prop_assert!(in_x == 0.0 || in_y == 0.0),
                Some(tau) => prop_assert!((tau - both / (in_x * in_y).sqrt()).abs() < 1e-12),
            }
        }
    }
}
