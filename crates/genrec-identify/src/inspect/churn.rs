use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{identifiers::Columns, prefixes};

/// How a table differs from another one of the same items: what a model that learnt the other would have to learn anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Churn {
    /// The other table.
    pub against: String,
    /// Share of the items whose identifier is another.
    pub changed: f64,
    /// Share of the items whose code is another, level by level, up to the longest identifier of both tables. Where neither identifier
    /// reaches a level, nothing changed; where only one does, it did.
    pub changed_by_level: Vec<f64>,
    /// Items by the length of the prefix that old and new identifier have in common, from 0.
    pub common_prefixes: Vec<usize>,
    /// The mean length of the common prefix.
    pub mean_common_prefix: f64,
    /// The adjusted Rand index (Hubert and Arabie, 1985) of the two tables' groups of items with the same first 1, 2, ... codes: 1 for
    /// the same groups whatever the codes are called, 0 by chance. Trainings that find the same groups number them differently, and then
    /// only this shows it. Nothing where both have one group, or one group an item.
    pub adjusted_rand: Vec<Option<f64>>,
}

/// `partitions` are those of the prefixes of the two tables, `columns` their codes; both have the same items.
pub(super) fn churn(
    against: &str,
    [columns, other]: [&Columns; 2],
    [partitions, others]: [&[Vec<u32>]; 2],
) -> Churn {
    let items = columns.items();
    let levels = columns.levels().max(other.levels());
    let share = |count: usize| count as f64 / items as f64;
    let mut changed = 0;
    let mut changed_by_level = vec![0; levels];
    let mut common_prefixes = vec![0; columns.levels().min(other.levels()) + 1];
    for item in 0..items {
        let same: Vec<bool> = (0..levels)
            .map(|level| columns.same(other, item, item, level))
            .collect();
        changed += usize::from(same.contains(&false));
        for (count, same) in changed_by_level.iter_mut().zip(&same) {
            *count += usize::from(!same);
        }
        let both = columns.length(item).min(other.length(item));
        let prefix = same[..both].iter().take_while(|&&same| same).count();
        common_prefixes[prefix] += 1;
    }
    let sum: usize = common_prefixes
        .iter()
        .enumerate()
        .map(|(length, count)| length * count)
        .sum();
    Churn {
        against: against.to_owned(),
        changed: share(changed),
        changed_by_level: changed_by_level.into_iter().map(share).collect(),
        mean_common_prefix: share(sum),
        common_prefixes,
        adjusted_rand: partitions
            .iter()
            .zip(others)
            .map(|(a, b)| adjusted_rand(a, b))
            .collect(),
    }
}

/// The adjusted Rand index of two partitions of the same items.
pub(super) fn adjusted_rand(a: &[u32], b: &[u32]) -> Option<f64> {
    let pairs = |counts: &[u32]| -> f64 {
        let pairs = |&count: &u32| f64::from(count) * (f64::from(count) - 1.0) / 2.0;
        counts.iter().map(pairs).sum()
    };
    let sizes = |partition: &[u32]| {
        let mut sizes = vec![0; prefixes::groups(partition)];
        for &group in partition {
            sizes[group as usize] += 1;
        }
        sizes
    };
    let mut both: HashMap<(u32, u32), u32> = HashMap::new();
    for pair in a.iter().copied().zip(b.iter().copied()) {
        *both.entry(pair).or_default() += 1;
    }
    let both: Vec<u32> = both.into_values().collect();
    // Sums of whole numbers: the order in which a map gives them does not matter.
    let together = pairs(&both);
    let (in_a, in_b) = (pairs(&sizes(a)), pairs(&sizes(b)));
    let by_chance = in_a * in_b / pairs(&[a.len() as u32]);
    let most = (in_a + in_b) / 2.0;
    (most > by_chance).then(|| (together - by_chance) / (most - by_chance))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::inspect::{Identifiers, identifiers::of_rows};

    fn between(a: &Identifiers, b: &Identifiers) -> Churn {
        churn(
            "other",
            [&Columns::of(a), &Columns::of(b)],
            [&prefixes::partitions(a), &prefixes::partitions(b)],
        )
    }

    #[test]
    fn by_hand() {
        let new = of_rows(&[vec![0, 1], vec![0, 1], vec![2, 1], vec![3, 3]]);
        let old = of_rows(&[vec![0, 1], vec![0, 2], vec![1, 1], vec![3, 3, 0]]);
        let found = between(&new, &old);
        assert_eq!((found.changed, found.mean_common_prefix), (0.75, 1.25));
        assert_eq!(found.changed_by_level, [0.25, 0.25, 0.25]);
        assert_eq!(found.common_prefixes, [1, 1, 2]);
    }

    #[test]
    fn the_same_groups_under_other_names_are_the_same_groups() {
        let a = of_rows(&[vec![0], vec![0], vec![1], vec![1], vec![2]]);
        let b = of_rows(&[vec![5], vec![5], vec![0], vec![0], vec![3]]);
        let found = between(&a, &b);
        assert_eq!((found.changed, found.adjusted_rand[0]), (1.0, Some(1.0)));
        let same = between(&a, &a);
        assert_eq!((same.changed, same.mean_common_prefix), (0.0, 1.0));
        assert_eq!(adjusted_rand(&[0, 1, 2], &[0, 1, 2]), None);
        assert_eq!(adjusted_rand(&[0, 0, 0], &[0, 0, 0]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Against the Rand index of all pairs, adjusted by its mean over all permutations.
        #[test]
        fn adjusted_means_zero_by_chance(a in prop::collection::vec(0_u32..3, 5), b in prop::collection::vec(0_u32..3, 5)) {
            let pairs = |b: &[u32]| {
                let mut count = 0;
                for x in 0..a.len() {
                    for y in 0..x {
                        count += i32::from(a[x] == a[y] && b[x] == b[y]);
                    }
                }
                f64::from(count)
            };
            let mut orders = vec![vec![]];
            for place in 0..5 {
                orders = orders.iter().flat_map(|order: &Vec<usize>| (0..=order.len()).map(move |at| {
                    let mut order = order.clone();
                    order.insert(at, place);
                    order
                })).collect();
            }
            let permuted = |order: &Vec<usize>| pairs(&order.iter().map(|&place| b[place]).collect::<Vec<_>>());
            let mean = orders.iter().map(permuted).sum::<f64>() / orders.len() as f64;
            let within = |c: &[u32]| (0..5).flat_map(|x| (0..x).map(move |y| (x, y))).filter(|&(x, y)| c[x] == c[y]).count() as f64;
            let most = (within(&a) + within(&b)) / 2.0;
            match adjusted_rand(&a, &b) {
                None => prop_assert!((most - mean).abs() < 1e-9),
                Some(found) => prop_assert!((found - (pairs(&b) - mean) / (most - mean)).abs() < 1e-9),
            }
        }
    }
}
