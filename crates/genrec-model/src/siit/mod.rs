//! SIIT: identifiers that improve themselves (self-improving item tokenization, section 3).
//!
//! *In:* an [`IdentifierTable`] of any origin, what the items say, histories, and a [`TextModel`]. *Out:* a [`Round`] after every regeneration: new identifiers, the model
//! tuned on them, and how far the identifiers moved.
//!
//! ```text
//! round 0      the model learns the next item with the identifiers that it was given
//! round i      a copy of it learns what items say -> identifier, and back
//!              the copy writes every item's identifier anew, from its text; collisions are resolved
//!              the model learns the next item with the new identifiers
//! ```
//!
//! Every round is [a sealed folder](genrec_train::sealed): a run that was killed at any moment goes on to the same bits, and a folder that was changed is refused.
//!
//! - [`SiitConfig`]: how many rounds, how they are trained, who gets an identifier that several items want.
//! - [`Siit`]: the rounds, and their steps one by one.
//! - [`Diagnostics`]: what a regeneration came to.

mod config;
mod data;
mod folder;
mod rounds;
mod steps;
#[cfg(test)]
mod tests;

pub use config::{Order, SiitConfig};
pub use data::SiitData;
pub use folder::{Diagnostics, Round};
pub use rounds::{Siit, Stage};

#[cfg(doc)]
use crate::instruct::TextModel;
#[cfg(doc)]
use genrec_identify::IdentifierTable;
