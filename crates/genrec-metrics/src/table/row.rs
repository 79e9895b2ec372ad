//! What a table shows in one row.

use crate::{
    EvaluationSet, Metric, Protocol, Report, SeedSummary, Spread, report::with_interval,
    seeds::with_deviation,
};

/// A row: one report, or several seeds.
pub(crate) enum Row<'a, S> {
    One(&'a Report<S>),
    Seeds(&'a SeedSummary<S>),
}

impl<'a, S: EvaluationSet> Row<'a, S> {
    pub(crate) fn protocol(&self) -> &'a Protocol {
        match self {
            Self::One(report) => report.protocol(),
            Self::Seeds(summary) => summary.protocol(),
        }
    }

    /// The reports that the row is made of: never none.
    pub(super) fn reports(&self) -> &'a [Report<S>] {
        match self {
            Self::One(report) => std::slice::from_ref(*report),
            Self::Seeds(summary) => summary.reports(),
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::One(report) => report.recommender().to_owned(),
            Self::Seeds(summary) => summary.label(),
        }
    }

    /// A figure with its interval on a second line.
    pub(super) fn figure(&self, metric: Metric, k: usize) -> String {
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
