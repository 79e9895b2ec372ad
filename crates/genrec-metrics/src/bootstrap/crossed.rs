//! The bootstrap where the same users were asked under several seeds: both are drawn again.
//!
//! Owen, "The pigeonhole bootstrap", 2007.

use rand::{RngExt, rngs::StdRng};
use rayon::prelude::*;

use super::{Bootstrap, DistinctRows, Interval, intervals_of};

impl Bootstrap {
    /// The percentile interval of every column's mean over users and seeds; empty without resamples, users or seeds.
    ///
    /// `seeds` has the figures of each seed, `[users, width]`, row-major, the same users in the same order. A resample draws
    /// users *and* seeds with replacement and averages what was drawn: users are crossed with seeds, not nested in them, since
    /// each was asked under every seed, and drawing users anew for each seed would average their luck away. With `s` seeds the
    /// part of the variance that is the seeds' own is `(s - 1) / s` of what it should be: three seeds are few.
    ///
    /// With the same figures under every seed it is [`intervals`](Self::intervals).
    ///
    /// # Panics
    ///
    /// If the seeds differ in length, or `width` is 0 or does not divide it.
    #[must_use]
    pub fn crossed_intervals(&self, seeds: &[&[f64]], width: usize) -> Vec<Interval> {
        let figures = seeds.first().map_or(0, |rows| rows.len());
        assert!(
            width > 0 && figures.is_multiple_of(width),
            "{figures} figures are not rows of {width}"
        );
        assert!(
            seeds.iter().all(|rows| rows.len() == figures),
            "every seed needs the figures of the same users"
        );
        if figures == 0 || self.resamples == 0 {
            return Vec::new();
        }
        // A user's figures under all seeds are one row.
        let rows: Vec<f64> = (0..figures / width)
            .flat_map(|user| {
                let row = user * width..(user + 1) * width;
                seeds.iter().flat_map(move |rows| &rows[row.clone()])
            })
            .copied()
            .collect();
        let distinct = DistinctRows::of(&rows, seeds.len() * width);
        let means = (0..self.resamples as u64)
            .into_par_iter()
            .map(|resample| {
                let mut random = self.generator(resample);
                let by_seed = distinct.means(&mut random);
                mean_of_drawn(&by_seed, seeds.len(), width, &mut random)
            })
            .collect();
        intervals_of(means, width)
    }
}

/// The mean row of as many seeds as there are, drawn with replacement from `[seeds, width]`.
fn mean_of_drawn(by_seed: &[f64], seeds: usize, width: usize, random: &mut StdRng) -> Vec<f64> {
    let mut mean = vec![0.0; width];
    for _ in 0..seeds {
        let seed = random.random_range(0..seeds);
        for (mean, figure) in mean.iter_mut().zip(&by_seed[seed * width..]) {
            *mean += figure / seeds as f64;
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::*;

    fn bootstrap(resamples: usize, seed: u64) -> Bootstrap {
        Bootstrap { resamples, seed }
    }

    #[test]
    fn intervals_are_those_of_theory() {
        // 200 users, +-1; 8 seeds, +-1/2 on top: variances 1 / 200 of the users and 7/8 * (1/4) / 8 of the seeds, so
        // 1.96 * sqrt(0.005 + 0.02734) = 0.3525.
        let seeds: Vec<Vec<f64>> = (0..8)
            .map(|seed| {
                let luck = if seed % 2 == 0 { 0.5 } else { -0.5 };
                let user = |user| if user % 2 == 0 { 1.0 } else { -1.0 };
                (0..200).map(|number| luck + user(number)).collect()
            })
            .collect();
        let seeds: Vec<&[f64]> = seeds.iter().map(Vec::as_slice).collect();
        let [interval] = bootstrap(4000, 1).crossed_intervals(&seeds, 1)[..] else {
            panic!("one column, one interval");
        };
        assert!((interval.low + 0.3525).abs() < 0.03, "{interval:?}");
        assert!((interval.high - 0.3525).abs() < 0.03, "{interval:?}");
        // Over the users of one seed alone it is far narrower.
        let alone = bootstrap(4000, 1).intervals(seeds[0], 1)[0];
        assert!(alone.high - alone.low < 0.3, "{alone:?}");
    }

    #[test]
    fn nothing_to_draw_gives_no_interval() {
        assert!(bootstrap(9, 1).crossed_intervals(&[], 1).is_empty());
        assert!(bootstrap(9, 1).crossed_intervals(&[&[], &[]], 1).is_empty());
        assert!(bootstrap(0, 1).crossed_intervals(&[&[1.0]], 1).is_empty());
    }

    #[test]
    #[should_panic(expected = "the same users")]
    fn seeds_of_different_users_do_not_cross() {
        let _ = bootstrap(9, 1).crossed_intervals(&[&[1.0, 0.0], &[1.0]], 1);
    }

    /// The twin in plain words, compared as distributions, since ours counts rows where it draws users one by one.
    #[test]
    fn a_resample_is_drawing_users_then_seeds() {
        let seeds = [
            [0.0, 3.0, 1.0, 1.0, 0.0],
            [2.0, 3.0, 0.0, 1.0, 1.0],
            [1.0, 1.0, 2.0, 0.0, 0.0],
        ];
        let slices: Vec<&[f64]> = seeds.iter().map(|rows| &rows[..]).collect();
        let resamples = 40_000;
        let found = bootstrap(resamples, 3).crossed_intervals(&slices, 1)[0];
        let mut random = StdRng::seed_from_u64(11);
        let mut means: Vec<f64> = (0..resamples)
            .map(|_| {
                let users = [0; 5].map(|_| random.random_range(0..5_usize));
                let drawn = [0; 3].map(|_| random.random_range(0..3_usize));
                let of_seed =
                    |&seed: &usize| users.iter().map(|&user| seeds[seed][user]).sum::<f64>();
                drawn.iter().map(of_seed).sum::<f64>() / 15.0
            })
            .collect();
        means.sort_unstable_by(f64::total_cmp);
        // Means are fifteenths, so a percentile may be one off.
        for (found, share) in [(found.low, 0.025), (found.high, 0.975)] {
            let expected = super::super::percentile(&means, share);
            assert!(
                (found - expected).abs() < 1.01 / 15.0,
                "{found}, not {expected}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn without_luck_of_seeds_it_is_the_interval_over_users(rows in prop::collection::vec(0.0..1.0, 1..20), seed in any::<u64>()) {
            let bootstrap = bootstrap(30, seed);
            let (one, crossed) = (bootstrap.intervals(&rows, 1), bootstrap.crossed_intervals(&[&rows, &rows, &rows], 1));
            prop_assert!((one[0].low - crossed[0].low).abs() < 1e-12 && (one[0].high - crossed[0].high).abs() < 1e-12);
        }
    }
}
