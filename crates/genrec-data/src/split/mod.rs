//! Splits: what is learnt from, what is tuned on, and what is tested on.

mod cases;
mod held_out;
mod leave_one_out;
mod newcomers;
mod protocol;
mod published;
mod time_ratio;

pub use cases::{Case, Cases};
pub use held_out::{Test, Validation};
pub use leave_one_out::leave_one_out;
pub use newcomers::Newcomers;
pub use protocol::SplitProtocol;
pub use time_ratio::time_ratio;

use std::sync::Arc;

use crate::{Interactions, ItemSet};

/// Interactions taken apart for training, validation and test.
///
/// Each history is cut at two places: what comes before the first is trained on, what lies between is predicted for
/// validation, and what follows the second is predicted for the test, from everything before it. So every interaction
/// is in exactly one of training, validation targets and test targets.
#[derive(Clone, Debug)]
pub struct Split {
    /// What a recommender may learn from. Users and items keep their numbers; some users may have nothing here.
    pub train: Interactions,
    /// What choices are made on: when to stop, which settings.
    pub validation: Validation,
    /// What the figures of a table come from, once.
    pub test: Test,
    /// The items that occur in training.
    pub warm: ItemSet,
    /// All the others: known by what they say at most.
    pub cold: ItemSet,
    /// How the split was made.
    pub protocol: SplitProtocol,
}

impl Split {
    /// Keeps the last `n` items of the histories of validation and test cases. Training is left whole: how far back a
    /// model looks while it learns is the model's own choice.
    #[must_use]
    pub fn limit_history(self, n: usize) -> Self {
        Self {
            validation: self.validation.limit_history(n),
            test: self.test.limit_history(n),
            ..self
        }
    }

    /// Cuts the history of user `u` at the positions `cuts[u]`, which are in order and within it.
    fn cut(interactions: &Interactions, protocol: SplitProtocol, cuts: &[[usize; 2]]) -> Self {
        let train = interactions.retain(|user, position| position < cuts[user.index()][0]);
        let popularity = train.popularity();
        let warm = ItemSet::from_fn(interactions.items(), |item| popularity[item.index()] > 0);
        let cold = warm.complement();
        // One copy of all histories serves the cases of both parts: a case is a place in it.
        let items = Arc::new(interactions.flat().to_vec());
        let times = interactions
            .flat_timestamps()
            .map(|times| Arc::new(times.to_vec()));
        let cases = |part: usize| {
            let mut cases = Cases::new(
                interactions.items(),
                Arc::clone(&items),
                times.clone(),
                protocol.clone(),
            );
            for (user, history) in interactions.iter() {
                let [first, second] = cuts[user.index()];
                let targets = [first..second, second..history.len()][part].clone();
                if !targets.is_empty() {
                    let start = interactions.start(user);
                    cases.push(user, start, start + targets.start, start + targets.end);
                }
            }
            cases
        };
        Self {
            train,
            validation: Validation::new(cases(0)),
            test: Test::new(cases(1)),
            warm,
            cold,
            protocol,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ItemId, UserId};

    /// The interactions of a user according to a split, put together again: training, validation targets, test targets.
    fn put_together(split: &Split, user: UserId) -> Vec<ItemId> {
        let mut items = split.train.history(user).to_vec();
        for cases in [split.validation.cases(), split.test.cases()] {
            for case in cases.iter().filter(|case| case.user == user) {
                assert_eq!(case.history, items, "predicted from everything before");
                items.extend(case.targets);
            }
        }
        items
    }

    /// Histories without repeats, in time order, with many equal times.
    fn histories() -> impl Strategy<Value = Vec<Vec<(ItemId, i64)>>> {
        let history = prop::collection::btree_map(0u32..12, 0i64..6, 0..8);
        prop::collection::vec(history, 1..12).prop_map(|histories| {
            let in_order = |history: std::collections::BTreeMap<u32, i64>| {
                let mut history: Vec<(ItemId, i64)> = history
                    .into_iter()
                    .map(|(item, time)| (ItemId::new(item), time))
                    .collect();
                history.sort_by_key(|&(item, time)| (time, item.get() % 5));
                history
            };
            histories.into_iter().map(in_order).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn every_interaction_is_in_exactly_one_place(histories in histories()) {
            let all = Interactions::with_timestamps(12, histories).unwrap();
            for split in [leave_one_out(&all), time_ratio(&all, [0.8, 0.1, 0.1])].into_iter().flatten() {
                for (user, history) in all.iter() {
                    prop_assert_eq!(put_together(&split, user), history);
                }
                for case in split.validation.cases().iter().chain(split.test.cases().iter()) {
                    prop_assert!(!case.targets.is_empty());
                    prop_assert!(case.targets.iter().all(|target| !case.history.contains(target)));
                }
                let popularity = split.train.popularity();
                for item in (0..12).map(ItemId::new) {
                    prop_assert_eq!(split.warm.contains(item), popularity[item.index()] > 0);
                    prop_assert_eq!(split.cold.contains(item), popularity[item.index()] == 0);
                }
            }
        }
    }

    #[test]
    fn limits_reach_both_parts_and_not_the_training() {
        let history: Vec<ItemId> = (0..6).map(ItemId::new).collect();
        let split = leave_one_out(&Interactions::new(6, vec![history.clone()]).unwrap()).unwrap();
        let limited = split.clone().limit_history(2);
        assert_eq!(limited.train, split.train);
        assert_eq!(limited.validation.cases().get(0).history, &history[2..4]);
        assert_eq!(limited.test.cases().get(0).history, &history[3..5]);
        assert_eq!(limited.test.cases().get(0).targets, &history[5..]);
        assert_eq!(limited.test.cases().history_limit(), Some(2));
    }
}
