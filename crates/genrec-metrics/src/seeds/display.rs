//! A summary as text.

use std::fmt;

use super::{SeedFigure, SeedSummary};
use crate::{
    EvaluationSet,
    report::{grid, row, with_interval},
    table::columns,
};

/// A mean with the standard deviation over seeds, and its interval on a second line.
pub(crate) fn with_deviation(figure: Option<&SeedFigure>) -> String {
    let Some(figure) = figure else {
        return "-".to_owned();
    };
    let value = format!("{:.4} ±{:.4}", figure.mean, figure.deviation);
    match figure.interval {
        Some(interval) => format!("{value}\n{:.4}-{:.4}", interval.low, interval.high),
        None => value,
    }
}

impl<S: EvaluationSet> SeedSummary<S> {
    /// The name in a table.
    pub(crate) fn label(&self) -> String {
        format!("{} ({} seeds)", self.name, self.reports.len())
    }
}

impl<S: EvaluationSet> fmt::Display for SeedSummary<S> {
    /// A row for each seed, the summary below, and the protocol.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = columns(&self.reports[0]);
        let head = columns
            .iter()
            .map(|(metric, k)| format!("{}@{k}", metric.symbol()));
        let mut grid = grid(std::iter::once(String::new()).chain(head));
        for report in &self.reports {
            let cells = columns
                .iter()
                .map(|&(metric, k)| with_interval(report.figure(metric, k)));
            grid.add_row(row(report.recommender(), cells));
        }
        let cells = columns
            .iter()
            .map(|&(metric, k)| with_deviation(self.figure(metric, k)));
        grid.add_row(row(self.label(), cells));
        write!(
            formatter,
            "{grid}\n{}; ± is the standard deviation over seeds",
            self.protocol()
        )?;
        if self.reports[0].bootstrap().resamples > 0 {
            write!(
                formatter,
                "; 95 % bootstrap intervals over users, the last one over users and seeds"
            )?;
        }
        Ok(())
    }
}
