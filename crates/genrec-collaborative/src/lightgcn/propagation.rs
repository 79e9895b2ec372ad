//! The products with `S = D^-1/2 A D^-1/2` and their gradients (He et al., "LightGCN", equations 3, 4 and 11).
//!
//! The mean of the layers is evaluated by Horner's rule, `(E + S (E + S (E + S E))) / 4` for three layers: one running
//! matrix instead of four. As `S` is symmetric, the gradient of the layer-0 rows is the same expression with the gradient
//! of the means in the place of `E`.
//!
//! Two things make it fast beside that. The running matrix is kept multiplied by `D^-1/2`, which leaves plain sums of
//! rows for the inner loop. And a batch touches few nodes: the last product of the values is computed for those alone and
//! the one before it for their neighbours, and the first product of the gradients reads no others.

use rayon::prelude::*;

use super::graph::Graph;
use super::rows::sum_rows;
use super::selection::Selection;

/// Computes the means of layers `0..=layers` of a matrix of layer-0 rows, `[nodes, d]`, and their gradient.
#[derive(Debug)]
pub(super) struct Propagation<'g> {
    graph: &'g Graph,
    d: usize,
    layers: usize,
    /// The running matrix times `D^-1/2`, and room for the next one, `[nodes, d]`.
    running: Vec<f32>,
    next: Vec<f32>,
}

impl<'g> Propagation<'g> {
    pub(super) fn new(graph: &'g Graph, d: usize, layers: usize) -> Self {
        let room = if layers == 0 { 0 } else { graph.nodes() * d };
        Self {
            graph,
            d,
            layers,
            running: vec![0.0; room],
            next: vec![0.0; room],
        }
    }

    /// The means of all nodes, `[nodes, d]`.
    pub(super) fn all(&mut self, layer0: &[f32]) -> Vec<f32> {
        self.start(layer0);
        for _ in 1..self.layers {
            self.step(layer0, |_| true);
        }
        let mut means = vec![0.0; layer0.len()];
        self.graph
            .for_each_row(self.d, [&mut means], |node, _, [mean]| {
                self.mean(layer0, node, mean);
            });
        means
    }

    /// The means of the selected nodes into `means`, `[selected, d]`.
    pub(super) fn forward(&mut self, layer0: &[f32], selection: &Selection, means: &mut [f32]) {
        self.start(layer0);
        for step in 1..self.layers {
            let last = step + 1 == self.layers;
            self.step(layer0, |node| !last || !selection.near(node).is_empty());
        }
        let rows = means.par_chunks_mut(self.d).zip(selection.nodes());
        rows.for_each(|(mean, &node)| self.mean(layer0, node as usize, mean));
    }

    /// The gradient of the layer-0 rows from that of the means of the selected nodes, `gradient`, `[selected, d]`.
    ///
    /// Calls `f(node, row_gradient, rows)` for every node with the gradient of its layer-0 row, `[d]`, which is for `f` to
    /// change, and its row of each of `matrices`, `[nodes, d]`.
    pub(super) fn backward<const N: usize>(
        &mut self,
        selection: &Selection,
        gradient: &[f32],
        matrices: [&mut [f32]; N],
        f: impl Fn(usize, &mut [f32], [&mut [f32]; N]) + Sync,
    ) {
        let (graph, d, share) = (self.graph, self.d, self.share());
        let own = |node: usize| {
            selection
                .place(node)
                .map(|place| &gradient[place * d..(place + 1) * d])
        };
        let scale = |node: usize| graph.scale(node);
        let scaled: Vec<f32> = (gradient.chunks(d).zip(selection.nodes()))
            .flat_map(|(row, &node)| row.iter().map(move |x| x * scale(node as usize)))
            .collect();
        // The first product: only selected nodes have a gradient, and only their neighbours get one from them.
        let first = |node: usize, sum: &mut [f32]| {
            sum_rows(
                &scaled,
                selection.near(node).iter().map(|&place| place as usize),
                sum,
            );
        };
        if self.layers < 2 {
            graph.for_each_row(d, matrices, |node, sum, rows| {
                if self.layers == 0 {
                    sum.fill(0.0);
                } else {
                    first(node, sum);
                }
                combine(own(node), scale(node), share, sum);
                f(node, sum, rows);
            });
            return;
        }
        graph.for_each_row(d, [&mut self.running], |node, _, [row]| {
            first(node, row);
            combine(own(node), scale(node), scale(node), row);
        });
        for _ in 2..self.layers {
            let running = &self.running;
            graph.for_each_row(d, [&mut self.next], |node, _, [row]| {
                product(graph, running, node, row);
                combine(own(node), scale(node), scale(node), row);
            });
            std::mem::swap(&mut self.running, &mut self.next);
        }
        let running = &self.running;
        graph.for_each_row(d, matrices, |node, sum, rows| {
            product(graph, running, node, sum);
            combine(own(node), scale(node), share, sum);
            f(node, sum, rows);
        });
    }

    /// What each of the layers counts in their mean.
    fn share(&self) -> f32 {
        1.0 / (self.layers + 1) as f32
    }

    /// Sets the running matrix to `rows`.
    fn start(&mut self, rows: &[f32]) {
        let (graph, d) = (self.graph, self.d);
        if self.layers > 0 {
            graph.for_each_row(d, [&mut self.running], |node, _, [out]| {
                out.copy_from_slice(&rows[node * d..(node + 1) * d]);
                combine(None, graph.scale(node), 1.0, out);
            });
        }
    }

    /// Multiplies the running matrix by `S` and adds `rows`, in the rows of the nodes that are `needed`.
    fn step(&mut self, rows: &[f32], needed: impl Fn(usize) -> bool + Sync) {
        let (graph, d, running) = (self.graph, self.d, &self.running);
        graph.for_each_row(d, [&mut self.next], |node, _, [out]| {
            if needed(node) {
                product(graph, running, node, out);
                let scale = graph.scale(node);
                combine(Some(&rows[node * d..(node + 1) * d]), scale, scale, out);
            }
        });
        std::mem::swap(&mut self.running, &mut self.next);
    }

    /// The mean of one node by the last product, from the running matrix before it.
    fn mean(&self, layer0: &[f32], node: usize, mean: &mut [f32]) {
        let own = &layer0[node * self.d..(node + 1) * self.d];
        if self.layers == 0 {
            mean.copy_from_slice(own);
        } else {
            product(self.graph, &self.running, node, mean);
            combine(Some(own), self.graph.scale(node), self.share(), mean);
        }
    }
}

/// The sum of the rows of the neighbours of `node`, `[d]`.
fn product(graph: &Graph, rows: &[f32], node: usize, sum: &mut [f32]) {
    sum_rows(
        rows,
        graph.neighbours(node).iter().map(|&node| node as usize),
        sum,
    );
}

/// `factor * (own + scale * sum)`, in place of `sum`.
fn combine(own: Option<&[f32]>, scale: f32, factor: f32, sum: &mut [f32]) {
    match own {
        Some(own) => sum
            .iter_mut()
            .zip(own)
            .for_each(|(sum, own)| *sum = factor * (own + scale * *sum)),
        None => sum.iter_mut().for_each(|sum| *sum *= factor * scale),
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::histories;
    use super::*;
    use genrec_data::Interactions;
    use ndarray::Array2;
    use proptest::prelude::*;

    /// The naive twin: the mean of the powers of the dense matrix `S`, `[nodes, nodes]`, in double precision.
    fn dense(interactions: &Interactions, layers: usize) -> Array2<f64> {
        let (users, nodes) = (
            interactions.users(),
            interactions.users() + interactions.items(),
        );
        let mut adjacency = Array2::<f64>::zeros((nodes, nodes));
        for (user, history) in interactions.iter() {
            for item in history {
                adjacency[(user.index(), users + item.index())] = 1.0;
                adjacency[(users + item.index(), user.index())] = 1.0;
            }
        }
        let degrees = adjacency.sum_axis(ndarray::Axis(1));
        let s = Array2::from_shape_fn((nodes, nodes), |(a, b)| match adjacency[(a, b)] {
            0.0 => 0.0,
            edge => edge / (degrees[a] * degrees[b]).sqrt(),
        });
        let mut power = Array2::eye(nodes);
        let mut sum = power.clone();
        for _ in 0..layers {
            power = power.dot(&s);
            sum += &power;
        }
        sum / (layers + 1) as f64
    }

    fn assert_close(
        found: &[f32],
        expected: impl Iterator<Item = f64>,
    ) -> Result<(), TestCaseError> {
        for (found, expected) in found.iter().zip(expected) {
            prop_assert!(
                (f64::from(*found) - expected).abs() < 1e-5,
                "{} {}",
                found,
                expected
            );
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn means_and_gradients_are_those_of_the_dense_matrix(
            interactions in histories(),
            d in prop::sample::select(vec![1usize, 3, 33]),
            layers in 0usize..5,
            picked in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
        ) {
            let graph = Graph::new(&interactions);
            let nodes = graph.nodes();
            let layer0 = Array2::from_shape_fn((nodes, d), |(row, column)| ((row * 7 + column * 3) % 11) as f32 - 5.0);
            let rows = layer0.as_slice().unwrap();
            let mean = dense(&interactions, layers);
            let expected = mean.dot(&layer0.mapv(f64::from));

            let mut propagation = Propagation::new(&graph, d, layers);
            assert_close(&propagation.all(rows), expected.iter().copied())?;

            let mut selection = Selection::new(&graph);
            for index in &picked {
                selection.add(index.index(nodes) as u32);
            }
            selection.find_near(&graph);
            let selected: Vec<usize> = selection.nodes().iter().map(|&node| node as usize).collect();
            let mut means = vec![f32::NAN; selected.len() * d];
            propagation.forward(rows, &selection, &mut means);
            assert_close(&means, expected.select(ndarray::Axis(0), &selected).iter().copied())?;

            let mut upstream = Array2::<f64>::zeros((nodes, d));
            let gradient: Vec<f32> = (0..selected.len() * d).map(|i| (i % 5) as f32 - 2.0).collect();
            for (place, &node) in selected.iter().enumerate() {
                for column in 0..d {
                    upstream[(node, column)] = f64::from(gradient[place * d + column]);
                }
            }
            let mut found = vec![f32::NAN; nodes * d];
            propagation.backward(&selection, &gradient, [&mut found], |_, gradient, [row]| row.copy_from_slice(gradient));
            assert_close(&found, mean.t().dot(&upstream).iter().copied())?;
        }
    }
}
