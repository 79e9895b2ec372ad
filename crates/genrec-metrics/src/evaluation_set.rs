//! What a recommender can be measured on, as types: validation to choose, test to report.

use std::fmt;

use genrec_data::{Cases, Test, Validation};
use serde::{Deserialize, Serialize};

/// Which held-out part of the data something was measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldOut {
    /// The part that choices are made on.
    Validation,
    /// The part that the figures of a table come from.
    Test,
}

impl fmt::Display for HeldOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for genrec_data::Validation {}
    impl Sealed for genrec_data::Test {}
}

/// A held-out part of the data: [`Validation`] or [`Test`], nothing else.
///
/// [`evaluate`](crate::evaluate) gives a [`Report`](crate::Report) of the same type, so that the compiler keeps test
/// figures out of every choice.
pub trait EvaluationSet: sealed::Sealed {
    /// Which part it is.
    const HELD_OUT: HeldOut;

    /// The cases of this part.
    fn cases(&self) -> &Cases;
}

impl EvaluationSet for Validation {
    const HELD_OUT: HeldOut = HeldOut::Validation;

    fn cases(&self) -> &Cases {
        self.cases()
    }
}

impl EvaluationSet for Test {
    const HELD_OUT: HeldOut = HeldOut::Test;

    fn cases(&self) -> &Cases {
        self.cases()
    }
}
