//! Who says how likely a token is: a language model, or a table.

use crate::{Error, Result, TokenId};

/// One prefix that a [`BeamSearch`](crate::BeamSearch) is following, as a [`Scorer`] sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beam {
    /// The request it belongs to, counted from 0.
    pub request: u32,
    /// The beam it grew from, as an index into the beams of the previous call. At depth 0: the
    /// request.
    pub parent: u32,
    /// The token that was appended to the parent. At depth 0 nothing was yet, and the token has no
    /// meaning.
    pub token: TokenId,
}

/// Gives the log-probability of the next token, for whole batches of beams.
///
/// A search calls [`score`](Self::score) once a step. At depth 0 there is one beam per request, in
/// order. At every later depth there is one beam per prefix that is still followed, grouped by
/// request in ascending order and best first within a request; requests that are done have none. A
/// scorer that keeps a cache per beam reorders it by [`Beam::parent`] (at depth 0 the parent is the
/// request, so gathering what was computed once per request is the same operation). A call at depth
/// 0 begins a new search.
///
/// Closures of the right signature are scorers too.
pub trait Scorer {
    /// Writes the log-probability of every candidate after every beam.
    ///
    /// `candidates` are sorted, without repetition: the only tokens that can follow at this depth
    /// anywhere in the trie, so a model need project onto no others. Whether the probabilities are
    /// normalised over the candidates or over the whole vocabulary is the scorer's choice. `scores`
    /// is `[beams, candidates]`, row-major, and must be filled: with numbers of at most 0 (negative
    /// infinity is the worst score, but forbids nothing; see [`Filter`](crate::Filter)). Values up
    /// to [`ROUNDING`] above 0 are rounding errors and count as 0; anything larger, NaN, or an
    /// entry left unwritten ends the search with [`Error::NotALogProbability`].
    fn score(&mut self, depth: usize, beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]);
}

/// How far above 0 a log-probability may be before it is refused: what half-precision log-softmax
/// kernels err by.
pub const ROUNDING: f32 = 1e-3;

impl<F> Scorer for F
where
    F: FnMut(usize, &[Beam], &[TokenId], &mut [f32]),
{
    fn score(&mut self, depth: usize, beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]) {
        self(depth, beams, candidates, scores);
    }
}

/// Log-probabilities that depend on the request, the level and the token, but not on the tokens
/// before: what a model with one head per level gives in a single pass, and what exhaustive tests
/// need.
#[derive(Clone, Debug, PartialEq)]
pub struct TableScorer {
    levels: usize,
    tokens: usize,
    table: Vec<f32>,
}

impl TableScorer {
    /// A scorer from a table `[requests, levels, tokens]`, row-major, of log-probabilities.
    ///
    /// # Errors
    ///
    /// [`Error::TableLength`] when the table has not `requests * levels * tokens` numbers. The
    /// numbers themselves are checked when a search reads them.
    pub fn new(requests: usize, levels: usize, tokens: usize, table: Vec<f32>) -> Result<Self> {
        if table.len() != requests * levels * tokens {
            return Err(Error::TableLength {
                requests,
                levels,
                tokens,
                found: table.len(),
            });
        }
        Ok(Self {
            levels,
            tokens,
            table,
        })
    }

    /// The log-probability of a token at a level for a request.
    ///
    /// # Panics
    ///
    /// When the table has no such request, level or token.
    pub fn get(&self, request: usize, level: usize, token: TokenId) -> f32 {
        self.row(request, level)[token.index()]
    }

    fn row(&self, request: usize, level: usize) -> &[f32] {
        assert!(
            level < self.levels,
            "the table has {} levels; level {level} was asked for",
            self.levels
        );
        let start = (request * self.levels + level) * self.tokens;
        &self.table[start..start + self.tokens]
    }
}

impl Scorer for TableScorer {
    /// # Panics
    ///
    /// When the table has no such request, level or token.
    fn score(&mut self, depth: usize, beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]) {
        if candidates.is_empty() {
            return;
        }
        for (beam, scores) in beams.iter().zip(scores.chunks_exact_mut(candidates.len())) {
            let row = self.row(beam.request as usize, depth);
            for (score, token) in scores.iter_mut().zip(candidates) {
                *score = row[token.index()];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_by_request_level_and_token() {
        let table: Vec<f32> = (0..2 * 3 * 4).map(|i| -(i as f32)).collect();
        let mut scorer = TableScorer::new(2, 3, 4, table).unwrap();
        assert_eq!(scorer.get(1, 2, TokenId::new(3)), -23.0);

        let beam = |request| Beam {
            request,
            parent: 0,
            token: TokenId::new(0),
        };
        let mut scores = [f32::NAN; 4];
        scorer.score(
            1,
            &[beam(0), beam(1)],
            &[TokenId::new(0), TokenId::new(2)],
            &mut scores,
        );
        assert_eq!(scores, [-4.0, -6.0, -16.0, -18.0]);
    }

    #[test]
    fn a_table_of_the_wrong_length_is_refused() {
        let error = TableScorer::new(2, 3, 4, vec![0.0; 23]).unwrap_err();
        assert!(error.to_string().contains("has 23 numbers"), "{error}");
        assert!(error.to_string().contains("are 24"), "{error}");
    }
}
