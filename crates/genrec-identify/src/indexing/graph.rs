//! Which items occur together, as a symmetric sparse matrix.

use genrec_data::Interactions;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// A symmetric matrix of weights between nodes, its diagonal empty, in compressed sparse rows.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    offsets: Vec<usize>,
    neighbours: Vec<u32>,
    weights: Vec<f32>,
}

impl Graph {
    /// The weight of two items is the number of users who have both.
    pub(super) fn of(interactions: &Interactions) -> Self {
        let items = interactions.items();
        let histories: Vec<Vec<u32>> = interactions
            .iter()
            .map(|(_, history)| {
                let mut items: Vec<u32> = history.iter().map(|item| item.get()).collect();
                items.sort_unstable();
                items.dedup();
                items
            })
            .collect();
        let mut users = vec![Vec::new(); items];
        for (user, history) in histories.iter().enumerate() {
            for &item in history {
                users[item as usize].push(user);
            }
        }
        let rows = users.par_iter().enumerate().map_init(
            || vec![0_u32; items],
            |counts, (item, users)| {
                let mut met = Vec::new();
                for &other in users.iter().flat_map(|&user| &histories[user]) {
                    if other as usize != item {
                        if counts[other as usize] == 0 {
                            met.push(other);
                        }
                        counts[other as usize] += 1;
                    }
                }
                met.sort_unstable();
                met.into_iter()
                    .map(|other| {
                        let count = std::mem::take(&mut counts[other as usize]);
                        (other, count as f32)
                    })
                    .collect::<Vec<_>>()
            },
        );
        Self::from_rows(rows.collect())
    }

    fn from_rows(rows: Vec<Vec<(u32, f32)>>) -> Self {
        let offsets = std::iter::once(0).chain(rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        Self {
            offsets: offsets.collect(),
            neighbours: rows.iter().flatten().map(|&(node, _)| node).collect(),
            weights: rows.iter().flatten().map(|&(_, weight)| weight).collect(),
        }
    }

    /// The number of nodes.
    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether a node has a weight with any.
    pub(super) fn has_neighbours(&self, node: usize) -> bool {
        self.offsets[node] < self.offsets[node + 1]
    }

    fn row(&self, node: usize) -> impl Iterator<Item = (usize, f32)> {
        let range = self.offsets[node]..self.offsets[node + 1];
        let nodes = self.neighbours[range.clone()].iter();
        nodes
            .map(|&node| node as usize)
            .zip(self.weights[range].iter().copied())
    }

    /// Some of the nodes, in this order, and the weights among them.
    pub(super) fn among(&self, nodes: &[usize]) -> Self {
        let mut place = vec![u32::MAX; self.len()];
        for (new, &node) in nodes.iter().enumerate() {
            place[node] = new as u32;
        }
        let row = |&node: &usize| {
            let mut row: Vec<(u32, f32)> = self
                .row(node)
                .filter(|&(other, _)| place[other] != u32::MAX)
                .map(|(other, weight)| (place[other], weight))
                .collect();
            row.sort_unstable_by_key(|&(node, _)| node);
            row
        };
        Self::from_rows(nodes.par_iter().map(row).collect())
    }

    /// `D^-1/2 A D^-1/2`: every weight divided by the roots of both nodes' degrees.
    pub(super) fn normalized(mut self) -> Self {
        let degree = |node: usize| self.row(node).map(|(_, weight)| f64::from(weight)).sum();
        let degrees: Vec<f64> = (0..self.len()).map(degree).collect();
        for node in 0..self.len() {
            for edge in self.offsets[node]..self.offsets[node + 1] {
                let other = self.neighbours[edge] as usize;
                let scale = (degrees[node] * degrees[other]).sqrt();
                self.weights[edge] = (f64::from(self.weights[edge]) / scale) as f32;
            }
        }
        self
    }

    /// The matrix times `x`, `[nodes, columns]`.
    pub(super) fn times(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        let columns = x.ncols();
        let mut product = Array2::zeros(x.raw_dim());
        product
            .as_slice_mut()
            .expect("a new array is contiguous")
            .par_chunks_mut(columns.max(1))
            .enumerate()
            .for_each(|(node, out)| {
                for (other, weight) in self.row(node) {
                    let weight = f64::from(weight);
                    for (out, x) in out.iter_mut().zip(x.row(other)) {
                        *out += weight * x;
                    }
                }
            });
        product
    }

    #[cfg(test)]
    pub(super) fn dense(&self) -> Array2<f64> {
        let mut dense = Array2::zeros((self.len(), self.len()));
        for node in 0..self.len() {
            for (other, weight) in self.row(node) {
                dense[[node, other]] = f64::from(weight);
            }
        }
        dense
    }
}

#[cfg(test)]
mod tests {
    use genrec_data::ItemId;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn weights_count_the_users_of_both(lists in vec(vec(0_u32..8, 0..6), 0..10)) {
            let histories: Vec<Vec<ItemId>> = lists.iter().map(|items| items.iter().copied().map(ItemId::new).collect()).collect();
            let graph = Graph::of(&Interactions::new(8, histories).unwrap());
            let dense = graph.dense();
            for a in 0..8_u32 {
                for b in 0..8_u32 {
                    let both = lists.iter().filter(|items| items.contains(&a) && items.contains(&b)).count();
                    let expected = if a == b { 0.0 } else { both as f64 };
                    prop_assert_eq!(dense[[a as usize, b as usize]], expected);
                }
            }
            let x = Array2::from_shape_fn((8, 3), |(i, j)| (i * 3 + j) as f64 - 7.5);
            prop_assert_eq!(graph.times(x.view()), dense.dot(&x));
            let some = [5, 0, 7];
            let among = graph.among(&some).dense();
            for (i, &a) in some.iter().enumerate() {
                for (j, &b) in some.iter().enumerate() {
                    prop_assert_eq!(among[[i, j]], dense[[a, b]]);
                }
            }
            let degrees: Vec<f64> = (0..8).map(|node| dense.row(node).sum()).collect();
            let normalized = graph.normalized().dense();
            for a in 0..8 {
                for b in 0..8 {
                    if dense[[a, b]] > 0.0 {
                        let expected = dense[[a, b]] / (degrees[a] * degrees[b]).sqrt();
                        prop_assert!((normalized[[a, b]] - expected).abs() < 1e-6);
                    }
                }
            }
        }
    }
}
