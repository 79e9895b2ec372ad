//! An audit as text.

use std::fmt;

use super::{Audit, Check, Example, Finding};

impl Check {
    /// Who is counted, and what they have.
    fn words(self) -> [&'static str; 2] {
        match self {
            Self::TargetInHistory => ["users", "a target in their own history"],
            Self::TargetInTraining => ["users", "a target in their own training history"],
            Self::DuplicateUser => ["users", "the history and targets of an earlier user"],
            Self::EmptyHistory => ["users", "an empty history"],
            Self::TrainingAfterTarget => ["users", "training of their own after their target"],
            Self::TrainingFromFuture => ["users", "training of anybody after their target"],
            Self::ItemFromFuture => ["targets", "an item that training has only later"],
            Self::ColdTarget => ["targets", "a cold item"],
            Self::UnknownTarget => ["targets", "an item outside the catalogue of training"],
            Self::UserWithoutTarget => ["users of training", "no target"],
        }
    }
}

impl fmt::Display for Check {
    /// Such as `users with a target in their own training history`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [who, what] = self.words();
        write!(f, "{who} with {what}")
    }
}

impl fmt::Display for Finding {
    /// Such as `264 of 1090 users (24.2 %) with a target in their own training history`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [who, what] = self.check.words();
        let (found, of, share) = (self.found, self.of, 100.0 * self.share());
        write!(f, "{found} of {of} {who} ({share:.1} %) with {what}")
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {}", self.user)?;
        if let Some(item) = self.item {
            write!(f, ", item {item}")?;
        }
        if let Some(like) = self.like {
            write!(f, ", like user {like}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Audit {
    /// One line: what was found, what was looked for and not found, and whether training was left out. With `{:#}` one line for each, with examples.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return self.fmt_lines(f);
        }
        let (found, nowhere): (Vec<&Finding>, Vec<&Finding>) =
            self.findings.iter().partition(|finding| finding.found > 0);
        let found = found.iter().map(ToString::to_string);
        let nowhere = nowhere.iter().map(|finding| finding.check.to_string());
        let nowhere: Vec<String> = nowhere.collect();
        let mut parts: Vec<String> = found.collect();
        if !nowhere.is_empty() {
            parts.push(format!("no {}", nowhere.join(", no ")));
        }
        // Silence would read as if it had been looked for.
        if !self.findings.is_empty() && self.finding(Check::TargetInTraining).is_none() {
            parts.push("what training gives away was not looked for: it was not given".into());
        }
        f.write_str(&parts.join("; "))
    }
}

impl Audit {
    fn fmt_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, finding) in self.findings.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            write!(f, "{finding}")?;
            let examples: Vec<String> = finding.examples.iter().map(ToString::to_string).collect();
            if !examples.is_empty() {
                write!(f, ": {}", examples.join("; "))?;
                if finding.found > examples.len() {
                    write!(f, "; ...")?;
                }
            }
        }
        Ok(())
    }
}
