use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::bpr::Triple;
use super::graph::Graph;

/// Draws the comparisons of an epoch: every edge of the graph once, in random order, each against an item that its user
/// does not have, all such items equally likely.
#[derive(Debug)]
pub(super) struct Sampler<'g> {
    graph: &'g Graph,
    /// All edges `(user, item)`, as nodes; users who have every item compare nothing and are left out.
    edges: Vec<(u32, u32)>,
    random: StdRng,
}

impl<'g> Sampler<'g> {
    pub(super) fn new(graph: &'g Graph, seed: u64) -> Self {
        let compares = |&user: &usize| graph.neighbours(user).len() < graph.items();
        let edges = (0..graph.users())
            .filter(compares)
            .flat_map(|user| {
                graph
                    .neighbours(user)
                    .iter()
                    .map(move |&item| (user as u32, item))
            })
            .collect();
        Self {
            graph,
            edges,
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// How many comparisons an epoch has.
    pub(super) fn len(&self) -> usize {
        self.edges.len()
    }

    /// The comparisons of one more epoch, as nodes.
    pub(super) fn epoch(&mut self) -> Vec<Triple> {
        self.edges.shuffle(&mut self.random);
        let (graph, random) = (self.graph, &mut self.random);
        let items = graph.users() as u32..graph.nodes() as u32;
        let triple = |&(user, positive): &(u32, u32)| {
            let own = graph.neighbours(user as usize);
            // Almost always the first draw: users have few of the items. If not, the rank among the other items is drawn.
            let negative = if own.len() * 2 <= graph.items() {
                loop {
                    let item = random.random_range(items.clone());
                    if own.binary_search(&item).is_err() {
                        break item;
                    }
                }
            } else {
                let others = graph.items() - own.len();
                let rank = random.random_range(0..others as u32);
                own.iter().fold(items.start + rank, |item, &taken| {
                    if taken <= item { item + 1 } else { item }
                })
            };
            Triple {
                user,
                positive,
                negative,
            }
        };
        self.edges.iter().map(triple).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::interactions;
    use super::*;
    use std::collections::BTreeMap;

    /// Users with few, with most and with all of four items.
    fn graph() -> Graph {
        Graph::new(&interactions(
            4,
            &[&[1], &[0, 2, 3], &[0, 1, 2, 3], &[3, 0, 3]],
        ))
    }

    #[test]
    fn every_edge_is_compared_once_with_an_item_not_taken() {
        let graph = graph();
        let mut sampler = Sampler::new(&graph, 3);
        let mut negatives: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for _ in 0..3000 {
            let triples = sampler.epoch();
            let mut edges: Vec<_> = triples
                .iter()
                .map(|triple| (triple.user, triple.positive))
                .collect();
            edges.sort_unstable();
            assert_eq!(edges, [(0, 5), (1, 4), (1, 6), (1, 7), (3, 4), (3, 7)]);
            for triple in triples {
                *negatives.entry((triple.user, triple.negative)).or_default() += 1;
            }
        }
        let expected = [
            ((0, 4), 1000),
            ((0, 6), 1000),
            ((0, 7), 1000),
            ((1, 5), 9000),
            ((3, 5), 3000),
            ((3, 6), 3000),
        ];
        assert_eq!(negatives.len(), expected.len());
        for (key, count) in expected {
            assert!(negatives[&key].abs_diff(count) < 150, "{negatives:?}");
        }
    }

    #[test]
    fn seeds_give_the_order() {
        let graph = graph();
        let epochs = |seed| {
            let mut sampler = Sampler::new(&graph, seed);
            [sampler.epoch(), sampler.epoch()]
        };
        assert_eq!(epochs(1), epochs(1));
        assert_ne!(epochs(1), epochs(2));
        assert_ne!(epochs(1)[0], epochs(1)[1]);
    }
}
