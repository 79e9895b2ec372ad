//! Who did what, in which order.

use crate::{Error, ItemId, Result, UserId};

/// The histories of all users in time order, in one flat array.
///
/// Users are numbered `0..users()` and items `0..items()`. A user may have an empty history, an item may occur in none,
/// and the same item may occur several times in one history: nothing is dropped or merged here.
///
/// ```
/// use genrec_data::{Interactions, ItemId, UserId};
///
/// let item = ItemId::new;
/// let interactions = Interactions::new(3, vec![vec![item(2), item(0)], vec![item(2)]])?;
/// assert_eq!((interactions.users(), interactions.items(), interactions.len()), (2, 3, 3));
/// assert_eq!(interactions.history(UserId::new(0)), [item(2), item(0)]);
/// assert_eq!(interactions.popularity(), [1, 0, 2]);
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interactions {
    catalogue: usize,
    items: Vec<ItemId>,
    /// User `u` has `items[offsets[u]..offsets[u + 1]]`.
    offsets: Vec<usize>,
    /// Seconds since 1970, beside `items`.
    timestamps: Option<Vec<i64>>,
}

impl Interactions {
    /// The histories of users `0..histories.len()` over a catalogue of `items_in_catalogue` items, each in time order.
    ///
    /// # Errors
    ///
    /// [`Error::ItemOutOfRange`] for an item that is not in the catalogue; [`Error::TooMany`] if users or items do not fit 32 bits.
    pub fn new(items_in_catalogue: usize, histories: Vec<Vec<ItemId>>) -> Result<Self> {
        let mut builder = Builder::new(items_in_catalogue, histories.len(), false)?;
        for history in &histories {
            builder.push(history.iter().map(|&item| (item, 0)))?;
        }
        Ok(builder.finish())
    }

    /// The same with the time of each interaction, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`Error::TimeGoesBack`] if the times of a history decrease. Equal times keep the order given.
    pub fn with_timestamps(
        items_in_catalogue: usize,
        histories: Vec<Vec<(ItemId, i64)>>,
    ) -> Result<Self> {
        let mut builder = Builder::new(items_in_catalogue, histories.len(), true)?;
        for history in &histories {
            builder.push(history.iter().copied())?;
        }
        Ok(builder.finish())
    }

    /// How many users there are, those with empty histories included.
    #[must_use]
    pub fn users(&self) -> usize {
        self.offsets.len() - 1
    }

    /// How many items the catalogue has, those in no history included.
    #[must_use]
    pub fn items(&self) -> usize {
        self.catalogue
    }

    /// How many interactions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no interaction at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items of a user, oldest first.
    ///
    /// # Panics
    ///
    /// If there is no such user.
    #[must_use]
    pub fn history(&self, user: UserId) -> &[ItemId] {
        &self.items[self.range(user)]
    }

    /// The times of a user's interactions in seconds since 1970, beside [`history`](Self::history); `None` if the source has no times.
    ///
    /// # Panics
    ///
    /// If there is no such user.
    #[must_use]
    pub fn timestamps(&self, user: UserId) -> Option<&[i64]> {
        let range = self.range(user);
        self.timestamps.as_ref().map(|times| &times[range])
    }

    /// Whether every interaction has a time.
    #[must_use]
    pub fn has_timestamps(&self) -> bool {
        self.timestamps.is_some()
    }

    /// All users in the order of their numbers, each with the history.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (UserId, &[ItemId])> {
        (0..self.users()).map(|user| {
            let user = UserId::from_index(user);
            (user, self.history(user))
        })
    }

    /// How many interactions each item has, `[items]`. An item that occurs twice in one history counts twice.
    #[must_use]
    pub fn popularity(&self) -> Vec<u32> {
        let mut counts = vec![0; self.catalogue];
        for item in &self.items {
            counts[item.index()] += 1;
        }
        counts
    }

    /// The first `n` interactions of each history: what a loader reads that cuts lines off.
    #[must_use]
    pub fn first(&self, n: usize) -> Self {
        self.retain(|_, position| position < n)
    }

    /// The same histories over a catalogue in another order, or over a part of it: item `order[i]` gets the number `i`.
    ///
    /// # Errors
    ///
    /// [`Error::ItemOutOfRange`] if a history holds an item that is not in `order`.
    ///
    /// # Panics
    ///
    /// If `order` names an item twice, or one that is not in the catalogue.
    pub fn renumbered(&self, order: &[ItemId]) -> Result<Self> {
        let mut numbers: Vec<Option<ItemId>> = vec![None; self.catalogue];
        for (number, item) in order.iter().enumerate() {
            let before = numbers[item.index()].replace(ItemId::from_index(number));
            assert!(before.is_none(), "item {item} twice in an order of items");
        }
        let mut renumbered = self.clone();
        renumbered.catalogue = order.len();
        for (user, history) in self.iter() {
            let start = self.start(user);
            for (position, &item) in history.iter().enumerate() {
                renumbered.items[start + position] =
                    numbers[item.index()].ok_or(Error::ItemOutOfRange {
                        user,
                        position,
                        item,
                        items: order.len(),
                    })?;
            }
        }
        Ok(renumbered)
    }

    /// Keeps, of each history, the interactions for which `keep(user, position)` says so; users and items keep their numbers.
    pub(crate) fn retain(&self, mut keep: impl FnMut(UserId, usize) -> bool) -> Self {
        let mut kept = Self {
            catalogue: self.catalogue,
            items: Vec::new(),
            offsets: vec![0],
            timestamps: self.timestamps.as_ref().map(|_| Vec::new()),
        };
        for (user, history) in self.iter() {
            for (position, &item) in history.iter().enumerate() {
                if keep(user, position) {
                    kept.items.push(item);
                    if let (Some(to), Some(from)) = (&mut kept.timestamps, self.timestamps(user)) {
                        to.push(from[position]);
                    }
                }
            }
            kept.offsets.push(kept.items.len());
        }
        kept
    }

    /// All histories one after another, in the order of the users.
    pub(crate) fn flat(&self) -> &[ItemId] {
        &self.items
    }

    /// The times beside [`flat`](Self::flat).
    pub(crate) fn flat_timestamps(&self) -> Option<&[i64]> {
        self.timestamps.as_deref()
    }

    /// Where the history of a user starts in [`flat`](Self::flat).
    pub(crate) fn start(&self, user: UserId) -> usize {
        self.offsets[user.index()]
    }

    fn range(&self, user: UserId) -> std::ops::Range<usize> {
        self.offsets[user.index()]..self.offsets[user.index() + 1]
    }
}

/// Checks while it lays the histories one after another.
struct Builder {
    interactions: Interactions,
}

impl Builder {
    fn new(catalogue: usize, users: usize, timestamps: bool) -> Result<Self> {
        for (what, found) in [("items", catalogue), ("users", users)] {
            if u32::try_from(found).is_err() {
                return Err(Error::TooMany { what, found });
            }
        }
        let mut offsets = Vec::with_capacity(users + 1);
        offsets.push(0);
        Ok(Self {
            interactions: Interactions {
                catalogue,
                items: Vec::new(),
                offsets,
                timestamps: timestamps.then(Vec::new),
            },
        })
    }

    fn push(&mut self, history: impl Iterator<Item = (ItemId, i64)>) -> Result<()> {
        let interactions = &mut self.interactions;
        let user = UserId::from_index(interactions.users());
        let mut before = i64::MIN;
        for (position, (item, time)) in history.enumerate() {
            if item.index() >= interactions.catalogue {
                return Err(Error::ItemOutOfRange {
                    user,
                    position,
                    item,
                    items: interactions.catalogue,
                });
            }
            interactions.items.push(item);
            if let Some(timestamps) = &mut interactions.timestamps {
                if time < before {
                    return Err(Error::TimeGoesBack {
                        user,
                        position,
                        before,
                        found: time,
                    });
                }
                before = time;
                timestamps.push(time);
            }
        }
        interactions.offsets.push(interactions.items.len());
        Ok(())
    }

    fn finish(self) -> Interactions {
        self.interactions
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn items(numbers: &[u32]) -> Vec<ItemId> {
        numbers.iter().copied().map(ItemId::new).collect()
    }

    #[test]
    fn an_item_outside_the_catalogue_is_refused_with_its_place() {
        let error = Interactions::new(3, vec![items(&[0, 2]), items(&[1, 1, 3])]).unwrap_err();
        assert!(
            matches!(error, Error::ItemOutOfRange { user, position: 2, item, items: 3 }
                if user == UserId::new(1) && item == ItemId::new(3)),
            "{error}"
        );
        let message = error.to_string();
        assert!(
            message.contains("user 1, position 2: found item 3"),
            "{message}"
        );
    }

    #[test]
    fn time_that_goes_back_is_refused_with_its_place() {
        let history = |times: &[i64]| {
            times
                .iter()
                .map(|&t| (ItemId::new(0), t))
                .collect::<Vec<_>>()
        };
        let error = Interactions::with_timestamps(1, vec![history(&[-5, 7, 7]), history(&[9, 8])])
            .unwrap_err();
        assert!(
            matches!(error, Error::TimeGoesBack { user, position: 1, before: 9, found: 8 }
                if user == UserId::new(1)),
            "{error}"
        );
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn more_items_than_numbers_are_refused() {
        let error = Interactions::new(1 << 40, Vec::new()).unwrap_err();
        assert!(
            matches!(error, Error::TooMany { what: "items", .. }),
            "{error}"
        );
    }

    #[test]
    fn items_are_renumbered_by_their_place_in_an_order() {
        let history = |numbers: &[u32]| items(numbers).into_iter().zip(0..).collect();
        let all = Interactions::with_timestamps(4, vec![history(&[0, 3, 1]), history(&[3])]);
        let all = all.unwrap();
        let turned = all.renumbered(&items(&[3, 2, 1, 0])).unwrap();
        assert_eq!(turned.history(UserId::new(0)), items(&[3, 0, 2]));
        assert_eq!(turned.timestamps(UserId::new(0)), Some(&[0, 1, 2][..]));
        assert_eq!(turned.renumbered(&items(&[3, 2, 1, 0])).unwrap(), all);
        let part = all.renumbered(&items(&[3, 0, 1])).unwrap();
        assert_eq!(
            (part.items(), part.history(UserId::new(1))),
            (3, &items(&[0])[..])
        );
        let error = all.renumbered(&items(&[3, 0])).unwrap_err();
        assert!(
            matches!(error, Error::ItemOutOfRange { position: 2, item, items: 2, .. } if item == ItemId::new(1)),
            "{error}"
        );
    }

    #[test]
    fn without_times_there_are_none() {
        let interactions = Interactions::new(1, vec![items(&[0])]).unwrap();
        assert_eq!(interactions.timestamps(UserId::new(0)), None);
        assert!(!interactions.has_timestamps());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_goes_in_comes_out(
            histories in prop::collection::vec(prop::collection::vec((0u32..7, 0i64..5), 0..6), 0..6)
        ) {
            let histories: Vec<Vec<(ItemId, i64)>> = histories.into_iter().map(|mut history| {
                history.sort_by_key(|&(_, time)| time);
                history.into_iter().map(|(item, time)| (ItemId::new(item), time)).collect()
            }).collect();
            let interactions = Interactions::with_timestamps(7, histories.clone()).unwrap();
            prop_assert_eq!(interactions.users(), histories.len());
            prop_assert_eq!(interactions.len(), histories.iter().map(Vec::len).sum::<usize>());
            prop_assert_eq!(interactions.popularity().iter().sum::<u32>() as usize, interactions.len());
            for (user, history) in interactions.iter() {
                let times = interactions.timestamps(user).unwrap();
                let pairs: Vec<_> = history.iter().copied().zip(times.iter().copied()).collect();
                prop_assert_eq!(&pairs, &histories[user.index()]);
            }
            prop_assert_eq!(&interactions.retain(|_, _| true), &interactions);
        }
    }
}
