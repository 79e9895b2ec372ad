//! A part of the catalogue.

use crate::ItemId;

/// Some of the items of a catalogue: warm ones, cold ones, the bestsellers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemSet {
    members: Vec<bool>,
    len: usize,
}

impl ItemSet {
    /// The items of a catalogue of `items` items for which `member` says so.
    pub fn from_fn(items: usize, mut member: impl FnMut(ItemId) -> bool) -> Self {
        let members: Vec<bool> = (0..items)
            .map(|item| member(ItemId::from_index(item)))
            .collect();
        let len = members.iter().filter(|&&member| member).count();
        Self { members, len }
    }

    /// Whether the item is one of them.
    ///
    /// # Panics
    ///
    /// If the catalogue has no such item.
    #[must_use]
    pub fn contains(&self, item: ItemId) -> bool {
        self.members[item.index()]
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many items the catalogue has.
    #[must_use]
    pub fn items(&self) -> usize {
        self.members.len()
    }

    /// The items, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = ItemId> {
        (0..self.members.len())
            .map(ItemId::from_index)
            .filter(|&item| self.contains(item))
    }

    /// All the other items of the catalogue.
    #[must_use]
    pub fn complement(&self) -> Self {
        Self::from_fn(self.items(), |item| !self.contains(item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_and_its_complement_are_the_catalogue() {
        let even = ItemSet::from_fn(7, |item| item.get() % 2 == 0);
        let odd = even.complement();
        assert_eq!((even.len(), odd.len(), even.items()), (4, 3, 7));
        assert!(!even.is_empty());
        let mut all: Vec<ItemId> = even.iter().chain(odd.iter()).collect();
        all.sort();
        assert_eq!(all, (0..7).map(ItemId::new).collect::<Vec<_>>());
        assert!(even.iter().all(|item| !odd.contains(item)));
    }
}
