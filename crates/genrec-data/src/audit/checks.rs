//! The counting.

use std::collections::HashMap;

use super::{Audit, Check, Example, Finding};
use crate::{Case, Cases, Interactions, ItemId, UserId};

/// Examples that a finding keeps.
const EXAMPLES: usize = 5;

/// Counts what the cases and the training give away of the answers. Nothing is refused: what it means is for the reader to say.
///
/// `train` is what recommenders are fitted on; the cases are of [`Split::validation`](crate::Split) or
/// [`Split::test`](crate::Split), or of another split altogether, as where a loader of its own cuts the test lines. What needs
/// times is counted if both have them.
///
/// ```
/// use genrec_data::{Check, Interactions, ItemId, UserId, audit, leave_one_out};
///
/// let history = |items: &[u32]| items.iter().copied().map(ItemId::new).collect();
/// let all = Interactions::new(6, vec![history(&[0, 1, 2, 3]), history(&[4, 1, 5, 4])])?;
/// let split = leave_one_out(&all)?;
///
/// // User 1 came back to item 4: it is in the training history, and legitimately so.
/// let audit = audit(&split.train, split.test.cases());
/// let finding = audit.finding(Check::TargetInTraining).unwrap();
/// assert_eq!((finding.found, finding.of), (1, 2));
/// assert_eq!(finding.examples[0].user, UserId::new(1));
/// println!("{audit:#}");
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[must_use]
pub fn audit(train: &Interactions, cases: &Cases) -> Audit {
    let mut findings = of_cases(cases);
    findings.push(target_in_training(train, cases));
    findings.extend(of_times(train, cases));
    findings.extend(of_items(train, cases));
    findings.push(users_without_target(train, cases));
    findings.sort_by_key(|finding| finding.check);
    Audit { findings }
}

/// As [`audit`], as far as the cases alone tell.
#[must_use]
pub fn audit_cases(cases: &Cases) -> Audit {
    Audit {
        findings: of_cases(cases),
    }
}

impl Finding {
    fn new(check: Check, of: usize, examples: impl Iterator<Item = Example>) -> Self {
        let mut finding = Self {
            check,
            found: 0,
            of,
            examples: Vec::new(),
        };
        for example in examples {
            finding.found += 1;
            if finding.found <= EXAMPLES {
                finding.examples.push(example);
            }
        }
        finding
    }
}

impl Example {
    fn of(user: UserId) -> Self {
        Self {
            user,
            item: None,
            like: None,
        }
    }

    fn target(user: UserId, item: ItemId) -> Self {
        Self {
            item: Some(item),
            ..Self::of(user)
        }
    }
}

fn of_cases(cases: &Cases) -> Vec<Finding> {
    let in_history = cases
        .iter()
        .filter_map(|case| first_target_in(case, case.history));
    let without = cases.iter().filter(|case| case.history.is_empty());
    let without = without.map(|case| Example::of(case.user));
    vec![
        Finding::new(Check::TargetInHistory, cases.len(), in_history),
        duplicates(cases),
        Finding::new(Check::EmptyHistory, cases.len(), without),
    ]
}

fn duplicates(cases: &Cases) -> Finding {
    let mut first: HashMap<(&[ItemId], &[ItemId]), UserId> = HashMap::new();
    let twins = cases.iter().filter_map(|case| {
        let earlier = *first
            .entry((case.history, case.targets))
            .or_insert(case.user);
        (earlier != case.user).then(|| Example {
            like: Some(earlier),
            ..Example::of(case.user)
        })
    });
    Finding::new(Check::DuplicateUser, cases.len(), twins)
}

fn target_in_training(train: &Interactions, cases: &Cases) -> Finding {
    let trained = cases
        .iter()
        .filter(|case| case.user.index() < train.users())
        .filter_map(|case| first_target_in(case, train.history(case.user)));
    Finding::new(Check::TargetInTraining, cases.len(), trained)
}

fn first_target_in(case: Case<'_>, items: &[ItemId]) -> Option<Example> {
    let target = case.targets.iter().find(|target| items.contains(target))?;
    Some(Example::target(case.user, *target))
}

/// What can be said where both training and cases have times.
fn of_times(train: &Interactions, cases: &Cases) -> Vec<Finding> {
    let Some(times) = train.flat_timestamps() else {
        return Vec::new();
    };
    let targets: Vec<(UserId, ItemId, i64)> = (0..cases.len())
        .filter_map(|index| Some((cases.get(index), cases.target_times(index)?)))
        .flat_map(|(case, times)| {
            let targets = case.targets.iter().zip(times);
            targets.map(move |(&item, &time)| (case.user, item, time))
        })
        .collect();
    if targets.is_empty() {
        return Vec::new();
    }
    // Targets are in time order within a user.
    let firsts = || {
        targets
            .chunk_by(|a, b| a.0 == b.0)
            .map(|targets| targets[0])
    };
    let own = firsts().filter(|&(user, _, time)| {
        let trained = (user.index() < train.users()).then(|| train.timestamps(user));
        trained
            .flatten()
            .and_then(<[i64]>::last)
            .is_some_and(|&last| last > time)
    });
    let newest = times.iter().copied().max();
    let anybody = firsts().filter(|&(_, _, time)| newest.is_some_and(|newest| newest > time));
    let mut earliest: Vec<Option<i64>> = vec![None; train.items()];
    for (item, &time) in train.flat().iter().zip(times) {
        let earliest = &mut earliest[item.index()];
        *earliest = Some(earliest.map_or(time, |earliest| earliest.min(time)));
    }
    let later = targets.iter().copied().filter(|&(_, item, time)| {
        let known = earliest.get(item.index()).copied().flatten();
        known.is_some_and(|known| known > time)
    });
    let example = |(user, item, _)| Example::target(user, item);
    let users = cases.len();
    vec![
        Finding::new(Check::TrainingAfterTarget, users, own.map(example)),
        Finding::new(Check::TrainingFromFuture, users, anybody.map(example)),
        Finding::new(Check::ItemFromFuture, targets.len(), later.map(example)),
    ]
}

fn of_items(train: &Interactions, cases: &Cases) -> [Finding; 2] {
    let popularity = train.popularity();
    let targets = || {
        cases.iter().flat_map(|case| {
            let targets = case.targets.iter();
            targets.map(move |&item| Example::target(case.user, item))
        })
    };
    let trained = |example: &Example| {
        let item = example.item.expect("it is about a target");
        popularity.get(item.index()).copied()
    };
    let all = targets().count();
    let cold = targets().filter(|target| trained(target) == Some(0));
    let unknown = targets().filter(|target| trained(target).is_none());
    [
        Finding::new(Check::ColdTarget, all, cold),
        Finding::new(Check::UnknownTarget, all, unknown),
    ]
}

fn users_without_target(train: &Interactions, cases: &Cases) -> Finding {
    let mut asked = vec![false; train.users()];
    for case in cases.iter() {
        if let Some(asked) = asked.get_mut(case.user.index()) {
            *asked = true;
        }
    }
    let others = (0..asked.len()).filter(|&user| !asked[user]);
    let others = others.map(|user| Example::of(UserId::from_index(user)));
    Finding::new(Check::UserWithoutTarget, train.users(), others)
}
