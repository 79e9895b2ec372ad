//! Parts of the catalogue that a report looks at one by one.

use std::fmt;

use genrec_data::{Interactions, ItemId};
use serde::{Deserialize, Serialize};

/// A fifth of the warm items, by popularity in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fifth {
    /// The most popular fifth of the warm items.
    First,
    /// The second fifth.
    Second,
    /// The middle fifth.
    Third,
    /// The fourth fifth.
    Fourth,
    /// The least popular fifth of the warm items.
    Last,
}

impl Fifth {
    /// All five, most popular first.
    pub const ALL: [Self; 5] = [
        Self::First,
        Self::Second,
        Self::Third,
        Self::Fourth,
        Self::Last,
    ];
}

/// A part of the catalogue; a report has figures for the targets in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slice {
    /// Items that occur in training.
    Warm,
    /// Items that do not occur in training.
    Cold,
    /// One of five groups of warm items of (nearly) equal size, by popularity in training.
    Popularity(Fifth),
}

impl Slice {
    /// All slices, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Warm,
        Self::Cold,
        Self::Popularity(Fifth::First),
        Self::Popularity(Fifth::Second),
        Self::Popularity(Fifth::Third),
        Self::Popularity(Fifth::Fourth),
        Self::Popularity(Fifth::Last),
    ];
}

impl fmt::Display for Slice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Warm => "warm",
            Self::Cold => "cold",
            Self::Popularity(Fifth::First) => "popularity 1/5 (most)",
            Self::Popularity(Fifth::Second) => "popularity 2/5",
            Self::Popularity(Fifth::Third) => "popularity 3/5",
            Self::Popularity(Fifth::Fourth) => "popularity 4/5",
            Self::Popularity(Fifth::Last) => "popularity 5/5 (least)",
        })
    }
}

/// Which slices every item of a catalogue belongs to, and how popular it is in training.
///
/// Warm items are sorted by falling popularity (equally popular ones by rising item) and cut into five groups whose
/// sizes differ by one at most, so that a group is a part of the *catalogue*; its share of the interactions differs.
///
/// ```
/// use genrec_data::{Interactions, ItemId};
/// use genrec_metrics::{Fifth, ItemSlices, Slice};
///
/// let histories = vec![vec![ItemId::new(1), ItemId::new(0)], vec![ItemId::new(1)]];
/// let slices = ItemSlices::of(&Interactions::new(3, histories)?);
/// assert!(slices.contains(Slice::Popularity(Fifth::First), ItemId::new(1)));
/// assert!(slices.contains(Slice::Cold, ItemId::new(2)));
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemSlices {
    popularity: Vec<u32>,
    /// `None` for cold items.
    fifths: Vec<Option<Fifth>>,
}

impl ItemSlices {
    /// The slices of the catalogue of these training interactions (not of the whole data: what is held out must not
    /// decide what is popular).
    #[must_use]
    pub fn of(train: &Interactions) -> Self {
        let popularity = train.popularity();
        let mut warm: Vec<usize> = (0..popularity.len())
            .filter(|&item| popularity[item] > 0)
            .collect();
        // Stable: equally popular items stay in the order of their numbers.
        warm.sort_by_key(|&item| std::cmp::Reverse(popularity[item]));
        let mut fifths = vec![None; popularity.len()];
        for (place, &item) in warm.iter().enumerate() {
            fifths[item] = Some(Fifth::ALL[place * Fifth::ALL.len() / warm.len()]);
        }
        Self { popularity, fifths }
    }

    /// Number of items of the catalogue.
    #[must_use]
    pub fn items(&self) -> usize {
        self.popularity.len()
    }

    /// Interactions of every item in training, `[items]`.
    #[must_use]
    pub fn popularity(&self) -> &[u32] {
        &self.popularity
    }

    /// Whether an item is in a slice.
    ///
    /// # Panics
    ///
    /// If the item is not in the catalogue.
    #[must_use]
    pub fn contains(&self, slice: Slice, item: ItemId) -> bool {
        let fifth = self.fifths[item.index()];
        match slice {
            Slice::Warm => fifth.is_some(),
            Slice::Cold => fifth.is_none(),
            Slice::Popularity(group) => fifth == Some(group),
        }
    }

    /// Number of items in a slice.
    #[must_use]
    pub fn items_in(&self, slice: Slice) -> usize {
        (0..self.items())
            .filter(|&item| self.contains(slice, ItemId::from_index(item)))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn train(popularity: &[u32]) -> Interactions {
        let histories = popularity
            .iter()
            .enumerate()
            .map(|(item, &count)| vec![ItemId::from_index(item); count as usize])
            .collect();
        Interactions::new(popularity.len(), histories).unwrap()
    }

    #[test]
    fn groups_by_hand() {
        let slices = ItemSlices::of(&train(&[1, 9, 0, 4, 4, 7, 2, 0]));
        let members = |slice| -> Vec<usize> {
            (0..8)
                .filter(|&item| slices.contains(slice, ItemId::from_index(item)))
                .collect()
        };
        assert_eq!(members(Slice::Cold), [2, 7]);
        assert_eq!(members(Slice::Warm), [0, 1, 3, 4, 5, 6]);
        // Six warm items by popularity: 1, 5, 3, 4, 6, 0.
        assert_eq!(members(Slice::Popularity(Fifth::First)), [1, 5]);
        assert_eq!(members(Slice::Popularity(Fifth::Second)), [3]);
        assert_eq!(members(Slice::Popularity(Fifth::Third)), [4]);
        assert_eq!(members(Slice::Popularity(Fifth::Fourth)), [6]);
        assert_eq!(members(Slice::Popularity(Fifth::Last)), [0]);
        assert_eq!(slices.items_in(Slice::Warm), 6);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn groups_are_even_and_ordered(popularity in prop::collection::vec(0_u32..6, 0..40)) {
            let slices = ItemSlices::of(&train(&popularity));
            prop_assert_eq!(slices.popularity(), &popularity[..]);
            let warm = slices.items_in(Slice::Warm);
            prop_assert_eq!(warm + slices.items_in(Slice::Cold), popularity.len());
            let sizes = Fifth::ALL.map(|fifth| slices.items_in(Slice::Popularity(fifth)));
            prop_assert_eq!(sizes.iter().sum::<usize>(), warm);
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            let mut least_before = u32::MAX;
            for fifth in Fifth::ALL {
                let group: Vec<u32> = (0..popularity.len())
                    .filter(|&item| slices.contains(Slice::Popularity(fifth), ItemId::from_index(item)))
                    .map(|item| popularity[item])
                    .collect();
                prop_assert!(group.iter().all(|&count| count <= least_before));
                least_before = group.iter().copied().min().unwrap_or(least_before);
            }
        }
    }
}
