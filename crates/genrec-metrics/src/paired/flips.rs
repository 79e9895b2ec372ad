//! The sign-flip permutation test.

use rand::{Rng, rngs::StdRng};
use rayon::prelude::*;

use crate::bootstrap::{DistinctRows, generator};

/// Differences of rounding that still count as equal, relative to the sum of all differences: means of metrics often tie.
const ROUNDING: f64 = 1e-10;

/// The two-sided p-value of every column: how often the sum of the rows, each with a random sign, is at least as far from 0 as
/// with the signs that it has. One draw of signs serves all columns.
///
/// `rows` has one row of `width` differences a user, row-major, `[users, width]`.
pub(super) fn p_values(rows: &[f64], width: usize, permutations: usize, seed: u64) -> Vec<f64> {
    let flips = Flips::of(rows, width);
    let users: u64 = flips.counts.iter().sum();
    let all = u32::try_from(users)
        .ok()
        .and_then(|users| 1_usize.checked_shl(users));
    match all {
        Some(all) if all <= permutations => {
            let share = |found| found as f64 / all as f64;
            flips.count_all(all).into_iter().map(share).collect()
        }
        _ => {
            let share = |found| (1.0 + found as f64) / (1.0 + permutations as f64);
            let found = flips.count_drawn(permutations, seed);
            found.into_iter().map(share).collect()
        }
    }
}

/// The rows that differ from each other and from 0, and how many users have each: the sum of `n` equal rows with random signs is
/// the row times `2 b - n`, where `b` counts the ones among `n` random bits. A word of bits serves 64 users.
struct Flips<'a> {
    width: usize,
    rows: Vec<&'a [f64]>,
    counts: Vec<u64>,
    /// `[width]`: what a sum has to reach, a rounding less.
    bounds: Vec<f64>,
}

impl<'a> Flips<'a> {
    fn of(rows: &'a [f64], width: usize) -> Self {
        let distinct = DistinctRows::of(rows, width);
        let (rows, counts): (Vec<&[f64]>, Vec<u64>) = distinct
            .rows
            .into_iter()
            .filter(|(row, _)| row.iter().any(|&difference| difference != 0.0))
            .unzip();
        let mut flips = Self {
            width,
            rows,
            counts,
            bounds: Vec::new(),
        };
        let observed = flips.sums(|count| count as f64);
        let mut scale = vec![0.0; width];
        for (row, &count) in flips.rows.iter().zip(&flips.counts) {
            for (scale, difference) in scale.iter_mut().zip(*row) {
                *scale += count as f64 * difference.abs();
            }
        }
        let bounds = observed.iter().zip(&scale);
        flips.bounds = bounds
            .map(|(sum, scale)| sum.abs() - ROUNDING * scale)
            .collect();
        flips
    }

    /// `sign_sum` gives the sum of so many signs.
    fn sums(&self, mut sign_sum: impl FnMut(u64) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.width];
        for (row, &count) in self.rows.iter().zip(&self.counts) {
            let signs = sign_sum(count);
            for (sum, difference) in sums.iter_mut().zip(*row) {
                *sum += signs * difference;
            }
        }
        sums
    }

    /// 1 for every column whose sum is far enough from 0.
    fn reached(&self, sums: &[f64]) -> Vec<u64> {
        let pairs = sums.iter().zip(&self.bounds);
        pairs
            .map(|(sum, bound)| u64::from(sum.abs() >= *bound))
            .collect()
    }

    /// Over all signs of all users.
    fn count_all(&self, all: usize) -> Vec<u64> {
        self.count(all, |signs| {
            let mut bits = signs as u64;
            self.sums(|count| {
                let ones = bits & ((1 << count) - 1);
                bits >>= count;
                sum_of_signs(count, u64::from(ones.count_ones()))
            })
        })
    }

    fn count_drawn(&self, permutations: usize, seed: u64) -> Vec<u64> {
        self.count(permutations, |permutation| {
            let mut random = generator(seed, permutation as u64);
            self.sums(|count| sum_of_signs(count, ones_of(count, &mut random)))
        })
    }

    fn count(&self, times: usize, sums: impl Fn(usize) -> Vec<f64> + Sync) -> Vec<u64> {
        let none = || vec![0; self.width];
        (0..times)
            .into_par_iter()
            .map(|time| self.reached(&sums(time)))
            .reduce(none, |a, b| a.iter().zip(b).map(|(a, b)| a + b).collect())
    }
}

/// How many of so many random bits are 1.
fn ones_of(bits: u64, random: &mut StdRng) -> u64 {
    let mut ones = 0;
    let mut left = bits;
    while left > 0 {
        let taken = left.min(64);
        let word = random.next_u64() >> (64 - taken);
        ones += u64::from(word.count_ones());
        left -= taken;
    }
    ones
}

/// Ones count as 1, zeros as -1.
fn sum_of_signs(count: u64, ones: u64) -> f64 {
    2.0 * ones as f64 - count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Every user's sign by itself, for every choice of signs.
    fn naive(rows: &[f64], width: usize) -> Vec<f64> {
        let users = rows.len() / width;
        (0..width)
            .map(|column| {
                let differences: Vec<f64> =
                    rows.iter().skip(column).step_by(width).copied().collect();
                let observed = differences.iter().sum::<f64>().abs();
                let far = (0..1_u32 << users).filter(|signs| {
                    let signed = differences.iter().enumerate().map(|(user, difference)| {
                        if signs >> user & 1 == 1 {
                            *difference
                        } else {
                            -difference
                        }
                    });
                    signed.sum::<f64>().abs() >= observed - 1e-9
                });
                far.count() as f64 / f64::from(1_u32 << users)
            })
            .collect()
    }

    #[test]
    fn by_hand() {
        // Three users better by 1: of eight signs only +++ and --- are as far from 0.
        assert_eq!(p_values(&[1.0, 1.0, 1.0], 1, 100, 1), [0.25]);
        // Users without a difference change nothing.
        assert_eq!(p_values(&[1.0, 0.0, 1.0, 0.0, 1.0], 1, 100, 1), [0.25]);
        // Nobody differs; or they cancel out.
        assert_eq!(p_values(&[0.0, 0.0], 1, 100, 1), [1.0]);
        assert_eq!(p_values(&[0.5, -0.5], 1, 100, 1), [1.0]);
        assert_eq!(p_values(&[], 1, 100, 1), [1.0]);
    }

    #[test]
    fn many_users_are_never_sure() {
        let [p] = p_values(&[0.5; 300], 1, 999, 4)[..] else {
            panic!("one column, one p-value");
        };
        assert_eq!(p, 1.0 / 1000.0);
    }

    #[test]
    fn without_a_difference_p_values_are_uniform() {
        let mut random = StdRng::seed_from_u64(7);
        let p_values: Vec<f64> = (0..600)
            .map(|experiment| {
                let rows: Vec<f64> = (0..40).map(|_| random.random_range(-1.0..1.0)).collect();
                p_values(&rows, 1, 400, experiment)[0]
            })
            .collect();
        for level in [0.05, 0.1, 0.25, 0.5, 0.75, 0.9] {
            let share = p_values.iter().filter(|&&p| p <= level).count() as f64 / 600.0;
            let error = (level * (1.0 - level) / 600.0_f64).sqrt();
            assert!(
                (share - level).abs() < 3.5 * error,
                "{share} of the p-values are at most {level}"
            );
        }
    }

    #[test]
    fn bits_are_counted_across_words() {
        for bits in [0, 1, 63, 64, 65, 200] {
            let (mut one, mut other) = (StdRng::seed_from_u64(bits), StdRng::seed_from_u64(bits));
            let mut naive = 0;
            let mut left = bits;
            while left > 0 {
                let word = other.next_u64();
                for bit in (0..64).rev().take(left as usize) {
                    naive += word >> bit & 1;
                }
                left = left.saturating_sub(64);
            }
            assert_eq!(ones_of(bits, &mut one), naive);
        }
        let mean = ones_of(100_000, &mut StdRng::seed_from_u64(1)) as f64 / 1e5;
        assert!((mean - 0.5).abs() < 0.01);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn all_signs_of_few_users(rows in prop::collection::vec((-2_i8..=2, -2_i8..=2), 0..9)) {
            let rows: Vec<f64> = rows.iter().flat_map(|&(a, b)| [f64::from(a) / 3.0, f64::from(b)]).collect();
            let exact = naive(&rows, 2);
            for (found, exact) in p_values(&rows, 2, 1000, 1).iter().zip(&exact) {
                prop_assert!((found - exact).abs() < 1e-12);
            }
            // Drawing signs comes close: the standard error is at most 0.008.
            let flips = Flips::of(&rows, 2);
            for (found, exact) in flips.count_drawn(4000, 3).iter().zip(&exact) {
                prop_assert!((*found as f64 / 4000.0 - exact).abs() < 0.04);
            }
        }

        #[test]
        fn the_other_way_round_is_the_same(rows in prop::collection::vec(-1.0..1.0, 1..40), seed in any::<u64>()) {
            let other: Vec<f64> = rows.iter().map(|difference| -difference).collect();
            prop_assert_eq!(p_values(&rows, 1, 300, seed), p_values(&other, 1, 300, seed));
        }
    }
}
