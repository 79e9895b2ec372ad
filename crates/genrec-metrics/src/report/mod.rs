//! What an evaluation found.

mod csv;
mod display;
mod files;

use std::{marker::PhantomData, sync::Arc};

use genrec_data::Audit;
use serde::{Deserialize, Serialize};

use crate::{
    Bootstrap, Error, EvaluationSet, Interval, Metric, Outcomes, Protocol, Result, Slice, Ties,
};

pub(crate) use csv::save_csv;
pub(crate) use display::{grid, metrics, row, speed, tie_note, with_interval};

/// The mean of one metric over users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What was measured.
    pub metric: Metric,
    /// Where the lists were cut.
    pub k: usize,
    /// The mean over users, 0 to 1.
    pub value: f64,
    /// Its 95 % bootstrap interval; `None` if no intervals were asked for.
    pub interval: Option<Interval>,
}

/// What the lists of all users show of the catalogue, or of the items that compete if only some do, cut at `k`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Where the lists were cut.
    pub k: usize,
    /// Share of the catalogue that is recommended to anybody: [`coverage`](crate::coverage).
    pub coverage: f64,
    /// How unevenly items are recommended, 0 (evenly) to 1: [`gini`](crate::gini).
    pub gini: f64,
    /// Mean number of training interactions of the recommended items: [`mean_popularity`](crate::mean_popularity).
    /// `None` without slices, or if nothing was recommended.
    pub mean_popularity: Option<f64>,
}

/// Figures for the targets in one part of the catalogue.
///
/// Ranks are those among all items that compete, not among those of the part. A user counts where at least one target is in the slice, and then with
/// these targets only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliceFigures {
    /// The part.
    pub slice: Slice,
    /// Number of its items that compete.
    pub items: usize,
    /// Number of users with a target in it.
    pub users: usize,
    /// Number of these targets.
    pub targets: usize,
    /// Means over these users; empty if there are none.
    pub figures: Vec<Figure>,
}

/// Everything in a report but the type of what it was measured on: what its file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) recommender: String,
    pub(crate) protocol: Protocol,
    pub(crate) figures: Vec<Figure>,
    pub(crate) spread: Vec<Spread>,
    pub(crate) slices: Vec<SliceFigures>,
    pub(crate) bootstrap: Bootstrap,
    pub(crate) short_lists: usize,
    pub(crate) ties: Ties,
    pub(crate) tied_lists: usize,
    pub(crate) audit: Audit,
    pub(crate) recommend_seconds: f64,
}

/// What [`evaluate`](crate::evaluate) found about one recommender, on validation or on test.
///
/// `S` is [`Validation`](genrec_data::Validation) or [`Test`](genrec_data::Test). Validation reports can be
/// [chosen among](crate::choose), test reports only shown. `Display` prints a table; several reports side by side are a
/// [`Table`](crate::Table).
///
/// The wall time is the only part that differs between two runs with the same seed; `==` compares it as well, and leaves the
/// [outcomes](Self::outcomes) of single users out, since files of earlier versions do not have them.
#[derive(Debug, Clone)]
pub struct Report<S> {
    measured: Measured,
    outcomes: Option<Arc<Outcomes>>,
    set: PhantomData<fn() -> S>,
}

// Not derived: sets of cases need not be comparable for reports on them to be.
impl<S> PartialEq for Report<S> {
    fn eq(&self, other: &Self) -> bool {
        self.measured == other.measured
    }
}

impl<S: EvaluationSet> Report<S> {
    pub(crate) fn new(measured: Measured, outcomes: Option<Outcomes>) -> Self {
        Self {
            measured,
            outcomes: outcomes.map(Arc::new),
            set: PhantomData,
        }
    }

    /// The recommender's name.
    #[must_use]
    pub fn recommender(&self) -> &str {
        &self.measured.recommender
    }

    /// The same report under another name, for example with the seed that the recommender was trained with.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.measured.recommender = name.into();
        self
    }

    /// How it was measured.
    #[must_use]
    pub fn protocol(&self) -> &Protocol {
        &self.measured.protocol
    }

    /// All metrics at all k, over all users.
    #[must_use]
    pub fn figures(&self) -> &[Figure] {
        &self.measured.figures
    }

    /// One metric at one k over all users; `None` if it was not measured at this k.
    #[must_use]
    pub fn figure(&self, metric: Metric, k: usize) -> Option<&Figure> {
        find(self.figures(), metric, k)
    }

    /// The mean of one metric at one k over all users; `None` if it was not measured at this k.
    #[must_use]
    pub fn value(&self, metric: Metric, k: usize) -> Option<f64> {
        self.figure(metric, k).map(|figure| figure.value)
    }

    /// Coverage, Gini and popularity of what is recommended, for every k.
    #[must_use]
    pub fn spread(&self) -> &[Spread] {
        &self.measured.spread
    }

    /// Figures by part of the catalogue; empty if the evaluation was not given slices.
    #[must_use]
    pub fn slices(&self) -> &[SliceFigures] {
        &self.measured.slices
    }

    /// The figures of one part of the catalogue.
    #[must_use]
    pub fn slice(&self, slice: Slice) -> Option<&SliceFigures> {
        self.slices().iter().find(|figures| figures.slice == slice)
    }

    /// How the intervals were drawn.
    #[must_use]
    pub fn bootstrap(&self) -> Bootstrap {
        self.measured.bootstrap
    }

    /// Number of users whose list was shorter than asked for, though the catalogue has more items.
    #[must_use]
    pub fn short_lists(&self) -> usize {
        self.measured.short_lists
    }

    /// What the recommender does with items that score the same, by its own account.
    #[must_use]
    pub fn ties(&self) -> Ties {
        self.measured.ties
    }

    /// Number of users in whose list items of equal score (as `f32`) have different ranks: there a rule of the recommender's
    /// own decided, whatever [`ties`](Self::ties) says. Ties between the list and what it has no room for are not seen.
    #[must_use]
    pub fn tied_lists(&self) -> usize {
        self.measured.tied_lists
    }

    /// What the cases give away of the answers, and the training if the evaluation was given it.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.measured.audit
    }

    /// The metrics of every single user; `None` for a report that was loaded from a file of an earlier version.
    #[must_use]
    pub fn outcomes(&self) -> Option<&Outcomes> {
        self.outcomes.as_deref()
    }

    pub(crate) fn outcomes_or_error(&self) -> Result<&Outcomes> {
        self.outcomes().ok_or_else(|| Error::NoOutcomes {
            recommender: self.recommender().to_owned(),
        })
    }

    /// Wall time spent in [`recommend`](crate::Recommender::recommend), in seconds.
    #[must_use]
    pub fn recommend_seconds(&self) -> f64 {
        self.measured.recommend_seconds
    }

    /// Users answered a second of wall time.
    #[must_use]
    pub fn users_per_second(&self) -> f64 {
        // A clock too coarse for a tiny set must not give an infinite speed.
        self.protocol().cases as f64 / self.recommend_seconds().max(1e-9)
    }
}

impl SliceFigures {
    /// One metric at one k over the users of this slice; `None` if it was not measured or nobody has a target here.
    #[must_use]
    pub fn figure(&self, metric: Metric, k: usize) -> Option<&Figure> {
        find(&self.figures, metric, k)
    }
}

fn find(figures: &[Figure], metric: Metric, k: usize) -> Option<&Figure> {
    figures
        .iter()
        .find(|figure| figure.metric == metric && figure.k == k)
}
