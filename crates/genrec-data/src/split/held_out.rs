//! Validation and test cases, as different types: nothing can be tuned on test by mistake.

use super::{Case, Cases};

macro_rules! held_out {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(Cases);

        impl $name {
            pub(super) fn new(cases: Cases) -> Self {
                Self(cases)
            }

            /// The cases themselves.
            #[must_use]
            pub fn cases(&self) -> &Cases {
                &self.0
            }

            /// The same cases with the last `n` items of each history: [`Cases::limit_history`].
            #[must_use]
            pub fn limit_history(&self, n: usize) -> Self {
                Self(self.0.limit_history(n))
            }

            /// A random part of the cases: [`Cases::sample`].
            #[must_use]
            pub fn sample(&self, n: usize, seed: u64) -> Self {
                Self(self.0.sample(n, seed))
            }

            /// The cases for which `keep` says so: [`Cases::filter`].
            #[must_use]
            pub fn filter(&self, keep: impl FnMut(Case<'_>) -> bool) -> Self {
                Self(self.0.filter(keep))
            }
        }
    };
}

held_out!(
    /// What choices are made on: when to stop, which settings. Only a split makes one.
    Validation
);
held_out!(
    /// What the figures of a table come from. Only a split makes one, and nothing that tunes takes one.
    Test
);
