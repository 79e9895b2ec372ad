//! What the examples share: the choice of a back end, progress bars, and the folder of a run.
#![allow(dead_code, reason = "no example needs all of it")]

pub(crate) mod bars;
pub(crate) mod device;
pub(crate) mod run_folder;
