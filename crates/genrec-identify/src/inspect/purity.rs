use std::collections::HashMap;

use genrec_data::Catalog;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How well prefixes keep items of one category together, for the categories down to one depth of the shop's tree.
///
/// The category of an item at depth `d` is its path of `d` names from the general to the particular; items whose path is shorter do not
/// count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoryPurity {
    /// Names in the path.
    pub depth: usize,
    /// Different categories of this depth, at least 2.
    pub categories: usize,
    /// Items that have one.
    pub items: usize,
    /// One entry for prefixes of 1, 2, ... codes.
    pub at: Vec<Purity>,
}

/// The purity of the prefixes of one length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Purity {
    /// Share of the items that have the most frequent category of their prefix.
    pub purity: f64,
    /// The same with the categories permuted at random, the mean of several permutations. The longer the prefixes, the fewer items
    /// share one, so purity grows by itself: only what is above this means something.
    pub chance: f64,
    /// `(purity - chance) / (1 - chance)`: 0 by chance, 1 when every prefix has one category. Nothing where chance itself is 1.
    pub adjusted: Option<f64>,
}

/// Deeper category trees than this are cut.
const DEPTHS: usize = 6;

/// One entry for every depth of the category tree at which there are at least two categories.
pub(super) fn purity(
    catalog: &Catalog,
    partitions: &[Vec<u32>],
    permutations: usize,
    seed: u64,
) -> Vec<CategoryPurity> {
    let by_depth = (1..=DEPTHS).map(|depth| (depth, labels(catalog, depth)));
    by_depth
        .filter(|(_, labels)| labels.iter().flatten().any(|&label| label > 0))
        .map(|(depth, labels)| of_labels(depth, &labels, partitions, permutations, seed))
        .collect()
}

/// The number of each item's category, counted from 0 in the order in which they occur.
fn labels(catalog: &Catalog, depth: usize) -> Vec<Option<u32>> {
    let mut numbers: HashMap<&[String], u32> = HashMap::new();
    let label = |item: &'_ [String]| item.len() >= depth;
    let mut labels = Vec::with_capacity(catalog.len());
    for (_, item) in catalog.iter() {
        labels.push(label(&item.categories).then(|| {
            let next = numbers.len() as u32;
            *numbers.entry(&item.categories[..depth]).or_insert(next)
        }));
    }
    labels
}

fn of_labels(
    depth: usize,
    labels: &[Option<u32>],
    partitions: &[Vec<u32>],
    permutations: usize,
    seed: u64,
) -> CategoryPurity {
    let (places, known): (Vec<usize>, Vec<u32>) = labels
        .iter()
        .enumerate()
        .filter_map(|(item, label)| label.map(|label| (item, label)))
        .unzip();
    let shuffled: Vec<Vec<u32>> = (0..permutations as u64)
        .map(|permutation| {
            let mut labels = known.clone();
            let stream = seed ^ permutation.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            labels.shuffle(&mut StdRng::seed_from_u64(stream));
            labels
        })
        .collect();
    let at = |partition: &Vec<u32>| {
        let groups: Vec<u32> = places.iter().map(|&item| partition[item]).collect();
        let purity = share(&groups, &known);
        let chance = shuffled
            .iter()
            .map(|labels| share(&groups, labels))
            .sum::<f64>()
            / shuffled.len() as f64;
        Purity {
            purity,
            chance,
            adjusted: (chance < 1.0).then(|| (purity - chance) / (1.0 - chance)),
        }
    };
    CategoryPurity {
        depth,
        categories: known.iter().max().map_or(0, |&last| last as usize + 1),
        items: known.len(),
        at: partitions.par_iter().map(at).collect(),
    }
}

/// Share of the entries that have the most frequent label of their group.
fn share(groups: &[u32], labels: &[u32]) -> f64 {
    let mut pairs: Vec<(u32, u32)> = groups.iter().copied().zip(labels.iter().copied()).collect();
    pairs.sort_unstable();
    let most = |group: &[(u32, u32)]| group.chunk_by(|a, b| a == b).map(<[_]>::len).max();
    let sum: usize = pairs.chunk_by(|a, b| a.0 == b.0).filter_map(most).sum();
    sum as f64 / pairs.len() as f64
}

#[cfg(test)]
mod tests {
    use genrec_data::{Ids, Item};
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn catalog(paths: &[&[&str]]) -> Catalog {
        let item = |path: &&[&str]| Item {
            categories: path.iter().map(|&name| name.to_owned()).collect(),
            ..Item::default()
        };
        Catalog::new(
            Ids::sequential(paths.len()),
            paths.iter().map(item).collect(),
        )
        .unwrap()
    }

    #[test]
    fn by_hand() {
        let catalog = catalog(&[&["s", "x"], &["s", "x"], &["s", "y"], &["s", "y"], &["s"]]);
        // The first depth has one category only and says nothing.
        let found = purity(&catalog, &[vec![0, 0, 0, 1, 1], vec![0, 1, 2, 3, 4]], 3, 1);
        assert_eq!(
            (
                found.len(),
                found[0].depth,
                found[0].categories,
                found[0].items
            ),
            (1, 2, 2, 4)
        );
        assert_eq!(found[0].at[0].purity, 0.75);
        // Items of their own are pure by themselves.
        assert_eq!(
            (
                found[0].at[1].purity,
                found[0].at[1].chance,
                found[0].at[1].adjusted
            ),
            (1.0, 1.0, None)
        );
    }

    #[test]
    fn codes_that_know_nothing_are_as_pure_as_chance() {
        let names = ["a", "b", "c", "d"];
        let paths: Vec<Vec<&str>> = (0..4000).map(|item| vec![names[item % 4]]).collect();
        let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
        let catalog = catalog(&paths);
        let mut groups: Vec<u32> = (0..4000).map(|item| item % 40).collect();
        let known = &purity(&catalog, &[groups.clone()], 5, 1)[0].at[0];
        assert_eq!((known.purity, known.adjusted), (1.0, Some(1.0)));
        groups.shuffle(&mut StdRng::seed_from_u64(9));
        let unknown = &purity(&catalog, &[groups], 5, 1)[0].at[0];
        assert!(unknown.adjusted.unwrap().abs() < 0.02, "{unknown:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_share_is_what_counting_each_group_gives(pairs in vec((0_u32..4, 0_u32..3), 1..40)) {
            let (groups, labels): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
            let most = |group| (0..3).map(|label| pairs.iter().filter(|&&pair| pair == (group, label)).count()).max().unwrap();
            let sum: usize = (0..4).map(most).sum();
            prop_assert!((share(&groups, &labels) - sum as f64 / pairs.len() as f64).abs() < 1e-12);
        }
    }
}
