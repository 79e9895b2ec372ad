//! Bootstrap intervals: how far a mean over users could be off by the luck of which users there are.
//!
//! Efron, "Bootstrap methods: another look at the jackknife", 1979: the percentile interval.

mod crossed;

use std::collections::HashMap;

use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Binomial, Distribution};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Share of the resampled means outside an interval, on each side: 95 % lie within.
const TAIL: f64 = 0.025;

/// A 95 % interval around a mean over users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The 2.5 % percentile of the resampled means.
    pub low: f64,
    /// The 97.5 % percentile of the resampled means.
    pub high: f64,
}

/// How intervals are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// How many times all users are drawn again, with replacement. 0 for no intervals; 1,000 for a table.
    pub resamples: usize,
    /// Where the draws start from: the same seed gives the same intervals, on any number of threads.
    pub seed: u64,
}

impl Bootstrap {
    /// The percentile interval of the mean of every column; empty without resamples or without rows.
    ///
    /// `rows` has one row of `width` figures a user, row-major, `[users, width]`. One draw of users serves all columns.
    /// With `r` resamples a percentile `p` is read at `p (r - 1)` of the sorted means, between neighbours linearly.
    ///
    /// # Panics
    ///
    /// If `width` is 0 or does not divide the length of `rows`.
    #[must_use]
    pub fn intervals(&self, rows: &[f64], width: usize) -> Vec<Interval> {
        assert!(
            width > 0 && rows.len().is_multiple_of(width),
            "{} figures are not rows of {width}",
            rows.len()
        );
        let users = rows.len() / width;
        if users == 0 || self.resamples == 0 {
            return Vec::new();
        }
        let distinct = DistinctRows::of(rows, width);
        let means = (0..self.resamples as u64)
            .into_par_iter()
            .map(|resample| distinct.means(&mut self.generator(resample)))
            .collect();
        intervals_of(means, width)
    }

    fn generator(&self, resample: u64) -> StdRng {
        generator(self.seed, resample)
    }
}

/// Every draw has a generator of its own, so that threads can share the work without changing the result.
pub(crate) fn generator(seed: u64, draw: u64) -> StdRng {
    // An odd factor scatters neighbouring draws over the seeds; `seed_from_u64` mixes the bits.
    StdRng::seed_from_u64(seed.wrapping_add(draw.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

/// The interval of every column from the means of all resamples, `[resamples][width]`.
fn intervals_of(means: Vec<Vec<f64>>, width: usize) -> Vec<Interval> {
    (0..width)
        .map(|column| {
            let mut means: Vec<f64> = means.iter().map(|row| row[column]).collect();
            means.sort_unstable_by(f64::total_cmp);
            Interval {
                low: percentile(&means, TAIL),
                high: percentile(&means, 1.0 - TAIL),
            }
        })
        .collect()
}

/// The rows that differ, and how many users have each.
///
/// With one target a user and lists cut at k, there are only k + 1 different rows (one for each rank, one for a miss), and how often each is drawn is all that a mean
/// needs to know.
pub(crate) struct DistinctRows<'a> {
    /// Every row with the number of users who have it, in the order of the first of them.
    pub(crate) rows: Vec<(&'a [f64], u64)>,
}

impl<'a> DistinctRows<'a> {
    pub(crate) fn of(rows: &'a [f64], width: usize) -> Self {
        let bits: Vec<u64> = rows.iter().map(|figure| figure.to_bits()).collect();
        let mut places: HashMap<&[u64], usize> = HashMap::new();
        let mut distinct: Vec<(&[f64], u64)> = Vec::new();
        for (row, bits) in rows.chunks_exact(width).zip(bits.chunks_exact(width)) {
            let place = *places.entry(bits).or_insert(distinct.len());
            match distinct.get_mut(place) {
                Some((_, users)) => *users += 1,
                None => distinct.push((row, 1)),
            }
        }
        Self { rows: distinct }
    }

    /// The mean row of as many users as there are, drawn with replacement.
    fn means(&self, random: &mut StdRng) -> Vec<f64> {
        let users: u64 = self.rows.iter().map(|&(_, users)| users).sum();
        let mut means = vec![0.0; self.rows[0].0.len()];
        // How often the users of each row are drawn is multinomial: binomial for one row, given those drawn of the rows before.
        let (mut to_draw, mut to_choose_from) = (users, users);
        for &(row, own) in &self.rows {
            let share = own as f64 / to_choose_from as f64;
            let drawn = Binomial::new(to_draw, share).expect("a share of those that are left");
            let times = drawn.sample(random);
            to_draw -= times;
            to_choose_from -= own;
            let weight = times as f64 / users as f64;
            for (mean, figure) in means.iter_mut().zip(row) {
                *mean += weight * figure;
            }
        }
        means
    }
}

/// A percentile (0 to 1) of sorted numbers, between neighbours linearly.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bootstrap(resamples: usize, seed: u64) -> Bootstrap {
        Bootstrap { resamples, seed }
    }

    #[test]
    fn percentiles_by_hand() {
        let sorted = [0.0, 1.0, 2.0, 3.0, 4.0];
        assert_eq!(percentile(&sorted, 0.0), 0.0);
        assert_eq!(percentile(&sorted, 0.5), 2.0);
        assert_eq!(percentile(&sorted, 0.625), 2.5);
        assert_eq!(percentile(&sorted, 1.0), 4.0);
        assert_eq!(percentile(&[7.0], 0.975), 7.0);
    }

    #[test]
    fn intervals_of_a_proportion_are_those_of_theory() {
        // 400 users, 100 of them hits: the standard error is sqrt(p (1 - p) / n) = 0.02165, so the interval is
        // 0.25 -+ 1.96 * 0.02165 = [0.2076, 0.2924].
        let rows: Vec<f64> = (0..400)
            .map(|user| f64::from(u8::from(user % 4 == 0)))
            .collect();
        let [interval] = bootstrap(4000, 1).intervals(&rows, 1)[..] else {
            panic!("one column, one interval");
        };
        assert!((interval.low - 0.2076).abs() < 0.005, "{interval:?}");
        assert!((interval.high - 0.2924).abs() < 0.005, "{interval:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_whatever_the_threads() {
        let rows: Vec<f64> = (0..60).map(|figure| f64::from(figure % 7) / 7.0).collect();
        let once = bootstrap(50, 3).intervals(&rows, 2);
        let alone = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        assert_eq!(once, alone.install(|| bootstrap(50, 3).intervals(&rows, 2)));
        assert_ne!(once, bootstrap(50, 4).intervals(&rows, 2));
    }

    #[test]
    fn columns_share_their_draws() {
        // The second column is twice the first, so its interval must be exactly that.
        let rows: Vec<f64> = (0..30)
            .flat_map(|user| [f64::from(user), 2.0 * f64::from(user)])
            .collect();
        let [one, two] = bootstrap(40, 9).intervals(&rows, 2)[..] else {
            panic!("two columns, two intervals");
        };
        assert_eq!((two.low, two.high), (2.0 * one.low, 2.0 * one.high));
    }

    #[test]
    fn nothing_to_draw_gives_no_interval() {
        assert!(bootstrap(0, 1).intervals(&[1.0, 0.0], 1).is_empty());
        assert!(bootstrap(10, 1).intervals(&[], 3).is_empty());
    }

    #[test]
    fn a_constant_has_no_width() {
        let intervals = bootstrap(20, 1).intervals(&[0.5; 12], 1);
        assert_eq!(
            intervals,
            [Interval {
                low: 0.5,
                high: 0.5
            }]
        );
    }

    #[test]
    fn how_often_rows_are_drawn_is_multinomial() {
        // 5, 3 and 2 of ten users: shares have the means p, the variances p (1 - p) / 10 and the covariances - p q / 10.
        let rows: Vec<f64> = [0, 1, 0, 2, 0, 1, 0, 2, 0, 1]
            .iter()
            .flat_map(|&kind| (0..3).map(move |other| f64::from(u8::from(kind == other))))
            .collect();
        let distinct = DistinctRows::of(&rows, 3);
        let counts: Vec<u64> = distinct.rows.iter().map(|&(_, users)| users).collect();
        assert_eq!(counts, [5, 3, 2]);
        let draws = 20_000;
        let shares: Vec<Vec<f64>> = (0..draws)
            .map(|draw| distinct.means(&mut generator(7, draw)))
            .collect();
        let mean = |of: &dyn Fn(&[f64]) -> f64| -> f64 {
            shares.iter().map(|share| of(share)).sum::<f64>() / draws as f64
        };
        let p = [0.5, 0.3, 0.2];
        for share in &shares {
            assert!((share.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        for a in 0..3 {
            assert!((mean(&|share| share[a]) - p[a]).abs() < 0.005);
            for b in 0..3 {
                let found = mean(&|share| (share[a] - p[a]) * (share[b] - p[b]));
                let own = if a == b { p[a] } else { 0.0 };
                let expected = (own - p[a] * p[b]) / 10.0;
                assert!(
                    (found - expected).abs() < 0.001,
                    "{a}, {b}: {found}, not {expected}"
                );
            }
        }
    }
}
