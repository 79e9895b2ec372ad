//! What stands below a table: how its figures were measured, and what a reader should know of them.

use genrec_data::Audit;

use super::Table;
use crate::{EvaluationSet, Report, report::tie_note};

impl<S: EvaluationSet> Table<S> {
    /// The protocol, the audit, and notes on single rows, a line each; empty without rows.
    #[must_use]
    pub fn caption(&self) -> String {
        let Some(first) = self.first() else {
            return String::new();
        };
        let mut protocol = first.protocol().to_string();
        let resampled = |report: &Report<S>| report.bootstrap().resamples > 0;
        if self.all_reports().any(resampled) {
            protocol.push_str("; 95 % bootstrap intervals over users");
            if !self.summaries.is_empty() {
                protocol.push_str(", over users and seeds where there are several seeds");
            }
        }
        if !self.summaries.is_empty() {
            protocol.push_str("; ± is the standard deviation over seeds");
        }
        let mut lines = vec![protocol];
        // Audits of the same cases differ where only some were given the training: the others add nothing to the fullest.
        let looked_for = |audit: &Audit| audit.findings().len();
        let fullest = self.all_reports().map(|report| looked_for(report.audit()));
        let fullest = fullest.max().unwrap_or_default();
        let mut audits: Vec<&Audit> = self.all_reports().map(Report::audit).collect();
        audits.retain(|audit| looked_for(audit) == fullest);
        let mut told: Vec<&Audit> = Vec::new();
        for audit in audits {
            if !told.contains(&audit) {
                lines.push(format!("audit: {audit}"));
                told.push(audit);
            }
        }
        for report in self.all_reports() {
            if let Some(note) = tie_note(report) {
                lines.push(format!("{}: {note}", report.recommender()));
            }
        }
        lines.join("\n")
    }
}
