use genrec_data::{Interactions, ItemId};
use genrec_quantize::LevelUsage;
use serde::{Deserialize, Serialize};

use super::{Branching, identifiers::Columns};
use crate::ItemTokens;

/// One level of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// Codewords of the level.
    pub codewords: usize,
    /// Codewords that no item has.
    pub dead: usize,
    /// How the codewords are used by the items.
    pub usage: LevelUsage,
    /// `entropy / ln(codewords)`: 1 when the codewords are used evenly, also where there is only one; 0 when all items share one.
    pub normalized_entropy: f64,
    /// Different prefixes up to this level; an identifier that is shorter counts as a whole.
    pub prefixes: usize,
    /// The collision rate of the identifiers cut after this level, `1 - prefixes / items`.
    pub collision_rate: f64,
    /// What leads into this level: the children of the prefixes before it.
    pub branching: Branching,
}

impl Level {
    pub(super) fn new(
        usage: LevelUsage,
        prefixes: usize,
        items: usize,
        branching: Branching,
    ) -> Self {
        let codewords = usage.counts.len();
        let most = (codewords as f64).ln();
        Self {
            codewords,
            dead: codewords - usage.used,
            normalized_entropy: if codewords > 1 {
                usage.entropy / most
            } else {
                1.0
            },
            usage,
            prefixes,
            collision_rate: (items - prefixes) as f64 / items as f64,
            branching,
        }
    }
}

/// The use of every level, each item counted `weight(item)` times.
pub(super) fn usage(
    columns: &Columns,
    codebook_sizes: &[usize],
    weight: impl Fn(usize) -> u32,
) -> Vec<LevelUsage> {
    let usage = |(level, &codewords): (usize, &usize)| {
        let mut counts = vec![0_u32; codewords];
        for (item, code) in columns.level(level) {
            counts[code as usize] += weight(item);
        }
        LevelUsage::new(counts)
    };
    codebook_sizes.iter().enumerate().map(usage).collect()
}

/// How often first codes occur, in groups by falling frequency (LETTER, the figure of its code assignments).
///
/// The flatter, the less are a few first codes favoured over the others by whoever learns to write identifiers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FirstCodes {
    /// So many codewords are counted together; the last group may have fewer.
    pub group: usize,
    /// Items whose first code is in the group, most frequent group first; groups that no item uses are among them.
    pub items: Vec<u32>,
}

impl FirstCodes {
    pub(super) fn new(counts: &[u32], group: usize) -> Self {
        let mut counts = counts.to_vec();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            group,
            items: counts
                .chunks(group)
                .map(|group| group.iter().sum())
                .collect(),
        }
    }
}

/// The table as interactions use it, each item counted as often as somebody took it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Interactions counted.
    pub interactions: usize,
    /// Share of the interactions that were with items which share their identifier.
    pub collided: f64,
    /// Share of the interactions by group of first codes, grouped as in [`FirstCodes`] but by falling traffic.
    pub first_codes: Vec<f64>,
    /// How the codewords of each level are used.
    pub levels: Vec<LevelUsage>,
}

impl Traffic {
    /// There is at least one interaction.
    pub(super) fn new(
        columns: &Columns,
        codebook_sizes: &[usize],
        tokens: &ItemTokens,
        interactions: &Interactions,
        group: usize,
    ) -> Self {
        let popularity = interactions.popularity();
        let total = interactions.len() as f64;
        let shares = |item: usize| {
            tokens
                .group_items(tokens.group(ItemId::from_index(item)))
                .len()
                > 1
        };
        let collided: f64 = popularity
            .iter()
            .enumerate()
            .filter(|&(item, _)| shares(item))
            .map(|(_, &count)| f64::from(count))
            .sum();
        let levels = usage(columns, codebook_sizes, |item| popularity[item]);
        let first = FirstCodes::new(&levels[0].counts, group).items;
        Self {
            interactions: interactions.len(),
            collided: collided / total,
            first_codes: first
                .iter()
                .map(|&count| f64::from(count) / total)
                .collect(),
            levels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{identifiers::of_rows, prefixes};

    #[test]
    fn first_codes_are_grouped_by_falling_frequency() {
        let first = FirstCodes::new(&[1, 7, 0, 3, 2], 2);
        assert_eq!(first.items, [10, 3, 0]);
        assert_eq!(first.items.iter().sum::<u32>(), 13);
    }

    #[test]
    fn traffic_counts_items_as_often_as_they_were_taken() {
        let identifiers = of_rows(&[vec![0, 1], vec![1, 1], vec![0, 1]]);
        let histories = vec![
            vec![ItemId::new(0), ItemId::new(1), ItemId::new(0)],
            vec![ItemId::new(0)],
        ];
        let interactions = Interactions::new(3, histories).unwrap();
        let traffic = Traffic::new(
            &Columns::of(&identifiers),
            identifiers.codebook_sizes(),
            &prefixes::tokens(&identifiers),
            &interactions,
            1,
        );
        assert_eq!((traffic.interactions, traffic.collided), (4, 0.75));
        assert_eq!(traffic.levels[0].counts, [3, 1]);
        assert_eq!(traffic.levels[1].counts, [0, 4]);
        assert_eq!(traffic.first_codes, [0.75, 0.25]);
    }

    #[test]
    fn entropy_is_normalized_by_what_it_could_be() {
        let branching = Branching {
            nodes: 1,
            mean: 2.0,
            max: 2,
            single: 0.0,
        };
        let level = Level::new(LevelUsage::new(vec![2, 2, 0, 0]), 2, 4, branching.clone());
        assert!((level.normalized_entropy - 0.5).abs() < 1e-12);
        assert_eq!(
            (level.codewords, level.dead, level.collision_rate),
            (4, 2, 0.5)
        );
        let single = Level::new(LevelUsage::new(vec![3]), 1, 3, branching);
        assert_eq!(single.normalized_entropy, 1.0);
    }
}
