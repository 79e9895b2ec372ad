//! What stands below a table: how its figures were measured, and what a reader should know of them.

use super::Table;
use crate::{EvaluationSet, report::tie_note};

impl<S: EvaluationSet> Table<S> {
    /// The protocol, the audit, and notes on single rows, a line each; empty without rows.
    pub(super) fn caption(&self) -> String {
        let Some(first) = self.first() else {
            return String::new();
        };
        let mut protocol = first.protocol().to_string();
        if first.bootstrap().resamples > 0 {
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
        let audits = self.all_reports().map(|report| report.audit());
        if let Some(audit) = audits.max_by_key(|audit| audit.findings().len()) {
            lines.push(format!("audit: {audit}"));
        }
        for report in self.all_reports() {
            if let Some(note) = tie_note(report) {
                lines.push(format!("{}: {note}", report.recommender()));
            }
        }
        lines.join("\n")
    }
}
