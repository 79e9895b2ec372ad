//! Everything a source says, in one place.

use std::fmt;

use crate::{Catalog, Error, Ids, Interactions, KCore, Result};

/// Interactions, the catalogue they are about, and the ids that users had in the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What the source is called, for tables and reports.
    pub name: String,
    /// Who did what, in which order.
    pub interactions: Interactions,
    /// What the items say; as many rows as `interactions.items()`.
    pub catalog: Catalog,
    /// The users' ids; as many as `interactions.users()`.
    pub users: Ids,
}

impl Dataset {
    /// Puts the parts together.
    ///
    /// # Errors
    ///
    /// [`Error::CountMismatch`] if catalogue or user ids have another number of rows than the interactions.
    pub fn new(
        name: impl Into<String>,
        interactions: Interactions,
        catalog: Catalog,
        users: Ids,
    ) -> Result<Self> {
        let counts = [
            (
                "items in the catalogue",
                catalog.len(),
                "items in the interactions",
                interactions.items(),
            ),
            (
                "user ids",
                users.len(),
                "users in the interactions",
                interactions.users(),
            ),
        ];
        for (what, found, against, expected) in counts {
            if found != expected {
                return Err(Error::CountMismatch {
                    what,
                    found,
                    against,
                    expected,
                });
            }
        }
        Ok(Self {
            name: name.into(),
            interactions,
            catalog,
            users,
        })
    }

    /// The largest part in which every user and every item has at least `k` interactions: [`KCore::new`]`(k)` applied.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyCore`] if nothing is left.
    pub fn k_core(&self, k: usize) -> Result<Self> {
        KCore::new(k).apply(self)
    }

    /// The figures that describe a data set in a paper.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        Statistics {
            users: self.interactions.users(),
            items: self.interactions.items(),
            interactions: self.interactions.len(),
        }
    }
}

/// The figures that describe a data set; prints as one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// How many users there are.
    pub users: usize,
    /// How many items there are.
    pub items: usize,
    /// How many interactions there are.
    pub interactions: usize,
}

impl Statistics {
    /// The mean number of interactions of a user; 0 if there is no user.
    #[must_use]
    pub fn mean_history(&self) -> f64 {
        self.interactions as f64 / self.users.max(1) as f64
    }

    /// The share of user-item pairs that interacted, counting each interaction: 0 to 1 where nothing is repeated.
    #[must_use]
    pub fn density(&self) -> f64 {
        self.mean_history() / self.items.max(1) as f64
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} users, {} items, {} interactions ({:.1} a user, density {:.3} %)",
            self.users,
            self.items,
            self.interactions,
            self.mean_history(),
            100.0 * self.density()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ItemId;

    fn interactions() -> Interactions {
        let history = |items: &[u32]| items.iter().copied().map(ItemId::new).collect();
        Interactions::new(4, vec![history(&[0, 1, 3]), history(&[2])]).unwrap()
    }

    #[test]
    fn parts_of_different_size_are_refused() {
        let short = Catalog::without_text(Ids::sequential(3));
        let error = Dataset::new("x", interactions(), short, Ids::sequential(2)).unwrap_err();
        assert!(
            matches!(
                error,
                Error::CountMismatch {
                    what: "items in the catalogue",
                    found: 3,
                    expected: 4,
                    ..
                }
            ),
            "{error}"
        );
        let catalog = Catalog::without_text(Ids::sequential(4));
        let error = Dataset::new("x", interactions(), catalog, Ids::sequential(3)).unwrap_err();
        assert!(
            matches!(
                error,
                Error::CountMismatch {
                    what: "user ids",
                    found: 3,
                    expected: 2,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn statistics_read_as_in_a_paper() {
        let catalog = Catalog::without_text(Ids::sequential(4));
        let dataset = Dataset::new("x", interactions(), catalog, Ids::sequential(2)).unwrap();
        assert_eq!(
            dataset.statistics().to_string(),
            "2 users, 4 items, 4 interactions (2.0 a user, density 50.000 %)"
        );
    }
}
