use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Normal};

use super::LightGcnConfig;
use super::adam::Adam;
use super::bpr::{Triple, bpr};
use super::graph::Graph;
use super::propagation::Propagation;
use super::selection::Selection;

/// The layer-0 rows and everything that a training step needs beside them.
#[derive(Debug)]
pub(super) struct Learner<'g> {
    graph: &'g Graph,
    d: usize,
    l2: f32,
    /// The layer-0 rows, users first, `[nodes, d]`, and the moments of their gradients.
    weights: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    adam: Adam,
    propagation: Propagation<'g>,
    selection: Selection,
}

impl<'g> Learner<'g> {
    /// Layer-0 rows drawn from a normal distribution.
    pub(super) fn new(graph: &'g Graph, config: &LightGcnConfig, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let normal =
            Normal::new(0.0, config.init_std as f32).expect("the configuration is checked");
        let elements = graph.nodes() * config.d_model;
        let weights: Vec<f32> = (0..elements).map(|_| normal.sample(&mut random)).collect();
        Self::with_weights(graph, config, weights)
    }

    /// These layer-0 rows, `[nodes, d]`.
    pub(super) fn with_weights(
        graph: &'g Graph,
        config: &LightGcnConfig,
        weights: Vec<f32>,
    ) -> Self {
        Self {
            graph,
            d: config.d_model,
            l2: config.l2 as f32,
            first: vec![0.0; weights.len()],
            second: vec![0.0; weights.len()],
            weights,
            adam: Adam::new(config.learning_rate),
            propagation: Propagation::new(graph, config.d_model, config.layers),
            selection: Selection::new(graph),
        }
    }

    /// One step on comparisons of nodes; the loss before it, without the penalty on the weights.
    pub(super) fn step(&mut self, triples: &[Triple]) -> f64 {
        let d = self.d;
        let selection = &mut self.selection;
        selection.clear();
        let places: Vec<Triple> = triples
            .iter()
            .map(|triple| Triple {
                user: selection.add(triple.user),
                positive: selection.add(triple.positive),
                negative: selection.add(triple.negative),
            })
            .collect();
        selection.find_near(self.graph);
        let mut means = vec![0.0; selection.nodes().len() * d];
        self.propagation
            .forward(&self.weights, selection, &mut means);
        let mut gradient = vec![0.0; means.len()];
        let loss = bpr(&means, d, &places, &mut gradient);

        let step = self.adam.step();
        let decay = self.l2 / triples.len() as f32;
        let selection = &self.selection;
        let matrices = [&mut self.weights[..], &mut self.first, &mut self.second];
        self.propagation.backward(
            selection,
            &gradient,
            matrices,
            |node, gradient, [weights, first, second]| {
                // The penalty is on the layer-0 rows of the batch, once for each time they occur in it.
                let decay = selection
                    .place(node)
                    .map_or(0.0, |place| decay * selection.count(place) as f32);
                if decay > 0.0 {
                    gradient
                        .iter_mut()
                        .zip(&*weights)
                        .for_each(|(gradient, weight)| *gradient += decay * weight);
                }
                step.update(weights, first, second, gradient);
            },
        );
        loss
    }

    /// The layer-0 rows, users first, `[nodes, d]`.
    pub(super) fn weights(&self) -> &[f32] {
        &self.weights
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::interactions;
    use super::*;
    use serde::Deserialize;

    /// What `tests/golden/lightgcn.py` writes.
    #[derive(Deserialize)]
    struct Golden {
        histories: Vec<Vec<u32>>,
        items: usize,
        layers: usize,
        learning_rate: f64,
        l2: f64,
        /// User, item, other item.
        batches: Vec<Vec<[u32; 3]>>,
        start: Vec<Vec<f32>>,
        losses: Vec<f64>,
        weights: Vec<Vec<f32>>,
    }

    #[test]
    fn steps_are_those_of_pytorch() {
        let golden: Golden =
            serde_json::from_str(include_str!("../../../../tests/golden/lightgcn.json")).unwrap();
        let histories: Vec<&[u32]> = golden.histories.iter().map(Vec::as_slice).collect();
        let graph = Graph::new(&interactions(golden.items, &histories));
        let config = LightGcnConfig::new()
            .with_d_model(golden.start[0].len())
            .with_layers(golden.layers)
            .with_learning_rate(golden.learning_rate)
            .with_l2(golden.l2);
        let mut learner = Learner::with_weights(&graph, &config, golden.start.concat());
        let item = |item: u32| graph.users() as u32 + item;
        for (batch, expected) in golden.batches.iter().zip(&golden.losses) {
            let triples: Vec<Triple> = batch
                .iter()
                .map(|&[user, positive, negative]| Triple {
                    user,
                    positive: item(positive),
                    negative: item(negative),
                })
                .collect();
            let loss = learner.step(&triples);
            assert!((loss - expected).abs() < 1e-5, "{loss} {expected}");
        }
        for (found, expected) in learner.weights().iter().zip(golden.weights.concat()) {
            assert!((found - expected).abs() < 2e-5, "{found} {expected}");
        }
    }
}
