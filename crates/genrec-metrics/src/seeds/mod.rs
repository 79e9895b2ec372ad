//! One recommender under several seeds.

mod display;
#[cfg(test)]
mod tests;

pub(crate) use display::with_deviation;

use genrec_data::Test;
use serde::{Deserialize, Serialize};

use crate::{
    Error, EvaluationSet, Interval, Metric, Outcomes, Protocol, Report, Result, Spread,
    table::same_protocol,
};

/// The mean of one metric over users and seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SeedFigure {
    /// What was measured.
    pub metric: Metric,
    /// Where the lists were cut.
    pub k: usize,
    /// The mean over seeds of the means over users, 0 to 1.
    pub mean: f64,
    /// The standard deviation of the seeds' means around it (divided by one less than there are seeds).
    pub deviation: f64,
    /// A 95 % bootstrap interval of the mean in which users and seeds are drawn again:
    /// [`Bootstrap::crossed_intervals`](crate::Bootstrap::crossed_intervals). `None` if no intervals were asked for.
    pub interval: Option<Interval>,
}

/// Reports of one recommender, trained several times with seeds of its own, as one row.
///
/// A single training is one draw of luck: with what it starts from and in which order it sees the data, figures move by more than
/// many published differences. Figures of slices stay in the [reports](Self::reports). `Display` prints every seed and the summary; a [`Table`](crate::Table) takes it as a row.
///
/// ```
/// use genrec_data::{Interactions, ItemId, leave_one_out};
/// use genrec_metrics::{EvaluateConfig, ItemKnnConfig, Metric, SeedSummary, evaluate};
///
/// let histories = (0..20).map(|user| (user..user + 6).map(|item| ItemId::new(item % 12)).collect());
/// let split = leave_one_out(&Interactions::new(12, histories.collect())?)?;
///
/// // Three windows in the place of three seeds.
/// let mut reports = Vec::new();
/// for window in 1..4 {
///     let recommender = ItemKnnConfig::new().with_window(window).fit(&split.train)?;
///     let report = evaluate(&recommender, &split.test, &EvaluateConfig::new(1))?;
///     reports.push(report.named(format!("seed {window}")));
/// }
/// let summary = SeedSummary::new("item kNN", reports)?;
/// let ndcg = summary.figure(Metric::Ndcg, 10).unwrap();
/// println!("{:.4} +- {:.4}\n{summary}", ndcg.mean, ndcg.deviation);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SeedSummary<S = Test> {
    name: String,
    reports: Vec<Report<S>>,
    figures: Vec<SeedFigure>,
    outcomes: Outcomes,
}

impl<S: EvaluationSet> SeedSummary<S> {
    /// Summarises the reports of one recommender, one for each seed that it was *trained* with; the seed of the evaluation is that
    /// of the intervals. How intervals are drawn goes by the first report.
    ///
    /// # Errors
    ///
    /// [`Error::Seeds`] for fewer than two reports, [`Error::OtherProtocol`] if they were not measured in the same way, and
    /// [`Error::NoOutcomes`] if one was loaded from a file of an earlier version.
    pub fn new(name: impl Into<String>, reports: Vec<Report<S>>) -> Result<Self> {
        let name = name.into();
        let [first, others @ ..] = &reports[..] else {
            return Err(Error::Seeds { name, found: 0 });
        };
        if others.is_empty() {
            return Err(Error::Seeds { name, found: 1 });
        }
        for other in others {
            same_protocol(first, other)?;
        }
        let outcomes: Vec<&Outcomes> = reports
            .iter()
            .map(Report::outcomes_or_error)
            .collect::<Result<_>>()?;
        let figures = figures(first, &outcomes);
        let outcomes = Outcomes::mean(&outcomes);
        Ok(Self {
            name,
            reports,
            figures,
            outcomes,
        })
    }

    /// The recommender's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The reports, one for each seed; never fewer than two.
    #[must_use]
    pub fn reports(&self) -> &[Report<S>] {
        &self.reports
    }

    /// How all of them were measured.
    #[must_use]
    pub fn protocol(&self) -> &Protocol {
        self.reports[0].protocol()
    }

    /// All metrics at all k.
    #[must_use]
    pub fn figures(&self) -> &[SeedFigure] {
        &self.figures
    }

    /// One metric at one k; `None` if it was not measured at this k.
    #[must_use]
    pub fn figure(&self, metric: Metric, k: usize) -> Option<&SeedFigure> {
        self.figures
            .iter()
            .find(|figure| (figure.metric, figure.k) == (metric, k))
    }

    /// Every metric of every user, the mean over the seeds.
    #[must_use]
    pub fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// Means over the seeds of what is recommended, for every k.
    #[must_use]
    pub fn spread(&self) -> Vec<Spread> {
        let seeds = self.reports.len() as f64;
        let mean = |place: usize, part: &dyn Fn(&Spread) -> Option<f64>| {
            let parts = self
                .reports
                .iter()
                .map(|report| part(&report.spread()[place]));
            Some(parts.sum::<Option<f64>>()? / seeds)
        };
        let ks = self.protocol().ks.iter().enumerate();
        ks.map(|(place, &k)| Spread {
            k,
            coverage: mean(place, &|spread| Some(spread.coverage)).unwrap_or_default(),
            gini: mean(place, &|spread| Some(spread.gini)).unwrap_or_default(),
            mean_popularity: mean(place, &|spread| spread.mean_popularity),
        })
        .collect()
    }

    /// Users answered a second of wall time, over all seeds.
    #[must_use]
    pub fn users_per_second(&self) -> f64 {
        let seconds: f64 = self.reports.iter().map(Report::recommend_seconds).sum();
        // As for one report: a clock may be too coarse.
        (self.protocol().cases * self.reports.len()) as f64 / seconds.max(1e-9)
    }
}

fn figures<S: EvaluationSet>(first: &Report<S>, outcomes: &[&Outcomes]) -> Vec<SeedFigure> {
    let columns = outcomes[0].columns();
    let flat: Vec<&[f64]> = outcomes.iter().map(|outcomes| outcomes.flat()).collect();
    let intervals = first.bootstrap().crossed_intervals(&flat, columns.len());
    let by_seed: Vec<Vec<f64>> = outcomes.iter().map(|outcomes| outcomes.means()).collect();
    let columns = columns.iter().enumerate();
    columns
        .map(|(column, &(metric, k))| {
            let values: Vec<f64> = by_seed.iter().map(|means| means[column]).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            SeedFigure {
                metric,
                k,
                mean,
                deviation: (squares / (values.len() - 1) as f64).sqrt(),
                interval: intervals.get(column).copied(),
            }
        })
        .collect()
}
