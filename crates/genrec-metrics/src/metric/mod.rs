//! Ranking metrics of one user, from the ranks of the targets.

#[cfg(test)]
mod golden;
mod shared;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A ranking metric; all lie between 0 and 1, higher is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of the targets among the first k: [`recall`].
    Recall,
    /// Whether any target is among the first k: [`hit_rate`].
    HitRate,
    /// Discounted gain over the best possible one: [`ndcg`].
    Ndcg,
    /// One over the rank of the first target: [`mrr`].
    Mrr,
}

impl Metric {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Recall, Self::HitRate, Self::Ndcg, Self::Mrr];

    /// This metric at `k` for one user: see the function of the same name for arguments and panics.
    #[must_use]
    pub fn at(self, k: usize, ranks: &[u32], targets: usize) -> f64 {
        match self {
            Self::Recall => recall(ranks, targets, k),
            Self::HitRate => hit_rate(ranks, targets, k),
            Self::Ndcg => ndcg(ranks, targets, k),
            Self::Mrr => mrr(ranks, targets, k),
        }
    }

    /// The name in full, such as `NDCG`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recall => "recall",
            Self::HitRate => "hit rate",
            Self::Ndcg => "NDCG",
            Self::Mrr => "MRR",
        }
    }

    /// The short name of column heads, such as `N` (in `N@10`).
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Recall => "R",
            Self::HitRate => "HR",
            Self::Ndcg => "N",
            Self::Mrr => "MRR",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Recall at `k`: the share of the targets whose rank is at most `k`.
///
/// `ranks` are the pessimistic ranks (from 1) of those targets that the list holds, in any order; `targets` counts all
/// targets of the user, listed or not, each once. With one target, recall is the hit rate.
///
/// ```
/// // Three targets: one at rank 2, one at rank 7, one not listed at all.
/// let recall = genrec_metrics::recall(&[2, 7], 3, 5);
/// assert_eq!(recall, 1.0 / 3.0);
/// ```
///
/// # Panics
///
/// If there are more ranks than targets, or no target.
#[must_use]
pub fn recall(ranks: &[u32], targets: usize, k: usize) -> f64 {
    check(ranks, targets);
    hits(ranks, k).count() as f64 / targets as f64
}

/// Hit rate at `k`: 1 if any target has a rank of at most `k`, else 0. Arguments as for [`recall`].
///
/// # Panics
///
/// If there are more ranks than targets, or no target.
#[must_use]
pub fn hit_rate(ranks: &[u32], targets: usize, k: usize) -> f64 {
    check(ranks, targets);
    f64::from(u8::from(hits(ranks, k).next().is_some()))
}

/// Normalised discounted cumulative gain at `k` with gains of 0 and 1. Arguments as for [`recall`].
///
/// The sum of `1 / log2(rank + 1)` over the targets with a rank of at most `k`, divided by the same sum for a list that
/// has all targets first (ranks 1 to `min(targets, k)`). Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR
/// techniques", 2002, in the form with log2 and binary gains that the literature on recommendation reports. `k = 0` gives 0.
///
/// # Panics
///
/// If there are more ranks than targets, or no target.
#[must_use]
pub fn ndcg(ranks: &[u32], targets: usize, k: usize) -> f64 {
    check(ranks, targets);
    let gain: f64 = hits(ranks, k).map(discount).sum();
    if gain == 0.0 {
        return 0.0;
    }
    gain / best_gain(targets, k)
}

/// Reciprocal rank at `k`: one over the best rank of a target if that is at most `k`, else 0. Its mean over users is
/// the MRR. Arguments as for [`recall`].
///
/// # Panics
///
/// If there are more ranks than targets, or no target.
#[must_use]
pub fn mrr(ranks: &[u32], targets: usize, k: usize) -> f64 {
    check(ranks, targets);
    hits(ranks, k)
        .min()
        .map_or(0.0, |first| 1.0 / f64::from(first))
}

fn check(ranks: &[u32], targets: usize) {
    assert!(targets > 0, "a user without a target has no metric");
    assert!(
        ranks.len() <= targets,
        "{} ranks for {targets} targets: every target has at most one rank",
        ranks.len()
    );
}

fn hits(ranks: &[u32], k: usize) -> impl Iterator<Item = u32> {
    ranks
        .iter()
        .copied()
        .filter(move |&rank| rank as usize <= k)
}

/// The discounted gain of a list that has all targets first.
fn best_gain(targets: usize, k: usize) -> f64 {
    (1..).take(targets.min(k)).map(discount).sum()
}

fn discount(rank: u32) -> f64 {
    (f64::from(rank) + 1.0).log2().recip()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_target_by_hand() {
        // Rank 3: NDCG = 1 / log2(4) = 1/2, MRR = 1/3.
        assert_eq!(recall(&[3], 1, 5), 1.0);
        assert_eq!(hit_rate(&[3], 1, 5), 1.0);
        assert_eq!(ndcg(&[3], 1, 5), 0.5);
        assert_eq!(mrr(&[3], 1, 5), 1.0 / 3.0);
        for metric in Metric::ALL {
            assert_eq!(metric.at(2, &[3], 1), 0.0, "{metric} below the rank");
            assert_eq!(metric.at(3, &[3], 1), metric.at(9, &[3], 1), "{metric}");
            assert_eq!(metric.at(5, &[], 1), 0.0, "{metric} of an unlisted target");
            assert_eq!(metric.at(1, &[1], 1), 1.0, "{metric} of the perfect list");
        }
    }

    #[test]
    fn three_targets_by_hand() {
        // Ranks 2 and 7 listed, the third missing. DCG = 1/log2(3) + 1/log2(8) = 0.6309298 + 0.3333333;
        // ideal = 1 + 0.6309298 + 0.5 = 2.1309298.
        let ranks = [7, 2];
        assert_eq!(recall(&ranks, 3, 10), 2.0 / 3.0);
        assert_eq!(hit_rate(&ranks, 3, 10), 1.0);
        assert_eq!(mrr(&ranks, 3, 10), 0.5);
        assert!((ndcg(&ranks, 3, 10) - 0.452_508_2).abs() < 1e-6);
        // At 2 the ideal list has room for two targets only: 0.6309298 / 1.6309298.
        assert!((ndcg(&ranks, 3, 2) - 0.386_852_8).abs() < 1e-6);
    }

    #[test]
    #[should_panic(expected = "2 ranks for 1 targets")]
    fn more_ranks_than_targets_are_a_mistake() {
        let _ = recall(&[1, 2], 1, 5);
    }

    #[test]
    #[should_panic(expected = "without a target")]
    fn no_target_has_no_metric() {
        let _ = ndcg(&[], 0, 5);
    }

    /// The textbook definitions over a list of which each place is relevant or not.
    fn naive(metric: Metric, relevant: &[bool], targets: usize, k: usize) -> f64 {
        let list: Vec<f64> = relevant
            .iter()
            .map(|&hit| f64::from(u8::from(hit)))
            .collect();
        let top = &list[..k.min(list.len())];
        let dcg = |gains: &[f64]| -> f64 {
            let mut sum = 0.0;
            for (position, gain) in gains.iter().enumerate() {
                sum += gain / ((position + 2) as f64).log2();
            }
            sum
        };
        match metric {
            Metric::Recall => top.iter().sum::<f64>() / targets as f64,
            Metric::HitRate => top.iter().fold(0.0, |any, &gain| gain.max(any)),
            Metric::Ndcg if k == 0 => 0.0,
            Metric::Ndcg => {
                let mut ideal = vec![1.0; targets];
                ideal.truncate(k);
                dcg(top) / dcg(&ideal)
            }
            Metric::Mrr => top
                .iter()
                .position(|&gain| gain > 0.0)
                .map_or(0.0, |first| 1.0 / (first + 1) as f64),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn every_metric_is_its_textbook_definition(
            relevant in prop::collection::vec(prop::bool::weighted(0.3), 0..25),
            unlisted in 0_usize..4,
            k in 0_usize..30,
        ) {
            let mut ranks: Vec<u32> = (1..).zip(&relevant).filter(|(_, hit)| **hit).map(|(rank, _)| rank).collect();
            ranks.reverse();
            let targets = ranks.len() + unlisted;
            prop_assume!(targets > 0);
            for metric in Metric::ALL {
                let found = metric.at(k, &ranks, targets);
                prop_assert!((found - naive(metric, &relevant, targets, k)).abs() < 1e-12, "{metric}: {found}");
                prop_assert!((0.0..=1.0 + 1e-12).contains(&found));
            }
        }

        /// A worse rank never helps.
        #[test]
        fn every_metric_falls_with_the_rank(rank in 1_u32..20, worse in 1_u32..20, k in 1_usize..25) {
            for metric in Metric::ALL {
                prop_assert!(metric.at(k, &[rank + worse], 1) <= metric.at(k, &[rank], 1));
            }
        }
    }
}
