//! Sources that number their items themselves: the numbers are kept, so that row `i` of an embedding file stays item `i`.

use std::path::Path;

use crate::{Error, Interactions, ItemId, Result};

/// Histories as numbers, one flat array; not yet checked against a catalogue.
#[derive(Clone, Default, Debug)]
pub(crate) struct Histories {
    pub(crate) items: Vec<u32>,
    ends: Vec<usize>,
}

impl Histories {
    /// Closes the history of the next user: everything pushed since the last one.
    pub(crate) fn end_user(&mut self) {
        self.ends.push(self.items.len());
    }

    pub(crate) fn users(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        (0..self.users()).map(|user| self.history(user))
    }

    pub(crate) fn history(&self, user: usize) -> &[u32] {
        let start = if user == 0 { 0 } else { self.ends[user - 1] };
        &self.items[start..self.ends[user]]
    }

    pub(crate) fn into_interactions(self, items_in_catalogue: usize) -> Result<Interactions> {
        let histories = self
            .iter()
            .map(|history| history.iter().copied().map(ItemId::new).collect());
        Interactions::new(items_in_catalogue, histories.collect())
    }
}

/// A number that is missing below the largest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) missing: u32,
    pub(crate) largest: u32,
}

impl Gap {
    pub(crate) const REMEDY: &str = "if items without interactions are meant, say how many items there are (with_catalogue_size) or give \
                                     a file of all items; if not, the large number is wrong";

    pub(crate) fn expected(&self) -> String {
        format!("every item number up to the largest, {}", self.largest)
    }

    pub(crate) fn found(&self) -> String {
        format!("no item {}", self.missing)
    }
}

/// The size of a catalogue nobody told the size of: every number from 0 to the largest must occur, because a gap is either an
/// item nobody touched or a damaged number, and only the caller knows which. Memory follows the number of occurrences, whatever
/// the numbers are.
pub(crate) fn items_without_gaps(
    occurrences: impl Iterator<Item = u32> + Clone,
) -> Result<usize, Gap> {
    let Some(largest) = occurrences.clone().max() else {
        return Ok(0);
    };
    let needed = largest as usize + 1;
    // With n occurrences, fewer than there are numbers, the largest is not below n, so at most n - 1 of the first n numbers occur.
    let mut seen = vec![false; needed.min(occurrences.clone().count())];
    for number in occurrences {
        if let Some(seen) = seen.get_mut(number as usize) {
            *seen = true;
        }
    }
    match (0..).zip(&seen).find(|(_, seen)| !**seen) {
        None => Ok(needed),
        Some((missing, _)) => Err(Gap { missing, largest }),
    }
}

/// A file without a single user is refused.
pub(crate) fn expect_users(path: &Path, users: usize) -> Result<()> {
    if users == 0 {
        return Err(Error::Unexpected {
            path: path.to_owned(),
            expected: "interactions".into(),
            found: "no user".into(),
            remedy: "check that it is the right file and whole".into(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn count(items: &[u32]) -> Result<usize, Gap> {
        items_without_gaps(items.iter().copied())
    }

    #[test]
    fn a_huge_number_costs_no_memory_and_is_told() {
        let gap = Gap {
            missing: 2,
            largest: u32::MAX - 1,
        };
        assert_eq!(count(&[0, 1, u32::MAX - 1, 0]), Err(gap));
        assert_eq!(count(&[]), Ok(0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn gaps_are_found_as_a_set_would(items in prop::collection::vec(0u32..6, 0..12)) {
            let set: BTreeSet<u32> = items.iter().copied().collect();
            let missing = (0..).find(|number| !set.contains(number)).unwrap();
            match count(&items) {
                Ok(size) => prop_assert_eq!((size, size), (set.len(), missing as usize)),
                Err(gap) => prop_assert_eq!((gap.missing, Some(&gap.largest)), (missing, set.last())),
            }
        }
    }
}
