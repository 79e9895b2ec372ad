use std::ops::Range;

use genrec_data::Interactions;
use rayon::prelude::*;

/// The graph of who interacted with what: undirected, without repeats, users first and items after them.
///
/// Neighbours are kept as compressed sparse rows, ascending. With `D` the degrees and `A` the adjacency matrix, LightGCN
/// propagates by `S = D^-1/2 A D^-1/2`, which is symmetric, so that the same rows serve values and gradients.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    users: usize,
    /// Node `n` has the neighbours `neighbours[offsets[n]..offsets[n + 1]]`.
    offsets: Vec<usize>,
    neighbours: Vec<u32>,
    /// `D^-1/2`, 0 for a node without neighbours.
    scales: Vec<f32>,
    /// Ranges of nodes with about the same number of edges: the pieces of parallel work.
    pieces: Vec<Range<usize>>,
}

/// How many pieces of work a product is cut into: enough for any number of cores to balance, few enough to be cheap.
const PIECES: usize = 256;

impl Graph {
    pub(super) fn new(interactions: &Interactions) -> Self {
        let users = interactions.users();
        let nodes = users + interactions.items();
        let mut lists: Vec<Vec<u32>> = vec![Vec::new(); nodes];
        for (user, history) in interactions.iter() {
            let mut items: Vec<u32> = history.iter().map(|item| item.get()).collect();
            items.sort_unstable();
            items.dedup();
            // Users ascend, so the lists of the items are sorted too.
            for &item in &items {
                lists[users + item as usize].push(user.get());
            }
            lists[user.index()] = items.into_iter().map(|item| users as u32 + item).collect();
        }
        let mut offsets = Vec::with_capacity(nodes + 1);
        offsets.push(0);
        offsets.extend(lists.iter().scan(0, |edges, list| {
            *edges += list.len();
            Some(*edges)
        }));
        let scale = |list: &Vec<u32>| {
            if list.is_empty() {
                0.0
            } else {
                1.0 / (list.len() as f32).sqrt()
            }
        };
        let scales = lists.iter().map(scale).collect();
        let pieces = pieces(&offsets);
        Self {
            users,
            offsets,
            neighbours: lists.concat(),
            scales,
            pieces,
        }
    }

    pub(super) fn users(&self) -> usize {
        self.users
    }

    pub(super) fn items(&self) -> usize {
        self.nodes() - self.users
    }

    pub(super) fn nodes(&self) -> usize {
        self.scales.len()
    }

    pub(super) fn neighbours(&self, node: usize) -> &[u32] {
        &self.neighbours[self.offsets[node]..self.offsets[node + 1]]
    }

    /// `D^-1/2` at this node.
    pub(super) fn scale(&self, node: usize) -> f32 {
        self.scales[node]
    }

    /// Calls `f(node, scratch, rows)` for every node with its row of each of `matrices`, `[nodes, d]`, on all cores;
    /// `scratch`, `[d]`, is for the call alone.
    ///
    /// A row is written by one thread and read by none meanwhile, so the bits are the same with any number of threads.
    pub(super) fn for_each_row<const N: usize>(
        &self,
        d: usize,
        mut matrices: [&mut [f32]; N],
        f: impl Fn(usize, &mut [f32], [&mut [f32]; N]) + Sync,
    ) {
        let mut work = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let parts = matrices.each_mut().map(|matrix| {
                matrix
                    .split_off_mut(..piece.len() * d)
                    .expect("a matrix has a row for every node")
            });
            work.push((piece.clone(), parts));
        }
        work.into_par_iter().for_each(|(nodes, parts)| {
            let mut scratch = vec![0.0; d];
            let mut rows = parts.map(|part| part.chunks_exact_mut(d));
            for node in nodes {
                let rows = rows
                    .each_mut()
                    .map(|rows| rows.next().expect("a piece has a row for every node"));
                f(node, &mut scratch, rows);
            }
        });
    }
}

/// Cuts nodes `0..offsets.len() - 1` into ranges of about equal cost.
fn pieces(offsets: &[usize]) -> Vec<Range<usize>> {
    // The constant is what a row costs beside its edges, in edges.
    let cost = |node: usize| offsets[node] + 4 * node;
    let nodes = offsets.len() - 1;
    let mut pieces = Vec::with_capacity(PIECES);
    let mut start = 0;
    for piece in 1..=PIECES {
        let target = (cost(nodes) * piece).div_ceil(PIECES);
        let mut end = start;
        while end < nodes && cost(end + 1) <= target {
            end += 1;
        }
        let end = if piece == PIECES { nodes } else { end };
        if end > start {
            pieces.push(start..end);
        }
        start = end;
    }
    pieces
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use genrec_data::ItemId;
    use proptest::prelude::*;

    /// The graph of these histories, item numbers below `items`.
    pub(in crate::lightgcn) fn interactions(items: usize, histories: &[&[u32]]) -> Interactions {
        let histories = histories
            .iter()
            .map(|history| history.iter().map(|&item| ItemId::new(item)).collect());
        Interactions::new(items, histories.collect()).unwrap()
    }

    /// Histories over five items, with repeats, empty ones and items nobody has.
    pub(in crate::lightgcn) fn histories() -> impl Strategy<Value = Interactions> {
        prop::collection::vec(
            prop::collection::vec((0u32..5).prop_map(ItemId::new), 0..7),
            1..8,
        )
        .prop_map(|histories| Interactions::new(5, histories).unwrap())
    }

    #[test]
    fn edges_go_both_ways_once() {
        let graph = Graph::new(&interactions(3, &[&[2, 0, 2], &[], &[2]]));
        assert_eq!((graph.users(), graph.items(), graph.nodes()), (3, 3, 6));
        let neighbours: Vec<&[u32]> = (0..6).map(|node| graph.neighbours(node)).collect();
        assert_eq!(neighbours, [&[3, 5][..], &[], &[5], &[0], &[], &[0, 2]]);
        assert_eq!(graph.scale(5), 0.5f32.sqrt());
        assert_eq!(graph.scale(1), 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_row_is_visited_once(interactions in histories()) {
            let graph = Graph::new(&interactions);
            let (mut a, mut b) = (vec![0.0; graph.nodes() * 3], vec![1.0; graph.nodes() * 3]);
            graph.for_each_row(3, [&mut a, &mut b], |node, _, [a, b]| {
                for (a, b) in a.iter_mut().zip(b) {
                    *a += node as f32;
                    *b += *a;
                }
            });
            let expected: Vec<f32> = (0..graph.nodes() * 3).map(|i| (i / 3) as f32).collect();
            prop_assert_eq!(&a, &expected);
            prop_assert!(b.iter().zip(&expected).all(|(b, node)| *b == node + 1.0));
        }

        #[test]
        fn pieces_cover_the_nodes_in_order(degrees in prop::collection::vec(0usize..400, 0..600)) {
            let mut offsets = vec![0];
            offsets.extend(degrees.iter().scan(0, |sum, degree| { *sum += degree; Some(*sum) }));
            let pieces = pieces(&offsets);
            let nodes: Vec<usize> = pieces.iter().cloned().flatten().collect();
            prop_assert_eq!(nodes, (0..degrees.len()).collect::<Vec<_>>());
            prop_assert!(pieces.len() <= PIECES);
        }
    }
}
