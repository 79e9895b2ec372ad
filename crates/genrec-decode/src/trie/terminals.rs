//! Which nodes end an identifier: one bit a node, and its rank.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::array::Array;

/// A set of nodes that says how many of its members come before a node, so that what belongs to the
/// members is stored without gaps.
#[derive(Clone, Debug, Default)]
pub(super) struct Terminals {
    words: Array<u64>,
    /// The members before each word.
    before: Array<u32>,
}

impl Terminals {
    pub(super) fn new(words: Array<u64>, before: Array<u32>) -> Self {
        Self { words, before }
    }

    /// The words, and the members before each.
    pub(super) fn parts(&self) -> (&[u64], &[u32]) {
        (&self.words, &self.before)
    }

    /// Whether there are as many words as so many nodes need.
    pub(super) fn fit(&self, nodes: usize) -> bool {
        let words = nodes / 64 + 1;
        self.words.len() == words && self.before.len() == words
    }

    pub(super) fn contains(&self, node: u32) -> bool {
        self.words[(node / 64) as usize] >> (node % 64) & 1 == 1
    }

    /// How many members are smaller than the node, which may be one past the last.
    pub(super) fn rank(&self, node: u32) -> usize {
        let (word, bit) = ((node / 64) as usize, node % 64);
        let inside = self.words[word] & ((1 << bit) - 1);
        self.before[word] as usize + inside.count_ones() as usize
    }

    /// The ranks of the members in a range of nodes.
    pub(super) fn ranks(&self, nodes: Range<u32>) -> Range<usize> {
        self.rank(nodes.start)..self.rank(nodes.end)
    }

    /// All members, ascending.
    pub(super) fn par_iter(&self) -> impl ParallelIterator<Item = u32> + '_ {
        self.words
            .par_iter()
            .enumerate()
            .flat_map_iter(|(word, &bits)| Bits(bits).map(move |bit| word as u32 * 64 + bit))
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.len() * 8 + self.before.len() * 4
    }
}

/// The set bits of a word, ascending.
struct Bits(u64);

impl Iterator for Bits {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let bit = (self.0 != 0).then(|| self.0.trailing_zeros())?;
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

/// The set while several threads fill it.
#[derive(Debug)]
pub(super) struct TerminalsBuilder {
    words: Vec<AtomicU64>,
}

impl TerminalsBuilder {
    pub(super) fn new(nodes: usize) -> Self {
        // One bit more than there are nodes: the rank of "one past the last" is asked for.
        let words = (0..nodes / 64 + 1).map(|_| AtomicU64::new(0)).collect();
        Self { words }
    }

    pub(super) fn insert(&self, node: u32) {
        // Bits are only ever set, and read after all threads are joined.
        self.words[(node / 64) as usize].fetch_or(1 << (node % 64), Ordering::Relaxed);
    }

    pub(super) fn build(self) -> Terminals {
        let words: Vec<u64> = self.words.into_iter().map(AtomicU64::into_inner).collect();
        let mut members = 0;
        let before = words
            .iter()
            .map(|word| {
                let before = members;
                members += word.count_ones();
                before
            })
            .collect::<Vec<u32>>();
        Terminals::new(words.into(), before.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranks_count_the_smaller_members(members: BTreeSet<u8>, node: u8) {
            let builder = TerminalsBuilder::new(256);
            for &member in &members {
                builder.insert(member.into());
            }
            let terminals = builder.build();
            prop_assert_eq!(terminals.contains(node.into()), members.contains(&node));
            prop_assert_eq!(terminals.rank(node.into()), members.range(..node).count());
            prop_assert_eq!(terminals.ranks(0..256), 0..members.len());
            let all: Vec<u32> = terminals.par_iter().collect();
            prop_assert_eq!(all, members.into_iter().map(u32::from).collect::<Vec<_>>());
        }
    }
}
