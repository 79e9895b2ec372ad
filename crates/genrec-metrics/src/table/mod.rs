//! Reports side by side.

#[cfg(test)]
mod tests;

use std::{fmt, path::Path};

use comfy_table::{Table as Grid, presets};
use genrec_data::Test;

use crate::{
    Error, EvaluationSet, Metric, Report, Result,
    report::{grid, metrics, row, save_csv, speed, with_interval},
};

/// Reports of one protocol side by side, one row each.
///
/// `S` is [`Test`] for the table of a paper (the default) or [`Validation`](genrec_data::Validation) while choosing. Prints
/// recall and NDCG at every k with 95 % intervals (and the hit rate, where users have several targets), MRR and the spread of
/// the recommendations at the largest k, and the protocol.
///
/// ```
/// use genrec_data::{Interactions, ItemId, leave_one_out};
/// use genrec_metrics::{EvaluateConfig, ItemKnn, MostPopular, Table, evaluate};
///
/// let histories = (0..20).map(|user| (user..user + 6).map(|item| ItemId::new(item % 12)).collect());
/// let split = leave_one_out(&Interactions::new(12, histories.collect())?)?;
/// let config = EvaluateConfig::new(1);
///
/// let mut table = Table::new();
/// table.push(evaluate(&MostPopular::fit(&split.train), &split.test, &config)?)?;
/// table.push(evaluate(&ItemKnn::fit(&split.train), &split.test, &config)?)?;
/// println!("{table}");
///
/// // Figures of shorter histories are figures of another protocol.
/// let other = evaluate(&ItemKnn::fit(&split.train), &split.test.limit_history(2), &config)?;
/// assert!(table.push(other).unwrap_err().to_string().contains("history_limit is Some(2) here and None there"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Table<S = Test> {
    reports: Vec<Report<S>>,
}

impl<S> Default for Table<S> {
    fn default() -> Self {
        Self {
            reports: Vec::new(),
        }
    }
}

impl<S: EvaluationSet> Table<S> {
    /// A table without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// [`Error::OtherProtocol`] if the report was measured in another way than the first one; the table stays as it was.
    pub fn push(&mut self, report: Report<S>) -> Result<&mut Self> {
        if let Some(first) = self.reports.first() {
            same_protocol(first, &report)?;
        }
        self.reports.push(report);
        Ok(self)
    }

    /// The rows.
    #[must_use]
    pub fn reports(&self) -> &[Report<S>] {
        &self.reports
    }

    /// Saves all figures of all rows as CSV: see [`Report::save_csv`].
    ///
    /// # Errors
    ///
    /// [`Error::File`] if it cannot be written.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        save_csv(&self.reports, path.as_ref())
    }

    /// The table as Markdown, with the protocol below it.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let Some(mut grid) = self.grid(" ") else {
            return String::new();
        };
        grid.load_style(presets::ASCII_MARKDOWN);
        format!("{grid}\n\n{}\n", self.caption())
    }

    /// `break_line` stands between a mean and its interval; `None` without rows.
    fn grid(&self, break_line: &str) -> Option<Grid> {
        let first = self.reports.first()?;
        let columns = columns(first);
        let last_k = first.protocol().ks.last().copied().unwrap_or_default();
        let mut header = vec![String::new()];
        header.extend(
            columns
                .iter()
                .map(|(metric, k)| format!("{}@{k}", metric.symbol())),
        );
        header.extend(["coverage", "Gini"].map(|name| format!("{name}@{last_k}")));
        let popularity = self
            .reports
            .iter()
            .any(|report| last_popularity(report).is_some());
        if popularity {
            header.push(format!("popularity@{last_k}"));
        }
        header.push("users/s".to_owned());

        let mut grid = grid(header);
        for report in &self.reports {
            let mut cells: Vec<String> = columns
                .iter()
                .map(|&(metric, k)| {
                    with_interval(report.figure(metric, k)).replace('\n', break_line)
                })
                .collect();
            if let Some(spread) = report.spread().last() {
                cells.extend([spread.coverage, spread.gini].map(|value| format!("{value:.3}")));
            }
            if popularity {
                let shown = last_popularity(report).map(|popularity| format!("{popularity:.1}"));
                cells.push(shown.unwrap_or_else(|| "-".to_owned()));
            }
            cells.push(speed(report.users_per_second()));
            grid.add_row(row(report.recommender(), cells));
        }
        Some(grid)
    }

    fn caption(&self) -> String {
        let Some(first) = self.reports.first() else {
            return String::new();
        };
        let mut caption = first.protocol().to_string();
        if first.bootstrap().resamples > 0 {
            caption.push_str("; 95 % bootstrap intervals over users");
        }
        caption
    }
}

impl<S: EvaluationSet> fmt::Display for Table<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.grid("\n") {
            Some(grid) => write!(formatter, "{grid}\n{}", self.caption()),
            None => formatter.write_str("(no reports)"),
        }
    }
}

/// Every metric at every k, except that MRR hardly depends on where it is cut: the largest k will do.
fn columns<S: EvaluationSet>(report: &Report<S>) -> Vec<(Metric, usize)> {
    let ks = &report.protocol().ks;
    metrics(report)
        .into_iter()
        .flat_map(|metric| {
            let from = if metric == Metric::Mrr {
                ks.len().saturating_sub(1)
            } else {
                0
            };
            ks[from..].iter().map(move |&k| (metric, k))
        })
        .collect()
}

/// Mean popularity of what is recommended, at the largest k.
fn last_popularity<S: EvaluationSet>(report: &Report<S>) -> Option<f64> {
    report
        .spread()
        .last()
        .and_then(|spread| spread.mean_popularity)
}

/// Refuses a report that was measured in another way than the one beside it.
pub(crate) fn same_protocol<S: EvaluationSet>(
    beside: &Report<S>,
    report: &Report<S>,
) -> Result<()> {
    match report.protocol().difference(beside.protocol()) {
        None => Ok(()),
        Some((field, found, expected)) => Err(Error::OtherProtocol {
            recommender: report.recommender().to_owned(),
            beside: beside.recommender().to_owned(),
            field,
            found,
            expected,
        }),
    }
}
