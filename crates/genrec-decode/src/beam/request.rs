//! One request's part of a search step: grow its prefixes, keep the best.

use std::collections::HashSet;

use super::ranking::{Ranking, rank, score_of};
use crate::filter::{Allowed, Filter, allowed};
use crate::scorer::ROUNDING;
use crate::{Error, Hypothesis, Place, Result, View};

/// A prefix that is followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefix {
    pub(super) place: Place,
    pub(super) score: f32,
    /// Its parent's place among the request's prefixes of the previous step.
    pub(super) parent: u32,
}

/// Everything a request carries from step to step. The buffers are reused, so steps allocate
/// nothing once these have grown.
#[derive(Debug)]
pub(super) struct Request<'a> {
    number: usize,
    masks: [Allowed<'a>; 2],
    ranking: Ranking,
    prefixes: Vec<Prefix>,
    /// All continuations of the prefixes by one token, by parent, then by token: parent and place.
    grown: Vec<(u32, Place)>,
    /// Their [`rank`]s; of those that cannot be among the best, only some.
    ranks: Vec<u64>,
    /// What a rank must be below to be among the best of this step.
    cut: u64,
    /// Values that are certain to be found; only used when the width alone does not see to that.
    covered: HashSet<u32>,
}

/// One step as all requests see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) view: View<'a>,
    pub(super) depth: usize,
    pub(super) width: usize,
}

impl<'a> Request<'a> {
    pub(super) fn new(view: View<'a>, number: usize, filter: Filter<'a>, results: usize) -> Self {
        let (masks, remaining) = allowed(view, filter);
        let root = Prefix {
            place: view.root(),
            score: 0.0,
            parent: 0,
        };
        let ranking = Ranking::new(results.min(remaining), view.values_are_unique());
        Self {
            number,
            masks,
            prefixes: (!ranking.is_full()).then_some(root).into_iter().collect(),
            ranking,
            grown: Vec::new(),
            ranks: Vec::new(),
            cut: u64::MAX,
            covered: HashSet::new(),
        }
    }

    /// The prefixes that are followed, best first.
    pub(super) fn prefixes(&self) -> &[Prefix] {
        &self.prefixes
    }

    pub(super) fn into_results(self) -> Vec<Hypothesis> {
        self.ranking.into_results()
    }

    /// Grows all prefixes by one token. `scores` is `[prefixes, level.tokens]`.
    pub(super) fn step(&mut self, step: Step<'_>, scores: &[f32]) -> Result<()> {
        self.grown.clear();
        self.ranks.clear();
        self.cut = u64::MAX;
        let rows = scores.chunks_exact(step.view.level(step.depth).tokens.len());
        for (parent, row) in rows.enumerate().take(self.prefixes.len()) {
            self.grow(step, parent, row)?;
        }
        self.ranking.settle(step.view);
        self.keep_best(step);
        self.prefixes.clear();
        self.prefixes.extend(self.ranks.iter().map(|&rank| {
            let (parent, place) = self.grown[rank as u32 as usize];
            Prefix {
                place,
                score: score_of(rank),
                parent,
            }
        }));
        Ok(())
    }

    /// Finds everything that one prefix continues to: identifiers that end here, and prefixes of
    /// longer ones.
    fn grow(&mut self, step: Step<'_>, parent: usize, row: &[f32]) -> Result<()> {
        let Step { view, depth, .. } = step;
        let Self {
            number,
            masks,
            ranking,
            prefixes,
            grown,
            ranks,
            cut,
            ..
        } = self;
        // As often as this many are there, all but the best are let go: most of what grows later then
        // need not be written down.
        let room = match width_is_enough(step, ranking) {
            true => step.width.saturating_mul(4),
            false => usize::MAX,
        };
        let prefix = prefixes[parent];
        let level = view.level(depth);
        // A score only falls from here on, so what is not better than a full ranking's last never
        // will be.
        let bound = ranking.bound();
        view.each_child(masks, prefix.place, |token, place| {
            let score = row[level.column(token)];
            let Some(score) = checked(score) else {
                return Err(Error::NotALogProbability {
                    request: *number,
                    depth,
                    token,
                    score,
                });
            };
            let score = prefix.score + score;
            if rank(score, 0) >= bound {
                return Ok(());
            }
            let (ends, goes_on) = match level.terminals {
                0 => (None, true),
                _ => view.kind(masks, place),
            };
            if let Some(place) = ends {
                ranking.push(score, place);
            }
            let rank = rank(score, grown.len() as u32);
            if goes_on && rank < *cut {
                ranks.push(rank);
                grown.push((parent as u32, place));
                if ranks.len() == room {
                    let (_, &mut last, _) = ranks.select_nth_unstable(step.width - 1);
                    ranks.truncate(step.width);
                    *cut = last;
                }
            }
            Ok(())
        })
    }

    /// Reduces [`ranks`](Self::ranks) to the prefixes to follow, best first: as many as the width
    /// says, and more where these do not lead to enough values.
    fn keep_best(&mut self, step: Step<'_>) {
        let bound = self.ranking.bound();
        self.ranks.retain(|&rank| rank < bound);
        if self.ranks.len() <= step.width {
            self.ranks.sort_unstable();
            return;
        }
        if width_is_enough(step, &self.ranking) {
            self.ranks.select_nth_unstable(step.width - 1);
            self.ranks.truncate(step.width);
            self.ranks.sort_unstable();
        } else {
            self.ranks.sort_unstable();
            self.keep_enough(step);
        }
    }

    /// Keeps, of the sorted ranks, as many as the width says, and then each that leads to a value
    /// that the ones before it do not lead to, until they lead to as many as the ranking misses.
    ///
    /// All grown prefixes together do, since those they grew from did, so there are always enough.
    fn keep_enough(&mut self, step: Step<'_>) {
        let Self {
            masks,
            ranking,
            grown,
            ranks,
            covered,
            ..
        } = self;
        covered.clear();
        covered.extend(ranking.values());
        let enough = ranking.size();
        let mut place = 0;
        ranks.retain(|&rank| {
            let before = covered.len();
            if before < enough {
                let (_, place) = grown[rank as u32 as usize];
                step.view.values_below(masks, place, |value| {
                    covered.insert(value);
                    covered.len() < enough
                });
            }
            place += 1;
            place <= step.width || covered.len() > before
        });
    }
}

/// Whether as many prefixes as the width says are sure to lead to all that the ranking misses.
fn width_is_enough(step: Step<'_>, ranking: &Ranking) -> bool {
    // If no value has two identifiers, each prefix leads to at least one value that no other leads
    // to.
    ranking.is_full() || step.view.values_are_unique() && step.width >= ranking.missing()
}

/// A score as a log-probability, if it is one but for rounding.
fn checked(score: f32) -> Option<f32> {
    // Not NaN, which is not ordered.
    (score <= ROUNDING).then(|| score.min(0.0))
}
