//! Figures over all lists together: how much of the catalogue they show, how evenly, and how popular it is.

/// Item coverage: the share of the catalogue that is recommended to anybody.
///
/// `counts[i]` says how often item `i` was recommended, `[items]`. 0 for an empty catalogue.
#[must_use]
pub fn coverage(counts: &[u32]) -> f64 {
    if counts.is_empty() {
        return 0.0;
    }
    counts.iter().filter(|&&count| count > 0).count() as f64 / counts.len() as f64
}

/// Gini coefficient of how often items are recommended: 0 if all equally often, near 1 if one item takes everything.
///
/// Over the whole catalogue, items that are never recommended included (otherwise a recommender that shows the same ten
/// items to everybody would look fair). With counts `x_1 <= ... <= x_n`:
/// `G = 2 sum_i i x_i / (n sum_i x_i) - (n + 1) / n`; 0 if nothing was recommended.
///
/// `counts[i]` says how often item `i` was recommended, `[items]`.
#[must_use]
pub fn gini(counts: &[u32]) -> f64 {
    let total: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    if total == 0.0 {
        return 0.0;
    }
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    let items = sorted.len() as f64;
    let weighted: f64 = (1_u64..)
        .zip(&sorted)
        .map(|(place, &count)| place as f64 * f64::from(count))
        .sum();
    2.0 * weighted / (items * total) - (items + 1.0) / items
}

/// Mean popularity of the recommended items, each recommendation counted: the unit is that of `popularity`
/// (interactions in training). `None` if nothing was recommended.
///
/// `counts[i]` says how often item `i` was recommended, `popularity[i]` how popular it is, both `[items]`.
///
/// # Panics
///
/// If the two differ in length.
#[must_use]
pub fn mean_popularity(counts: &[u32], popularity: &[u32]) -> Option<f64> {
    assert_eq!(
        counts.len(),
        popularity.len(),
        "counts and popularity must be of the same catalogue"
    );
    let total: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    if total == 0.0 {
        return None;
    }
    let sum: f64 = counts
        .iter()
        .zip(popularity)
        .map(|(&count, &popularity)| f64::from(count) * f64::from(popularity))
        .sum();
    Some(sum / total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(coverage(&[3, 0, 1, 0]), 0.5);
        assert_eq!(coverage(&[]), 0.0);
        assert_eq!(gini(&[5, 5, 5]), 0.0);
        assert_eq!(gini(&[0, 0, 0]), 0.0);
        // One of four items takes everything: (n - 1) / n.
        assert_eq!(gini(&[0, 8, 0, 0]), 0.75);
        // 1, 3: 2 (1 + 6) / (2 * 4) - 3/2 = 1/4.
        assert_eq!(gini(&[3, 1]), 0.25);
        // (2 * 10 + 1 * 4) / 3.
        assert_eq!(mean_popularity(&[2, 0, 1], &[10, 99, 4]), Some(8.0));
        assert_eq!(mean_popularity(&[0, 0], &[1, 2]), None);
    }

    #[test]
    #[should_panic(expected = "same catalogue")]
    fn counts_and_popularity_must_fit() {
        let _ = mean_popularity(&[1], &[1, 2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Gini as half the relative mean absolute difference; coverage and popularity over the list of recommendations.
        #[test]
        fn naive_twins(pairs in prop::collection::vec((0_u32..9, 0_u32..50), 1..30)) {
            let (counts, popularity): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
            let recommended: Vec<usize> = counts
                .iter()
                .enumerate()
                .flat_map(|(item, &count)| std::iter::repeat_n(item, count as usize))
                .collect();
            let distinct: std::collections::HashSet<_> = recommended.iter().collect();
            prop_assert_eq!(coverage(&counts), distinct.len() as f64 / counts.len() as f64);
            if recommended.is_empty() {
                prop_assert_eq!(gini(&counts), 0.0);
                prop_assert_eq!(mean_popularity(&counts, &popularity), None);
            } else {
                let mut differences = 0.0;
                for &a in &counts {
                    for &b in &counts {
                        differences += f64::from(a.abs_diff(b));
                    }
                }
                let naive = differences / (2.0 * counts.len() as f64 * recommended.len() as f64);
                prop_assert!((gini(&counts) - naive).abs() < 1e-12);
                let sum: u32 = recommended.iter().map(|&item| popularity[item]).sum();
                let naive = f64::from(sum) / recommended.len() as f64;
                prop_assert!((mean_popularity(&counts, &popularity).unwrap() - naive).abs() < 1e-12);
            }
        }
    }
}
