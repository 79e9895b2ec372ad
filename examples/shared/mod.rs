//! What the examples share: the choice of a back end, progress bars, and the folder of a run.
#![allow(dead_code, reason = "no example needs all of it")]

pub mod bars;
pub mod device;
pub mod run_folder;
