//! What can go wrong with data, said so that it can be put right.

use std::{io, path::PathBuf};

use crate::{ItemId, UserId};

/// The result of everything in this crate that takes data from outside.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with data. Every message has the place, the value found, what was expected, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder cannot be read: missing, no permission, or a compressed stream that breaks off.
    #[error("{}: cannot be read ({source}); check that it is there, readable and complete", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A line of a file is not what its format says.
    #[error("{}:{line}: expected {expected}, found {found}; {remedy}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What the format asks for there.
        expected: String,
        /// What is there.
        found: String,
        /// What to do about it.
        remedy: String,
    },

    /// A file as a whole is not what was expected: empty, of another kind, or at odds with another file.
    #[error("{}: expected {expected}, found {found}; {remedy}", path.display())]
    Unexpected {
        /// The file or folder.
        path: PathBuf,
        /// What was looked for.
        expected: String,
        /// What is there.
        found: String,
        /// What to do about it.
        remedy: String,
    },

    /// A history holds an item that is not in the catalogue.
    #[error(
        "history of user {user}, position {position}: found item {item}, expected one below {items}, the number of items in the \
         catalogue; renumber the items from 0 or give the larger catalogue"
    )]
    ItemOutOfRange {
        /// Whose history.
        user: UserId,
        /// Where in it, from 0.
        position: usize,
        /// The item found.
        item: ItemId,
        /// The number of items in the catalogue.
        items: usize,
    },

    /// A history is not in time order.
    #[error(
        "history of user {user}, position {position}: found time {found} after {before}, expected times that do not decrease; sort \
         each history by time first"
    )]
    TimeGoesBack {
        /// Whose history.
        user: UserId,
        /// Where in it, from 0.
        position: usize,
        /// The time of the interaction before, in seconds.
        before: i64,
        /// The earlier time found, in seconds.
        found: i64,
    },

    /// More users, items or names than 32-bit numbers can tell apart.
    #[error(
        "found {found} {what}, expected at most {}; filter or shard the data",
        u32::MAX
    )]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        found: usize,
    },

    /// Two users or two items have the same name.
    #[error(
        "id {id:?} stands for both number {first} and number {second}; expected distinct ids: merge or rename them"
    )]
    DuplicateId {
        /// The name.
        id: String,
        /// The first number that has it.
        first: usize,
        /// The second one.
        second: usize,
    },

    /// Two parts of one data set disagree about how many rows there are.
    #[error(
        "found {found} {what}, expected {expected} {against}; both must come from the same source"
    )]
    CountMismatch {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// What they were counted against.
        against: &'static str,
        /// How many those are.
        expected: usize,
    },

    /// A time-ordered split was asked of interactions without timestamps.
    #[error(
        "the interactions of {users} users have no timestamps, expected one for each: a time-ordered split has no order to follow; \
         read a source with timestamps or use leave_one_out, which needs only the order within each history"
    )]
    NoTimestamps {
        /// How many users there are.
        users: usize,
    },

    /// The three parts of a ratio split make no sense.
    #[error(
        "split ratios: found {ratios:?}, expected training, validation and test shares that are 0 or more, add up to 1, and leave \
         something to train and to test on, such as [0.8, 0.1, 0.1]"
    )]
    Ratios {
        /// The ratios given.
        ratios: [f64; 3],
    },

    /// A split would leave nothing to test on.
    #[error(
        "{split} of {interactions} interactions of {users} users holds nothing out for the test; {remedy}"
    )]
    NothingHeldOut {
        /// Which split.
        split: &'static str,
        /// How many users there are.
        users: usize,
        /// How many interactions there are.
        interactions: usize,
        /// What to do about it.
        remedy: &'static str,
    },

    /// No user and item is left after k-core filtering.
    #[error(
        "the core with {per_user} interactions per user and {per_item} per item is empty (of {users} users, {items} items, \
         {interactions} interactions); ask for fewer"
    )]
    EmptyCore {
        /// The least interactions asked of a user.
        per_user: usize,
        /// The least interactions asked of an item.
        per_item: usize,
        /// Users before filtering.
        users: usize,
        /// Items before filtering.
        items: usize,
        /// Interactions before filtering.
        interactions: usize,
    },

    /// A field of a configuration has a value that makes no sense.
    #[error("{config}.{field}: found {found}, expected {expected}")]
    InvalidConfig {
        /// The configuration.
        config: &'static str,
        /// Its field.
        field: &'static str,
        /// The value found.
        found: String,
        /// What is asked for, which is also the remedy.
        expected: &'static str,
    },
}
