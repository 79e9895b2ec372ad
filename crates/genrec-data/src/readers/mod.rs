//! Readers, one for each format: what a file says becomes a [`Dataset`](crate::Dataset), or an error with file, line, what was
//! expected and what was found.
//!
//! [`open`](crate::open) recognises a folder and calls the right one; call a reader directly to choose its options.
//!
//! | reader | files | users and items are called | times |
//! | --- | --- | --- | --- |
//! | [`LetterJson`] | `*.inter.json`, `*.item.json` | anything; 0, 1, ... | no |
//! | [`TemporalJson`] | `training.json`, `validation.json`, `testing.json`, `warm_items.json`, `cold_items.json` | anything; 0, 1, ... | no, but a [`Split`](crate::Split) |
//! | [`RecBole`] | `*.inter`, `*.item` | anything | if there is a column |
//! | [`MovieLens`] | `ratings.csv`, `movies.csv` | numbers | yes |
//! | [`SequenceText`] | `user_sequence.txt`, `train.txt` with `test.txt` | anything; 0 or 1, ... | no |
//! | [`AmazonReviews`] | reviews and `meta_*`, of 2014, 2018 and 2023 | anything | yes |
//!
//! [`read_searches`] and [`read_preferences`] read what else is said of items and users, for the tasks of language models.
//!
//! What they have in common:
//!
//! - Files are streamed and may be gzip-compressed (any number of members, named `.gz` or not); a file that breaks off is an error.
//! - All text is UTF-8. Lines with nothing on them (in tables not even white space) are passed over; nothing else is, and nothing
//!   is repaired.
//! - Where items are numbers, the numbers are kept; where they are names, they are numbered in the order in which they first
//!   occur, and interactions at the same time keep the order of the file. The original ids are in
//!   [`Catalog::ids`](crate::Catalog::ids) and [`Dataset::users`](crate::Dataset::users).
//! - Memory follows the size of the files and never the value of a number in them.

mod amazon;
mod dense;
mod events;
#[cfg(test)]
pub(crate) mod fixture;
mod histories;
mod interner;
mod item_record;
pub(crate) mod json;
mod letter;
mod movielens;
mod recbole;
mod said;
mod sequence;
pub(crate) mod source;
mod temporal;

pub use amazon::{AmazonRelease, AmazonReviews};
pub(crate) use amazon::{is_python, recognise as recognise_amazon};
pub use events::{RepeatedInteractions, RepeatedItems, UnknownItems};
pub use letter::LetterJson;
pub use movielens::MovieLens;
pub use recbole::{RecBole, RecBoleColumns};
pub use said::{read_preferences, read_searches};
pub use sequence::{FirstItem, SequenceText};
pub use temporal::TemporalJson;
