//! What can go wrong in an evaluation, and what to do about it.

use std::path::PathBuf;

use genrec_data::{ItemId, UserId};

use crate::HeldOut;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something could not be evaluated, compared, saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option that makes no sense.
    #[error("{config}.{field}: found {found}, expected {expected}")]
    Config {
        /// The configuration.
        config: &'static str,
        /// Its field.
        field: &'static str,
        /// What it was set to.
        found: String,
        /// What it may be.
        expected: &'static str,
    },

    /// There is nobody to evaluate on.
    #[error(
        "there is no {held_out} case to evaluate on; use a split that holds out at least one interaction, or relax the filter"
    )]
    NoCases {
        /// The part of the split that is empty.
        held_out: HeldOut,
    },

    /// Two parts talk about catalogues of different sizes.
    #[error(
        "{what} knows {found} items, but the cases were made for a catalogue of {expected}; fit it on the training part of the \
         same split"
    )]
    Catalogue {
        /// Who disagrees: the recommender's name, or what else was given.
        what: String,
        /// Its number of items.
        found: usize,
        /// The number of items of the cases.
        expected: usize,
    },

    /// A recommender did not answer every query once.
    #[error(
        "{recommender} returned {found} lists for {expected} queries; it must return one for each, in order"
    )]
    ListCount {
        /// The recommender's name.
        recommender: String,
        /// Number of queries.
        expected: usize,
        /// Number of lists.
        found: usize,
    },

    /// A list that a recommender must not return.
    #[error("{recommender}, user {user}: {fault}")]
    List {
        /// The recommender's name.
        recommender: String,
        /// Whose list it is.
        user: UserId,
        /// What is wrong with it.
        fault: ListFault,
    },

    /// A report made under another protocol than what it should be compared with.
    #[error(
        "the report of {recommender} cannot stand beside that of {beside}: {field} is {found} here and {expected} there; \
         evaluate both in the same way"
    )]
    OtherProtocol {
        /// The recommender whose report was refused.
        recommender: String,
        /// The recommender whose report was there first.
        beside: String,
        /// The field of [`Protocol`](crate::Protocol) that differs first.
        field: &'static str,
        /// The refused report's value.
        found: String,
        /// The value of the report that was there.
        expected: String,
    },

    /// Too few reports to say anything about the luck of seeds.
    #[error(
        "found {found} reports of {name}, expected at least 2: train it with several seeds and evaluate each"
    )]
    Seeds {
        /// The recommender.
        name: String,
        /// Number of reports.
        found: usize,
    },

    /// A report without the figures of single users, where these are needed.
    #[error(
        "the report of {recommender} has no figures of single users, as it was loaded from a file of an earlier version; evaluate it again"
    )]
    NoOutcomes {
        /// The recommender.
        recommender: String,
    },

    /// A figure that no report carries was asked for, or there was no report at all.
    #[error("cannot choose by {figure}: {reason}")]
    Choice {
        /// The figure asked for, such as `NDCG@10`.
        figure: String,
        /// Why it is not there.
        reason: String,
    },

    /// A file could not be read or written.
    #[error("{action} {}: {source}", path.display())]
    File {
        /// What was tried: "cannot read", "cannot write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// A file is not a report.
    #[error("{} is not a report of this version: {reason}; expected JSON written by Report::save_json", path.display())]
    NotAReport {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A test report was loaded as a validation report, or the other way round.
    #[error("{} was measured on {found}, not on {expected}; load it as a {found} report", path.display())]
    OtherSet {
        /// The file.
        path: PathBuf,
        /// What it was measured on.
        found: HeldOut,
        /// What it was loaded as.
        expected: HeldOut,
    },
}

/// What is wrong with one list of a recommender. Positions count from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ListFault {
    /// Longer than asked for.
    #[error("the list has {found} items where at most {k} were asked for")]
    TooLong {
        /// Number of items asked for.
        k: usize,
        /// Number of items returned.
        found: usize,
    },
    /// More items tied with the last one of a list that has room for them.
    #[error(
        "the list has {found} items of {k} asked for, and {beyond} more that are tied with the last one; list them"
    )]
    CutShort {
        /// Number of items asked for.
        k: usize,
        /// Number of items returned.
        found: usize,
        /// Number of items left out.
        beyond: usize,
    },
    /// An item that is not in the catalogue.
    #[error("item {item} at position {position} is not in the catalogue of {items} items")]
    UnknownItem {
        /// Where it is listed.
        position: usize,
        /// The item.
        item: ItemId,
        /// Size of the catalogue.
        items: usize,
    },
    /// An item listed twice.
    #[error("item {item} at position {position} is listed before already; items must be unique")]
    Repeated {
        /// Where it is listed again.
        position: usize,
        /// The item.
        item: ItemId,
    },
    /// A score that is not a number.
    #[error(
        "the score of item {item} at position {position} is NaN; look for a division by zero or an overflow in the model"
    )]
    NanScore {
        /// Where it is listed.
        position: usize,
        /// The item.
        item: ItemId,
    },
    /// A list that is not sorted.
    #[error(
        "the score rises from {before} to {score} at position {position}; lists must be sorted best first"
    )]
    RisingScore {
        /// Where the score is higher than before it.
        position: usize,
        /// The score before it.
        before: f32,
        /// The score there.
        score: f32,
    },
    /// An item of the history, from a recommender that claims to leave those out.
    #[error(
        "item {item} at position {position} is in the history, though the recommender says that it removes seen items"
    )]
    Seen {
        /// Where it is listed.
        position: usize,
        /// The item.
        item: ItemId,
    },
}
