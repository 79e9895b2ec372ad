//! What a recommender is asked: a history, and what came next.

use std::sync::Arc;

use rand::{SeedableRng, rngs::StdRng, seq::index};

use super::SplitProtocol;
use crate::{ItemId, ItemSet, UserId};

/// One question with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case<'a> {
    /// Whose history it is.
    pub user: UserId,
    /// What came before, oldest first; may be empty after a split by time.
    pub history: &'a [ItemId],
    /// What came next, in time order; never empty. Holds an item twice if the user took it twice, and an item of the
    /// history if the user came back to it.
    pub targets: &'a [ItemId],
}

/// Evaluation cases. Copies, samples and limited histories share one array of items.
#[derive(Clone, Debug)]
pub struct Cases {
    catalogue: usize,
    items: Arc<Vec<ItemId>>,
    /// Seconds since 1970, beside `items`.
    times: Option<Arc<Vec<i64>>>,
    places: Vec<Place>,
    protocol: SplitProtocol,
    history_limit: Option<usize>,
    sample: Option<(usize, u64)>,
}

/// Where a case lies in the array of items: the targets follow the history.
#[derive(Clone, Copy, Debug)]
struct Place {
    user: UserId,
    history: usize,
    targets: usize,
    end: usize,
}

impl Cases {
    pub(super) fn new(
        catalogue: usize,
        items: Arc<Vec<ItemId>>,
        times: Option<Arc<Vec<i64>>>,
        protocol: SplitProtocol,
    ) -> Self {
        Self {
            catalogue,
            items,
            times,
            places: Vec::new(),
            protocol,
            history_limit: None,
            sample: None,
        }
    }

    pub(super) fn push(&mut self, user: UserId, history: usize, targets: usize, end: usize) {
        self.places.push(Place {
            user,
            history,
            targets,
            end,
        });
    }

    /// How many cases there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many items the catalogue has: those a full ranking ranks.
    #[must_use]
    pub fn items(&self) -> usize {
        self.catalogue
    }

    /// The split that the cases come from.
    #[must_use]
    pub fn protocol(&self) -> &SplitProtocol {
        &self.protocol
    }

    /// The most items a history may have; `None` if histories are whole.
    #[must_use]
    pub fn history_limit(&self) -> Option<usize> {
        self.history_limit
    }

    /// If this is a sample: how many cases it was drawn from, and with which seed.
    #[must_use]
    pub fn sampled(&self) -> Option<(usize, u64)> {
        self.sample
    }

    /// Case `index`.
    ///
    /// # Panics
    ///
    /// If `index` is not below [`len`](Self::len).
    #[must_use]
    pub fn get(&self, index: usize) -> Case<'_> {
        let place = self.places[index];
        Case {
            user: place.user,
            history: &self.items[place.history..place.targets],
            targets: &self.items[place.targets..place.end],
        }
    }

    /// When the targets of case `index` were taken, in seconds since 1970, beside its [`targets`](Case::targets); `None` if the
    /// source has no times.
    ///
    /// # Panics
    ///
    /// If `index` is not below [`len`](Self::len).
    #[must_use]
    pub fn target_times(&self, index: usize) -> Option<&[i64]> {
        let place = self.places[index];
        let times = self.times.as_ref()?;
        Some(&times[place.targets..place.end])
    }

    /// All cases, in the order of their users.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Case<'_>> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// The same cases with the last `n` items of each history.
    #[must_use]
    pub fn limit_history(&self, n: usize) -> Self {
        let mut limited = self.clone();
        for place in &mut limited.places {
            place.history = place.history.max(place.targets.saturating_sub(n));
        }
        limited.history_limit = Some(self.history_limit.map_or(n, |limit| limit.min(n)));
        limited
    }

    /// `n` of the cases, drawn without replacement; they stay in order. All of them, unchanged, if there are no more than `n`.
    #[must_use]
    pub fn sample(&self, n: usize, seed: u64) -> Self {
        if n >= self.len() {
            return self.clone();
        }
        let mut drawn = index::sample(&mut StdRng::seed_from_u64(seed), self.len(), n).into_vec();
        drawn.sort_unstable();
        Self {
            items: Arc::clone(&self.items),
            times: self.times.clone(),
            places: drawn.iter().map(|&index| self.places[index]).collect(),
            protocol: self.protocol.clone(),
            sample: Some((self.len(), seed)),
            ..*self
        }
    }

    /// The cases for which `keep` says so.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(Case<'_>) -> bool) -> Self {
        Self {
            items: Arc::clone(&self.items),
            times: self.times.clone(),
            places: (0..self.len())
                .filter(|&index| keep(self.get(index)))
                .map(|index| self.places[index])
                .collect(),
            protocol: self.protocol.clone(),
            ..*self
        }
    }

    /// The cases with those targets only that are in `items`; a case that has none of them is left out.
    #[must_use]
    pub fn among(&self, items: &ItemSet) -> Self {
        let mut kept = Vec::new();
        let mut times = self.times.as_ref().map(|_| Vec::new());
        let mut places = Vec::new();
        for place in &self.places {
            let is_kept = |at: &usize| items.contains(self.items[*at]);
            if !(place.targets..place.end).any(|at| is_kept(&at)) {
                continue;
            }
            let start = kept.len();
            let history = place.history..place.targets;
            let targets = (place.targets..place.end).filter(is_kept);
            for at in history.chain(targets) {
                kept.push(self.items[at]);
                if let (Some(times), Some(all)) = (&mut times, &self.times) {
                    times.push(all[at]);
                }
            }
            places.push(Place {
                user: place.user,
                history: start,
                targets: start + place.targets - place.history,
                end: kept.len(),
            });
        }
        Self {
            items: Arc::new(kept),
            times: times.map(Arc::new),
            places,
            protocol: self.protocol.clone(),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Interactions, leave_one_out, time_ratio};

    /// User `u` has the items `u`, `u + 1`, ..., five of them.
    fn cases(users: u32) -> Cases {
        let histories = (0..users)
            .map(|user| (user..user + 5).map(ItemId::new).collect())
            .collect();
        let all = Interactions::new(users as usize + 4, histories).unwrap();
        leave_one_out(&all).unwrap().test.cases().clone()
    }

    #[test]
    fn a_sample_is_seeded_ordered_and_knows_where_it_comes_from() {
        let all = cases(50);
        let users = |cases: &Cases| cases.iter().map(|case| case.user).collect::<Vec<_>>();
        let sample = all.sample(10, 1);
        assert_eq!(sample.len(), 10);
        assert_eq!(sample.sampled(), Some((50, 1)));
        assert_eq!(users(&sample), users(&all.sample(10, 1)));
        assert_ne!(users(&sample), users(&all.sample(10, 2)));
        assert!(users(&sample).is_sorted());
        for case in sample.iter() {
            assert_eq!(case, all.get(case.user.index()));
        }
        assert_eq!(all.sample(50, 1).sampled(), None);
    }

    #[test]
    fn limits_keep_the_newest_and_only_tighten() {
        let all = cases(3);
        let tight = all.limit_history(2);
        assert_eq!(tight.get(1).history, [ItemId::new(3), ItemId::new(4)]);
        assert_eq!(tight.get(1).targets, all.get(1).targets);
        let loose = tight.limit_history(3);
        assert_eq!(loose.get(1).history, tight.get(1).history);
        assert_eq!(loose.history_limit(), Some(2));
        assert_eq!(all.limit_history(9).get(2), all.get(2));
        assert!(
            all.limit_history(0)
                .iter()
                .all(|case| case.history.is_empty())
        );
    }

    #[test]
    fn targets_keep_their_times() {
        let history =
            |user: u32| (0..4).map(move |at| (ItemId::new(at), i64::from(10 * user + at)));
        let histories = (0..3).map(|user| history(user).collect()).collect();
        let timed = Interactions::with_timestamps(4, histories).unwrap();
        let test = leave_one_out(&timed).unwrap().test;
        assert_eq!(test.cases().target_times(2), Some(&[23][..]));
        let some = test.limit_history(1).filter(|case| case.user.get() > 0);
        assert_eq!(some.cases().target_times(0), Some(&[13][..]));
        assert_eq!(cases(3).target_times(0), None);
    }

    #[test]
    fn a_filter_sees_the_cases() {
        let all = cases(9);
        let some = all.filter(|case| case.targets[0].get() > 8);
        let users: Vec<u32> = some.iter().map(|case| case.user.get()).collect();
        assert_eq!(users, [5, 6, 7, 8]);
        assert_eq!(some.items(), all.items());
    }

    #[test]
    fn among_some_items_other_targets_are_gone_and_so_are_cases_without() {
        let history = |user: u32| (0..6).map(move |at| (ItemId::new(at + user), i64::from(at)));
        let histories = (0..3).map(|user| history(user).collect()).collect();
        let all = Interactions::with_timestamps(8, histories).unwrap();
        let test = time_ratio(&all, [0.5, 0.1, 0.4]).unwrap().test;
        let odd = ItemSet::from_fn(8, |item| item.get() % 2 == 1);
        let among = test.cases().among(&odd);
        let expected: Vec<_> = test
            .cases()
            .iter()
            .filter_map(|case| {
                let targets = case.targets.iter().filter(|item| item.get() % 2 == 1);
                let targets: Vec<ItemId> = targets.copied().collect();
                (!targets.is_empty()).then(|| (case.user, case.history.to_vec(), targets))
            })
            .collect();
        assert!(!expected.is_empty());
        let found = among.iter();
        let found = found.map(|case| (case.user, case.history.to_vec(), case.targets.to_vec()));
        assert_eq!(found.collect::<Vec<_>>(), expected);
        for (index, case) in among.iter().enumerate() {
            let start = i64::from(case.user.get());
            let times = case
                .targets
                .iter()
                .map(|item| i64::from(item.get()) - start);
            assert_eq!(
                among.target_times(index).unwrap(),
                times.collect::<Vec<_>>()
            );
        }
        let none = ItemSet::from_fn(8, |_| false);
        assert!(test.cases().among(&none).is_empty());
    }
}
