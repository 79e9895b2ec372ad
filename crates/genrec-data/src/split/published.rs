//! Splits that come with the data.

use super::{Split, SplitProtocol};
use crate::{Error, Interactions, Result};

impl Split {
    /// Cuts the history of user `u` at the positions `cuts[u]`, as the files say that came with the interactions: training
    /// before the first, validation up to the second, test after it.
    pub(crate) fn published(interactions: &Interactions, cuts: &[[usize; 2]]) -> Result<Self> {
        let split = Self::cut(interactions, SplitProtocol::Published, cuts);
        if split.test.cases().is_empty() {
            return Err(Error::NothingHeldOut {
                split: "the published split",
                users: interactions.users(),
                interactions: interactions.len(),
                remedy: "check that it is the right test file, or use leave_one_out",
            });
        }
        Ok(split)
    }
}
