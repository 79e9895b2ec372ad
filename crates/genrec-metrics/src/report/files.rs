//! Reports as JSON, to load again.

use std::{
    fs::File,
    io::{BufReader, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{Measured, Report};
use crate::{
    Error, EvaluationSet, Outcomes, Result,
    atomic::{read_error, write_atomically},
};

/// Raised whenever the meaning of a field changes, so that an old file is refused instead of misread.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct ReportFile {
    genrec_report: u32,
    #[serde(flatten)]
    measured: Measured,
    /// Files of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcomes: Option<Outcomes>,
}

impl<S: EvaluationSet> Report<S> {
    /// Saves everything as JSON, the [outcomes](Self::outcomes) of single users included, so that seeds measured in several processes can be summarised and tested;
    /// [`load_json`](Self::load_json) reads it back.
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
            outcomes: self.outcomes().cloned(),
        };
        write_atomically(path.as_ref(), |out| {
            serde_json::to_writer(&mut *out, &file)?;
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
        // The version before the rest, which another version may lay out in another way.
        let file: serde_json::Value = serde_json::from_reader(BufReader::new(file))
            .map_err(|error| not_a_report(error.to_string()))?;
        if let Some(found) = file.get("genrec_report").filter(|found| **found != VERSION) {
            let reason = format!("genrec_report is {found}, expected {VERSION}: evaluate again");
            return Err(not_a_report(reason));
        }
        let file: ReportFile =
            serde_json::from_value(file).map_err(|error| not_a_report(error.to_string()))?;
        let found = file.measured.protocol.measured_on;
        if found != S::HELD_OUT {
            return Err(Error::OtherSet {
                path: path.to_owned(),
                found,
                expected: S::HELD_OUT,
            });
        }
        let cases = file.measured.protocol.cases;
        if file
            .outcomes
            .as_ref()
            .is_some_and(|outcomes| !outcomes.fit(cases, &file.measured.protocol.ks))
        {
            let reason = format!("its outcomes are not those of {cases} users: evaluate again");
            return Err(not_a_report(reason));
        }
        Ok(Self::new(file.measured, file.outcomes))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use genrec_data::{Test, Validation};

    use super::*;
    use crate::{EvaluateConfig, ItemKnn, ItemSlices, SeedSummary, evaluate, fixture};

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
        assert_eq!(a.outcomes(), b.outcomes());
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
    fn seeds_of_several_processes_are_summarised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        report().save_json(&path).unwrap();
        let again = Report::<Test>::load_json(&path).unwrap();
        let summary = SeedSummary::new("item kNN", vec![report(), again]).unwrap();
        for figure in summary.figures() {
            assert_eq!(figure.deviation, 0.0);
        }
        // A file of an earlier version, and one that was tampered with.
        let text = fs::read_to_string(&path).unwrap();
        let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
        for part in ["rows", "columns", "users"] {
            let mut damaged = file.clone();
            damaged["outcomes"][part].as_array_mut().unwrap().reverse();
            if part != "columns" {
                damaged["outcomes"][part].as_array_mut().unwrap().pop();
            }
            fs::write(&path, damaged.to_string()).unwrap();
            let error = Report::<Test>::load_json(&path).unwrap_err();
            assert!(error.to_string().contains("outcomes"), "{part}: {error}");
        }
        file.as_object_mut().unwrap().remove("outcomes");
        fs::write(&path, file.to_string()).unwrap();
        assert!(
            Report::<Test>::load_json(&path)
                .unwrap()
                .outcomes()
                .is_none()
        );
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
                &whole.replacen(r#""genrec_report":2"#, r#""genrec_report":7"#, 1),
                "genrec_report is 7, expected 2",
            ),
            (
                &whole.replacen(r#""value":"#, r#""value":null,"was":"#, 1),
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
}
