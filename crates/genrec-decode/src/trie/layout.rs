//! From sorted identifiers to the arrays of a trie, in parallel.
//!
//! Nodes are numbered breadth first, so the nodes of a depth, and among them the children of a
//! node, are consecutive. A pass over the sorted identifiers counts the nodes that each of several
//! chunks begins at each level; their running sums say where in the arrays each chunk writes, and a
//! second pass writes.

use std::ops::Range;

use rayon::prelude::*;

use super::sorted::Sorted;
use super::terminals::{Terminals, TerminalsBuilder};
use crate::{Error, Result, TokenId};

/// The arrays of a trie.
#[derive(Debug)]
pub(super) struct Layout {
    /// The token that leads to each node. The root's has no meaning.
    pub(super) tokens: Vec<TokenId>,
    /// The first child of each node above the deepest level, and one past the last node.
    pub(super) first_child: Vec<u32>,
    pub(super) terminals: Terminals,
    /// The values of the terminals, in node order.
    pub(super) values: Vec<u32>,
    /// The nodes of each level, and how many of them are terminals.
    pub(super) levels: Vec<(Range<u32>, usize)>,
}

/// How many nodes and terminals some identifiers begin at a level.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    nodes: usize,
    terminals: usize,
}

/// Where a chunk writes what it has at one level.
struct Writer<'a> {
    tokens: std::slice::IterMut<'a, TokenId>,
    first_child: std::slice::IterMut<'a, u32>,
    values: std::slice::IterMut<'a, u32>,
    next_node: u32,
}

impl Layout {
    /// # Errors
    ///
    /// [`Error::TooLarge`] when 32 bits cannot number the nodes.
    pub(super) fn new(sorted: &Sorted) -> Result<Self> {
        let chunks = chunks(sorted.len());
        let counts: Vec<Vec<Count>> = chunks
            .par_iter()
            .map(|chunk| count(sorted, chunk.clone()))
            .collect();

        let nodes = 1 + counts
            .iter()
            .flatten()
            .map(|count| count.nodes)
            .sum::<usize>();
        let limit = u32::MAX as usize;
        if nodes > limit {
            return Err(Error::TooLarge {
                what: "nodes",
                found: nodes,
                limit,
            });
        }
        let levels = levels(&counts, sorted.depth());
        let inner = levels.last().map_or(1, |(nodes, _)| nodes.start as usize);

        let mut layout = Self {
            tokens: vec![TokenId::default(); nodes],
            first_child: vec![0; inner + 1],
            terminals: Terminals::default(),
            values: vec![0; sorted.len()],
            levels,
        };
        layout.first_child[0] = 1;
        layout.first_child[inner] = nodes as u32;
        let terminals = TerminalsBuilder::new(nodes);
        layout
            .writers(&counts)
            .into_par_iter()
            .zip(chunks)
            .for_each(|(writers, chunk)| write(sorted, chunk, writers, &terminals));
        layout.terminals = terminals.build();
        Ok(layout)
    }

    /// One writer per chunk and level.
    fn writers(&mut self, counts: &[Vec<Count>]) -> Vec<Vec<Writer<'_>>> {
        let mut writers: Vec<Vec<Writer<'_>>> = counts.iter().map(|_| Vec::new()).collect();
        let inner = self.first_child.len() - 1;
        let mut tokens = &mut self.tokens[1..];
        let mut first_child = &mut self.first_child[1..inner];
        let mut values = &mut self.values[..];
        for (level, (nodes, _)) in self.levels.iter().enumerate() {
            let mut next_node = nodes.start;
            for (writers, counts) in writers.iter_mut().zip(counts) {
                let Count { nodes, terminals } = counts[level];
                let parents = nodes.min(first_child.len());
                writers.push(Writer {
                    tokens: take(&mut tokens, nodes).iter_mut(),
                    first_child: take(&mut first_child, parents).iter_mut(),
                    values: take(&mut values, terminals).iter_mut(),
                    next_node,
                });
                next_node += nodes as u32;
            }
        }
        writers
    }
}

/// Splits the first `length` elements off.
fn take<'a, T>(slice: &mut &'a mut [T], length: usize) -> &'a mut [T] {
    slice
        .split_off_mut(..length)
        .expect("the counts add up to the lengths of the arrays")
}

/// Some consecutive positions for each thread: several, since they may take different times.
fn chunks(identifiers: usize) -> Vec<Range<usize>> {
    let length = identifiers
        .div_ceil(8 * rayon::current_num_threads())
        .max(1);
    let starts = (0..identifiers).step_by(length);
    starts
        .map(|start| start..identifiers.min(start + length))
        .collect()
}

fn count(sorted: &Sorted, chunk: Range<usize>) -> Vec<Count> {
    let mut counts = vec![Count::default(); sorted.depth()];
    for position in chunk {
        let length = sorted.length(position);
        for count in &mut counts[sorted.shared(position)..length] {
            count.nodes += 1;
        }
        counts[length - 1].terminals += 1;
    }
    counts
}

fn levels(counts: &[Vec<Count>], depth: usize) -> Vec<(Range<u32>, usize)> {
    let mut start = 1;
    (0..depth)
        .map(|level| {
            let counts = || counts.iter().map(move |counts| counts[level]);
            let nodes = start..start + counts().map(|count| count.nodes as u32).sum::<u32>();
            start = nodes.end;
            (nodes, counts().map(|count| count.terminals).sum())
        })
        .collect()
}

fn write(
    sorted: &Sorted,
    chunk: Range<usize>,
    mut writers: Vec<Writer<'_>>,
    terminals: &TerminalsBuilder,
) {
    let counted = "the second pass writes what the first has counted";
    for position in chunk {
        let length = sorted.length(position);
        for level in sorted.shared(position)..length {
            // The children of a new node come after all nodes that this level's earlier nodes have
            // below them.
            let first_child = writers.get(level + 1).map(|below| below.next_node);
            let writer = &mut writers[level];
            *writer.tokens.next().expect(counted) = sorted.token(position, level);
            if let Some(first_child) = first_child {
                *writer.first_child.next().expect(counted) = first_child;
            }
            writer.next_node += 1;
        }
        let writer = &mut writers[length - 1];
        *writer.values.next().expect(counted) = sorted.value(position);
        terminals.insert(writer.next_node - 1);
    }
}
