//! What a split gives away, counted: targets in the training history, duplicate users, training from the future.

mod checks;
mod display;
#[cfg(test)]
mod tests;

pub use checks::{audit, audit_cases};

use serde::{Deserialize, Serialize};

use crate::{ItemId, UserId};

/// One thing that an [`Audit`] counts.
///
/// None of them is an error by itself: people do buy again what they bought before, and a leave-one-out split always trains on
/// things that happened after the first user's test. But whoever reads a figure should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Check {
    /// Users with a target that is in the history they are asked about (as much of it as a limit leaves): they came back to an
    /// item, or the target was left in.
    TargetInHistory,
    /// Users with a target that is in their own training history: they came back to an item, or what is tested on was trained
    /// on. Where nobody takes an item twice, every one of them is a leak.
    TargetInTraining,
    /// Users whose history and targets are those of an earlier user, item by item: what is asked of the one is known of the
    /// other. Short ones can be alike by chance.
    DuplicateUser,
    /// Users who are asked about without a history.
    EmptyHistory,
    /// Users whose own training goes on after their first target (in time, not at the same second).
    TrainingAfterTarget,
    /// Users whose first target is older than the newest training interaction of anybody: trained on the future of others.
    /// Leave-one-out splits have it nearly throughout, splits by time not at all.
    TrainingFromFuture,
    /// Targets whose item occurs in training only later than the target: nobody could have known it.
    ItemFromFuture,
    /// Targets whose item does not occur in training: cold items.
    ColdTarget,
    /// Targets whose item is not in the catalogue of training: no recommender fitted on it can ever list them.
    UnknownTarget,
    /// Users of training about whom nothing is asked.
    UserWithoutTarget,
}

impl Check {
    /// All of them, in the order of an audit.
    pub const ALL: [Self; 10] = [
        Self::TargetInHistory,
        Self::TargetInTraining,
        Self::DuplicateUser,
        Self::EmptyHistory,
        Self::TrainingAfterTarget,
        Self::TrainingFromFuture,
        Self::ItemFromFuture,
        Self::ColdTarget,
        Self::UnknownTarget,
        Self::UserWithoutTarget,
    ];
}

/// Where something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The user.
    pub user: UserId,
    /// The target it is about, if it is about one.
    pub item: Option<ItemId>,
    /// The earlier user that a duplicate user is like.
    pub like: Option<UserId>,
}

/// How often something was found, and where first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked for.
    pub check: Check,
    /// How many users or targets (as the check says) have it.
    pub found: usize,
    /// How many were looked at.
    pub of: usize,
    /// The first few, in the order of the cases.
    pub examples: Vec<Example>,
}

impl Finding {
    /// What share of those looked at have it, 0 to 1; 0 if there was nothing to look at.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.found as f64 / self.of.max(1) as f64
    }
}

/// What a set of cases, and the training beside it, give away of the answers.
///
/// Made by [`audit`] or [`audit_cases`]. `Display` is one line, `{:#}` has a line for each finding, with its examples.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Audit {
    findings: Vec<Finding>,
}

impl Audit {
    /// Everything that was looked for, in the order of [`Check::ALL`]; what was found nowhere has a count of 0, what could not be
    /// looked for (without training, without times) is missing.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// One finding; `None` if it could not be looked for.
    #[must_use]
    pub fn finding(&self, check: Check) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.check == check)
    }

    /// How many users or targets have it; `None` if it could not be looked for.
    #[must_use]
    pub fn found(&self, check: Check) -> Option<usize> {
        self.finding(check).map(|finding| finding.found)
    }
}
