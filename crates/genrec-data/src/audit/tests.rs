//! Planted leaks, counted; a naive twin; published files.

use proptest::prelude::*;

use super::*;
use crate::{
    Cases, Interactions, Split, leave_one_out,
    readers::{SequenceText, fixture::real},
    time_ratio,
};

fn interactions(histories: &[&[u32]]) -> Interactions {
    let histories = histories
        .iter()
        .map(|history| history.iter().copied().map(ItemId::new).collect())
        .collect();
    Interactions::new(12, histories).unwrap()
}

fn split(histories: &[&[u32]]) -> Split {
    leave_one_out(&interactions(histories)).unwrap()
}

fn users(audit: &Audit, check: Check) -> Vec<u32> {
    let examples = &audit.finding(check).unwrap().examples;
    examples.iter().map(|example| example.user.get()).collect()
}

/// The cases of a loader that reads no more than the first items of each line.
fn cut(all: &Interactions, longest: usize) -> Cases {
    let histories = all
        .iter()
        .map(|(_, history)| history[..history.len().min(longest)].to_vec())
        .collect();
    let cut = Interactions::new(all.items(), histories).unwrap();
    leave_one_out(&cut).unwrap().test.cases().clone()
}

#[test]
fn a_clean_split_is_clean() {
    let split = split(&[&[0, 1, 2, 3], &[4, 0, 5, 1], &[1, 2, 3, 0]]);
    let audit = audit(&split.train, split.test.cases());
    for finding in audit.findings() {
        let cold = usize::from(finding.check == Check::ColdTarget);
        assert_eq!(finding.found, cold, "{finding}");
    }
    // Item 3 is nobody's training: the target of user 0.
    assert_eq!(users(&audit, Check::ColdTarget), [0]);
    assert_eq!(audit.found(Check::TrainingAfterTarget), None);
}

#[test]
fn lines_cut_short_are_found_as_targets_in_training() {
    let all = interactions(&[&[0, 1, 2, 3, 4, 5], &[6, 7, 8], &[9, 8, 7, 6, 5, 4, 3]]);
    let split = leave_one_out(&all).unwrap();
    let loaded = cut(&all, 4);
    let audit = audit(&split.train, &loaded);
    assert_eq!(users(&audit, Check::TargetInTraining), [0, 2]);
    // The question alone does not show it.
    assert_eq!(audit.found(Check::TargetInHistory), Some(0));
    assert_eq!(audit_cases(&loaded).found(Check::TargetInTraining), None);
}

#[test]
fn coming_back_duplicates_and_the_rest_are_counted_by_name() {
    let split = split(&[
        &[0, 1, 2, 0],
        &[3, 4, 5, 6],
        &[3, 4, 5, 6],
        &[3, 4, 5, 7],
        &[8],
        &[0, 1, 2, 0],
    ]);
    let audit = audit(&split.train, split.test.cases());
    assert_eq!(users(&audit, Check::TargetInHistory), [0, 5]);
    assert_eq!(users(&audit, Check::TargetInTraining), [0, 5]);
    assert_eq!(users(&audit, Check::DuplicateUser), [2, 5]);
    let like = |place: usize| audit.finding(Check::DuplicateUser).unwrap().examples[place].like;
    assert_eq!((like(0), like(1)), (Some(1.into()), Some(0.into())));
    assert_eq!(users(&audit, Check::UserWithoutTarget), [4]);
    assert_eq!(users(&audit, Check::ColdTarget), [1, 2, 3]);

    let without_history = split.test.limit_history(0);
    assert_eq!(
        audit_cases(without_history.cases()).found(Check::EmptyHistory),
        Some(5)
    );
    let smaller = Interactions::new(7, vec![vec![ItemId::new(6)]]).unwrap();
    let audit = super::audit(&smaller, split.test.cases());
    assert_eq!(users(&audit, Check::UnknownTarget), [3]);
}

#[test]
fn training_from_the_future_is_seen_where_there_are_times() {
    let history = |pairs: &[(u32, i64)]| -> Vec<(ItemId, i64)> {
        pairs
            .iter()
            .map(|&(item, time)| (item.into(), time))
            .collect()
    };
    let all = Interactions::with_timestamps(
        9,
        vec![
            history(&[(0, 1), (1, 2), (2, 3), (3, 4)]),
            history(&[(4, 5), (3, 6), (5, 7), (0, 9)]),
        ],
    )
    .unwrap();
    let split = leave_one_out(&all).unwrap();
    let audit = super::audit(&split.train, split.test.cases());
    assert_eq!(audit.found(Check::TrainingAfterTarget), Some(0));
    // Training ends at 6, the target of user 0 was taken at 4; its item 3 is first trained on at 6.
    assert_eq!(users(&audit, Check::TrainingFromFuture), [0]);
    assert_eq!(users(&audit, Check::ItemFromFuture), [0]);

    // The whole is trained on: both users' training goes on after validation's targets, of 3 and 7.
    let audit = super::audit(&all, split.validation.cases());
    assert_eq!(users(&audit, Check::TrainingAfterTarget), [0, 1]);

    let by_time = time_ratio(&all, [0.6, 0.1, 0.3]).unwrap();
    let audit = super::audit(&by_time.train, by_time.test.cases());
    assert_eq!(audit.found(Check::TrainingFromFuture), Some(0));
    assert_eq!(audit.found(Check::ItemFromFuture), Some(0));
}

#[test]
fn reads_as_a_line_or_as_lines_with_examples() {
    let split = split(&[&[0, 1, 2, 0], &[3, 4, 5, 6]]);
    let audit = audit_cases(split.test.cases());
    assert_eq!(
        audit.to_string(),
        "1 of 2 users (50.0 %) with a target in their own history; no users with the history and targets of an earlier user, \
         no users with an empty history; what training gives away was not looked for: it was not given"
    );
    let trained = super::audit(&split.train, split.test.cases());
    assert!(!trained.to_string().contains("not looked for"), "{trained}");
    assert_eq!(
        format!("{audit:#}").lines().next(),
        Some("1 of 2 users (50.0 %) with a target in their own history: user 0, item 0")
    );
    let many: Vec<&[u32]> = vec![&[0, 1, 0]; 9];
    let many = audit_cases(self::split(&many).test.cases());
    assert_eq!(many.finding(Check::DuplicateUser).unwrap().found, 8);
    assert!(
        format!("{many:#}").contains("user 5, like user 0; ..."),
        "{many:#}"
    );
}

#[test]
fn an_audit_survives_json() {
    let split = split(&[&[0, 1, 2, 0], &[0, 1, 2, 0]]);
    let audit = audit(&split.train, split.test.cases());
    let json = serde_json::to_string(&audit).unwrap();
    assert_eq!(serde_json::from_str::<Audit>(&json).unwrap(), audit);
}

#[test]
fn published_lines_are_clean_whole_and_leak_when_cut() {
    let Some(folder) = real("lastfm") else { return };
    let (dataset, split) = SequenceText::new(folder.join("test.txt"))
        .read_split(folder.join("train.txt"))
        .unwrap();
    let whole = audit(&split.train, split.test.cases());
    let finding = whole.finding(Check::TargetInTraining).unwrap();
    assert_eq!((finding.found, finding.of), (0, 1_090));
    assert_eq!(whole.found(Check::TargetInHistory), Some(0));

    let loaded = audit(&split.train, &cut(&dataset.interactions, 51));
    let finding = loaded.finding(Check::TargetInTraining).unwrap();
    assert_eq!((finding.found, finding.of), (264, 1_090));
    assert!(finding.to_string().contains("24.2 %"), "{finding}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Pairs of loops say the same.
    #[test]
    fn counting_by_loops_gives_the_same(
        histories in prop::collection::vec(prop::collection::vec((0_u32..5, 0_i64..6), 0..7), 1..8),
        trained in prop::collection::vec(prop::collection::vec((0_u32..5, 0_i64..6), 0..5), 8),
    ) {
        let timed = |histories: Vec<Vec<(u32, i64)>>| {
            let histories = histories.into_iter().map(|mut history| {
                history.sort_by_key(|&(_, time)| time);
                history.into_iter().map(|(item, time)| (ItemId::new(item), time)).collect()
            });
            Interactions::with_timestamps(5, histories.collect()).unwrap()
        };
        let (all, train) = (timed(histories), timed(trained));
        let Ok(split) = time_ratio(&all, [0.5, 0.2, 0.3]) else { return Ok(()) };
        let cases = split.test.cases();
        let audit = super::audit(&train, cases);

        let mut expected = [0; Check::ALL.len()];
        for index in 0..cases.len() {
            let case = cases.get(index);
            let mut count = |check: Check, found: bool| expected[check as usize] += usize::from(found);
            let time = cases.target_times(index).unwrap();
            let history = train.history(case.user);
            let times = train.timestamps(case.user).unwrap();
            count(Check::TargetInHistory, case.targets.iter().any(|target| case.history.contains(target)));
            count(Check::TargetInTraining, case.targets.iter().any(|target| history.contains(target)));
            let same = |other: usize| {
                let other = cases.get(other);
                (other.history, other.targets) == (case.history, case.targets)
            };
            count(Check::DuplicateUser, (0..index).any(same));
            count(Check::EmptyHistory, case.history.is_empty());
            count(Check::TrainingAfterTarget, times.iter().any(|&trained| trained > time[0]));
            let everything: Vec<(ItemId, i64)> = train
                .iter()
                .flat_map(|(user, history)| history.iter().copied().zip(train.timestamps(user).unwrap().iter().copied()))
                .collect();
            count(Check::TrainingFromFuture, everything.iter().any(|&(_, trained)| trained > time[0]));
            for (&target, &time) in case.targets.iter().zip(time) {
                let mut of_item = everything.iter().filter(|&&(item, _)| item == target).peekable();
                count(Check::ColdTarget, of_item.peek().is_none());
                count(Check::ItemFromFuture, of_item.peek().is_some() && of_item.all(|&(_, trained)| trained > time));
            }
        }
        expected[Check::UserWithoutTarget as usize] = train
            .iter()
            .filter(|&(user, _)| cases.iter().all(|case| case.user != user))
            .count();
        for check in Check::ALL {
            prop_assert_eq!(audit.found(check), Some(expected[check as usize]), "{}", check);
        }
    }
}
