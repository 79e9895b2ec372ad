//! k-core filtering: users and items with too little to learn from are left out, until none is left.

use serde::{Deserialize, Serialize};

use crate::{Dataset, Error, Interactions, ItemId, Result, UserId};

/// How much must be known about a user and an item to stay in the data. The "5-core" of the papers is `KCore::new(5)`.
///
/// Leaving out a rare item shortens histories, which leaves out users, which makes other items rare: what remains is the
/// largest part in which all have enough. Repeats count: a user who took one item five times has five interactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KCore {
    /// The least interactions of a user.
    pub per_user: usize,
    /// The least interactions of an item; with 0, items in no history stay.
    pub per_item: usize,
}

impl KCore {
    /// At least `k` interactions of every user and of every item.
    #[must_use]
    pub const fn new(k: usize) -> Self {
        Self {
            per_user: k,
            per_item: k,
        }
    }

    /// At least this many interactions of every user.
    #[must_use]
    pub const fn with_per_user(self, per_user: usize) -> Self {
        Self { per_user, ..self }
    }

    /// At least this many interactions of every item.
    #[must_use]
    pub const fn with_per_item(self, per_item: usize) -> Self {
        Self { per_item, ..self }
    }

    /// What remains of the data. Users and items are numbered anew without gaps, in their old order, and keep the ids of
    /// the source.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyCore`] if nothing remains.
    pub fn apply(&self, dataset: &Dataset) -> Result<Dataset> {
        let all = &dataset.interactions;
        let (users, items) = self.survivors(all);
        if users.is_empty() || items.is_empty() {
            return Err(Error::EmptyCore {
                per_user: self.per_user,
                per_item: self.per_item,
                users: all.users(),
                items: all.items(),
                interactions: all.len(),
            });
        }
        Ok(Dataset {
            name: dataset.name.clone(),
            interactions: renumber(all, &users, &items)?,
            catalog: dataset.catalog.select(&items),
            users: dataset.users.select(users.iter().copied()),
        })
    }

    /// The rows of the users and of the items that remain, each in order.
    ///
    /// Peels: whoever falls below the threshold is queued once, and takes away from the other side. Linear in the number
    /// of interactions, whereas repeated passes over everything can need as many passes as there are rows.
    fn survivors(&self, all: &Interactions) -> (Vec<usize>, Vec<usize>) {
        let takers = Takers::of(all);
        let mut by_user: Vec<usize> = all.iter().map(|(_, history)| history.len()).collect();
        let mut by_item: Vec<usize> = all.popularity().iter().map(|&n| n as usize).collect();
        let mut queue: Vec<Row> = Vec::new();
        queue.extend(below(&by_user, self.per_user).map(Row::User));
        queue.extend(below(&by_item, self.per_item).map(Row::Item));
        while let Some(row) = queue.pop() {
            // A row is queued when its count falls below the threshold, which happens once as counts only fall by one.
            match row {
                Row::User(user) => {
                    for item in all.history(UserId::from_index(user)) {
                        let count = &mut by_item[item.index()];
                        if *count == self.per_item {
                            queue.push(Row::Item(item.index()));
                        }
                        *count -= 1;
                    }
                }
                Row::Item(item) => {
                    for &user in takers.of_item(item) {
                        let count = &mut by_user[user];
                        if *count == self.per_user {
                            queue.push(Row::User(user));
                        }
                        *count -= 1;
                    }
                }
            }
        }
        let left = |counts: &[usize], least| {
            (0..counts.len())
                .filter(|&row| counts[row] >= least)
                .collect()
        };
        (left(&by_user, self.per_user), left(&by_item, self.per_item))
    }
}

enum Row {
    User(usize),
    Item(usize),
}

fn below(counts: &[usize], least: usize) -> impl Iterator<Item = usize> {
    (0..counts.len()).filter(move |&row| counts[row] < least)
}

/// For each item the users that took it, once for each time.
struct Takers {
    users: Vec<usize>,
    offsets: Vec<usize>,
}

impl Takers {
    fn of(all: &Interactions) -> Self {
        let mut offsets = vec![0];
        let mut end = 0;
        offsets.extend(all.popularity().iter().map(|&count| {
            end += count as usize;
            end
        }));
        let mut next = offsets.clone();
        let mut users = vec![0; all.len()];
        for (user, history) in all.iter() {
            for item in history {
                users[next[item.index()]] = user.index();
                next[item.index()] += 1;
            }
        }
        Self { users, offsets }
    }

    fn of_item(&self, item: usize) -> &[usize] {
        &self.users[self.offsets[item]..self.offsets[item + 1]]
    }
}

/// The histories of the given users over the given items, both numbered by their place in the lists.
fn renumber(all: &Interactions, users: &[usize], items: &[usize]) -> Result<Interactions> {
    let mut number = vec![None; all.items()];
    for (new, &old) in items.iter().enumerate() {
        number[old] = Some(ItemId::from_index(new));
    }
    let kept = |user: UserId| {
        let history = all.history(user).iter().enumerate();
        history.filter_map(|(position, item)| Some((position, number[item.index()]?)))
    };
    let users = users.iter().map(|&user| UserId::from_index(user));
    if all.has_timestamps() {
        let timed = |user: UserId| {
            let times = all.timestamps(user).unwrap_or_default();
            kept(user)
                .map(|(position, item)| (item, times[position]))
                .collect()
        };
        Interactions::with_timestamps(items.len(), users.map(timed).collect())
    } else {
        let plain = |user: UserId| kept(user).map(|(_, item)| item).collect();
        Interactions::new(items.len(), users.map(plain).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Catalog, Ids};

    type Named = Vec<(String, Vec<(String, i64)>)>;

    fn dataset(histories: &[Vec<(u32, i64)>], items: usize) -> Dataset {
        let histories: Vec<Vec<(ItemId, i64)>> = histories
            .iter()
            .map(|history| {
                history
                    .iter()
                    .map(|&(item, time)| (ItemId::new(item), time))
                    .collect()
            })
            .collect();
        let name = |prefix: &str, count: usize| {
            Ids::new((0..count).map(|row| format!("{prefix}{row}")).collect()).unwrap()
        };
        let users = name("user", histories.len());
        let interactions = Interactions::with_timestamps(items, histories).unwrap();
        Dataset::new(
            "test",
            interactions,
            Catalog::without_text(name("item", items)),
            users,
        )
        .unwrap()
    }

    /// Everything by the names of the source, which filtering must not change.
    fn named(dataset: &Dataset) -> Named {
        let history = |user: UserId| {
            let items = dataset.interactions.history(user).iter();
            let times = dataset.interactions.timestamps(user).unwrap();
            items
                .map(|item| dataset.catalog.ids().original(item.index()).to_string())
                .zip(times.iter().copied())
                .collect()
        };
        (0..dataset.interactions.users())
            .map(|user| {
                (
                    dataset.users.original(user).to_string(),
                    history(UserId::from_index(user)),
                )
            })
            .collect()
    }

    /// Passes over everything until nothing changes.
    fn fixpoint(mut data: Named, core: KCore) -> Named {
        loop {
            let before = data.clone();
            data.retain(|(_, history)| history.len() >= core.per_user);
            let all: Vec<String> = data
                .iter()
                .flat_map(|(_, history)| history.iter().map(|(item, _)| item.clone()))
                .collect();
            for (_, history) in &mut data {
                history.retain(|(item, _)| {
                    all.iter().filter(|other| *other == item).count() >= core.per_item
                });
            }
            if data == before {
                return data;
            }
        }
    }

    #[test]
    fn one_rare_item_can_bring_everything_down() {
        // A chain: item 0 is rare, without it user 0 is short, without them item 1 is rare, and so on.
        let chain: Vec<Vec<(u32, i64)>> =
            (0..6).map(|user| vec![(user, 0), (user + 1, 1)]).collect();
        let data = dataset(&chain, 7);
        let error = data.k_core(2).unwrap_err();
        assert!(
            matches!(
                error,
                Error::EmptyCore {
                    per_user: 2,
                    users: 6,
                    items: 7,
                    interactions: 12,
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(named(&data.k_core(1).unwrap()), named(&data));
    }

    #[test]
    fn texts_and_ids_follow_their_items() {
        let mut data = dataset(
            &[vec![(1, 0), (3, 1)], vec![(3, 0), (1, 5)], vec![(2, 0)]],
            4,
        );
        let items = (0..4).map(|row| crate::Item {
            title: Some(format!("title {row}")),
            ..Default::default()
        });
        data.catalog = Catalog::new(data.catalog.ids().clone(), items.collect()).unwrap();
        let core = data.k_core(2).unwrap();
        assert_eq!(core.catalog.texts(), ["title 1", "title 3"]);
        assert_eq!(
            core.catalog.ids().iter().collect::<Vec<_>>(),
            ["item1", "item3"]
        );
        assert_eq!(core.users.iter().collect::<Vec<_>>(), ["user0", "user1"]);
        assert_eq!(core.name, "test");
    }

    #[test]
    fn thresholds_of_zero_keep_what_never_occurs() {
        let data = dataset(&[vec![], vec![(1, 0)]], 3);
        assert_eq!(data.k_core(0).unwrap(), data);
        let users_only = KCore::new(1).with_per_item(0).apply(&data).unwrap();
        assert_eq!(users_only.statistics().items, 3);
        assert_eq!(users_only.statistics().users, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn peeling_is_the_fixpoint(
            histories in prop::collection::vec(prop::collection::vec((0u32..8, 0i64..9), 0..9), 1..12),
            per_user in 0usize..5,
            per_item in 0usize..5,
        ) {
            let mut histories = histories;
            histories.iter_mut().for_each(|history| history.sort_by_key(|&(_, time)| time));
            let data = dataset(&histories, 8);
            let core = KCore::new(per_user).with_per_item(per_item);
            let expected = fixpoint(named(&data), core);
            match core.apply(&data) {
                Ok(filtered) => {
                    prop_assert_eq!(named(&filtered), expected);
                    prop_assert!(filtered.interactions.popularity().iter().all(|&count| count as usize >= per_item));
                    prop_assert_eq!(filtered.catalog.len(), filtered.interactions.items());
                }
                Err(_) => prop_assert!(expected.iter().all(|(_, history)| history.is_empty())),
            }
        }
    }
}
