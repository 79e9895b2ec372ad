//! The language model as the scorer of a beam search.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use genrec_decode::{Beam, Scorer, TokenId};

use super::{Inputs, SequenceModel};
use crate::t5::{CrossMemory, SelfCache};

/// Scores beams with a [`SequenceModel`].
///
/// The encoder runs once a request, and its cross-attention keys and values are shared by all beams of the request: beams are query positions.
/// The self-attention cache holds at most as many positions as an identifier has tokens, and follows the beams by their parents.
pub struct SequenceScorer<'a> {
    model: &'a SequenceModel,
    device: Device,
    memory: CrossMemory,
    mask: Tensor<2, Bool>,
    cache: SelfCache,
    requests: usize,
    /// The column of every beam of the previous step among the beams of its request.
    columns: Vec<usize>,
}

impl<'a> SequenceScorer<'a> {
    /// Encodes `inputs`, one row a request.
    pub fn new(model: &'a SequenceModel, inputs: &Inputs) -> Self {
        let encoded = model.encode(inputs);
        Self {
            device: encoded.device(),
            requests: inputs.mask.dims()[0],
            memory: model.t5.memory(encoded),
            mask: inputs.mask.clone(),
            cache: SelfCache::new(),
            model,
            columns: Vec::new(),
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
        let hidden = self.model.t5.decode_step(
            self.model.t5.embed(tokens),
            &self.memory,
            &self.mask,
            &mut self.cache,
        );
        let d_model = hidden.dims()[2];
        let hidden = hidden.reshape([self.requests * width, d_model]);
        let range = self.model.range(depth);
        let found = self
            .model
            .log_probabilities(hidden, depth)
            .into_data()
            .convert::<f32>()
            .try_to_vec::<f32>()
            .expect("log-probabilities are floats");
        let tokens = range.len();
        for (index, (beam, &column)) in beams.iter().zip(&columns).enumerate() {
            let row = &found[(beam.request as usize * width + column) * tokens..][..tokens];
            let out = &mut scores[index * candidates.len()..][..candidates.len()];
            for (score, candidate) in out.iter_mut().zip(candidates) {
                *score = row[candidate.index() - range.start];
            }
        }
        self.columns = columns;
    }
}
