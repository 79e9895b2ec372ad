//! Who did what, in which order, and what the items say: data sets for recommenders, read, checked, filtered and split.
//!
//! **In** go the files of a source: [`open`] recognises a folder by what is in it, the readers in [`readers`] take single
//! files and options. Or nothing goes in: a [`SyntheticWorld`] makes up a shop in which the best possible recommendation is
//! known. **Out** comes a [`Dataset`]: [`Interactions`] (every user's items in time order) and a [`Catalog`] (title, brand,
//! categories, description, price), users and items numbered from 0, with the [`Ids`] they had in the source. What is
//! wrong with an input is an [`Error`] that names the place; nothing is repaired or dropped in silence.
//!
//! ```
//! use genrec_data::{SyntheticWorldConfig, leave_one_out};
//!
//! // Or: let dataset = genrec_data::open("path/to/folder")?;
//! let dataset = SyntheticWorldConfig::new().generate(42).dataset();
//! let dataset = dataset.k_core(5)?;
//! println!("{}: {}", dataset.name, dataset.statistics());
//!
//! let split = leave_one_out(&dataset.interactions)?.limit_history(20);
//! let case = split.test.cases().get(0);
//! for &item in case.history {
//!     println!("took    {}", dataset.catalog.text(item));
//! }
//! println!("and now {}", dataset.catalog.text(case.targets[0]));
//! # assert!(!case.history.is_empty() && !dataset.catalog.text(case.targets[0]).is_empty());
//! # Ok::<(), genrec_data::Error>(())
//! ```
//!
//! # What is inside
//!
//! - [`UserId`], [`ItemId`]: row numbers that cannot be mixed up
//! - [`Dataset`], [`Interactions`], [`Catalog`], [`Ids`]: immutable, flat, checked when made
//! - [`open`] and [`readers`]: published formats in, `.gz` accepted
//! - [`KCore`]: users and items with too little to learn from left out
//! - [`leave_one_out`], [`time_ratio`]: a [`Split`] into training, [`Validation`] and [`Test`], two types so that nothing is
//!   tuned on test; warm and cold items as [`ItemSet`]s
//! - [`Newcomers`]: users and items left out of everything that is learnt, to come in afterwards
//! - [`audit`]: what of the answers the training or the questions give away, counted with examples
//! - [`SyntheticWorld`]: a planted world with its true next-item distribution

mod audit;
mod catalog;
mod dataset;
mod error;
mod ids;
mod interactions;
mod item_set;
mod kcore;
mod open;
pub mod readers;
mod split;
mod synthetic;

pub use audit::{Audit, Check, Example, Finding, audit, audit_cases};
pub use catalog::{Catalog, Item};
pub use dataset::{Dataset, Statistics};
pub use error::{Error, Result};
pub use ids::{Ids, ItemId, UserId};
pub use interactions::Interactions;
pub use item_set::ItemSet;
pub use kcore::KCore;
pub use open::open;
pub use split::{
    Case, Cases, Newcomers, Split, SplitProtocol, Test, Validation, leave_one_out, time_ratio,
};
pub use synthetic::{SyntheticWorld, SyntheticWorldConfig};
