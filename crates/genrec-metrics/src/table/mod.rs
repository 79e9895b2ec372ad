//! Reports side by side.

mod caption;
mod row;
#[cfg(test)]
mod tests;

pub use row::Row;

use std::{fmt, path::Path};

use comfy_table::{Table as Grid, presets};
use genrec_data::Test;

use crate::{
    Error, EvaluationSet, Metric, Report, Result, SeedSummary,
    report::{grid, metrics, row, save_csv, speed},
};

/// Reports of one protocol side by side, one row each.
///
/// `S` is [`Test`] for the table of a paper (the default) or [`Validation`](genrec_data::Validation) while choosing. Prints
/// recall and NDCG at every k with 95 % intervals (and the hit rate, where users have several targets), MRR and the spread of
/// the recommendations at the largest k, the protocol, what the cases give away (the audit), and who breaks ties by a rule of
/// its own. A recommender trained with several seeds is one row as well: [`push_seeds`](Self::push_seeds).
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
    summaries: Vec<SeedSummary<S>>,
    places: Vec<Place>,
}

/// Where a row is to be found.
#[derive(Debug, Clone, Copy)]
enum Place {
    Report(usize),
    Summary(usize),
}

impl<S> Default for Table<S> {
    fn default() -> Self {
        Self {
            reports: Vec::new(),
            summaries: Vec::new(),
            places: Vec::new(),
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
        if let Some(first) = self.first() {
            same_protocol(first, &report)?;
        }
        self.places.push(Place::Report(self.reports.len()));
        self.reports.push(report);
        Ok(self)
    }

    /// Adds a row for a recommender that was trained with several seeds: means and standard deviations over them, with intervals
    /// over users and seeds.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn push_seeds(&mut self, summary: SeedSummary<S>) -> Result<&mut Self> {
        if let Some(first) = self.first() {
            same_protocol(first, &summary.reports()[0])?;
        }
        self.places.push(Place::Summary(self.summaries.len()));
        self.summaries.push(summary);
        Ok(self)
    }

    /// The rows that are single reports.
    #[must_use]
    pub fn reports(&self) -> &[Report<S>] {
        &self.reports
    }

    /// The rows that are several seeds.
    #[must_use]
    pub fn summaries(&self) -> &[SeedSummary<S>] {
        &self.summaries
    }

    /// Saves all figures of all rows as CSV: see [`Report::save_csv`].
    ///
    /// # Errors
    ///
    /// [`Error::File`] if it cannot be written.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let rows: Vec<Row<'_, S>> = self.rows().collect();
        save_csv(&rows, path.as_ref())
    }

    /// The table as Markdown, with the protocol below it.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let Some(mut grid) = self.grid(" ") else {
            return String::new();
        };
        grid.load_style(presets::ASCII_MARKDOWN);
        format!("{grid}\n\n{}\n", self.caption().replace('\n', "\n\n"))
    }

    /// `break_line` stands between a mean and its interval; `None` without rows.
    fn grid(&self, break_line: &str) -> Option<Grid> {
        let first = self.first()?;
        let columns = columns(first);
        let last_k = first.protocol().ks.last().copied().unwrap_or_default();
        let mut header = vec![String::new()];
        header.extend(
            columns
                .iter()
                .map(|(metric, k)| format!("{}@{k}", metric.symbol())),
        );
        header.extend(["coverage", "Gini"].map(|name| format!("{name}@{last_k}")));
        let popularity_of = |row: &Row<'_, S>| row.last_spread()?.mean_popularity;
        let popularity = self.rows().any(|row| popularity_of(&row).is_some());
        if popularity {
            header.push(format!("popularity@{last_k}"));
        }
        header.push("users/s".to_owned());

        let mut grid = grid(header);
        for shown in self.rows() {
            let figures = columns.iter().map(|&(metric, k)| shown.shown(metric, k));
            let mut cells: Vec<String> =
                figures.map(|cell| cell.replace('\n', break_line)).collect();
            if let Some(spread) = shown.last_spread() {
                cells.extend([spread.coverage, spread.gini].map(|value| format!("{value:.3}")));
            }
            if popularity {
                let value = popularity_of(&shown).map(|popularity| format!("{popularity:.1}"));
                cells.push(value.unwrap_or_else(|| "-".to_owned()));
            }
            cells.push(speed(shown.users_per_second()));
            grid.add_row(row(shown.name(), cells));
        }
        Some(grid)
    }

    /// The report that sets the protocol.
    fn first(&self) -> Option<&Report<S>> {
        self.all_reports().next()
    }

    /// All rows, in the order in which they were added.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_, S>> {
        self.places.iter().map(|place| match *place {
            Place::Report(index) => Row::One(&self.reports[index]),
            Place::Summary(index) => Row::Seeds(&self.summaries[index]),
        })
    }

    /// Single ones and those of seeds.
    fn all_reports(&self) -> impl Iterator<Item = &Report<S>> {
        self.rows().flat_map(|row| row.reports())
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
pub(crate) fn columns<S: EvaluationSet>(report: &Report<S>) -> Vec<(Metric, usize)> {
    let ks = &report.protocol().ks;
    metrics(report.protocol())
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
