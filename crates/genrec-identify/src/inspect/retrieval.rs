use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::identifiers::Columns;

/// How well the items that codes put nearest agree with the nearest neighbours of a reference: the mean over all items that have
/// neighbours.
///
/// An item's `k` nearest neighbours in the reference are what should be found; all other items are ranked by their codes, and the first
/// `k` looked at. Codes put many items at the same distance: within such a group every order is as good as another, so the figures are
/// **expectations** over all orders, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Expected share of the neighbours that are among the first `k`.
    pub recall: f64,
    /// Expected NDCG of the first `k`, where neighbours have gain 1.
    pub ndcg: f64,
}

/// The agreement at one `k`, by both ways to say how near codes are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AgreementAt {
    /// How many neighbours are compared.
    pub k: usize,
    /// Items are ranked by the length of the common prefix.
    pub prefix: Agreement,
    /// Items are ranked by the number of codes in common, wherever they stand (Hamming distance).
    pub shared: Agreement,
    /// What a random order of all items gives.
    pub chance: Agreement,
}

/// The agreement at every `k` of `ks` that is below the number of other items. `lists` has the neighbours of every item, nearest
/// first, as many as the largest `k` where there are so many; at least one item has some.
pub(super) fn agreement(columns: &Columns, lists: &[Vec<u32>], ks: &[usize]) -> Vec<AgreementAt> {
    let others = columns.items() - 1;
    let ks: Vec<usize> = ks.iter().copied().filter(|&k| k < others).collect();
    let gains = gains(ks.iter().copied().max().unwrap_or(0));
    let items: Vec<usize> = (0..lists.len())
        .filter(|&item| !lists[item].is_empty())
        .collect();
    // Per item and k, in the order of the items, so that sums do not depend on threads.
    let found: Vec<Vec<[Agreement; 3]>> = items
        .par_iter()
        .map_init(
            || Scratch::new(columns),
            |scratch, &item| {
                scratch.compare(columns, item);
                let at = |&k: &usize| {
                    let wanted = &lists[item][..k.min(lists[item].len())];
                    let by = |distances: &Distances| distances.expected(wanted, k, &gains);
                    let chance = expected(&[others as u32], &[wanted.len() as u32], k, &gains);
                    [by(&scratch.prefix), by(&scratch.shared), chance]
                };
                ks.iter().map(at).collect()
            },
        )
        .collect();
    let mean = |place: usize, which: usize| {
        let sum = |figure: fn(&Agreement) -> f64| {
            let sum: f64 = found.iter().map(|at| figure(&at[place][which])).sum();
            sum / found.len() as f64
        };
        Agreement {
            recall: sum(|agreement| agreement.recall),
            ndcg: sum(|agreement| agreement.ndcg),
        }
    };
    let at = |(place, &k): (usize, &usize)| AgreementAt {
        k,
        prefix: mean(place, 0),
        shared: mean(place, 1),
        chance: mean(place, 2),
    };
    ks.iter().enumerate().map(at).collect()
}

/// How near all items are to one, by both measures.
struct Scratch {
    prefix: Distances,
    shared: Distances,
}

struct Distances {
    /// Codes in common with every item, `[items]`.
    common: Vec<u16>,
    /// How many items have so many in common, the item itself left out: `[levels + 1]`.
    counts: Vec<u32>,
}

impl Scratch {
    fn new(columns: &Columns) -> Self {
        let distances = || Distances {
            common: Vec::new(),
            counts: vec![0; columns.levels() + 1],
        };
        Self {
            prefix: distances(),
            shared: distances(),
        }
    }

    fn compare(&mut self, columns: &Columns, item: usize) {
        columns.compare(item, &mut self.shared.common, &mut self.prefix.common);
        for distances in [&mut self.prefix, &mut self.shared] {
            distances.counts.fill(0);
            for &common in &distances.common {
                distances.counts[usize::from(common)] += 1;
            }
            distances.counts[columns.length(item)] -= 1;
        }
    }
}

impl Distances {
    fn expected(&self, wanted: &[u32], k: usize, gains: &[f64]) -> Agreement {
        let mut found = vec![0; self.counts.len()];
        for &item in wanted {
            found[usize::from(self.common[item as usize])] += 1;
        }
        expected(&self.counts, &found, k, gains)
    }
}

/// The discounted gains of the first `n` places together, `[k + 1]`: the sum of `1 / log2(place + 1)`, places from 1.
fn gains(k: usize) -> Vec<f64> {
    let gain = |place: usize| ((place + 1) as f64).log2().recip();
    let sums = (1..=k).scan(0.0, |sum, place| {
        *sum += gain(place);
        Some(*sum)
    });
    std::iter::once(0.0).chain(sums).collect()
}

/// The expectation over all orders within groups. Group `g` has `counts[g]` items of which `wanted[g]` are wanted; the last group is
/// the nearest.
fn expected(counts: &[u32], wanted: &[u32], k: usize, gains: &[f64]) -> Agreement {
    let all: u32 = wanted.iter().sum();
    let (mut place, mut hits, mut gain) = (0, 0.0, 0.0);
    for (&count, &wanted) in counts.iter().zip(wanted).rev() {
        if place == k {
            break;
        }
        // Every place of the group is as likely for each of its items.
        let shown = (count as usize).min(k - place);
        if count > 0 {
            let chance = f64::from(wanted) / f64::from(count);
            hits += chance * shown as f64;
            gain += chance * (gains[place + shown] - gains[place]);
        }
        place += shown;
    }
    Agreement {
        recall: hits / f64::from(all),
        ndcg: gain / gains[all as usize],
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::inspect::identifiers::of_rows;

    #[test]
    fn ties_count_as_what_they_are_worth_on_average() {
        // Item 0 has the same code as 1, 2 and 3; its neighbour is 2: one chance in three to come first.
        let columns = Columns::of(&of_rows(&[vec![0], vec![0], vec![0], vec![0], vec![1]]));
        let lists = vec![vec![2, 1], vec![], vec![], vec![], vec![]];
        let found = agreement(&columns, &lists, &[1, 2, 4]);
        // Four others: k = 4 would find them all.
        assert_eq!(found.len(), 2);
        assert!((found[0].prefix.recall - 1.0 / 3.0).abs() < 1e-12);
        assert!((found[0].chance.recall - 0.25).abs() < 1e-12);
        assert!((found[1].shared.recall - 2.0 / 3.0).abs() < 1e-12);
        // Whatever the order, the first two places have 2/3 of a neighbour each.
        assert!((found[1].prefix.ndcg - 2.0 / 3.0).abs() < 1e-12);
    }

    /// All orders of the items, nearest first, as codes leave them open.
    fn orders(distances: &[(usize, usize)]) -> Vec<Vec<usize>> {
        if distances.is_empty() {
            return vec![Vec::new()];
        }
        let nearest = distances.iter().map(|&(_, common)| common).max().unwrap();
        let mut all = Vec::new();
        for (place, &(item, common)) in distances.iter().enumerate() {
            if common == nearest {
                let mut rest = distances.to_vec();
                rest.remove(place);
                for mut order in orders(&rest) {
                    order.insert(0, item);
                    all.push(order);
                }
            }
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Against the mean over every order, one by one.
        #[test]
        fn expectations_are_means_over_all_orders(
            rows in vec(vec(0_u32..2, 1..4), 6),
            list in Just([1_u32, 2, 3, 4, 5]).prop_shuffle(),
            neighbours in 1_usize..5,
            k in 1_usize..5,
        ) {
            let columns = Columns::of(&of_rows(&rows));
            let mut lists = vec![Vec::new(); 6];
            lists[0] = list[..neighbours].to_vec();
            let found = agreement(&columns, &lists, &[k])[0];
            let wanted = &list[..neighbours.min(k)];
            for (which, found) in [(0, found.shared), (1, found.prefix), (2, found.chance)] {
                let distance = |other: usize| {
                    let (shared, prefix) = columns.pair(0, other);
                    [shared, prefix, 0][which]
                };
                let distances: Vec<(usize, usize)> = (1..6).map(|other| (other, distance(other))).collect();
                let orders = orders(&distances);
                let (mut recall, mut ndcg) = (0.0, 0.0);
                for order in &orders {
                    let hit = |place: &usize| wanted.contains(&(order[*place] as u32));
                    let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
                    recall += (0..k).filter(hit).count() as f64 / wanted.len() as f64;
                    let ideal: f64 = (0..wanted.len()).map(gain).sum();
                    ndcg += (0..k).filter(hit).map(gain).sum::<f64>() / ideal;
                }
                let count = orders.len() as f64;
                prop_assert!((found.recall - recall / count).abs() < 1e-9);
                prop_assert!((found.ndcg - ndcg / count).abs() < 1e-9);
            }
        }
    }
}
