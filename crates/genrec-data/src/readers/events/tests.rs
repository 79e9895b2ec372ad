use super::*;
use crate::{UserId, readers::fixture::refused};

fn line(number: u64) -> Line<'static> {
    Line {
        path: Path::new("events"),
        number,
        text: "",
    }
}

fn ordered(rows: &[(&str, &str, i64)], repeats: RepeatedInteractions) -> Ordered {
    let mut events = Events::new(Path::new("events"));
    for (number, &(user, item, milliseconds)) in (2..).zip(rows) {
        events
            .push(
                &line(number),
                user,
                item,
                Moment::from_milliseconds(milliseconds),
            )
            .unwrap();
    }
    events.finish(true, repeats).unwrap()
}

const ROWS: [(&str, &str, i64); 6] = [
    ("v", "b", 5_000),
    ("u", "a", 2_002),
    ("v", "c", 5_000),
    ("u", "b", 2_001),
    ("v", "b", -1),
    ("v", "a", 5_000),
];

#[test]
fn histories_are_in_time_order_and_ties_in_that_of_the_file() {
    let (interactions, catalog, users) = ordered(&ROWS, RepeatedInteractions::KeepAll)
        .without_texts()
        .unwrap();
    assert_eq!(users.iter().collect::<Vec<_>>(), ["v", "u"]);
    assert_eq!(catalog.ids().iter().collect::<Vec<_>>(), ["b", "a", "c"]);
    let [v, u] = [0, 1].map(UserId::new);
    assert_eq!(interactions.history(v), [0, 0, 2, 1].map(ItemId::new));
    assert_eq!(interactions.timestamps(v).unwrap(), [-1, 5, 5, 5]);
    assert_eq!(
        interactions.history(u),
        [0, 1].map(ItemId::new),
        "by the millisecond"
    );
    assert_eq!(interactions.timestamps(u).unwrap(), [2, 2]);
}

#[test]
fn the_first_of_repeated_interactions_is_kept_when_asked_for() {
    let (interactions, ..) = ordered(&ROWS, RepeatedInteractions::KeepFirst)
        .without_texts()
        .unwrap();
    let v = UserId::new(0);
    assert_eq!(interactions.history(v), [0, 2, 1].map(ItemId::new));
    assert_eq!(interactions.timestamps(v).unwrap(), [-1, 5, 5]);
}

fn titled(title: &str) -> Item {
    Item {
        title: Some(title.into()),
        ..Item::default()
    }
}

#[test]
fn records_meet_the_items_that_occur_and_others_if_asked_for() {
    for unseen in [false, true] {
        let policy = Policy {
            unseen,
            ..Policy::default()
        };
        let mut ordered = ordered(&ROWS, RepeatedInteractions::KeepAll);
        for id in ["c", "z", "a", "b"] {
            ordered.describe(policy, &line(1), id, titled(id)).unwrap();
        }
        let (interactions, catalog, _) = ordered.with_texts(policy, Path::new("items")).unwrap();
        let titles: Vec<_> = catalog
            .iter()
            .map(|(_, item)| item.title.clone().unwrap())
            .collect();
        assert_eq!(titles, ["b", "a", "c", "z"][..if unseen { 4 } else { 3 }]);
        assert_eq!(interactions.items(), catalog.len());
    }
}

#[test]
fn unknown_items_are_refused_or_kept_as_asked() {
    let described = || {
        let mut ordered = ordered(&ROWS, RepeatedInteractions::KeepAll);
        ordered
            .describe(Policy::default(), &line(1), "b", titled("B"))
            .unwrap();
        ordered
    };
    refused(
        described().with_texts(Policy::default(), Path::new("dir/items.gz")),
        &[
            "events:3: expected an item of items, found item \"a\" (and 1 others that it lacks)",
            "KeepWithoutText",
        ],
    );
    let keep = Policy {
        unknown: UnknownItems::KeepWithoutText,
        ..Policy::default()
    };
    let (_, catalog, _) = described().with_texts(keep, Path::new("items")).unwrap();
    assert_eq!(catalog.texts(), ["B", "", ""]);
}

#[test]
fn records_that_contradict_are_refused_or_the_first_is_kept() {
    let mut ordered = ordered(&ROWS, RepeatedInteractions::KeepAll);
    let strict = Policy::default();
    let first = Policy {
        repeated: RepeatedItems::KeepFirst,
        unknown: UnknownItems::KeepWithoutText,
        ..strict
    };
    ordered
        .describe(strict, &line(1), "b", titled("B"))
        .unwrap();
    ordered
        .describe(strict, &line(2), "b", titled("B"))
        .unwrap();
    refused(
        ordered.describe(strict, &line(3), "b", titled("C")),
        &[
            "events:3: expected one record of each item",
            "another record of item \"b\"",
        ],
    );
    ordered.describe(first, &line(3), "b", titled("C")).unwrap();
    let (_, catalog, _) = ordered.with_texts(first, Path::new("items")).unwrap();
    assert_eq!(catalog.text(ItemId::new(0)), "B");
}

#[test]
fn nameless_users_and_items_and_no_rows_are_refused() {
    let mut events = Events::new(Path::new("events"));
    refused(
        events.push(&line(4), "", "a", Moment::default()),
        &["events:4: expected a user's id, found nothing"],
    );
    refused(
        events.push(&line(5), "u", "", Moment::default()),
        &["events:5: expected an item's id, found nothing"],
    );
    refused(
        events.finish(true, RepeatedInteractions::KeepAll),
        &["events: expected interactions, found no user"],
    );
}
