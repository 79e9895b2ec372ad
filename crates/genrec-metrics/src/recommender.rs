//! The interface every recommender offers and every evaluation calls.

use genrec_data::{ItemId, UserId};
use serde::{Deserialize, Serialize};

use crate::Ranked;

/// One question to a [`Recommender`]: what comes after this history?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Query<'a> {
    /// Who asks; `None` for a visitor the recommender has never seen (then only the history counts).
    pub user: Option<UserId>,
    /// What the user interacted with, oldest first. May be empty.
    pub history: &'a [ItemId],
}

impl<'a> Query<'a> {
    /// The question of a known user with a history, oldest item first.
    #[must_use]
    pub fn new(user: UserId, history: &'a [ItemId]) -> Self {
        Self {
            user: Some(user),
            history,
        }
    }

    /// The question of somebody unknown with a history, oldest item first.
    #[must_use]
    pub fn anonymous(history: &'a [ItemId]) -> Self {
        Self {
            user: None,
            history,
        }
    }
}

/// What a recommender does with items that already occur in the history it is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenItems {
    /// Items of the history are ranked like all others, since people do come back to what they know.
    #[default]
    Ranked,
    /// Items of the history are left out of the answer.
    Removed,
}

impl std::fmt::Display for SeenItems {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Ranked => "ranked",
            Self::Removed => "removed",
        })
    }
}

/// What a recommender does with items that score the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// Puts them in order by a rule that knows nothing of the answer, such as their numbers; the order is the ranking.
    #[default]
    Broken,
    /// Declares them as groups of a [`Ranked`]; the [`TieRule`](crate::TieRule) of the evaluation says what a hit is worth.
    Declared,
}

impl Ties {
    /// In one word, for a column.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Declared => "declared",
        }
    }
}

impl std::fmt::Display for Ties {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Broken => "broken by a rule of its own",
            Self::Declared => "declared",
        })
    }
}

/// Something that answers histories with ranked items.
///
/// # What an implementer promises
///
/// - One [`Ranked`] per query, in the order of the queries, each of at most `k` items, best first, all of them valid
///   (`index < items()`), none twice, scores never NaN and never rising.
/// - Fewer than `k` items only where no more can be ranked at all.
/// - The same queries give the same answer, however they are batched.
/// - Nothing is printed.
/// - Empty histories and unknown users get an answer (possibly an empty one), not a panic.
/// - Items of the history are ranked like all others unless [`seen_items`](Self::seen_items) says
///   [`SeenItems::Removed`].
/// - Items that it cannot tell apart are one group of the list (see [`Ranked`]) unless [`ties`](Self::ties) says
///   [`Ties::Broken`].
///
/// [`evaluate`](crate::evaluate) checks what of this can be seen from outside.
pub trait Recommender {
    /// The name that tables and error messages show.
    fn name(&self) -> &str;

    /// Number of items in the catalogue it ranks; item indices run from 0 to this, exclusive.
    fn items(&self) -> usize;

    /// The best `k` items for every query, answers in the order of `queries`.
    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked>;

    /// Whether items of the history take part in the ranking; part of the protocol of a report.
    fn seen_items(&self) -> SeenItems {
        SeenItems::Ranked
    }

    /// Whether it declares ties or breaks them; every report says so.
    fn ties(&self) -> Ties {
        Ties::Declared
    }
}
