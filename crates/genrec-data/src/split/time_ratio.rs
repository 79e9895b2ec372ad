//! A split at two moments, the same for all users: nothing is learnt from the future.

use super::{Split, SplitProtocol};
use crate::{Error, Interactions, Result};

/// Trains on the oldest interactions of all, validates on the next and tests on the newest, in the given shares:
/// `[0.8, 0.1, 0.1]` for SETRec's protocol.
///
/// All interactions of all users are put in order of time; the first `round(n * ratios[0])` are trained on, those up to
/// `round(n * (ratios[0] + ratios[1]))` validated on, the rest tested on. So a user has several targets or none, a
/// history may be empty (a user who is new in the test), and items may be cold. Interactions of the same second are
/// ordered by the number of the user, and within a user by their place in the history: the shares are exact, and a cut
/// may fall among equal times.
///
/// Validation cases predict from what was trained on, test cases from that and the validation's targets.
///
/// # Errors
///
/// [`Error::NoTimestamps`] if the interactions have none; [`Error::Ratios`] if the ratios are negative, do not add up
/// to 1 (to a millionth) or leave nothing for training or test; [`Error::NothingHeldOut`] if there are too few
/// interactions for one of either.
///
/// ```
/// use genrec_data::{Interactions, ItemId, time_ratio};
///
/// let at = |item: u32, day: i64| (ItemId::new(item), day * 86_400);
/// let all = Interactions::with_timestamps(
///     4,
///     vec![vec![at(0, 1), at(1, 2), at(2, 9)], vec![at(1, 3), at(3, 8)]],
/// )?;
/// let split = time_ratio(&all, [0.6, 0.2, 0.2])?;
/// // The newest is the first user's item 2, the second newest the other user's item 3.
/// assert_eq!(split.test.cases().get(0).targets, [ItemId::new(2)]);
/// assert_eq!(split.validation.cases().get(0).targets, [ItemId::new(3)]);
/// assert_eq!((split.warm.len(), split.cold.len()), (2, 2));
/// # Ok::<(), genrec_data::Error>(())
/// ```
pub fn time_ratio(interactions: &Interactions, ratios: [f64; 3]) -> Result<Split> {
    let [train, validation, test] = ratios;
    let sensible = ratios.iter().all(|ratio| (0.0..=1.0).contains(ratio))
        && (ratios.iter().sum::<f64>() - 1.0).abs() < 1e-6
        && train > 0.0
        && test > 0.0;
    if !sensible {
        return Err(Error::Ratios { ratios });
    }
    let Some(times) = interactions.flat_timestamps() else {
        return Err(Error::NoTimestamps {
            users: interactions.users(),
        });
    };
    let count = times.len();
    let at = |share: f64| ((count as f64 * share).round() as usize).min(count);
    let (first, second) = (at(train), at(train + validation));
    if first == 0 || second == count {
        return Err(Error::NothingHeldOut {
            split: "a split by time",
            users: interactions.users(),
            interactions: count,
            remedy: "training and test need an interaction each: give more data or other ratios",
        });
    }

    // A place in the flat array tells users and positions apart in the documented order, so it breaks the ties. Only the
    // two interactions at the cuts need finding, not the order of all.
    let mut keys: Vec<(i64, usize)> = times.iter().copied().zip(0..).collect();
    let mut key_at = |rank: usize| *keys.select_nth_unstable(rank).1;
    let moments = [key_at(first), key_at(second)];
    let cuts: Vec<[usize; 2]> = interactions
        .iter()
        .map(|(user, history)| {
            let places = interactions.start(user)..interactions.start(user) + history.len();
            moments.map(|moment| {
                places
                    .clone()
                    .take_while(|&place| (times[place], place) < moment)
                    .count()
            })
        })
        .collect();
    Ok(Split::cut(
        interactions,
        SplitProtocol::TimeRatio { ratios },
        &cuts,
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Cases, ItemId, UserId};

    const EIGHT_ONE_ONE: [f64; 3] = [0.8, 0.1, 0.1];

    fn history(pairs: &[(u32, i64)]) -> Vec<(ItemId, i64)> {
        pairs
            .iter()
            .map(|&(item, time)| (ItemId::new(item), time))
            .collect()
    }

    #[test]
    fn the_newest_are_tested_on_whoever_they_belong_to() {
        let all = Interactions::with_timestamps(
            6,
            vec![
                history(&[(0, 1), (1, 2), (2, 3), (3, 4)]),
                history(&[(0, 1), (1, 3), (2, 5), (4, 90)]),
                history(&[(5, 95), (0, 99)]),
            ],
        )
        .unwrap();
        let split = time_ratio(&all, [0.6, 0.1, 0.3]).unwrap();
        assert_eq!(split.train.len(), 6);
        assert_eq!(split.train.history(UserId::new(2)), []);
        let validation = split.validation.cases();
        assert_eq!(validation.len(), 1);
        assert_eq!(validation.get(0).targets, [ItemId::new(2)]);
        let test = split.test.cases();
        assert_eq!(test.len(), 2);
        assert_eq!(test.get(0).history, [0, 1, 2].map(ItemId::new));
        assert_eq!(test.get(0).targets, [ItemId::new(4)]);
        assert_eq!(test.get(1).history, []);
        assert_eq!(test.get(1).targets, [5, 0].map(ItemId::new));
        assert_eq!(
            split.cold.iter().collect::<Vec<_>>(),
            [4, 5].map(ItemId::new)
        );
    }

    #[test]
    fn equal_times_go_by_user_then_position() {
        let user = || history(&[(0, 7), (1, 7), (2, 7), (3, 7), (4, 7)]);
        let all = Interactions::with_timestamps(5, vec![user(), user()]).unwrap();
        let split = time_ratio(&all, EIGHT_ONE_ONE).unwrap();
        assert_eq!(split.train.history(UserId::new(0)).len(), 5);
        assert_eq!(split.train.history(UserId::new(1)).len(), 3);
        assert_eq!(split.test.cases().get(0).targets, [ItemId::new(4)]);
    }

    #[test]
    fn without_times_there_is_no_such_split() {
        let all = Interactions::new(2, vec![[0, 1].map(ItemId::new).to_vec()]).unwrap();
        let message = time_ratio(&all, EIGHT_ONE_ONE).unwrap_err().to_string();
        assert!(message.contains("1 users have no timestamps"), "{message}");
    }

    #[test]
    fn senseless_ratios_and_too_little_data_are_refused() {
        let all =
            Interactions::with_timestamps(3, vec![history(&[(0, 1), (1, 2), (2, 3)])]).unwrap();
        let senseless = [
            [0.8, 0.1, 0.2],
            [1.2, -0.3, 0.1],
            [0.9, 0.1, 0.0],
            [0.0, 0.5, 0.5],
            [f64::NAN, 0.5, 0.5],
        ];
        for ratios in senseless {
            let error = time_ratio(&all, ratios).unwrap_err();
            assert!(matches!(error, Error::Ratios { .. }), "{ratios:?}: {error}");
        }
        let error = time_ratio(&all, EIGHT_ONE_ONE).unwrap_err();
        assert!(
            matches!(
                error,
                Error::NothingHeldOut {
                    interactions: 3,
                    ..
                }
            ),
            "{error}"
        );
        let without_validation = time_ratio(&all, [0.7, 0.0, 0.3]).unwrap();
        assert!(without_validation.validation.cases().is_empty());
        assert_eq!(without_validation.test.cases().len(), 1);
    }

    /// The targets of one user in each part, by sorting all interactions as the documentation says.
    fn by_sorting(
        all: &Interactions,
        user: UserId,
        [first, second]: [usize; 2],
    ) -> [Vec<ItemId>; 2] {
        let mut order = Vec::new();
        for (user, history) in all.iter() {
            let times = all.timestamps(user).unwrap();
            for (position, &item) in history.iter().enumerate() {
                order.push((times[position], user, position, item));
            }
        }
        order.sort();
        [&order[first..second], &order[second..]].map(|part| {
            part.iter()
                .filter(|entry| entry.1 == user)
                .map(|entry| entry.3)
                .collect()
        })
    }

    fn targets(cases: &Cases, user: UserId) -> Vec<ItemId> {
        cases
            .iter()
            .filter(|case| case.user == user)
            .flat_map(|case| case.targets.to_vec())
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn selecting_the_cuts_is_sorting_everything(
            times in prop::collection::vec(prop::collection::vec(0i64..5, 0..9), 1..6)
        ) {
            let histories = times.into_iter().map(|mut times| {
                times.sort_unstable();
                times.into_iter().zip(0u32..).map(|(time, item)| (ItemId::new(item), time)).collect()
            }).collect();
            let all = Interactions::with_timestamps(9, histories).unwrap();
            if let Ok(split) = time_ratio(&all, EIGHT_ONE_ONE) {
                let cuts = [0.8, 0.9].map(|share| (all.len() as f64 * share).round() as usize);
                prop_assert_eq!(split.train.len(), cuts[0]);
                for (user, _) in all.iter() {
                    let [validation, test] = by_sorting(&all, user, cuts);
                    prop_assert_eq!(targets(split.validation.cases(), user), validation);
                    prop_assert_eq!(targets(split.test.cases(), user), test);
                }
            } else {
                prop_assert!(all.len() <= 5, "five tenths of an interaction for the test round to none");
            }
        }
    }
}
