//! Which identifiers something was made for.

use std::sync::Arc;

/// Tells a trie, or a state of an overlay, from all others of the process; its clones are the same.
///
/// Whoever keeps one keeps its address from being used again.
#[derive(Clone, Debug)]
pub(crate) struct Identity(Arc<()>);

impl Identity {
    /// One that is equal to no other.
    pub(crate) fn new() -> Self {
        Self(Arc::new(()))
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
