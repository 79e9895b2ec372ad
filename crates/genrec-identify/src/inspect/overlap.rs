use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::identifiers::Columns;

/// The codes that items have in common with their nearest neighbour: LETTER's analysis of what collaborative regularization does to
/// identifiers, with neighbours by collaborative embeddings.
///
/// For item `i` and its nearest other item `n(i)`, the overlap is the share of places at which both have the same code,
/// `|{l : c_l(i) = c_l(n(i))}| / L`, and [`mean`](Self::mean) is its mean over all items that have a neighbour. The same code at another
/// level is another codeword and is not counted. Where identifiers have different lengths, `L` is that of the longer.
///
/// The paper's figures are 0.0849 (TIGER) and 0.2760 (LETTER) on Instruments, 0.1135 and 0.3312 on Beauty. They cannot be compared with
/// these: by the definition above, with neighbours by cosine, the tables that were published with LETTER have 0.0824 and 0.0797 for the
/// 32-dimensional SASRec embeddings that were published with them, and neither dot products nor Euclidean distances give more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// The mean share of places with the same code.
    pub mean: f64,
    /// The mean share of two items drawn at random: what is above it means something.
    pub chance: f64,
    /// Share of the items that have the same code as their neighbour, level by level.
    pub by_level: Vec<f64>,
    /// The mean length of the common prefix, in codes.
    pub prefix: f64,
    /// Share of the items that have at least one code in common with their neighbour.
    pub any: f64,
    /// Share of the items whose identifier is their neighbour's.
    pub all: f64,
}

/// `lists` has the neighbours of every item, nearest first; at least one item has some.
pub(super) fn overlap(columns: &Columns, lists: &[Vec<u32>]) -> Overlap {
    let mut found = Overlap {
        mean: 0.0,
        chance: chance(columns),
        by_level: vec![0.0; columns.levels()],
        prefix: 0.0,
        any: 0.0,
        all: 0.0,
    };
    let mut items = 0.0;
    for (item, list) in lists.iter().enumerate() {
        let Some(&nearest) = list.first() else {
            continue;
        };
        let nearest = nearest as usize;
        items += 1.0;
        let (shared, prefix) = columns.pair(item, nearest);
        let longer = columns.longer(item, nearest);
        found.mean += shared as f64 / longer as f64;
        found.prefix += prefix as f64;
        found.any += f64::from(u8::from(shared > 0));
        found.all += f64::from(u8::from(shared == longer));
        let both = columns.length(item).min(columns.length(nearest));
        for (level, same) in found.by_level[..both].iter_mut().enumerate() {
            *same += f64::from(u8::from(columns.same(columns, item, nearest, level)));
        }
    }
    let means = [
        &mut found.mean,
        &mut found.prefix,
        &mut found.any,
        &mut found.all,
    ];
    for sum in means.into_iter().chain(&mut found.by_level) {
        *sum /= items;
    }
    found
}

/// The mean overlap of all pairs of different items, exactly: items with the same code at a level are counted by length.
fn chance(columns: &Columns) -> f64 {
    let mut sum = 0.0;
    for level in 0..columns.levels() {
        let mut lengths: BTreeMap<u32, BTreeMap<usize, f64>> = BTreeMap::new();
        for (item, code) in columns.level(level) {
            *lengths
                .entry(code)
                .or_default()
                .entry(columns.length(item))
                .or_default() += 1.0;
        }
        for lengths in lengths.values() {
            let mut shorter = 0.0;
            for (&length, &count) in lengths {
                let pairs = count * (count - 1.0) / 2.0 + count * shorter;
                sum += pairs / length as f64;
                shorter += count;
            }
        }
    }
    let items = columns.items() as f64;
    sum / (items * (items - 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::inspect::identifiers::of_rows;

    #[test]
    fn by_hand() {
        let columns = Columns::of(&of_rows(&[
            vec![0, 1, 2, 3],
            vec![0, 2, 2, 3],
            vec![1, 1, 2, 3],
            vec![0, 1, 2, 3],
        ]));
        // 0 and 1 differ at the second place, 1 and 2 at two, 3 is 0; 2 has no neighbour.
        let found = overlap(&columns, &[vec![1, 2], vec![2], vec![], vec![0]]);
        assert!((found.mean - (0.75 + 0.5 + 1.0) / 3.0).abs() < 1e-12);
        assert!((found.prefix - (1.0 + 0.0 + 4.0) / 3.0).abs() < 1e-12);
        let thirds = [2.0 / 3.0, 1.0 / 3.0, 1.0, 1.0];
        assert!(
            found
                .by_level
                .iter()
                .zip(thirds)
                .all(|(found, share)| (found - share).abs() < 1e-12)
        );
        assert_eq!((found.any, found.all), (1.0, 1.0 / 3.0));
        // At equal lengths the mean over the levels is the mean overlap.
        assert!((found.by_level.iter().sum::<f64>() / 4.0 - found.mean).abs() < 1e-12);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn chance_is_the_mean_over_all_pairs(rows in vec(vec(0_u32..3, 1..4), 2..12)) {
            let columns = Columns::of(&of_rows(&rows));
            let (mut sum, mut pairs) = (0.0, 0.0);
            for a in 0..rows.len() {
                for b in (0..rows.len()).filter(|&b| b != a) {
                    sum += columns.pair(a, b).0 as f64 / columns.longer(a, b) as f64;
                    pairs += 1.0;
                }
            }
            prop_assert!((chance(&columns) - sum / pairs).abs() < 1e-12);
        }
    }
}
