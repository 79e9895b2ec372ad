//! Beam search that only ever follows prefixes of a trie's identifiers.

mod config;
mod lattice;
mod ranking;
mod request;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;

use rayon::prelude::*;

pub use config::BeamSearchConfig;
pub use lattice::{Lattice, Sequence};
use request::{Request, Step};

use crate::{Beam, Filter, Result, Scorer, TokenId, View};

/// Requests are handled on several threads when a step has at least this many scores: below,
/// handing out the work takes longer.
const PARALLEL_SCORES: usize = 1 << 14;

/// A value that was found, and how likely it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hypothesis {
    /// The value of the identifier, as it was given to the trie.
    pub value: u32,
    /// The sum of the log-probabilities of the identifier's tokens, from the first to the last. If
    /// the value has several identifiers, that of the best one found.
    pub score: f32,
}

/// Finds the most likely values of a [`Trie`](crate::Trie), or of one with an
/// [`Overlay`](crate::Overlay), for each of a batch of requests, best first.
///
/// Each step asks the [`Scorer`] once for the next token after all prefixes of all requests, and
/// keeps the best prefixes of each request, as many as the level's width; only tokens that lead to
/// an allowed value count. An identifier that ends is a result with its exact score and takes no
/// place from the prefixes, whether longer identifiers go on from there or not.
///
/// - **Every request gets `results` values, or all that remain** after its filter if these are
///   fewer. Where the width alone would not see to that (it is smaller than `results`, or values
///   have several identifiers), prefixes beyond the width are kept: the best that lead to values
///   that no better one leads to, at most `results` of them. No pass is repeated, and nothing
///   excluded ever takes a place.
/// - **No value comes twice**; a request without allowed values (all are excluded, the trie is
///   empty) gets an empty list.
/// - **Ties** go to the identifier that ends at a smaller depth, then to the better parent, then to
///   the smaller token. The result is the same on any number of threads, and for a request alone or
///   in a batch, if its scores are.
/// - **It ends early** for a request as soon as no prefix is better than its last result:
///   log-probabilities are at most 0, so no continuation can be. This changes no result.
///
/// A step takes `O(c + w log w)` for a request with `c` allowed continuations of its `w` prefixes.
/// Where prefixes beyond the width are considered, sorting all continuations makes that `O(c log
/// c)`, and looking values up adds `O(results + excluded)` if each value has one identifier. The
/// scores of one step take `4 * beams * candidates` bytes: split very large batches of requests.
///
/// ```
/// use genrec_decode::{BeamSearchConfig, TableScorer, TokenId, Trie};
///
/// let identifier = |tokens: [u32; 2]| tokens.map(TokenId::new);
/// let trie = Trie::from_identifiers([
///     (identifier([0, 0]), 10),
///     (identifier([0, 1]), 11),
///     (identifier([1, 1]), 12),
/// ])?;
/// // One request, two levels, two tokens: [0, 1] is likeliest, then [0, 0].
/// let table = [[0.9_f32, 0.1], [0.2, 0.8]].concat().into_iter().map(f32::ln).collect();
/// let mut scorer = TableScorer::new(1, 2, 2, table)?;
///
/// let search = BeamSearchConfig::new(2).with_width(4).init()?;
/// let found = search.search(&trie, 1, &mut scorer, None)?;
/// assert_eq!(found[0].iter().map(|found| found.value).collect::<Vec<_>>(), [11, 10]);
/// assert!((found[0][0].score - 0.72_f32.ln()).abs() < 1e-6);
///
/// // Without what was seen already, the list is filled from what remains.
/// let found = search.search(&trie, 1, &mut scorer, Some(&[vec![11]]))?;
/// assert_eq!(found[0].iter().map(|found| found.value).collect::<Vec<_>>(), [10, 12]);
/// # Ok::<(), genrec_decode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BeamSearch {
    config: BeamSearchConfig,
}

impl BeamSearch {
    /// The settings it was made from.
    pub fn config(&self) -> &BeamSearchConfig {
        &self.config
    }

    /// How many prefixes a request follows after a level, counted from 0, if these lead to enough
    /// values.
    pub fn width(&self, level: usize) -> usize {
        let widths = &self.config.widths;
        widths[level.min(widths.len() - 1)]
    }

    /// Finds the best values for so many requests, leaving out, if `exclude` is given, some values
    /// of each request.
    ///
    /// # Errors
    ///
    /// [`Error::NotALogProbability`](crate::Error::NotALogProbability) when the scorer gives a
    /// token that can follow a score that is NaN or above 0.
    ///
    /// # Panics
    ///
    /// When `exclude` has not one list of values per request, or there are more than `u32::MAX`
    /// requests.
    pub fn search<'a>(
        &self,
        identifiers: impl Into<View<'a>>,
        requests: usize,
        scorer: &mut dyn Scorer,
        exclude: Option<&[Vec<u32>]>,
    ) -> Result<Vec<Vec<Hypothesis>>> {
        let filters = match exclude {
            None => vec![Filter::All; requests],
            Some(exclude) => exclude
                .iter()
                .map(|values| Filter::Exclude(values))
                .collect(),
        };
        assert_eq!(
            filters.len(),
            requests,
            "expected one list of excluded values for each of {requests} requests, found {}",
            filters.len()
        );
        self.search_filtered(identifiers, &filters, scorer)
    }

    /// Finds the best values for as many requests as there are filters, among the values that each
    /// one's filter allows.
    ///
    /// # Errors
    ///
    /// As [`search`](Self::search).
    ///
    /// # Panics
    ///
    /// When there are more than `u32::MAX` filters, or a filter's [`Selection`](crate::Selection)
    /// was made for another trie or overlay, or for this overlay before an update.
    pub fn search_filtered<'a>(
        &self,
        identifiers: impl Into<View<'a>>,
        filters: &[Filter<'_>],
        scorer: &mut dyn Scorer,
    ) -> Result<Vec<Vec<Hypothesis>>> {
        assert!(
            u32::try_from(filters.len()).is_ok(),
            "at most {} requests fit into one batch, found {}",
            u32::MAX,
            filters.len()
        );
        let view = identifiers.into();
        let mut requests: Vec<Request<'_>> = filters
            .par_iter()
            .enumerate()
            .map(|(number, &filter)| Request::new(view, number, filter, self.config.results))
            .collect();
        if requests
            .iter()
            .any(|request| !request.prefixes().is_empty())
        {
            self.follow(view, &mut requests, scorer)?;
        }
        Ok(requests.into_iter().map(Request::into_results).collect())
    }

    /// Steps down until every request is done.
    fn follow(
        &self,
        view: View<'_>,
        requests: &mut [Request<'_>],
        scorer: &mut dyn Scorer,
    ) -> Result<()> {
        let mut beams: Vec<Beam> = (0..requests.len() as u32)
            .map(|request| Beam {
                request,
                parent: request,
                token: TokenId::default(),
            })
            .collect();
        // Where each request's beams begin. At depth 0 also a request that nothing is allowed for
        // has one, for the scorer to count on.
        let mut starts: Vec<u32> = (0..requests.len() as u32).collect();
        let mut scores = Vec::new();
        for depth in 0..view.depth() {
            let candidates = view.tokens_at(depth);
            scores.clear();
            // What is not written must not pass for a score.
            scores.resize(beams.len() * candidates.len(), f32::NAN);
            scorer.score(depth, &beams, candidates, &mut scores);

            let step = Step {
                view,
                depth,
                width: self.width(depth),
            };
            let advance = |(request, &start): (&mut Request<'_>, &u32)| {
                let rows = &scores[start as usize * candidates.len()..];
                request.step(step, rows).err()
            };
            let error = if requests.len() > 1 && scores.len() >= PARALLEL_SCORES {
                requests.par_iter_mut().zip(&starts).find_map_first(advance)
            } else {
                requests.iter_mut().zip(&starts).find_map(advance)
            };
            if let Some(error) = error {
                return Err(error);
            }

            beams.clear();
            for (number, (request, start)) in requests.iter().zip(&mut starts).enumerate() {
                let parents = std::mem::replace(start, beams.len() as u32);
                beams.extend(request.prefixes().iter().map(|prefix| Beam {
                    request: number as u32,
                    parent: parents + prefix.parent,
                    token: view.token(prefix.place),
                }));
            }
            if beams.is_empty() {
                break;
            }
        }
        Ok(())
    }
}
