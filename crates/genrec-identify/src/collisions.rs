//! Items that share an identifier.

use std::fmt;

use genrec_data::ItemId;

/// The collisions of a table of codes: which items share their codes with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collisions {
    groups: Vec<Vec<ItemId>>,
    items: usize,
}

impl Collisions {
    /// Groups equal entries among `items` entries; `order` holds every item once, equal entries side by side, in
    /// ascending order among themselves.
    pub(crate) fn from_sorted(
        items: usize,
        order: &[u32],
        same: impl Fn(u32, u32) -> bool,
    ) -> Self {
        let mut groups: Vec<Vec<ItemId>> = order
            .chunk_by(|&a, &b| same(a, b))
            .filter(|group| group.len() > 1)
            .map(|group| group.iter().map(|&item| ItemId::new(item)).collect())
            .collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0]));
        Self { groups, items }
    }

    /// The groups of two or more items with the same codes: largest first, then by their lowest item; within a group by
    /// item.
    pub fn groups(&self) -> &[Vec<ItemId>] {
        &self.groups
    }

    /// Whether every item has codes of its own.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// How many items share their codes with another.
    pub fn collided_items(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }

    /// How many different identifiers the items have.
    pub fn distinct(&self) -> usize {
        self.items - self.collided_items() + self.groups.len()
    }

    /// The collision rate, `1 - distinct identifiers / items`, between 0 (none) and almost 1 (one identifier for all).
    pub fn rate(&self) -> f64 {
        (self.items - self.distinct()) as f64 / self.items as f64
    }
}

impl fmt::Display for Collisions {
    /// One line: how many identifiers, how many items share one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} identifiers for {} items",
            self.distinct(),
            self.items
        )?;
        match self.groups.first() {
            None => write!(f, ", no collisions"),
            Some(largest) => write!(
                f,
                ", {} items in {} groups collide ({:.2} %), at most {} together",
                self.collided_items(),
                self.groups.len(),
                100.0 * self.rate(),
                largest.len()
            ),
        }
    }
}
