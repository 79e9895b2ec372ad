//! Small splits that the tests of this crate share.

use genrec_data::{Interactions, ItemId, Split, Test, leave_one_out, time_ratio};

use crate::Report;

/// Forty users who walk through thirty items in the same direction, each from another place, with a stumble now and then.
pub(crate) fn split() -> Split {
    let step = |user: u32, step: u32| ItemId::new((user * 7 + step + (user * step) % 3) % 30);
    let histories = (0..40).map(|user| (0..6 + user % 3).map(|at| step(user, at)).collect());
    let interactions = Interactions::new(30, histories.collect()).expect("items are below thirty");
    leave_one_out(&interactions).expect("all histories are long enough")
}

/// Thirty users over twenty items, split by time: several targets a user, some taken twice, some cold.
pub(crate) fn split_by_time() -> Split {
    let at = |user: u32, step: u32| {
        let item = (user * user + 3 * step + user * step) % 17 + step / 3;
        (ItemId::new(item), i64::from(user % 5 + 4 * step))
    };
    let histories = (0..30).map(|user| (0..9).map(|step| at(user, step)).collect());
    let interactions =
        Interactions::with_timestamps(20, histories.collect()).expect("items are below twenty");
    time_ratio(&interactions, [0.6, 0.1, 0.3]).expect("there are times and enough interactions")
}

/// A leave-one-out split of these histories.
pub(crate) fn leave_one_out_of(items: usize, histories: &[&[u32]]) -> Split {
    let histories = histories
        .iter()
        .map(|history| history.iter().copied().map(ItemId::new).collect())
        .collect();
    let interactions = Interactions::new(items, histories).expect("items are in the catalogue");
    leave_one_out(&interactions).expect("one history is long enough")
}

#[test]
fn the_split_by_time_has_what_it_says() {
    let split = split_by_time();
    let cases = split.test.cases();
    assert!(cases.iter().any(|case| case.targets.len() > 2));
    assert!(cases.iter().any(|case| {
        let mut targets = case.targets.to_vec();
        targets.sort();
        targets.windows(2).any(|pair| pair[0] == pair[1])
    }));
    let cold = |item: &ItemId| split.cold.contains(*item);
    assert!(cases.iter().any(|case| case.targets.iter().any(cold)));
}

/// The report as a file of an earlier version gives it back: without the outcomes of single users.
pub(crate) fn without_outcomes(report: &Report<Test>) -> Report<Test> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    report.save_json(&path).expect("saved");
    let text = std::fs::read_to_string(&path).expect("written");
    let mut file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let found = file
        .as_object_mut()
        .and_then(|file| file.remove("outcomes"));
    assert!(found.is_some());
    std::fs::write(&path, file.to_string()).expect("written");
    Report::load_json(&path).expect("loaded")
}
