//! What the examples share: the choice of a back end, progress bars, the folder of a run, and the steps from data to a recommender.
#![allow(dead_code, reason = "no example needs all of it")]
#![allow(clippy::print_stdout)]

pub(crate) mod bars;
pub(crate) mod device;
pub(crate) mod language;
pub(crate) mod preset;
pub(crate) mod run_folder;
pub(crate) mod steps;
