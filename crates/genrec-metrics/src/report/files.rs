//! Reports as files: JSON to load again, CSV for spreadsheets.

use std::{
    fs::File,
    io::{BufReader, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{Figure, Measured, Report};
use crate::{
    Error, EvaluationSet, Result,
    atomic::{read_error, write_atomically},
};

/// Raised whenever the meaning of a field changes, so that an old file is refused instead of misread.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct ReportFile {
    genrec_report: u32,
    #[serde(flatten)]
    measured: Measured,
}

impl<S: EvaluationSet> Report<S> {
    /// Saves everything but the [outcomes](Self::outcomes) of single users as JSON; [`load_json`](Self::load_json) reads it back.
    ///
    /// The file appears whole or not at all: it is written beside its place and renamed.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if it cannot be written.
    pub fn save_json(&self, path: impl AsRef<Path>) -> Result<()> {
        let file = ReportFile {
            genrec_report: VERSION,
            measured: self.measured.clone(),
        };
        write_atomically(path.as_ref(), |out| {
            serde_json::to_writer_pretty(&mut *out, &file)?;
            out.write_all(b"\n")
        })
    }

    /// Loads a report that [`save_json`](Self::save_json) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if the file cannot be read, [`Error::NotAReport`] if it holds something else, and
    /// [`Error::OtherSet`] if a validation report is asked for and the file holds a test report, or the other way round.
    pub fn load_json(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let not_a_report = |reason| Error::NotAReport {
            path: path.to_owned(),
            reason,
        };
        let file = File::open(path).map_err(|source| read_error(path, source))?;
        let file: ReportFile = serde_json::from_reader(BufReader::new(file))
            .map_err(|error| not_a_report(error.to_string()))?;
        if file.genrec_report != VERSION {
            let reason = format!(
                "genrec_report is {}, expected {VERSION}",
                file.genrec_report
            );
            return Err(not_a_report(reason));
        }
        let found = file.measured.protocol.measured_on;
        if found != S::HELD_OUT {
            return Err(Error::OtherSet {
                path: path.to_owned(),
                found,
                expected: S::HELD_OUT,
            });
        }
        Ok(Self::new(file.measured, None))
    }

    /// Saves one line a figure as CSV: recommender, measured on, slice (`all` for everybody), users, figure, k, value, and the
    /// interval's low and high ends (empty where there is none).
    ///
    /// # Errors
    ///
    /// [`Error::File`] if it cannot be written.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        save_csv(std::slice::from_ref(self), path.as_ref())
    }
}

/// One CSV of several reports.
pub(crate) fn save_csv<S: EvaluationSet>(reports: &[Report<S>], path: &Path) -> Result<()> {
    write_atomically(path, |out| {
        let mut csv = csv::Writer::from_writer(out);
        for report in reports {
            for line in lines(report) {
                csv.serialize(line).map_err(std::io::Error::other)?;
            }
        }
        csv.flush()
    })
}

#[derive(Serialize)]
struct Line<'a> {
    recommender: &'a str,
    measured_on: String,
    slice: String,
    users: usize,
    figure: &'static str,
    k: Option<usize>,
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
}

fn lines<S: EvaluationSet>(report: &Report<S>) -> Vec<Line<'_>> {
    let line = |slice: &str, users, figure, k, value| Line {
        recommender: report.recommender(),
        measured_on: S::HELD_OUT.to_string(),
        slice: slice.to_owned(),
        users,
        figure,
        k,
        value,
        low: None,
        high: None,
    };
    let metric = |slice: &str, users, figure: &Figure| Line {
        low: figure.interval.map(|interval| interval.low),
        high: figure.interval.map(|interval| interval.high),
        ..line(
            slice,
            users,
            figure.metric.name(),
            Some(figure.k),
            figure.value,
        )
    };
    let everybody = report.protocol().cases;
    let mut lines: Vec<Line<'_>> = report
        .figures()
        .iter()
        .map(|figure| metric("all", everybody, figure))
        .collect();
    for spread in report.spread() {
        let mut add = |name, value| lines.push(line("all", everybody, name, Some(spread.k), value));
        add("coverage", spread.coverage);
        add("Gini", spread.gini);
        if let Some(popularity) = spread.mean_popularity {
            add("mean popularity", popularity);
        }
    }
    lines.push(line(
        "all",
        everybody,
        "users per second",
        None,
        report.users_per_second(),
    ));
    for slice in report.slices() {
        let name = slice.slice.to_string();
        lines.extend(
            slice
                .figures
                .iter()
                .map(|figure| metric(&name, slice.users, figure)),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::fs;

    use genrec_data::{Test, Validation};

    use super::*;
    use crate::{EvaluateConfig, ItemKnn, ItemSlices, evaluate, fixture};

    fn report() -> Report<Test> {
        let split = fixture::split();
        let config = EvaluateConfig::new(3)
            .with_resamples(20)
            .with_slices(ItemSlices::of(&split.train));
        evaluate(&ItemKnn::fit(&split.train), &split.test, &config).unwrap()
    }

    /// JSON numbers come back to within a rounding of the last bit.
    fn assert_same(a: &Report<Test>, b: &Report<Test>) {
        assert_eq!(a.to_string(), b.to_string());
        assert_eq!(a.protocol(), b.protocol());
        assert_eq!(a.bootstrap(), b.bootstrap());
        assert_eq!(a.audit(), b.audit());
        assert_eq!((a.ties(), a.tied_lists()), (b.ties(), b.tied_lists()));
        assert_eq!(a.figures().len(), b.figures().len());
        for (a, b) in a.figures().iter().zip(b.figures()) {
            assert_eq!((a.metric, a.k), (b.metric, b.k));
            assert!((a.value - b.value).abs() < 1e-15);
            assert_eq!(a.interval.is_some(), b.interval.is_some());
        }
        assert_eq!(a.slices().len(), b.slices().len());
    }

    #[test]
    fn json_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let report = report();
        report.save_json(&path).unwrap();
        assert_same(&report, &Report::load_json(&path).unwrap());
    }

    #[test]
    fn a_test_report_is_no_validation_report() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        report().save_json(&path).unwrap();
        let error = Report::<Validation>::load_json(&path).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("measured on test, not on validation"),
            "{error}"
        );
    }

    #[test]
    fn other_files_are_refused_with_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let load = || Report::<Test>::load_json(&path).unwrap_err().to_string();
        assert!(load().starts_with("cannot read"), "{}", load());
        report().save_json(&path).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let damaged = [
            ("", "EOF"),
            (&whole[..whole.len() / 2], "EOF"),
            (r#"{"genrec_report": 2}"#, "missing field"),
            (
                &whole.replacen(r#""genrec_report": 2"#, r#""genrec_report": 7"#, 1),
                "genrec_report is 7, expected 2",
            ),
            (
                &whole.replacen(r#""value": "#, r#""value": null, "was": "#, 1),
                "null",
            ),
        ];
        for (content, reason) in damaged {
            fs::write(&path, content).unwrap();
            let message = load();
            assert!(message.contains("report.json is not a report"), "{message}");
            assert!(message.contains(reason), "{reason}: {message}");
        }
    }

    #[test]
    fn csv_has_a_line_for_every_figure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        let report = report().named("kNN, \"plain\"");
        report.save_csv(&path).unwrap();
        let mut csv = csv::Reader::from_path(&path).unwrap();
        let head = [
            "recommender",
            "measured_on",
            "slice",
            "users",
            "figure",
            "k",
            "value",
            "low",
            "high",
        ];
        assert_eq!(csv.headers().unwrap(), &head[..]);
        let lines: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
        let in_slices: usize = report
            .slices()
            .iter()
            .map(|slice| slice.figures.len())
            .sum();
        assert!(in_slices > 0);
        assert_eq!(lines.len(), report.figures().len() + 2 * 3 + 1 + in_slices);
        assert!(
            lines
                .iter()
                .all(|line| &line[0] == report.recommender() && &line[1] == "test")
        );
        let first = &report.figures()[0];
        assert_eq!(
            (&lines[0][2], &lines[0][4], &lines[0][5]),
            ("all", "recall", "5")
        );
        assert_eq!(lines[0][6].parse(), Ok(first.value));
        assert_eq!(lines[0][7].parse(), Ok(first.interval.unwrap().low));
    }
}
