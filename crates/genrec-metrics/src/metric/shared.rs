//! Metrics in the presence of ties: the exact mean over all orders within the groups.
//!
//! McSherry and Najork, "Computing information retrieval performance measures efficiently in the presence of tied scores", 2008.

use super::{Metric, best_gain, discount};
use crate::TiedTargets;

impl Metric {
    /// The mean of this metric at `k` over all orders of tied items, each group shuffled by itself; for one user.
    ///
    /// `groups` are those of the list that hold a target, best first, their places apart from each other; `targets` counts all
    /// targets of the user, listed or not, each once. With groups of one item it is [`at`](Self::at) of their ranks.
    ///
    /// - recall and NDCG: a place within k of a group of `g` items with `t` targets has a target with probability `t / g`, and
    ///   means add up;
    /// - hit rate and MRR: the first target of a group stands at its place `i` with probability `C(g - i, t - 1) / C(g, t)`,
    ///   and only the first group with targets can have the first target, since groups that lie within k always show one.
    ///
    /// ```
    /// use genrec_metrics::{Metric, TiedTargets};
    ///
    /// // One target among the three items at ranks 2 to 4: at rank 2 with probability 1/3, at 3 with 1/3.
    /// let tied = [TiedTargets { first: 2, last: 4, targets: 1 }];
    /// assert!((Metric::Recall.shared_at(3, &tied, 1) - 2.0 / 3.0).abs() < 1e-12);
    /// assert!((Metric::Mrr.shared_at(3, &tied, 1) - (1.0 / 2.0 + 1.0 / 3.0) / 3.0).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no target, if the groups have more targets than there are, or a group has no place or more targets than
    /// places.
    #[must_use]
    pub fn shared_at(self, k: usize, groups: &[TiedTargets], targets: usize) -> f64 {
        check(groups, targets);
        match self {
            Self::Recall => {
                let hits = groups.iter().map(|group| group.share() * group.within(k));
                hits.sum::<f64>() / targets as f64
            }
            Self::Ndcg => {
                let gain: f64 = groups.iter().map(|group| group.gain(k)).sum();
                if gain == 0.0 {
                    return 0.0;
                }
                gain / best_gain(targets, k)
            }
            Self::HitRate => first(groups, k, |_| 1.0),
            Self::Mrr => first(groups, k, |rank| 1.0 / f64::from(rank)),
        }
    }
}

impl TiedTargets {
    fn size(&self) -> u32 {
        self.last - self.first + 1
    }

    /// The share of the items that are targets.
    fn share(&self) -> f64 {
        f64::from(self.targets) / f64::from(self.size())
    }

    /// The ranks of the group that are at most k.
    fn ranks(&self, k: usize) -> std::ops::RangeInclusive<u32> {
        let cut = u32::try_from(k).unwrap_or(u32::MAX);
        self.first..=self.last.min(cut)
    }

    fn within(&self, k: usize) -> f64 {
        self.ranks(k).count() as f64
    }

    /// The mean discounted gain of its targets.
    fn gain(&self, k: usize) -> f64 {
        self.share() * self.ranks(k).map(discount).sum::<f64>()
    }
}

/// The mean worth of the first target, by its rank; nothing beyond k.
fn first(groups: &[TiedTargets], k: usize, worth: impl Fn(u32) -> f64) -> f64 {
    let Some(group) = groups.iter().min_by_key(|group| group.first) else {
        return 0.0;
    };
    let mut mean = 0.0;
    // Probability that no place of the group so far has a target, and the items not yet placed.
    let mut none = 1.0;
    let mut left = f64::from(group.size());
    for rank in group.ranks(k) {
        let here = (f64::from(group.targets) / left).min(1.0);
        mean += none * here * worth(rank);
        none *= 1.0 - here;
        left -= 1.0;
        if none == 0.0 {
            break;
        }
    }
    mean
}

fn check(groups: &[TiedTargets], targets: usize) {
    assert!(targets > 0, "a user without a target has no metric");
    let mut found = 0;
    for group in groups {
        assert!(
            1 <= group.first
                && group.first <= group.last
                && (1..=group.size()).contains(&group.targets),
            "{group:?}: a group needs a place from 1 for each of its targets, and a target"
        );
        found += group.targets as usize;
    }
    assert!(
        found <= targets,
        "{found} targets in groups for {targets} targets: every target is in one group at most"
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All orders of a slice.
    fn orders(items: &[bool]) -> Vec<Vec<bool>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for place in 0..items.len() {
            let mut rest = items.to_vec();
            let first = rest.remove(place);
            all.extend(orders(&rest).into_iter().map(|mut order| {
                order.insert(0, first);
                order
            }));
        }
        all
    }

    /// Lists every order of every group after one another, and averages the metric of the strict lists.
    fn naive(metric: Metric, k: usize, groups: &[(usize, usize)], targets: usize) -> f64 {
        let mut lists = vec![Vec::new()];
        for &(size, hits) in groups {
            let relevant: Vec<bool> = (0..size).map(|item| item < hits).collect();
            let orders = orders(&relevant);
            lists = lists
                .iter()
                .flat_map(|head: &Vec<bool>| {
                    orders.iter().map(move |tail| [&head[..], tail].concat())
                })
                .collect();
        }
        let values = lists.iter().map(|list| {
            let ranks: Vec<u32> = (1..)
                .zip(list)
                .filter(|(_, relevant)| **relevant)
                .map(|(rank, _)| rank)
                .collect();
            metric.at(k, &ranks, targets)
        });
        values.sum::<f64>() / lists.len() as f64
    }

    fn tied(groups: &[(usize, usize)]) -> Vec<TiedTargets> {
        let mut last = 0;
        let places = groups.iter().map(|&(size, targets)| {
            let first = last + 1;
            last += size as u32;
            TiedTargets {
                first,
                last,
                targets: targets as u32,
            }
        });
        places.filter(|group| group.targets > 0).collect()
    }

    #[test]
    fn by_hand() {
        // Two targets among the four items at ranks 1 to 4, cut at 2. The first at rank 1 with 1/2, at 2 with 1/3.
        let groups = tied(&[(4, 2)]);
        let at = |metric: Metric| metric.shared_at(2, &groups, 2);
        assert!((at(Metric::Recall) - 0.5).abs() < 1e-12);
        assert!((at(Metric::HitRate) - 5.0 / 6.0).abs() < 1e-12);
        assert!((at(Metric::Mrr) - (0.5 + 1.0 / 6.0)).abs() < 1e-12);
        assert!((at(Metric::Ndcg) - 0.5).abs() < 1e-12);
        for metric in Metric::ALL {
            assert_eq!(metric.shared_at(5, &[], 1), 0.0);
            assert_eq!(metric.shared_at(0, &groups, 2), 0.0);
        }
    }

    #[test]
    #[should_panic(expected = "a place from 1 for each of its targets")]
    fn more_targets_than_places_are_a_mistake() {
        let group = TiedTargets {
            first: 2,
            last: 2,
            targets: 2,
        };
        let _ = Metric::Recall.shared_at(5, &[group], 2);
    }

    #[test]
    #[should_panic(expected = "3 targets in groups for 2 targets")]
    fn more_targets_than_the_user_has_are_a_mistake() {
        let _ = Metric::Recall.shared_at(5, &tied(&[(3, 3)]), 2);
    }

    fn groups() -> impl Strategy<Value = Vec<(usize, usize)>> {
        let group = (1_usize..5).prop_flat_map(|size| (Just(size), 0..=size));
        prop::collection::vec(group, 1..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(160))]

        #[test]
        fn shared_metrics_are_means_over_all_orders(groups in groups(), unlisted in 0_usize..3, k in 0_usize..14) {
            let targets = groups.iter().map(|&(_, hits)| hits).sum::<usize>() + unlisted;
            prop_assume!(targets > 0);
            let tied = tied(&groups);
            for metric in Metric::ALL {
                let (found, naive) = (metric.shared_at(k, &tied, targets), naive(metric, k, &groups, targets));
                prop_assert!((found - naive).abs() < 1e-12, "{metric}@{k}: {found}, over all orders {naive}");
                // All targets last in their groups is a lower bound, all of them first an upper one.
                let ranks: Vec<u32> = tied.iter().flat_map(|group| vec![group.last; group.targets as usize]).collect();
                prop_assert!(metric.at(k, &ranks, targets) <= found + 1e-12);
                let ranks: Vec<u32> = tied.iter().flat_map(|group| vec![group.first; group.targets as usize]).collect();
                prop_assert!(metric.at(k, &ranks, targets) >= found - 1e-12);
            }
        }

        #[test]
        fn without_ties_nothing_changes(hits in prop::collection::vec(any::<bool>(), 1..12), k in 0_usize..14) {
            let groups: Vec<(usize, usize)> = hits.iter().map(|&hit| (1, usize::from(hit))).collect();
            let ranks: Vec<u32> = (1..).zip(&hits).filter(|(_, hit)| **hit).map(|(rank, _)| rank).collect();
            prop_assume!(!ranks.is_empty());
            for metric in Metric::ALL {
                let (shared, strict) = (metric.shared_at(k, &tied(&groups), ranks.len()), metric.at(k, &ranks, ranks.len()));
                prop_assert!((shared - strict).abs() < 1e-12);
            }
        }
    }
}
