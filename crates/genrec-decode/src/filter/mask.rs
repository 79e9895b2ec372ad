//! A filter as parts of the trie that a search must not enter.

use std::ops::Range;

use super::Filter;
use crate::Trie;

/// A [`Filter`], brought onto the nodes of a trie. Takes `O(f d log n)` for `f` values, depth `d`
/// and `n` nodes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mask {
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
    /// The mask of a filter upon another mask, and how many values both leave.
    ///
    /// [`Filter::Within`] has the selection's mask as the other one: only what it excludes counts.
    pub(crate) fn new(trie: &Trie, filter: Filter<'_>, upon: &Self) -> (Self, usize) {
        let values = match filter {
            Filter::All => return (Self::All, upon.values(trie)),
            Filter::Exclude(values) | Filter::Allow(values) => values,
            Filter::Within { exclude, .. } => exclude,
        };
        let (values, terminals) = known(trie, values, upon);
        if matches!(filter, Filter::Allow(_)) {
            let remaining = values.len();
            let live = live(trie, &terminals);
            let mask = Self::Only {
                live,
                terminals,
                values,
            };
            return (mask, remaining);
        }
        let remaining = upon.values(trie) - values.len();
        if values.is_empty() {
            return (Self::All, remaining);
        }
        let dead = dead(trie, &terminals, upon);
        (Self::Except { dead, values }, remaining)
    }

    /// The mask that leaves out all that a mask leaves out that was made [upon](Self::new) another,
    /// and what that one does.
    pub(super) fn within(self, upon: &Self) -> Self {
        let merge = |mut all: Vec<u32>, more: &[u32]| {
            all.extend_from_slice(more);
            all.sort_unstable();
            all
        };
        match (self, upon) {
            (Self::All, upon) => upon.clone(),
            (Self::Except { dead, values }, Self::Except { dead: d, values: v }) => Self::Except {
                dead: merge(dead, d),
                values: merge(values, v),
            },
            (own, _) => own,
        }
    }

    /// How many values of the trie it leaves.
    pub(crate) fn values(&self, trie: &Trie) -> usize {
        match self {
            Self::All => trie.values(),
            Self::Except { values, .. } => trie.values() - values.len(),
            Self::Only { values, .. } => values.len(),
        }
    }

    /// The values left out, ascending, of a mask that is not [`Only`](Self::Only) some.
    pub(crate) fn excluded(&self) -> &[u32] {
        match self {
            Self::Except { values, .. } => values,
            Self::All | Self::Only { .. } => &[],
        }
    }

    /// All nodes that end an allowed identifier, ascending, where they are listed.
    pub(super) fn terminals(&self) -> Option<&[u32]> {
        match self {
            Self::Only { terminals, .. } => Some(terminals),
            Self::All | Self::Except { .. } => None,
        }
    }

    /// The children of a node that have an allowed value at or below them, as runs of consecutive
    /// nodes. The node must have one itself.
    pub(crate) fn runs(&self, children: Range<u32>) -> impl Iterator<Item = Range<u32>> + '_ {
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

    /// Whether a node, below one that the mask lets in, has an allowed value at or below it.
    pub(crate) fn enters(&self, node: u32) -> bool {
        self.runs(node..node + 1).next().is_some()
    }

    /// Whether a value of the trie is allowed.
    pub(crate) fn allows(&self, value: u32) -> bool {
        match self {
            Self::All => true,
            Self::Except { values, .. } => values.binary_search(&value).is_err(),
            Self::Only { values, .. } => values.binary_search(&value).is_ok(),
        }
    }
}

/// Those of the values that the trie has and another mask allows, ascending, and the nodes that end
/// their identifiers, ascending.
fn known(trie: &Trie, values: &[u32], upon: &Mask) -> (Vec<u32>, Vec<u32>) {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.dedup();
    let mut terminals = Vec::with_capacity(values.len());
    values.retain(|&value| {
        if !upon.allows(value) {
            return false;
        }
        let nodes = trie.nodes_of(value);
        terminals.extend(nodes.iter().map(|node| node.index() as u32));
        !nodes.is_empty()
    });
    terminals.sort_unstable();
    (values, terminals)
}

/// The topmost nodes below the root that have nothing but the given terminals at and below them,
/// apart from what another mask leaves out.
fn dead(trie: &Trie, terminals: &[u32], upon: &Mask) -> Vec<u32> {
    let alive = |children: Range<u32>| upon.runs(children).map(|run| run.len()).sum::<usize>();
    let ends = |node: u32| {
        trie.is_terminal(node)
            && upon.allows(trie.values_in(node..node + 1)[0])
            && terminals.binary_search(&node).is_err()
    };
    let mut dead = Vec::new();
    // The dead nodes of one level, from the deepest upwards.
    let mut level_dead: Vec<u32> = Vec::new();
    for depth in (0..trie.depth()).rev() {
        let of_level = within(terminals, &trie.level(depth).nodes);
        let leaves = of_level
            .iter()
            .filter(|&&node| alive(trie.child_range(node)) == 0);
        level_dead.extend(leaves);
        level_dead.sort_unstable();

        let mut parents = Vec::new();
        let mut rest = &level_dead[..];
        while let Some(&first) = rest.first() {
            let parent = parent(trie, first);
            let children = trie.child_range(parent);
            let siblings;
            (siblings, rest) = rest.split_at(rest.partition_point(|&node| node < children.end));
            let survives = siblings.len() < alive(children) || ends(parent);
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
pub(super) fn within<'a>(list: &'a [u32], nodes: &Range<u32>) -> &'a [u32] {
    let start = list.partition_point(|&node| node < nodes.start);
    let length = list[start..].partition_point(|&node| node < nodes.end);
    &list[start..start + length]
}
