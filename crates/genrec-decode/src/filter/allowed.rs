//! What one request may enter: what all may, without what it may not.

use std::ops::Range;

use super::Mask;
use crate::Trie;

/// Two masks on one another. The request's own is made with regard to the shared one: a node is
/// dead to it when nothing is left there after both.
#[derive(Debug)]
pub(crate) struct Allowed<'a> {
    pub(crate) shared: &'a Mask,
    pub(crate) own: Mask,
}

impl Allowed<'_> {
    /// The children of a node that have an allowed value at or below them, as runs of consecutive
    /// nodes. The node must have one itself.
    pub(crate) fn runs(&self, children: Range<u32>) -> impl Iterator<Item = Range<u32>> + '_ {
        self.shared
            .runs(children)
            .flat_map(|children| self.own.runs(children))
    }

    /// Whether a value of the trie is allowed.
    pub(crate) fn allows(&self, value: u32) -> bool {
        self.own.allows(value) && self.shared.allows(value)
    }

    /// Calls `take` with the allowed values at and below a node, nearest first, until it returns
    /// false. Says whether it never did.
    pub(crate) fn values_below(
        &self,
        trie: &Trie,
        node: u32,
        mut take: impl FnMut(u32) -> bool,
    ) -> bool {
        let mut nodes = node..node + 1;
        // The shorter way: along a list, where one of the two has it.
        let list = self.own.terminals().or(self.shared.terminals());
        while !nodes.is_empty() {
            let mut offer = |&value: &u32| !self.allows(value) || take(value);
            let go_on = match list {
                Some(terminals) => super::mask::within(terminals, &nodes)
                    .iter()
                    .flat_map(|&node| trie.values_in(node..node + 1))
                    .all(&mut offer),
                None => trie.values_in(nodes.clone()).iter().all(&mut offer),
            };
            if !go_on {
                return false;
            }
            // Numbered breadth first, what is below consecutive nodes is consecutive.
            nodes = trie.child_range(nodes.start).start..trie.child_range(nodes.end - 1).end;
        }
        true
    }
}
