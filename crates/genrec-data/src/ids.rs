//! Numbers for users and items, and the names they had in the source.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $noun:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            #[doc = concat!("The ", $noun, " with this number, counted from 0.")]
            #[must_use]
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            #[doc = concat!("The ", $noun, " at this row of an array.")]
            ///
            /// # Panics
            ///
            /// If the index does not fit 32 bits.
            #[must_use]
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect(concat!($noun, " numbers fit 32 bits")))
            }

            /// The number as an index into arrays with one row for each.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The number itself.
            #[must_use]
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl From<u32> for $name {
            fn from(number: u32) -> Self {
                Self(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A user: row `index()` of everything that has one row per user.
    UserId,
    "user"
);
id!(
    /// An item: row `index()` of everything that has one row per item of the catalogue.
    ItemId,
    "item"
);

/// The names that users or items had in the source, both ways: number to name and name to number.
///
/// ```
/// use genrec_data::Ids;
///
/// let ids = Ids::new(vec!["B00A".into(), "B007".into()])?;
/// assert_eq!(ids.original(1), "B007");
/// assert_eq!(ids.index_of("B00A"), Some(0));
/// assert_eq!(ids.index_of("B00C"), None);
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    names: Vec<Box<str>>,
    /// Row numbers in the order of their names: a binary search needs no second copy of the names.
    by_name: Vec<u32>,
}

impl Ids {
    /// Name `names[i]` belongs to number `i`.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateId`] if two numbers have the same name, [`Error::TooMany`] if the numbers do not fit 32 bits.
    pub fn new(names: Vec<String>) -> Result<Self> {
        let count = u32::try_from(names.len()).map_err(|_| Error::TooMany {
            what: "ids",
            found: names.len(),
        })?;
        let names: Vec<Box<str>> = names.into_iter().map(String::into_boxed_str).collect();
        let mut by_name: Vec<u32> = (0..count).collect();
        // Stable, so that of two equal names the first stays first and the message names them in order.
        by_name.sort_by(|&a, &b| names[a as usize].cmp(&names[b as usize]));
        if let Some(pair) = by_name
            .windows(2)
            .find(|pair| names[pair[0] as usize] == names[pair[1] as usize])
        {
            return Err(Error::DuplicateId {
                id: names[pair[0] as usize].to_string(),
                first: pair[0] as usize,
                second: pair[1] as usize,
            });
        }
        Ok(Self { names, by_name })
    }

    /// The names "0", "1", ... for sources that number their users or items from 0.
    ///
    /// # Panics
    ///
    /// If the numbers do not fit 32 bits.
    #[must_use]
    pub fn sequential(count: usize) -> Self {
        Self::new((0..count).map(|number| number.to_string()).collect())
            .expect("numbers are distinct names")
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of number `index`.
    ///
    /// # Panics
    ///
    /// If `index` is not below [`len`](Self::len).
    #[must_use]
    pub fn original(&self, index: usize) -> &str {
        &self.names[index]
    }

    /// The number of a name.
    #[must_use]
    pub fn index_of(&self, original: &str) -> Option<usize> {
        self.by_name
            .binary_search_by(|&row| self.names[row as usize].as_ref().cmp(original))
            .ok()
            .map(|place| self.by_name[place] as usize)
    }

    /// The names in the order of their numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The names of the given rows, renumbered from 0 in that order. The rows must differ.
    pub(crate) fn select(&self, rows: impl Iterator<Item = usize>) -> Self {
        let names = rows.map(|row| self.names[row].to_string()).collect();
        Self::new(names).expect("distinct rows have distinct names")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_repeated_name_is_refused_with_both_numbers() {
        let names = ["b", "a", "c", "a"].map(String::from).to_vec();
        let message = Ids::new(names).unwrap_err().to_string();
        assert!(message.contains("\"a\""), "{message}");
        assert!(
            message.contains("1") && message.contains("3"),
            "names both rows: {message}"
        );
    }

    #[test]
    fn ids_are_bare_numbers_in_json() {
        assert_eq!(serde_json::to_string(&ItemId::new(7)).unwrap(), "7");
        assert_eq!(
            serde_json::from_str::<UserId>("9").unwrap(),
            UserId::from(9)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn names_go_both_ways(names in prop::collection::hash_set("[a-c]{0,4}", 0..20)) {
            let names: Vec<String> = names.into_iter().collect();
            let ids = Ids::new(names.clone()).unwrap();
            prop_assert_eq!(ids.iter().collect::<Vec<_>>(), names.iter().map(String::as_str).collect::<Vec<_>>());
            for (index, name) in names.iter().enumerate() {
                prop_assert_eq!(ids.index_of(name), Some(index));
                prop_assert_eq!(ids.original(index), name.as_str());
            }
            prop_assert_eq!(ids.index_of("not among them"), None);
        }
    }
}
