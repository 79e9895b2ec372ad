//! One request's part of a search step: grow its prefixes, keep the best.

use std::collections::HashSet;

use super::filter::{Filter, Mask};
use super::ranking::{Ranking, rank, score_of};
use crate::scorer::ROUNDING;
use crate::trie::Level;
use crate::{Error, Hypothesis, Result, TokenId, Trie};

/// A prefix that is followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefix {
    pub(super) node: u32,
    pub(super) score: f32,
    /// Its parent's place among the request's prefixes of the previous step.
    pub(super) parent: u32,
}

/// Everything a request carries from step to step. The buffers are reused, so steps allocate
/// nothing once these have grown.
#[derive(Debug)]
pub(super) struct Request {
    number: usize,
    mask: Mask,
    ranking: Ranking,
    prefixes: Vec<Prefix>,
    /// All continuations of the prefixes by one token, by parent, then by token: parent and node.
    grown: Vec<(u32, u32)>,
    /// Their [`rank`]s.
    ranks: Vec<u64>,
    /// Values that are certain to be found; only used when the width alone does not see to that.
    covered: HashSet<u32>,
}

/// One step as all requests see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) trie: &'a Trie,
    pub(super) depth: usize,
    pub(super) width: usize,
}

impl Request {
    pub(super) fn new(trie: &Trie, number: usize, filter: Filter<'_>, results: usize) -> Self {
        let (mask, remaining) = Mask::new(trie, filter);
        let root = Prefix {
            node: 0,
            score: 0.0,
            parent: 0,
        };
        let ranking = Ranking::new(results.min(remaining), trie.values_are_unique());
        Self {
            number,
            mask,
            prefixes: (!ranking.is_full()).then_some(root).into_iter().collect(),
            ranking,
            grown: Vec::new(),
            ranks: Vec::new(),
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
        let level = step.trie.level(step.depth);
        let rows = scores.chunks_exact(level.tokens.len());
        for (parent, row) in rows.enumerate().take(self.prefixes.len()) {
            self.grow(step, level, parent, row)?;
        }
        self.ranking.settle(step.trie);
        self.keep_best(step);
        self.prefixes.clear();
        self.prefixes.extend(self.ranks.iter().map(|&rank| {
            let (parent, node) = self.grown[rank as u32 as usize];
            Prefix {
                node,
                score: score_of(rank),
                parent,
            }
        }));
        Ok(())
    }

    /// Finds everything that one prefix continues to: identifiers that end here, and prefixes of
    /// longer ones.
    fn grow(&mut self, step: Step<'_>, level: &Level, parent: usize, row: &[f32]) -> Result<()> {
        let trie = step.trie;
        let Prefix { node, score, .. } = self.prefixes[parent];
        // A score only falls from here on, so what is not better than a full ranking's last never
        // will be.
        let bound = self.ranking.bound();
        for run in self.mask.runs(trie.child_range(node)) {
            for child in run {
                let token = trie.token(child);
                let score = score + self.checked(step, token, row[level.column(token)])?;
                if rank(score, 0) >= bound {
                    continue;
                }
                let (ends, goes_on) = if level.terminals == 0 {
                    (false, true)
                } else {
                    self.kind(trie, child)
                };
                if ends {
                    self.ranking.push(score, child);
                }
                if goes_on {
                    self.ranks.push(rank(score, self.grown.len() as u32));
                    self.grown.push((parent as u32, child));
                }
            }
        }
        Ok(())
    }

    fn checked(&self, step: Step<'_>, token: TokenId, score: f32) -> Result<f32> {
        if score <= ROUNDING {
            return Ok(score.min(0.0));
        }
        // Also NaN, which is not ordered.
        Err(Error::NotALogProbability {
            request: self.number,
            depth: step.depth,
            token,
            score,
        })
    }

    /// Whether an allowed identifier ends at a node the mask lets in, and whether a longer one goes
    /// on from it.
    fn kind(&self, trie: &Trie, node: u32) -> (bool, bool) {
        let children = trie.child_range(node);
        if children.is_empty() {
            return (true, false);
        }
        if !trie.is_terminal(node) {
            return (false, true);
        }
        let value = trie.values_in(node..node + 1)[0];
        let goes_on = self.mask.runs(children).next().is_some();
        (self.mask.allows(value), goes_on)
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
        // If no value has two identifiers, each prefix leads to at least one value that no other
        // leads to.
        let certain = step.trie.values_are_unique() && step.width >= self.ranking.missing();
        if certain || self.ranking.is_full() {
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
            mask,
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
                let (_, node) = grown[rank as u32 as usize];
                mask.values_below(step.trie, node, |value| {
                    covered.insert(value);
                    covered.len() < enough
                });
            }
            place += 1;
            place <= step.width || covered.len() > before
        });
    }
}
