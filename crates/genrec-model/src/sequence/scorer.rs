//! The language model as the scorer of a beam search.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData, activation::log_softmax};
use genrec_decode::{Beam, NodeId, Scorer, TokenId, Trie};

use super::{Inputs, SequenceModel, SoftmaxOver};
use crate::t5::{CrossMemory, SelfCache};

/// Scores beams with a [`SequenceModel`].
///
/// The encoder runs once a request, and its cross-attention keys and values are shared by all beams of the request: beams are query positions.
/// The self-attention cache holds at most as many positions as an identifier has tokens, and follows the beams by their parents.
pub struct SequenceScorer<'a> {
    model: &'a SequenceModel,
    trie: &'a Trie,
    device: Device,
    memory: CrossMemory,
    mask: Tensor<2, Bool>,
    /// See [`SequenceModel::state`], `[requests, 1, d_model]`.
    state: Option<Tensor<3>>,
    cache: SelfCache,
    requests: usize,
    /// The column of every beam of the previous step among the beams of its request.
    columns: Vec<usize>,
    /// The node of every beam of the previous step, with [`SoftmaxOver::Children`].
    nodes: Vec<NodeId>,
}

impl<'a> SequenceScorer<'a> {
    /// Encodes `inputs`, one row a request, for a search of `trie`.
    pub fn new(model: &'a SequenceModel, trie: &'a Trie, inputs: &Inputs) -> Self {
        let encoded = model.encode(inputs);
        Self {
            device: encoded.device(),
            requests: inputs.mask.dims()[0],
            state: model.state(&encoded, &inputs.mask.clone().unsqueeze_dim::<3>(1)),
            memory: model.t5.memory(encoded),
            mask: inputs.mask.clone(),
            cache: SelfCache::new(),
            model,
            trie,
            columns: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// Lays the beams out as a rectangle `[requests, width]`; requests with fewer beams repeat their first parent.
    fn layout(&self, beams: &[Beam]) -> Layout {
        let mut columns = Vec::with_capacity(beams.len());
        let mut counts = vec![0_usize; self.requests];
        for beam in beams {
            let count = &mut counts[beam.request as usize];
            columns.push(*count);
            *count += 1;
        }
        let width = counts.into_iter().max().unwrap_or(0).max(1);
        let mut parents = vec![0_i64; self.requests * width];
        let mut tokens = vec![self.model.start_token(); self.requests * width];
        for (beam, &column) in beams.iter().zip(&columns) {
            let at = beam.request as usize * width + column;
            // At the first step a beam has no token and its parent is the request.
            if !self.columns.is_empty() {
                parents[at] = self.columns[beam.parent as usize] as i64;
                tokens[at] = i64::from(beam.token.get());
            }
        }
        Layout {
            width,
            columns,
            parents,
            tokens,
        }
    }

    /// The trie nodes of the beams.
    fn step_nodes(&self, depth: usize, beams: &[Beam]) -> Vec<NodeId> {
        let node = |beam: &Beam| {
            if depth == 0 {
                return self.trie.root();
            }
            let parent = self.nodes[beam.parent as usize];
            self.trie
                .step(parent, beam.token)
                .expect("a beam follows the trie")
        };
        beams.iter().map(node).collect()
    }
}

/// Writes the log-probabilities among `children` into the scores of the candidates that they are; the others cannot follow.
///
/// `logits` are those of the tokens from `start` on; children and candidates are sorted.
fn among_children(
    logits: &[f32],
    start: usize,
    children: &[TokenId],
    candidates: &[TokenId],
    scores: &mut [f32],
) {
    scores.fill(f32::NEG_INFINITY);
    let logit = |token: &TokenId| logits[token.index() - start];
    let highest = children.iter().map(logit).fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = children
        .iter()
        .map(|token| (logit(token) - highest).exp())
        .sum();
    let normalizer = highest + sum.ln();
    let mut place = 0;
    for child in children {
        place += candidates[place..].partition_point(|candidate| candidate < child);
        let score = logit(child) - normalizer;
        // Not `min`, which would make a certainty of what is not a number.
        scores[place] = if score > 0.0 { 0.0 } else { score };
    }
}

/// Beams as a rectangle.
struct Layout {
    width: usize,
    columns: Vec<usize>,
    parents: Vec<i64>,
    tokens: Vec<i64>,
}

impl Scorer for SequenceScorer<'_> {
    fn score(&mut self, depth: usize, beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]) {
        if depth == 0 {
            self.cache = SelfCache::new();
            self.columns.clear();
        }
        let Layout {
            width,
            columns,
            parents,
            tokens,
        } = self.layout(beams);
        let shape = [self.requests, width];
        if depth > 0 {
            self.cache.reorder(Tensor::<2, Int>::from_data(
                TensorData::new(parents, shape),
                &self.device,
            ));
        }
        let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, shape), &self.device);
        let mut embedded = self.model.t5.embed(tokens);
        if let Some(state) = &self.state {
            embedded = embedded + state.clone();
        }
        let hidden = self
            .model
            .t5
            .decode_step(embedded, &self.memory, &self.mask, &mut self.cache);
        let d_model = hidden.dims()[2];
        let hidden = hidden.reshape([self.requests * width, d_model]);
        let softmax = self.model.config().softmax;
        let (logits, start) = self.model.logits(hidden, depth);
        let classes = logits.dims()[1];
        // Which tokens can follow differs from beam to beam: that softmax is taken below, over the few children of each.
        let found = match softmax {
            SoftmaxOver::Level | SoftmaxOver::Vocabulary => log_softmax(logits, 1),
            SoftmaxOver::Children => logits,
        };
        let found = found
            .into_data()
            .convert::<f32>()
            .try_to_vec::<f32>()
            .expect("log-probabilities are floats");
        if softmax == SoftmaxOver::Children {
            self.nodes = self.step_nodes(depth, beams);
        }
        for (index, (beam, &column)) in beams.iter().zip(&columns).enumerate() {
            let row = &found[(beam.request as usize * width + column) * classes..][..classes];
            let scores = &mut scores[index * candidates.len()..][..candidates.len()];
            if softmax == SoftmaxOver::Children {
                let children = self.trie.children(self.nodes[index]);
                among_children(row, start, children.tokens(), candidates, scores);
            } else {
                for (score, candidate) in scores.iter_mut().zip(candidates) {
                    *score = row[candidate.index() - start];
                }
            }
        }
        self.columns = columns;
    }
}
