//! What a table shows in one row.

use crate::{
    EvaluationSet, Interval, Metric, Protocol, Report, SeedSummary, Spread, report::with_interval,
    seeds::with_deviation,
};

/// A row of a [`Table`](crate::Table): one report, or several seeds of one recommender.
#[derive(Debug)]
pub enum Row<'a, S> {
    /// One report.
    One(&'a Report<S>),
    /// A recommender that was trained with several seeds.
    Seeds(&'a SeedSummary<S>),
}

impl<'a, S: EvaluationSet> Row<'a, S> {
    /// How it was measured.
    #[must_use]
    pub fn protocol(&self) -> &'a Protocol {
        match self {
            Self::One(report) => report.protocol(),
            Self::Seeds(summary) => summary.protocol(),
        }
    }

    /// The reports that the row is made of: never none.
    #[must_use]
    pub fn reports(&self) -> &'a [Report<S>] {
        match self {
            Self::One(report) => std::slice::from_ref(*report),
            Self::Seeds(summary) => summary.reports(),
        }
    }

    /// The name of the recommender, with the number of seeds where there are several.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::One(report) => report.recommender().to_owned(),
            Self::Seeds(summary) => summary.label(),
        }
    }

    /// A mean over users (and seeds), 0 to 1; `None` if it was not measured at this k.
    #[must_use]
    pub fn value(&self, metric: Metric, k: usize) -> Option<f64> {
        match self {
            Self::One(report) => report.value(metric, k),
            Self::Seeds(summary) => Some(summary.figure(metric, k)?.mean),
        }
    }

    /// Its 95 % bootstrap interval, over users or over users and seeds; `None` if none was asked for.
    #[must_use]
    pub fn interval(&self, metric: Metric, k: usize) -> Option<Interval> {
        match self {
            Self::One(report) => report.figure(metric, k)?.interval,
            Self::Seeds(summary) => summary.figure(metric, k)?.interval,
        }
    }

    /// The standard deviation over the seeds; `None` for a single report.
    #[must_use]
    pub fn deviation(&self, metric: Metric, k: usize) -> Option<f64> {
        match self {
            Self::One(_) => None,
            Self::Seeds(summary) => Some(summary.figure(metric, k)?.deviation),
        }
    }

    /// A figure as text, with its interval on a second line.
    pub(super) fn shown(&self, metric: Metric, k: usize) -> String {
        match self {
            Self::One(report) => with_interval(report.figure(metric, k)),
            Self::Seeds(summary) => with_deviation(summary.figure(metric, k)),
        }
    }

    /// What the lists show at the largest k.
    pub(super) fn last_spread(&self) -> Option<Spread> {
        match self {
            Self::One(report) => report.spread().last().copied(),
            Self::Seeds(summary) => summary.spread().last().copied(),
        }
    }

    pub(super) fn users_per_second(&self) -> f64 {
        match self {
            Self::One(report) => report.users_per_second(),
            Self::Seeds(summary) => summary.users_per_second(),
        }
    }
}
