//! Which values a request may be answered with, as parts of the trie that a search must not enter.

use std::ops::Range;

use crate::Trie;

/// Which values a request may be answered with. Values that the trie does not have are ignored;
/// values may repeat, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter<'a> {
    /// Any value of the trie.
    #[default]
    All,
    /// Any value but these: what the user has seen, say.
    Exclude(&'a [u32]),
    /// Only these: what is in stock, say. None at all gives an empty list.
    Allow(&'a [u32]),
}

/// A [`Filter`], brought onto the nodes of a trie. Takes `O(f d log n)` for `f` values, depth `d`
/// and `n` nodes.
#[derive(Debug)]
pub(super) enum Mask {
    All,
    Except {
        /// The topmost nodes that have only excluded values at and below them, ascending.
        dead: Vec<u32>,
        /// The excluded values, ascending.
        values: Vec<u32>,
    },
    Only {
        /// All nodes that have an allowed value at or below them, ascending.
        live: Vec<u32>,
        /// Those that have it at them.
        terminals: Vec<u32>,
        /// The allowed values, ascending.
        values: Vec<u32>,
    },
}

impl Mask {
    /// The mask of a filter, and how many values it leaves.
    pub(super) fn new(trie: &Trie, filter: Filter<'_>) -> (Self, usize) {
        match filter {
            Filter::All => (Self::All, trie.values()),
            Filter::Exclude(values) => {
                let (values, terminals) = known(trie, values);
                let remaining = trie.values() - values.len();
                if values.is_empty() {
                    return (Self::All, remaining);
                }
                let dead = dead(trie, &terminals);
                (Self::Except { dead, values }, remaining)
            }
            Filter::Allow(values) => {
                let (values, terminals) = known(trie, values);
                let remaining = values.len();
                let live = live(trie, &terminals);
                let mask = Self::Only {
                    live,
                    terminals,
                    values,
                };
                (mask, remaining)
            }
        }
    }

    /// The children of a node that have an allowed value at or below them, as runs of consecutive
    /// nodes. The node must have one itself.
    pub(super) fn runs(&self, children: Range<u32>) -> impl Iterator<Item = Range<u32>> + '_ {
        // Either the gaps between the runs or the runs themselves are listed; the other list is
        // empty.
        let (gaps, singles): (&[u32], &[u32]) = match self {
            Self::All => (&[], &[]),
            Self::Except { dead, .. } => (within(dead, &children), &[]),
            Self::Only { live, .. } => (&[], within(live, &children)),
        };
        let between = match self {
            Self::All | Self::Except { .. } => children,
            Self::Only { .. } => 0..0,
        };
        let starts = std::iter::once(between.start).chain(gaps.iter().map(|gap| gap + 1));
        let ends = gaps.iter().copied().chain([between.end]);
        let runs = starts.zip(ends).map(|(start, end)| start..end);
        runs.chain(singles.iter().map(|&node| node..node + 1))
            .filter(|run| !run.is_empty())
    }

    /// Whether a value of the trie is allowed.
    pub(super) fn allows(&self, value: u32) -> bool {
        match self {
            Self::All => true,
            Self::Except { values, .. } => values.binary_search(&value).is_err(),
            Self::Only { values, .. } => values.binary_search(&value).is_ok(),
        }
    }

    /// Calls `take` with the allowed values at and below a node, nearest first, until it returns
    /// false.
    pub(super) fn values_below(&self, trie: &Trie, node: u32, mut take: impl FnMut(u32) -> bool) {
        let mut nodes = node..node + 1;
        while !nodes.is_empty() {
            let go_on = match self {
                Self::Only { terminals, .. } => within(terminals, &nodes)
                    .iter()
                    .flat_map(|&node| trie.values_in(node..node + 1))
                    .all(|&value| take(value)),
                Self::All | Self::Except { .. } => trie
                    .values_in(nodes.clone())
                    .iter()
                    .filter(|&&value| self.allows(value))
                    .all(|&value| take(value)),
            };
            if !go_on {
                return;
            }
            // Numbered breadth first, what is below consecutive nodes is consecutive.
            nodes = trie.child_range(nodes.start).start..trie.child_range(nodes.end - 1).end;
        }
    }
}

/// Those of the values that the trie has, ascending, and the nodes that end their identifiers,
/// ascending.
fn known(trie: &Trie, values: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.dedup();
    let mut terminals = Vec::with_capacity(values.len());
    values.retain(|&value| {
        let nodes = trie.nodes_of(value);
        terminals.extend(nodes.iter().map(|node| node.index() as u32));
        !nodes.is_empty()
    });
    terminals.sort_unstable();
    (values, terminals)
}

/// The topmost nodes below the root that have nothing but the given terminals at and below them.
fn dead(trie: &Trie, terminals: &[u32]) -> Vec<u32> {
    let mut dead = Vec::new();
    // The dead nodes of one level, from the deepest upwards.
    let mut level_dead: Vec<u32> = Vec::new();
    for depth in (0..trie.depth()).rev() {
        let of_level = within(terminals, &trie.level(depth).nodes);
        let leaves = of_level
            .iter()
            .filter(|&&node| trie.child_range(node).is_empty());
        level_dead.extend(leaves);
        level_dead.sort_unstable();

        let mut parents = Vec::new();
        let mut rest = &level_dead[..];
        while let Some(&first) = rest.first() {
            let parent = parent(trie, first);
            let children = trie.child_range(parent);
            let siblings;
            (siblings, rest) = rest.split_at(rest.partition_point(|&node| node < children.end));
            let survives = siblings.len() < children.len()
                || trie.is_terminal(parent) && terminals.binary_search(&parent).is_err();
            if survives || depth == 0 {
                dead.extend_from_slice(siblings);
            } else {
                parents.push(parent);
            }
        }
        level_dead = parents;
    }
    dead.sort_unstable();
    dead
}

/// The given terminals and all nodes above them, but for the root.
fn live(trie: &Trie, terminals: &[u32]) -> Vec<u32> {
    let mut live = Vec::new();
    let mut level_live: Vec<u32> = Vec::new();
    for depth in (0..trie.depth()).rev() {
        level_live.extend_from_slice(within(terminals, &trie.level(depth).nodes));
        level_live.sort_unstable();
        level_live.dedup();
        live.extend_from_slice(&level_live);

        let mut rest = &level_live[..];
        let mut parents = Vec::new();
        while let Some(&first) = rest.first() {
            let parent = parent(trie, first);
            let end = trie.child_range(parent).end;
            rest = &rest[rest.partition_point(|&node| node < end)..];
            parents.push(parent);
        }
        level_live = parents;
    }
    live.sort_unstable();
    live
}

fn parent(trie: &Trie, node: u32) -> u32 {
    let parent = trie.parent(trie.node(node));
    parent.expect("only the root has no parent").index() as u32
}

/// The part of an ascending list that lies in a range of nodes.
fn within<'a>(list: &'a [u32], nodes: &Range<u32>) -> &'a [u32] {
    let start = list.partition_point(|&node| node < nodes.start);
    let length = list[start..].partition_point(|&node| node < nodes.end);
    &list[start..start + length]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::{NodeId, TokenId};

    fn values_below(trie: &Trie, node: NodeId) -> BTreeSet<u32> {
        let below = trie
            .children(node)
            .nodes()
            .flat_map(|child| values_below(trie, child));
        below.chain(trie.item(node)).collect()
    }

    fn check(trie: &Trie, filter: Filter<'_>, allowed: &BTreeSet<u32>) {
        let (mask, remaining) = Mask::new(trie, filter);
        assert_eq!(remaining, allowed.len());
        let mut nodes = vec![trie.root()];
        while let Some(node) = nodes.pop() {
            let expected: BTreeSet<u32> = values_below(trie, node)
                .intersection(allowed)
                .copied()
                .collect();
            if let Some(value) = trie.item(node) {
                assert_eq!(mask.allows(value), allowed.contains(&value));
            }
            // What is below a dead node is never asked for.
            if expected.is_empty() {
                continue;
            }
            let mut found = BTreeSet::new();
            mask.values_below(trie, node.index() as u32, |value| {
                found.insert(value);
                true
            });
            assert_eq!(found, expected);
            let runs: Vec<Range<u32>> = mask.runs(trie.child_range(node.index() as u32)).collect();
            assert!(runs.iter().all(|run| !run.is_empty()));
            assert!(runs.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let entered: Vec<u32> = runs.into_iter().flatten().collect();
            let alive = |child: &NodeId| !values_below(trie, *child).is_disjoint(allowed);
            let expected: Vec<NodeId> = trie.children(node).nodes().filter(alive).collect();
            assert_eq!(
                entered,
                expected
                    .iter()
                    .map(|child| child.index() as u32)
                    .collect::<Vec<_>>()
            );
            nodes.extend(expected);
        }
    }

    proptest! {
        #[test]
        fn a_mask_enters_exactly_the_subtrees_that_hold_an_allowed_value(
            keys in proptest::collection::btree_set(proptest::collection::vec(0..3u32, 1..5), 0..40),
            shared in 1..40u32,
            filtered in proptest::collection::vec(0..45u32, 0..60),
        ) {
            let identifiers = keys.iter().zip(0u32..).map(|(key, value)| {
                (key.iter().copied().map(TokenId::new).collect::<Vec<_>>(), value * 7 % shared)
            });
            let trie = Trie::from_identifiers(identifiers).unwrap();
            let all = values_below(&trie, trie.root());
            let filtered_set: BTreeSet<u32> = filtered.iter().copied().collect();
            check(&trie, Filter::All, &all);
            check(&trie, Filter::Exclude(&filtered), &all.difference(&filtered_set).copied().collect());
            check(&trie, Filter::Allow(&filtered), &all.intersection(&filtered_set).copied().collect());
        }
    }
}
