//! The beams of a search as the rows of a model.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;
use genrec_decode::{Beam, Place, TokenId, View};

use crate::sequence::SoftmaxOver;

/// Lays the beams of every step of a search out as a rectangle `[requests, width]`, and reads the scores of the candidates from what a model says of its rows.
pub(crate) struct BeamRows<'a> {
    /// Needed with [`SoftmaxOver::Children`] only.
    identifiers: Option<View<'a>>,
    requests: usize,
    /// The column of every beam of the last step among the beams of its request.
    columns: Vec<usize>,
    /// The prefix of every beam of the last step, with [`SoftmaxOver::Children`].
    places: Vec<Place>,
}

/// One step of a search, as a rectangle.
pub(crate) struct Rectangle {
    /// Beams a request.
    pub(crate) width: usize,
    /// The column of the parent of every place among the beams of its request in the step before, `[requests * width]`.
    pub(crate) parents: Vec<i64>,
    /// The last token of every place, `[requests * width]`.
    pub(crate) tokens: Vec<i64>,
}

impl<'a> BeamRows<'a> {
    pub(crate) fn new(identifiers: Option<View<'a>>, requests: usize) -> Self {
        Self {
            identifiers,
            requests,
            columns: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Begins a step. Requests with fewer beams than others fill their row with their first parent and the token `start`, as do all beams of the first step, which have no token yet.
    pub(crate) fn begin(&mut self, depth: usize, beams: &[Beam], start: i64) -> Rectangle {
        let mut columns = Vec::with_capacity(beams.len());
        let mut counts = vec![0_usize; self.requests];
        for beam in beams {
            let count = &mut counts[beam.request as usize];
            columns.push(*count);
            *count += 1;
        }
        let width = counts.into_iter().max().unwrap_or(0).max(1);
        let mut parents = vec![0_i64; self.requests * width];
        let mut tokens = vec![start; self.requests * width];
        if depth > 0 {
            for (beam, &column) in beams.iter().zip(&columns) {
                let at = beam.request as usize * width + column;
                parents[at] = self.columns[beam.parent as usize] as i64;
                tokens[at] = i64::from(beam.token.get());
            }
        }
        self.columns = columns;
        Rectangle {
            width,
            parents,
            tokens,
        }
    }

    /// Writes the log-probability of every candidate after every beam. `logits`, `[requests * width, classes]`, are those of the tokens from `first` on.
    pub(crate) fn finish(
        &mut self,
        (depth, beams, candidates): (usize, &[Beam], &[TokenId]),
        (logits, first): (Tensor<2>, usize),
        softmax: SoftmaxOver,
        scores: &mut [f32],
    ) {
        let [rows, classes] = logits.dims();
        let width = rows / self.requests;
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
            self.places = self.step_places(depth, beams);
        }
        for (index, (beam, &column)) in beams.iter().zip(&self.columns).enumerate() {
            let row = &found[(beam.request as usize * width + column) * classes..][..classes];
            let scores = &mut scores[index * candidates.len()..][..candidates.len()];
            if softmax == SoftmaxOver::Children {
                let children = self.identifiers().children(self.places[index]);
                among_children(row, first, &children, candidates, scores);
            } else {
                for (score, candidate) in scores.iter_mut().zip(candidates) {
                    *score = row[candidate.index() - first];
                }
            }
        }
    }

    fn identifiers(&self) -> View<'a> {
        self.identifiers.expect(
            "a softmax over the tokens that can follow needs the identifiers that say which",
        )
    }

    /// The prefixes of the beams.
    fn step_places(&self, depth: usize, beams: &[Beam]) -> Vec<Place> {
        let place = |beam: &Beam| {
            if depth == 0 {
                return self.identifiers().root();
            }
            let parent = self.places[beam.parent as usize];
            self.identifiers()
                .step(parent, beam.token)
                .expect("a beam follows the identifiers")
        };
        beams.iter().map(place).collect()
    }
}

/// Writes the log-probabilities among `children` into the scores of the candidates that they are; the others cannot follow.
///
/// `logits` are those of the tokens from `first` on; children and candidates are sorted.
fn among_children(
    logits: &[f32],
    first: usize,
    children: &[TokenId],
    candidates: &[TokenId],
    scores: &mut [f32],
) {
    scores.fill(f32::NEG_INFINITY);
    let logit = |token: &TokenId| logits[token.index() - first];
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
