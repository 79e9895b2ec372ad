//! Figures as CSV, one line each, every line with the protocol that it was measured under.

#[cfg(test)]
mod tests;

use std::path::Path;

use super::{Figure, Report};
use crate::{
    EvaluationSet, Protocol, Result, SeedSummary, Spread, atomic::write_atomically, table::Row,
};

/// What a line says of a figure.
const FIGURE: [&str; 12] = [
    "recommender",
    "measured_on",
    "slice",
    "users",
    "figure",
    "k",
    "value",
    "low",
    "high",
    "seeds",
    "deviation",
    "own_ties",
];

/// What it says of the protocol.
const PROTOCOL: [&str; 11] = [
    "split",
    "history_limit",
    "seen_items",
    "candidates",
    "ties",
    "cases",
    "targets",
    "sample_of",
    "sample_seed",
    "ks",
    "fingerprint",
];

impl<S: EvaluationSet> Report<S> {
    /// Saves one line a figure as CSV: recommender, measured on, slice (`all` for everybody), users, figure, k, value, the
    /// interval's low and high ends (empty where there is none), the number of seeds and the standard deviation over them (empty
    /// for one), what the recommender does with ties, and in the columns from `split` to `fingerprint` the protocol.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) if it cannot be written.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        save_csv(&[Row::One(self)], path.as_ref())
    }
}

/// One CSV of several rows.
pub(crate) fn save_csv<S: EvaluationSet>(rows: &[Row<'_, S>], path: &Path) -> Result<()> {
    write_atomically(path, |out| {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(FIGURE.iter().chain(&PROTOCOL))
            .map_err(std::io::Error::other)?;
        for row in rows {
            let lines = match row {
                Row::One(report) => of_report(report),
                Row::Seeds(summary) => of_seeds(summary),
            };
            let protocol = protocol_cells(row.protocol());
            for line in lines {
                let cells = line.cells(&protocol);
                csv.write_record(cells).map_err(std::io::Error::other)?;
            }
        }
        csv.flush()
    })
}

struct Line<'a> {
    recommender: &'a str,
    measured_on: String,
    slice: String,
    users: usize,
    figure: &'static str,
    k: Option<usize>,
    value: f64,
    interval: Option<crate::Interval>,
    seeds: usize,
    deviation: Option<f64>,
    own_ties: &'static str,
}

impl Line<'_> {
    fn cells(&self, protocol: &[String]) -> Vec<String> {
        let figure: [String; FIGURE.len()] = [
            self.recommender.to_owned(),
            self.measured_on.clone(),
            self.slice.clone(),
            self.users.to_string(),
            self.figure.to_owned(),
            cell(self.k),
            self.value.to_string(),
            cell(self.interval.map(|interval| interval.low)),
            cell(self.interval.map(|interval| interval.high)),
            self.seeds.to_string(),
            cell(self.deviation),
            self.own_ties.to_owned(),
        ];
        figure.into_iter().chain(protocol.iter().cloned()).collect()
    }
}

fn protocol_cells(protocol: &Protocol) -> [String; PROTOCOL.len()] {
    // Taken apart, so that a field added later cannot be forgotten here; `measured_on` has a column of its own.
    let Protocol {
        measured_on: _,
        split,
        history_limit,
        seen_items,
        candidates,
        ties,
        cases,
        targets,
        sample,
        ks,
        fingerprint,
    } = protocol;
    let ks: Vec<String> = ks.iter().map(ToString::to_string).collect();
    [
        split.to_string(),
        cell(*history_limit),
        seen_items.to_string(),
        candidates.to_string(),
        ties.to_string(),
        cases.to_string(),
        targets.to_string(),
        cell(sample.map(|sample| sample.of)),
        cell(sample.map(|sample| sample.seed)),
        ks.join(" "),
        fingerprint.clone(),
    ]
}

/// Empty where there is nothing.
fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn of_report<S: EvaluationSet>(report: &Report<S>) -> Vec<Line<'_>> {
    let blank = blank(report.recommender(), report);
    let metric = |slice: &str, users, figure: &Figure| Line {
        slice: slice.to_owned(),
        users,
        figure: figure.metric.name(),
        k: Some(figure.k),
        value: figure.value,
        interval: figure.interval,
        ..blank()
    };
    let everybody = report.protocol().cases;
    let figures = report.figures().iter();
    let mut lines: Vec<Line<'_>> = figures
        .map(|figure| metric("all", everybody, figure))
        .collect();
    lines.extend(of_lists(report.spread(), report.users_per_second(), &blank));
    for slice in report.slices() {
        let name = slice.slice.to_string();
        let figures = slice.figures.iter();
        lines.extend(figures.map(|figure| metric(&name, slice.users, figure)));
    }
    lines
}

fn of_seeds<S: EvaluationSet>(summary: &SeedSummary<S>) -> Vec<Line<'_>> {
    let one = blank(summary.name(), &summary.reports()[0]);
    let blank = || Line {
        seeds: summary.reports().len(),
        ..one()
    };
    let figures = summary.figures().iter();
    let mut lines: Vec<Line<'_>> = figures
        .map(|figure| Line {
            figure: figure.metric.name(),
            k: Some(figure.k),
            value: figure.mean,
            interval: figure.interval,
            deviation: Some(figure.deviation),
            ..blank()
        })
        .collect();
    let (spread, speed) = (summary.spread(), summary.users_per_second());
    lines.extend(of_lists(&spread, speed, &blank));
    lines
}

/// What all lists together show, and how fast they were made.
fn of_lists<'a>(
    spread: &[Spread],
    users_per_second: f64,
    blank: &dyn Fn() -> Line<'a>,
) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for spread in spread {
        let figures = [
            ("coverage", Some(spread.coverage)),
            ("Gini", Some(spread.gini)),
            ("mean popularity", spread.mean_popularity),
        ];
        for (figure, value) in figures {
            lines.extend(value.map(|value| Line {
                figure,
                k: Some(spread.k),
                value,
                ..blank()
            }));
        }
    }
    lines.push(Line {
        figure: "users per second",
        value: users_per_second,
        ..blank()
    });
    lines
}

/// Lines of this recommender about everybody, to be filled in.
fn blank<'a, S: EvaluationSet>(
    recommender: &'a str,
    report: &Report<S>,
) -> impl Fn() -> Line<'a> + use<'a, S> {
    let (users, ties) = (report.protocol().cases, report.ties());
    move || Line {
        recommender,
        measured_on: S::HELD_OUT.to_string(),
        slice: "all".to_owned(),
        users,
        figure: "",
        k: None,
        value: 0.0,
        interval: None,
        seeds: 1,
        deviation: None,
        own_ties: ties.word(),
    }
}
