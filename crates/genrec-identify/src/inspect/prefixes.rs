use genrec_decode::{NodeId, Trie};
use serde::{Deserialize, Serialize};

use super::Identifiers;
use crate::{ItemTokens, Vocabulary};

/// How many ways lead on from the nodes of one depth of the prefix tree.
///
/// As a decoder sees it: where identifiers have different lengths, to end is one of the ways. Nodes that end all their identifiers are
/// not counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Branching {
    /// Nodes of this depth that lead on; 1 at depth 0, the root.
    pub nodes: usize,
    /// Their children on average.
    pub mean: f64,
    /// The children of the node with most.
    pub max: usize,
    /// Share of the nodes with one child only, where a decoder has no choice.
    pub single: f64,
}

/// The branching at every depth from 0, the root, to the one before the last codes.
pub(super) fn branching(tokens: &ItemTokens) -> Vec<Branching> {
    let trie = tokens.trie();
    let mut nodes = vec![trie.root()];
    let mut depths = Vec::new();
    loop {
        let children = nodes.iter().map(|&node| trie.children(node).len());
        let children: Vec<usize> = children.filter(|&children| children > 0).collect();
        if children.is_empty() {
            return depths;
        }
        depths.push(Branching {
            nodes: children.len(),
            mean: children.iter().sum::<usize>() as f64 / children.len() as f64,
            max: children.iter().copied().max().unwrap_or(0),
            single: children.iter().filter(|&&children| children == 1).count() as f64
                / children.len() as f64,
        });
        nodes = next(&trie, &nodes);
    }
}

fn next(trie: &Trie, nodes: &[NodeId]) -> Vec<NodeId> {
    nodes
        .iter()
        .flat_map(|&node| trie.children(node).nodes())
        .collect()
}

/// The tokens of all items, those that share an identifier in one group.
pub(super) fn tokens(identifiers: &Identifiers) -> ItemTokens {
    let vocabulary = Vocabulary::new(identifiers.codebook_sizes());
    ItemTokens::new(vocabulary, identifiers.rows().iter().map(|codes| &**codes))
}

/// For every depth from 1, which items have the same first codes: `partitions[depth - 1][item]` is a number that items with the same
/// prefix share, counted from 0. An identifier that is shorter counts as a whole.
pub(super) fn partitions(identifiers: &Identifiers) -> Vec<Vec<u32>> {
    let rows = identifiers.rows();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_unstable_by_key(|&item| (&*rows[item], item));
    let partition = |depth: usize| {
        let cut = |item: usize| &rows[item][..depth.min(rows[item].len())];
        let mut groups = vec![0; rows.len()];
        let mut group = 0;
        for pair in order.windows(2) {
            group += u32::from(cut(pair[0]) != cut(pair[1]));
            groups[pair[1]] = group;
        }
        groups
    };
    (1..=identifiers.levels()).map(partition).collect()
}

/// How many groups a partition has.
pub(super) fn groups(partition: &[u32]) -> usize {
    partition.iter().max().map_or(0, |&last| last as usize + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::inspect::identifiers::of_rows;

    #[test]
    fn by_hand() {
        let identifiers = of_rows(&[vec![0, 0], vec![0, 1], vec![1, 0], vec![0, 1], vec![2]]);
        let found = branching(&tokens(&identifiers));
        // The root has three children; 0 leads to two, 1 to one, 2 to the end.
        assert_eq!((found[0].nodes, found[0].mean, found[0].max), (1, 3.0, 3));
        assert_eq!((found[1].nodes, found[1].max), (3, 2));
        assert!((found[1].mean - 4.0 / 3.0).abs() < 1e-12);
        assert!((found[1].single - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(found.len(), 2);
        assert_eq!(
            partitions(&identifiers),
            [vec![0, 0, 1, 0, 2], vec![0, 1, 2, 1, 3]]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Against maps from prefixes to what follows.
        #[test]
        fn the_tree_is_what_maps_of_prefixes_say(rows in vec(vec(0_u32..3, 3), 1..30)) {
            let identifiers = of_rows(&rows);
            let found = branching(&tokens(&identifiers));
            prop_assert_eq!(found.len(), 3);
            for (depth, found) in found.iter().enumerate() {
                let mut follows: BTreeMap<&[u32], BTreeSet<u32>> = BTreeMap::new();
                for row in &rows {
                    follows.entry(&row[..depth]).or_default().insert(row[depth]);
                }
                let children: usize = follows.values().map(BTreeSet::len).sum();
                prop_assert_eq!(found.nodes, follows.len());
                prop_assert!((found.mean - children as f64 / follows.len() as f64).abs() < 1e-12);
                prop_assert_eq!(found.max, follows.values().map(BTreeSet::len).max().unwrap());
                let single = follows.values().filter(|next| next.len() == 1).count();
                prop_assert!((found.single - single as f64 / follows.len() as f64).abs() < 1e-12);
            }
        }

        #[test]
        fn a_partition_groups_equal_prefixes(rows in vec(vec(0_u32..3, 1..4), 1..20)) {
            let identifiers = of_rows(&rows);
            for (depth, partition) in (1..).zip(partitions(&identifiers)) {
                let cut = |item: usize| &rows[item][..depth.min(rows[item].len())];
                for a in 0..rows.len() {
                    for b in 0..rows.len() {
                        prop_assert_eq!(partition[a] == partition[b], cut(a) == cut(b));
                    }
                }
                let distinct: BTreeSet<&[u32]> = (0..rows.len()).map(cut).collect();
                prop_assert_eq!(groups(&partition), distinct.len());
            }
        }
    }
}
