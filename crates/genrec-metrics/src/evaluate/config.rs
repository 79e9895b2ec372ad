//! How to evaluate.

use std::sync::Arc;

use genrec_data::{Interactions, ItemSet};
use serde::{Deserialize, Serialize};

use crate::{Bootstrap, Error, ItemSlices, Result, TieRule};

/// How to evaluate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluateConfig {
    /// Where lists are cut, rising; the last says how many items are asked for. Default 5 and 10.
    pub ks: Vec<usize>,
    /// Queries a call of the recommender. Default 256.
    pub batch: usize,
    /// How the 95 % intervals are drawn. Default 1,000 resamples.
    pub bootstrap: Bootstrap,
    /// What a hit on one of several items is worth that the recommender declares tied. Default: the last rank of the group.
    #[serde(default)]
    pub ties: TieRule,
    /// The items that compete for the places of a list. Default none: all items of the catalogue do.
    /// Not saved with the configuration: it is data.
    #[serde(skip)]
    pub candidates: Option<Arc<ItemSet>>,
    /// Slices of the catalogue with figures of their own, and the popularity for that of recommended items. Default none.
    /// Not saved with the configuration: it is data.
    #[serde(skip)]
    pub slices: Option<Arc<ItemSlices>>,
    /// What recommenders are fitted on, for the audit in the report. Default none: then the cases alone are looked at.
    /// Not saved with the configuration: it is data.
    #[serde(skip)]
    pub training: Option<Arc<Interactions>>,
}

impl EvaluateConfig {
    /// Lists cut at 5 and 10, batches of 256, intervals from 1,000 resamples drawn from this seed, ties counted against, no slices.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            ks: vec![5, 10],
            batch: 256,
            bootstrap: Bootstrap {
                resamples: 1000,
                seed,
            },
            ties: TieRule::Pessimistic,
            candidates: None,
            slices: None,
            training: None,
        }
    }

    /// Cuts lists at these lengths, which must rise.
    #[must_use]
    pub fn with_ks(mut self, ks: impl Into<Vec<usize>>) -> Self {
        self.ks = ks.into();
        self
    }

    /// Asks the recommender this many queries at a time.
    #[must_use]
    pub fn with_batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// Draws the users this many times for the intervals; 0 for no intervals.
    #[must_use]
    pub fn with_resamples(mut self, resamples: usize) -> Self {
        self.bootstrap.resamples = resamples;
        self
    }

    /// Ranks these items only, as figures of warm and of cold items are given in papers; targets that are none of them are left out, and users who have no other. The
    /// protocol says so, and figures among other items do not stand beside them.
    ///
    /// Recommenders are asked for all items, of which these are kept: for those that score every item. A beam search would have to be as wide as the catalogue.
    #[must_use]
    pub fn with_candidates(mut self, candidates: impl Into<Arc<ItemSet>>) -> Self {
        self.candidates = Some(candidates.into());
        self
    }

    /// Adds figures for slices of the catalogue, and the mean popularity of what is recommended.
    #[must_use]
    pub fn with_slices(mut self, slices: impl Into<Arc<ItemSlices>>) -> Self {
        self.slices = Some(slices.into());
        self
    }

    /// Sets what a hit on one of several tied items is worth.
    #[must_use]
    pub fn with_ties(mut self, ties: TieRule) -> Self {
        self.ties = ties;
        self
    }

    /// Audits the cases against what recommenders are fitted on ([`genrec_data::audit`]): targets in the user's training history,
    /// training from the future, cold targets. What it finds is in the report and never an error.
    #[must_use]
    pub fn with_training(mut self, training: impl Into<Arc<Interactions>>) -> Self {
        self.training = Some(training.into());
        self
    }

    pub(super) fn check(&self, items: usize) -> Result<()> {
        let wrong = |field, found, expected| Error::Config {
            config: "EvaluateConfig",
            field,
            found,
            expected,
        };
        let rises = self.ks.windows(2).all(|pair| pair[0] < pair[1]);
        if !rises || self.ks.first().is_none_or(|&k| k == 0) {
            let found = format!("{:?}", self.ks);
            return Err(wrong(
                "ks",
                found,
                "at least one length, from 1, each larger than the one before",
            ));
        }
        if self.batch == 0 {
            return Err(wrong("batch", "0".to_owned(), "at least 1 query a call"));
        }
        if let Some(slices) = &self.slices
            && slices.items() != items
        {
            return Err(Error::Catalogue {
                what: "EvaluateConfig.slices".to_owned(),
                found: slices.items(),
                expected: items,
            });
        }
        if let Some(candidates) = &self.candidates
            && candidates.items() != items
        {
            return Err(Error::Catalogue {
                what: "EvaluateConfig.candidates".to_owned(),
                found: candidates.items(),
                expected: items,
            });
        }
        Ok(())
    }
}
