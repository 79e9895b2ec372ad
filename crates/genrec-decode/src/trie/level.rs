//! What a trie knows about the nodes of one depth: their tokens, and tables that find them by
//! token.

use std::ops::Range;
use std::sync::Arc;

use super::array::Array;
use crate::TokenId;

/// The tables of a level may have this many entries for each of its nodes ...
const ENTRIES_PER_NODE: usize = 4;
/// ... or this many in all, if that is more: small enough to stay in a core's cache.
const SMALL_TABLE: usize = 1 << 16;

/// All nodes of one depth. A clone shares the tokens.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    /// The nodes, which are numbered without gaps.
    pub(crate) nodes: Range<u32>,
    /// How many of them end an identifier.
    pub(crate) terminals: usize,
    /// The distinct tokens that lead to them, ascending.
    pub(crate) tokens: Arc<[TokenId]>,
    columns: Columns,
}

/// The way from a token to its place among the level's distinct tokens.
#[derive(Clone, Debug)]
enum Columns {
    Table {
        first: u32,
        columns: Arc<[u32]>,
    },
    /// The tokens are too far apart for a table.
    Search,
}

impl Level {
    /// `tokens` are those of the nodes, in node order.
    pub(crate) fn new(nodes: Range<u32>, terminals: usize, tokens: &[TokenId]) -> Self {
        let numbers = || tokens.iter().map(|token| token.get());
        let first = numbers().min().unwrap_or(0);
        let span = numbers()
            .max()
            .map_or(0, |last| (last - first) as usize + 1);
        let distinct = if span > table_limit(tokens.len()) {
            let mut tokens = tokens.to_vec();
            tokens.sort_unstable();
            tokens.dedup();
            tokens
        } else {
            let mut occurs = vec![false; span];
            for token in numbers() {
                occurs[(token - first) as usize] = true;
            }
            let tokens = (first..).zip(occurs).filter(|(_, occurs)| *occurs);
            tokens.map(|(token, _)| TokenId::new(token)).collect()
        };
        Self::of_distinct(nodes, terminals, distinct)
    }

    /// `tokens` are those that lead to the nodes, ascending and without repetition.
    pub(super) fn of_distinct(nodes: Range<u32>, terminals: usize, tokens: Vec<TokenId>) -> Self {
        let (first, last) = match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => (first.get(), last.get()),
            _ => (0, 0),
        };
        let span = (last - first) as usize + 1;
        let columns = if span > table_limit(nodes.len()) {
            Columns::Search
        } else {
            let mut columns = vec![0; span];
            for (token, column) in tokens.iter().zip(0..) {
                columns[(token.get() - first) as usize] = column;
            }
            Columns::Table {
                first,
                columns: columns.into(),
            }
        };
        Self {
            nodes,
            terminals,
            tokens: tokens.into(),
            columns,
        }
    }

    /// The same tokens, of nodes of which so many end an identifier.
    pub(crate) fn with_terminals(&self, terminals: usize) -> Self {
        Self {
            terminals,
            ..self.clone()
        }
    }

    /// The place among [`tokens`](Self::tokens) of a token that occurs there.
    #[inline]
    pub(crate) fn column(&self, token: TokenId) -> usize {
        match &self.columns {
            Columns::Table { first, columns } => columns[(token.get() - first) as usize] as usize,
            Columns::Search => self.tokens.partition_point(|&other| other < token),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let columns = match &self.columns {
            Columns::Table { columns, .. } => columns.len(),
            Columns::Search => 0,
        };
        4 * (self.tokens.len() + columns)
    }
}

/// How many entries a table for so many nodes may have.
fn table_limit(nodes: usize) -> usize {
    SMALL_TABLE.max(nodes.saturating_mul(ENTRIES_PER_NODE))
}

/// The children of every node of one depth, as a table over all their tokens: one load a step.
#[derive(Clone, Debug)]
pub(super) struct StepTable {
    parents: Range<u32>,
    first: u32,
    span: usize,
    /// `[parents, span]`; 0, which is the root and nobody's child, where there is none.
    children: Array<u32>,
}

impl StepTable {
    /// The table from the nodes `parents` to the level below them, or nothing when it would be too
    /// large.
    pub(super) fn new(
        parents: Range<u32>,
        level: &Level,
        children: impl Fn(u32) -> Range<u32>,
        tokens: &[TokenId],
    ) -> Option<Self> {
        let (first, last) = (level.tokens.first()?.get(), level.tokens.last()?.get());
        let span = (last - first) as usize + 1;
        let entries = parents.len().checked_mul(span)?;
        if entries > table_limit(level.nodes.len()) {
            return None;
        }
        let mut table = vec![0; entries];
        for (parent, row) in parents.clone().zip(table.chunks_exact_mut(span)) {
            for child in children(parent) {
                row[(tokens[child as usize].get() - first) as usize] = child;
            }
        }
        Some(Self {
            parents,
            first,
            span,
            children: table.into(),
        })
    }

    /// The table of what [`about`](Self::about) and [`children`](Self::children) say, if they fit.
    pub(super) fn of_parts(about: &[u32], children: Array<u32>) -> Option<Self> {
        let &[start, end, first, span] = about else {
            return None;
        };
        let (parents, span) = (start..end, span as usize);
        let entries = parents.len().checked_mul(span)?;
        (entries == children.len()).then_some(Self {
            parents,
            first,
            span,
            children,
        })
    }

    /// The first parent, one past the last, the first token, and the tokens a row.
    pub(super) fn about(&self) -> [u32; 4] {
        let Self {
            parents,
            first,
            span,
            ..
        } = self;
        [parents.start, parents.end, *first, *span as u32]
    }

    /// `[parents, span]`; 0 where there is none.
    pub(super) fn children(&self) -> &[u32] {
        &self.children
    }

    pub(super) fn holds(&self, parent: u32) -> bool {
        self.parents.contains(&parent)
    }

    /// The child of one of the parents by a token.
    pub(super) fn step(&self, parent: u32, token: TokenId) -> Option<u32> {
        let offset = token.get().checked_sub(self.first)? as usize;
        let row = (parent - self.parents.start) as usize * self.span;
        let child = (offset < self.span).then(|| self.children[row + offset])?;
        (child != 0).then_some(child)
    }

    pub(super) fn bytes(&self) -> usize {
        4 * self.children.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tokens: &[u32], table: bool) {
        let tokens: Vec<TokenId> = tokens.iter().copied().map(TokenId::new).collect();
        let level = Level::new(1..1 + tokens.len() as u32, 0, &tokens);
        assert_eq!(matches!(level.columns, Columns::Table { .. }), table);
        let mut distinct = tokens.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(*level.tokens, distinct[..]);
        for token in tokens {
            assert_eq!(level.tokens[level.column(token)], token);
        }
    }

    #[test]
    fn every_token_finds_its_column_near_or_far_apart() {
        let limit = SMALL_TABLE as u32;
        check(&[7, 3, 3, 9], true);
        check(&[5, 4 + limit], true);
        check(&[5, 5 + limit], false);
        check(&[u32::MAX, 0, 17], false);
        check(&[], true);
    }
}
