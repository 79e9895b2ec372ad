//! A set of identifiers as a prefix tree in compressed sparse rows.

mod array;
mod builder;
mod file;
mod identifiers;
mod layout;
mod level;
mod sorted;
mod terminals;
#[cfg(test)]
mod twin;

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use array::Array;
pub use builder::TrieBuilder;
use bytemuck::{Pod, Zeroable};
pub(crate) use level::Level;
use level::StepTable;
use terminals::Terminals;

use crate::identity::Identity;
use crate::{Result, TokenId};

/// Children are scanned, not searched, up to this many.
const SCANNED_CHILDREN: usize = 16;

/// A node of a [`Trie`]: a prefix of at least one identifier. Ids are assigned breadth first, the
/// root is 0, and they mean nothing to another trie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct NodeId(u32);

impl NodeId {
    /// The node as an index into a table of [`Trie::nodes`] entries.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An immutable set of identifiers, each with a value, that says which tokens may follow a prefix.
///
/// It lives in memory, or in a [file](Self::open) that is mapped into it.
///
/// The nodes are numbered breadth first and stored as three arrays (compressed sparse rows): the
/// token that leads to each node, the first child of each node, and the values of the nodes that
/// end an identifier. The children of a node are consecutive and sorted by token. The first levels
/// have a table besides, by which [`step`](Self::step) takes one load, as long as it is small or
/// well filled. A node costs 8 bytes, one of the deepest level 4, a value 8.
///
/// Methods that take a [`NodeId`] panic, or say something about another node, when it comes from
/// another trie.
#[derive(Clone)]
pub struct Trie {
    tokens: Array<TokenId>,
    first_child: Array<u32>,
    terminals: Terminals,
    values: Array<u32>,
    levels: Vec<Level>,
    step_tables: Vec<StepTable>,
    /// The nodes that end an identifier, ordered by its value.
    by_value: Array<NodeId>,
    distinct_values: usize,
    /// The values are 0, 1, 2 ..., each once, so that they are their places in `by_value`.
    values_are_numbers: bool,
    identity: Identity,
}

impl Trie {
    /// The trie of these identifiers and their values; see [`TrieBuilder`].
    ///
    /// # Errors
    ///
    /// As [`TrieBuilder::insert`] and [`TrieBuilder::build`].
    pub fn from_identifiers<T: AsRef<[TokenId]>>(
        identifiers: impl IntoIterator<Item = (T, u32)>,
    ) -> Result<Self> {
        let mut builder = TrieBuilder::new();
        for (tokens, value) in identifiers {
            builder.insert(tokens.as_ref(), value)?;
        }
        builder.build()
    }

    /// The node of the empty prefix. There is one even when there are no identifiers.
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// The tokens that may follow a prefix, ascending, and the nodes they lead to.
    pub fn children(&self, node: NodeId) -> Children<'_> {
        let nodes = self.child_range(node.0);
        Children {
            first: nodes.start,
            tokens: self.tokens(nodes),
        }
    }

    /// The node of a prefix with one more token, if an identifier begins so.
    pub fn step(&self, node: NodeId, token: TokenId) -> Option<NodeId> {
        if let Some(table) = self.step_tables.iter().find(|table| table.holds(node.0)) {
            return table.step(node.0, token).map(NodeId);
        }
        let children = self.children(node);
        let place = if children.tokens.len() <= SCANNED_CHILDREN {
            children.tokens.iter().position(|&other| other == token)
        } else {
            children.tokens.binary_search(&token).ok()
        };
        place.map(|place| NodeId(children.first + place as u32))
    }

    /// The value of the identifier that ends at a node, if one does. It may have children all the
    /// same.
    pub fn item(&self, node: NodeId) -> Option<u32> {
        self.is_terminal(node.0)
            .then(|| self.values[self.terminals.rank(node.0)])
    }

    /// The value of an identifier, if there is one like this.
    pub fn get(&self, identifier: &[TokenId]) -> Option<u32> {
        let mut node = self.root();
        for &token in identifier {
            node = self.step(node, token)?;
        }
        self.item(node)
    }

    /// The node of a prefix without its last token; none for the root. Takes a search among the
    /// nodes of a level, which is short where their numbers of children are alike.
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        let NodeId(number) = node;
        let depth = self
            .levels
            .partition_point(|level| level.nodes.end <= number);
        if number == 0 {
            return None;
        }
        let parents = match depth.checked_sub(1) {
            None => 0..1,
            Some(above) => self.levels[above].nodes.clone(),
        };
        // Where it would be if all parents had equally many children, and from there as far as
        // needed.
        let level = &self.levels[depth].nodes;
        let offset = u64::from(number - level.start) * parents.len() as u64 / level.len() as u64;
        let guess = parents.start + offset as u32;
        let (mut low, mut high) = (guess, guess + 1);
        let mut reach = 1;
        while low > parents.start && self.first_child[low as usize] > number {
            high = low;
            low = low.saturating_sub(reach).max(parents.start);
            reach *= 2;
        }
        while high < parents.end && self.first_child[high as usize] <= number {
            low = high;
            high = high.saturating_add(reach).min(parents.end);
            reach *= 2;
        }
        // Nodes without children begin where the next node's children do, so the parent is the last
        // one that begins at the node or before it.
        let between = &self.first_child[low as usize + 1..high as usize];
        let before = between.partition_point(|&first| first <= number);
        Some(NodeId(low + before as u32))
    }

    /// The prefix of a node: the tokens that lead to it from the root.
    pub fn prefix(&self, node: NodeId) -> Vec<TokenId> {
        let path = std::iter::successors(Some(node), |&node| self.parent(node));
        let mut tokens: Vec<TokenId> = path
            .take_while(|&node| node != self.root())
            .map(|node| self.token(node.0))
            .collect();
        tokens.reverse();
        tokens
    }

    /// The nodes that end the identifiers of a value, ascending: usually one, none when the trie
    /// does not have the value.
    pub fn nodes_of(&self, value: u32) -> &[NodeId] {
        let value_of = |node: NodeId| self.values[self.terminals.rank(node.0)];
        let start = if self.values_are_numbers {
            (value as usize).min(self.by_value.len())
        } else {
            self.by_value
                .partition_point(|&node| value_of(node) < value)
        };
        let rest = &self.by_value[start..];
        let length = rest
            .iter()
            .take_while(|&&node| value_of(node) == value)
            .count();
        &rest[..length]
    }

    /// All identifiers with their values, by ascending value.
    pub fn identifiers(&self) -> impl ExactSizeIterator<Item = (Vec<TokenId>, u32)> + '_ {
        self.by_value.iter().map(|&node| {
            let value = self.values[self.terminals.rank(node.0)];
            (self.prefix(node), value)
        })
    }

    /// The number of identifiers.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no identifiers.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of distinct values, at most [`len`](Self::len).
    pub fn values(&self) -> usize {
        self.distinct_values
    }

    /// The number of nodes, the root included.
    pub fn nodes(&self) -> usize {
        self.tokens.len()
    }

    /// The length of the longest identifier; 0 without any.
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    /// The distinct tokens, ascending, that occur at a depth (counted from 0) of any identifier;
    /// none from [`depth`](Self::depth) on.
    pub fn tokens_at(&self, depth: usize) -> &[TokenId] {
        self.levels.get(depth).map_or(&[], |level| &level.tokens)
    }

    /// The memory of the arrays, in bytes; of a trie in a file, what it takes there.
    pub fn bytes(&self) -> usize {
        let numbers =
            self.tokens.len() + self.first_child.len() + self.values.len() + self.by_value.len();
        let levels: usize = self.levels.iter().map(Level::bytes).sum();
        let tables: usize = self.step_tables.iter().map(StepTable::bytes).sum();
        4 * numbers + self.terminals.bytes() + levels + tables
    }
}

/// What the search needs: node numbers, to do arithmetic with.
impl Trie {
    /// A trie without identifiers.
    pub(crate) fn empty() -> &'static Self {
        static EMPTY: LazyLock<Trie> = LazyLock::new(|| {
            let built = TrieBuilder::new().build();
            built.expect("no identifiers cannot be too many")
        });
        &EMPTY
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn tokens(&self, nodes: Range<u32>) -> &[TokenId] {
        &self.tokens[nodes.start as usize..nodes.end as usize]
    }

    pub(crate) fn node(&self, number: u32) -> NodeId {
        NodeId(number)
    }

    pub(crate) fn level(&self, depth: usize) -> &Level {
        &self.levels[depth]
    }

    #[inline]
    pub(crate) fn child_range(&self, node: u32) -> Range<u32> {
        match self.first_child.get(node as usize + 1) {
            Some(&end) => self.first_child[node as usize]..end,
            None => self.tokens.len() as u32..self.tokens.len() as u32,
        }
    }

    #[inline]
    pub(crate) fn token(&self, node: u32) -> TokenId {
        self.tokens[node as usize]
    }

    #[inline]
    pub(crate) fn is_terminal(&self, node: u32) -> bool {
        self.terminals.contains(node)
    }

    /// The values of the terminals among some consecutive nodes.
    pub(crate) fn values_in(&self, nodes: Range<u32>) -> &[u32] {
        &self.values[self.terminals.ranks(nodes)]
    }

    /// Whether no value has two identifiers.
    pub(crate) fn values_are_unique(&self) -> bool {
        self.distinct_values == self.values.len()
    }
}

impl fmt::Debug for Trie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trie")
            .field("len", &self.len())
            .field("depth", &self.depth())
            .field("nodes", &self.nodes())
            .finish_non_exhaustive()
    }
}

/// The children of a node: tokens, ascending, and the nodes they lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Children<'a> {
    tokens: &'a [TokenId],
    first: u32,
}

impl<'a> Children<'a> {
    /// The tokens, ascending.
    pub fn tokens(&self) -> &'a [TokenId] {
        self.tokens
    }

    /// The nodes, in the order of the tokens.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        (self.first..self.first + self.tokens.len() as u32).map(NodeId)
    }

    /// Tokens and nodes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (TokenId, NodeId)> + use<'a> {
        self.tokens.iter().copied().zip(self.nodes())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}
