//! Beam search over whatever could be an identifier, whether it is one or not.

use crate::scorer::ROUNDING;
use crate::{Beam, BeamSearch, Error, Result, Scorer, TokenId};

/// All sequences that take one token of each level, in order.
///
/// What a model may write when it proposes identifiers that no item has yet. A trie of them all
/// would have as many leaves as the product of the levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lattice {
    /// The tokens of each level, ascending, with the end where a sequence may end.
    levels: Vec<Vec<TokenId>>,
    end: Option<(TokenId, usize)>,
}

/// A sequence of a [`Lattice`] that was found, and how likely it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// Its tokens, without the end.
    pub tokens: Vec<TokenId>,
    /// The sum of the log-probabilities of its tokens, the end included.
    pub score: f32,
}

/// A prefix that is followed: its place among the prefixes of the step before, and its tokens.
#[derive(Clone, Debug)]
struct Path {
    parent: u32,
    tokens: Vec<TokenId>,
    score: f32,
}

impl Lattice {
    /// The sequences of one token of each level.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyLevel`] when a level has no token, or there is no level.
    pub fn new(mut levels: Vec<Vec<TokenId>>) -> Result<Self> {
        for tokens in &mut levels {
            tokens.sort_unstable();
            tokens.dedup();
        }
        let empty = levels.iter().position(Vec::is_empty);
        if let Some(level) = empty.or(levels.is_empty().then_some(0)) {
            return Err(Error::EmptyLevel { level });
        }
        Ok(Self { levels, end: None })
    }

    /// Sequences may also end with the token `end` before their last level, after `shortest` tokens
    /// or more. As one of the tokens of an earlier level it is a token like others.
    #[must_use]
    pub fn with_end(mut self, end: TokenId, shortest: usize) -> Self {
        for tokens in self.levels.iter_mut().skip(shortest.max(1)) {
            if let Err(place) = tokens.binary_search(&end) {
                tokens.insert(place, end);
            }
        }
        self.end = Some((end, shortest.max(1)));
        self
    }

    /// Whether a sequence with so many tokens ends when `token` follows.
    fn ends(&self, depth: usize, token: TokenId) -> bool {
        self.end
            .is_some_and(|(end, shortest)| token == end && depth >= shortest)
    }

    /// The number of levels.
    pub fn levels(&self) -> usize {
        self.levels.len()
    }
}

impl BeamSearch {
    /// Finds the best sequences of a lattice for so many requests, best first: as many as
    /// `results`, or all that there are.
    ///
    /// Each step keeps the best prefixes of each request, as many as the level's width or as
    /// `results`, whichever is more. Ties go to the sequence that ends first, then to the better
    /// parent, then to the smaller token.
    ///
    /// ```
    /// use genrec_decode::{BeamSearchConfig, Lattice, TableScorer, TokenId};
    ///
    /// let level = |tokens: [u32; 2]| tokens.map(TokenId::new).to_vec();
    /// let lattice = Lattice::new(vec![level([0, 1]), level([0, 1])])?;
    /// let table = [[0.9_f32, 0.1], [0.2, 0.8]].concat().into_iter().map(f32::ln).collect();
    /// let mut scorer = TableScorer::new(1, 2, 2, table)?;
    /// let search = BeamSearchConfig::new(3).init()?;
    /// let found = &search.search_lattice(&lattice, 1, &mut scorer)?[0];
    /// assert_eq!(found[1].tokens, level([0, 0]));
    /// assert!((found[2].score - 0.08_f32.ln()).abs() < 1e-6);
    /// # Ok::<(), genrec_decode::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotALogProbability`] when the scorer gives a token that can follow a score that is
    /// NaN or above 0.
    ///
    /// # Panics
    ///
    /// When there are more than `u32::MAX` requests.
    pub fn search_lattice(
        &self,
        lattice: &Lattice,
        requests: usize,
        scorer: &mut dyn Scorer,
    ) -> Result<Vec<Vec<Sequence>>> {
        let number = |place: usize| u32::try_from(place).expect("fewer than 2^32 beams");
        let root = Path {
            parent: 0,
            tokens: Vec::new(),
            score: 0.0,
        };
        let mut paths = vec![vec![root]; requests];
        let mut found = vec![Vec::new(); requests];
        let mut starts: Vec<u32> = (0..requests).map(number).collect();
        let mut scores = Vec::new();
        for (depth, candidates) in lattice.levels.iter().enumerate() {
            let mut beams = Vec::new();
            for (request, paths) in paths.iter().enumerate() {
                let parents = starts[request];
                starts[request] = number(beams.len());
                beams.extend(paths.iter().map(|path| Beam {
                    request: number(request),
                    parent: parents + path.parent,
                    token: path.tokens.last().copied().unwrap_or_default(),
                }));
            }
            if beams.is_empty() {
                break;
            }
            scores.clear();
            // What is not written must not pass for a score.
            scores.resize(beams.len() * candidates.len(), f32::NAN);
            scorer.score(depth, &beams, candidates, &mut scores);
            let mut rows = scores.chunks_exact(candidates.len());
            for (request, (paths, found)) in paths.iter_mut().zip(&mut found).enumerate() {
                let step = Step {
                    lattice,
                    request,
                    depth,
                    results: self.config.results,
                    width: self.width(depth).max(self.config.results),
                };
                let rows: Vec<&[f32]> = rows.by_ref().take(paths.len()).collect();
                step.advance(paths, found, &rows)?;
            }
        }
        Ok(found)
    }
}

/// One request's part of a step.
struct Step<'a> {
    lattice: &'a Lattice,
    request: usize,
    depth: usize,
    results: usize,
    width: usize,
}

impl Step<'_> {
    fn advance(
        &self,
        paths: &mut Vec<Path>,
        found: &mut Vec<Sequence>,
        rows: &[&[f32]],
    ) -> Result<()> {
        let candidates = &self.lattice.levels[self.depth];
        let last = self.depth + 1 == self.lattice.levels.len();
        let (mut ended, mut grown) = (Vec::new(), Vec::new());
        for (parent, (path, row)) in paths.iter().zip(rows).enumerate() {
            for (&token, &score) in candidates.iter().zip(*row) {
                if score.is_nan() || score > ROUNDING {
                    return Err(Error::NotALogProbability {
                        request: self.request,
                        depth: self.depth,
                        token,
                        score,
                    });
                }
                let score = path.score + score.min(0.0);
                if last || self.lattice.ends(self.depth, token) {
                    ended.push((score, parent, token));
                } else {
                    grown.push((score, parent, token));
                }
            }
        }
        keep_best(&mut ended, self.results);
        for (score, parent, token) in ended {
            let end = (!self.lattice.ends(self.depth, token)).then_some(token);
            let tokens = paths[parent].tokens.iter().copied().chain(end).collect();
            found.push(Sequence { tokens, score });
        }
        // Stable: what ended before stays before what is as likely.
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(self.results);
        keep_best(&mut grown, self.width);
        // Scores only fall, so what is not better than the last of enough results never will be.
        if let Some(bound) = found.get(self.results - 1) {
            grown.retain(|(score, ..)| *score > bound.score);
        }
        *paths = grown
            .into_iter()
            .map(|(score, parent, token)| Path {
                parent: u32::try_from(parent).expect("fewer than 2^32 beams"),
                tokens: paths[parent]
                    .tokens
                    .iter()
                    .copied()
                    .chain([token])
                    .collect(),
                score,
            })
            .collect();
        Ok(())
    }
}

/// The best continuations, best first, ties by parent, then by token.
fn keep_best(continuations: &mut Vec<(f32, usize, TokenId)>, count: usize) {
    let order = |a: &(f32, usize, TokenId), b: &(f32, usize, TokenId)| {
        b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2)))
    };
    if continuations.len() > count {
        continuations.select_nth_unstable_by(count, order);
        continuations.truncate(count);
    }
    continuations.sort_unstable_by(order);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{BeamSearchConfig, Trie};

    fn tokens(tokens: impl IntoIterator<Item = u32>) -> Vec<TokenId> {
        tokens.into_iter().map(TokenId::new).collect()
    }

    #[test]
    fn an_empty_level_is_refused() {
        assert_eq!(
            Lattice::new(Vec::new()).unwrap_err(),
            Error::EmptyLevel { level: 0 }
        );
        let error = Lattice::new(vec![tokens([1]), Vec::new()]).unwrap_err();
        assert_eq!(error, Error::EmptyLevel { level: 1 });
    }

    #[test]
    fn a_score_that_is_none_is_refused() {
        let lattice = Lattice::new(vec![tokens([0, 1])]).unwrap();
        let mut scorer = |_: usize, _: &[Beam], _: &[TokenId], scores: &mut [f32]| {
            scores[0] = -1.0;
        };
        let search = BeamSearchConfig::new(1).init().unwrap();
        let error = search
            .search_lattice(&lattice, 1, &mut scorer)
            .unwrap_err()
            .to_string();
        assert!(error.contains("token 1"), "{error}");
    }

    proptest! {
        /// A search of a lattice finds what a search of the trie of all its sequences finds.
        #[test]
        fn a_lattice_is_the_trie_of_all_its_sequences(
            seed: u32,
            results in 1..40_usize,
            wider in 0..10_usize,
            shortest in proptest::option::of(1..3_usize),
        ) {
            let end = TokenId::new(4);
            let mut lattice = Lattice::new(vec![tokens(0..4), tokens(1..3), tokens(0..4)]).unwrap();
            let mut sequences = Vec::new();
            for a in 0..4 {
                for b in 1..3 {
                    sequences.extend((0..4).map(|c| tokens([a, b, c])));
                    if shortest.is_some() {
                        sequences.push(tokens([a, b, 4]));
                    }
                }
                if shortest == Some(1) {
                    sequences.push(tokens([a, 4]));
                }
            }
            if let Some(shortest) = shortest {
                lattice = lattice.with_end(end, shortest);
            }
            let trie = Trie::from_identifiers(sequences.iter().zip(0..)).unwrap();
            // Scores depend on the whole prefix, which is followed through the parents of the beams.
            let mut prefixes: Vec<u32> = Vec::new();
            let mut scorer = |depth: usize, beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]| {
                let mix = |hash: u32, number: u32| (hash ^ number).wrapping_mul(0x9E37_79B1).rotate_left(13);
                let grown = |beam: &Beam| match depth {
                    0 => mix(seed, beam.request),
                    _ => mix(prefixes[beam.parent as usize], beam.token.get()),
                };
                prefixes = beams.iter().map(grown).collect();
                for (&prefix, scores) in prefixes.iter().zip(scores.chunks_exact_mut(candidates.len())) {
                    for (score, token) in scores.iter_mut().zip(candidates) {
                        *score = -((mix(prefix, token.get()) >> 8) as f32) / 1e6;
                    }
                }
            };
            // As wide as results at least: then a search of a trie keeps no prefix beyond the width.
            let search = BeamSearchConfig::new(results).with_width(results + wider).init().unwrap();
            let expected = search.search(&trie, 2, &mut scorer, None).unwrap();
            let found = search.search_lattice(&lattice, 2, &mut scorer).unwrap();
            for (found, expected) in found.iter().zip(&expected) {
                prop_assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(expected) {
                    prop_assert_eq!(found.score, expected.score);
                }
                let mut distinct: Vec<_> = found.iter().map(|found| &found.tokens).collect();
                distinct.sort();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), found.len());
                for found in found {
                    let mut written = found.tokens.clone();
                    if written.len() < 3 {
                        written.push(end);
                    }
                    prop_assert!(trie.get(&written).is_some());
                }
            }
        }
    }
}
