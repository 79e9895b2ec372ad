//! Leave-one-out: the protocol of most papers on sequential recommendation.

use super::{Split, SplitProtocol};
use crate::{Error, Interactions, Result};

/// The fewest interactions a user needs to have one left for training, one for validation and one for the test.
const SHORTEST: usize = 3;

/// Tests on the last item of each user and validates on the last but one.
///
/// The last item is predicted from all before it, the last but one among them; for validation the last is left out, so
/// that the history is what is trained on. Users with fewer than three interactions stay wholly in training.
///
/// # Errors
///
/// [`Error::NothingHeldOut`] if no user has three interactions.
///
/// ```
/// use genrec_data::{Interactions, ItemId, UserId, leave_one_out};
///
/// let history: Vec<ItemId> = (0..5).map(ItemId::new).collect();
/// let split = leave_one_out(&Interactions::new(5, vec![history.clone()])?)?;
/// assert_eq!(split.train.history(UserId::new(0)), &history[..3]);
/// assert_eq!(split.validation.cases().get(0).targets, &history[3..4]);
/// let test = split.test.cases().get(0);
/// assert_eq!((test.history, test.targets), (&history[..4], &history[4..]));
/// # Ok::<(), genrec_data::Error>(())
/// ```
pub fn leave_one_out(interactions: &Interactions) -> Result<Split> {
    let cuts: Vec<[usize; 2]> = interactions
        .iter()
        .map(|(_, history)| match history.len() {
            length if length >= SHORTEST => [length - 2, length - 1],
            length => [length, length],
        })
        .collect();
    let split = Split::cut(interactions, SplitProtocol::LeaveOneOut, &cuts);
    if split.test.cases().is_empty() {
        return Err(Error::NothingHeldOut {
            split: "leave-one-out",
            users: interactions.users(),
            interactions: interactions.len(),
            remedy: "at least one user needs three interactions",
        });
    }
    Ok(split)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ItemId, UserId};

    fn items(numbers: &[u32]) -> Vec<ItemId> {
        numbers.iter().copied().map(ItemId::new).collect()
    }

    #[test]
    fn short_histories_stay_in_training() {
        let all = Interactions::new(
            9,
            vec![items(&[1, 2]), items(&[]), items(&[3, 4, 5]), items(&[6])],
        )
        .unwrap();
        let split = leave_one_out(&all).unwrap();
        for (user, kept) in [(0, &[1, 2][..]), (1, &[]), (2, &[3]), (3, &[6])] {
            assert_eq!(split.train.history(UserId::new(user)), items(kept));
        }
        assert_eq!(split.test.cases().len(), 1);
        assert_eq!(split.validation.cases().len(), 1);
        assert_eq!(split.test.cases().get(0).user, UserId::new(2));
        assert_eq!(split.warm.iter().collect::<Vec<_>>(), items(&[1, 2, 3, 6]));
        assert_eq!(
            split.cold.iter().collect::<Vec<_>>(),
            items(&[0, 4, 5, 7, 8])
        );
    }

    #[test]
    fn nothing_to_hold_out_is_an_error() {
        let all = Interactions::new(3, vec![items(&[1, 2]), items(&[0])]).unwrap();
        let message = leave_one_out(&all).unwrap_err().to_string();
        assert!(message.contains("3 interactions of 2 users"), "{message}");
    }
}
