//! Users and items that are kept out of everything that is learnt, to come in afterwards.

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::{Interactions, ItemId, ItemSet, UserId};

/// Newcomers: users whose whole history and items all of whose interactions are unknown at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomers {
    /// The users, ascending.
    pub users: Vec<UserId>,
    /// The items.
    pub items: ItemSet,
}

impl Newcomers {
    /// The share `users` of the users with the shortest histories (of equal ones those with the lowest numbers), as TokenRec's unseen users are, and the share
    /// `items` of the items that anybody took, drawn from `seed`; both rounded up. Users without history are none.
    ///
    /// # Panics
    ///
    /// If a share is not in `0..1`.
    ///
    /// ```
    /// use genrec_data::{Interactions, ItemId, Newcomers};
    ///
    /// let histories = (2..12).map(|n| (0..n).map(ItemId::new).collect()).collect();
    /// let all = Interactions::new(11, histories)?;
    /// let newcomers = Newcomers::draw(&all, 0.2, 0.1, 7);
    /// assert_eq!(newcomers.users, [0.into(), 1.into()]);
    /// assert_eq!(newcomers.items.len(), 2);
    /// let known = newcomers.left_out_of(&all);
    /// assert!(known.history(0.into()).is_empty());
    /// # Ok::<(), genrec_data::Error>(())
    /// ```
    #[must_use]
    pub fn draw(interactions: &Interactions, users: f64, items: f64, seed: u64) -> Self {
        for share in [users, items] {
            assert!(
                (0.0..1.0).contains(&share),
                "a share of {share}, expected one in 0..1"
            );
        }
        let length = |user: &UserId| interactions.history(*user).len();
        let mut shortest: Vec<UserId> = interactions
            .iter()
            .filter(|(_, history)| !history.is_empty())
            .map(|(user, _)| user)
            .collect();
        shortest.sort_by_key(|user| (length(user), user.get()));
        shortest.truncate((shortest.len() as f64 * users).ceil() as usize);
        shortest.sort_by_key(|user| user.get());

        let popularity = interactions.popularity();
        let mut taken: Vec<ItemId> = (0..interactions.items())
            .filter(|&item| popularity[item] > 0)
            .map(ItemId::from_index)
            .collect();
        taken.shuffle(&mut StdRng::seed_from_u64(seed));
        taken.truncate((taken.len() as f64 * items).ceil() as usize);
        let mut drawn = vec![false; interactions.items()];
        taken.iter().for_each(|item| drawn[item.index()] = true);
        Self {
            users: shortest,
            items: ItemSet::from_fn(interactions.items(), |item| drawn[item.index()]),
        }
    }

    /// Whether the user is one of them.
    #[must_use]
    pub fn is_new(&self, user: UserId) -> bool {
        self.users
            .binary_search_by_key(&user.get(), |user| user.get())
            .is_ok()
    }

    /// All items of the catalogue in an order in which the new ones are last, for [`Interactions::renumbered`]: what is trained without them has the first of them only.
    #[must_use]
    pub fn items_last(&self) -> Vec<ItemId> {
        let known = self.items.complement();
        known.iter().chain(self.items.iter()).collect()
    }

    /// What is known without them; users and items keep their numbers. A user of whom fewer than three interactions are left is left out too: a
    /// [`leave_one_out`](crate::leave_one_out) split would train on all of them, the last of the whole history included.
    #[must_use]
    pub fn left_out_of(&self, interactions: &Interactions) -> Interactions {
        let known = |user: UserId| {
            let history = interactions.history(user);
            let left = history
                .iter()
                .filter(|item| !self.items.contains(**item))
                .count();
            left >= 3 && !self.is_new(user)
        };
        let known: Vec<bool> = interactions.iter().map(|(user, _)| known(user)).collect();
        interactions.retain(|user, position| {
            known[user.index()] && !self.items.contains(interactions.history(user)[position])
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::leave_one_out;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn nothing_of_newcomers_and_no_test_target_is_known(
            histories in prop::collection::vec(prop::collection::vec(0u32..20, 0..12), 4..20),
            shares in (0.0..0.5, 0.0..0.5),
            seed in 0u64..100,
        ) {
            // Each item once a user, so that a target is its place.
            let distinct = |mut items: Vec<u32>| {
                let mut seen = [false; 20];
                items.retain(|&item| !std::mem::replace(&mut seen[item as usize], true));
                items.into_iter().map(ItemId::new).collect::<Vec<_>>()
            };
            let histories: Vec<_> = histories.into_iter().map(distinct).collect();
            let all = Interactions::new(20, histories).unwrap();
            let Ok(whole) = leave_one_out(&all) else { return Ok(()) };
            let newcomers = Newcomers::draw(&all, shares.0, shares.1, seed);
            prop_assert_eq!(&newcomers, &Newcomers::draw(&all, shares.0, shares.1, seed));
            let least = newcomers.users.iter().map(|user| all.history(*user).len()).max();
            for (user, history) in all.iter().filter(|(_, history)| !history.is_empty()) {
                prop_assert!(newcomers.is_new(user) || Some(history.len()) >= least);
            }
            let known = newcomers.left_out_of(&all);
            for (user, history) in known.iter() {
                prop_assert!(history.is_empty() || !newcomers.is_new(user));
                prop_assert!(history.iter().all(|item| !newcomers.items.contains(*item)));
            }
            let Ok(split) = leave_one_out(&known) else { return Ok(()) };
            for case in whole.test.cases().iter() {
                prop_assert!(!split.train.history(case.user).contains(&case.targets[0]));
            }
            for case in split.validation.cases().iter() {
                let last = all.history(case.user).last().unwrap();
                prop_assert!(!case.targets.contains(last));
            }
        }
    }

    #[test]
    #[should_panic(expected = "a share of 1")]
    fn not_everybody_can_be_new() {
        let _ = Newcomers::draw(&Interactions::new(1, vec![]).unwrap(), 1.0, 0.0, 0);
    }
}
