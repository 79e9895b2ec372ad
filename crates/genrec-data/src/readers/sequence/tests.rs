use super::*;
use crate::{
    ItemId, UserId,
    readers::fixture::{Folder, by_name, gzip, real, refused},
};

const FROM_ONE: &str = "7 1 3 2\nu 2\n\n9\n";

fn reader(text: impl Into<Vec<u8>>) -> (Folder, SequenceText) {
    let folder = Folder::new();
    let reader = SequenceText::new(folder.file("s.txt", text));
    (folder, reader)
}

fn read(text: impl Into<Vec<u8>>) -> Result<Dataset> {
    let (_folder, reader) = reader(text);
    reader.read()
}

#[test]
fn items_count_from_one_or_from_zero() {
    let dataset = read(FROM_ONE).unwrap();
    assert_eq!(
        by_name(&dataset),
        [("7", vec!["1", "3", "2"]), ("u", vec!["2"]), ("9", vec![])]
    );
    assert_eq!(
        dataset.interactions.history(UserId::new(0)),
        [0, 2, 1].map(ItemId::new)
    );
    let dataset = read("a\t0  2 1\r\n").unwrap();
    assert_eq!(dataset.catalog.ids().original(2), "2");
    assert_eq!(
        dataset.interactions.history(UserId::new(0)),
        [0, 2, 1].map(ItemId::new)
    );
}

#[test]
fn gz_gives_the_same() {
    let folder = Folder::new();
    let reader = SequenceText::new(folder.file("s.txt.gz", gzip(FROM_ONE.as_bytes())));
    let (dataset, plain) = (reader.read().unwrap(), read(FROM_ONE).unwrap());
    assert_eq!(dataset.interactions, plain.interactions);
    assert_eq!(dataset.catalog, plain.catalog);
}

#[test]
fn the_caller_may_say_where_items_start_and_how_many_there_are() {
    let (_folder, reader) = reader("a 1 3\n");
    refused(
        reader.read(),
        &["s.txt:1: expected every item number up to the largest, 3, found no item 2"],
    );
    let zero = reader
        .clone()
        .with_first_item(FirstItem::Zero)
        .with_catalogue_size(5)
        .read()
        .unwrap();
    assert_eq!(
        zero.interactions.history(UserId::new(0)),
        [1, 3].map(ItemId::new)
    );
    let one = reader.clone().with_catalogue_size(5).read().unwrap();
    assert_eq!(
        one.interactions.history(UserId::new(0)),
        [0, 2].map(ItemId::new)
    );
    assert_eq!(one.catalog.ids().original(4), "5");
    refused(
        reader.with_catalogue_size(2).read(),
        &["s.txt:1: expected an item of the catalogue, 2 numbers from 1, found item 3"],
    );
}

#[test]
fn malformed_lines_are_refused_with_their_number() {
    for (line, part) in [
        (
            "b one",
            "expected an item number from 0 to 4294967294, found \"one\"",
        ),
        ("b -1", "found \"-1\""),
        ("b 1.0", "found \"1.0\""),
        ("b 4294967295", "found \"4294967295\""),
        ("b 99999999999999999999", "found \"99999999999999999999\""),
        (
            "b 4294967294",
            "expected every item number up to the largest, 4294967294, found no item 3",
        ),
        (
            "a 1",
            "expected each user on one line, found user \"a\", who has line 1",
        ),
    ] {
        refused(read(format!("a 1 2\n{line}\nc 2\n")), &["s.txt:2: ", part]);
    }
    let (_folder, reader) = reader("a 2\nb 1 0\n");
    refused(
        reader.with_first_item(FirstItem::One).read(),
        &["s.txt:2: expected items numbered from 1, as asked for, found item 0"],
    );
    refused(
        read("a 9\nb 5 6\n"),
        &["s.txt:2: expected items numbered from 0 or 1, found 5 as the smallest number"],
    );
}

#[test]
fn empty_broken_and_truncated_files_are_refused() {
    refused(
        read(""),
        &["s.txt: expected one user a line", "an empty file"],
    );
    refused(read("\n \n"), &["s.txt: ", "found no user"]);
    refused(
        read(b"a 1\nb\xff 1\n".to_vec()),
        &["s.txt:2: expected UTF-8 text, found byte 0xff at column 2"],
    );
    let folder = Folder::new();
    let text: String = (0..2_000)
        .map(|user| format!("{user} {}\n", user * 31 % 997))
        .collect();
    refused(
        SequenceText::new(folder.truncated_gz("s.txt.gz", &text)).read(),
        &["s.txt.gz: cannot be read (line "],
    );
}

#[test]
fn a_training_file_splits_the_whole_lines() {
    let folder = Folder::new();
    let whole = SequenceText::new(folder.file("test.txt", "a 0 1 2\nb 2 0\n"));
    let training = |text: &str| folder.file("train.txt", text);
    let (dataset, split) = whole.read_split(training("b 2\na 0 1\n")).unwrap();
    assert_eq!(dataset.interactions.len(), 5);
    assert_eq!(split.train.history(UserId::new(0)), [0, 1].map(ItemId::new));
    assert_eq!(split.train.history(UserId::new(1)), [2].map(ItemId::new));
    assert!(split.validation.cases().is_empty());
    let targets: Vec<_> = split
        .test
        .cases()
        .iter()
        .map(|case| case.targets.to_vec())
        .collect();
    assert_eq!(targets, [vec![ItemId::new(2)], vec![ItemId::new(0)]]);

    let refused_pair =
        |text: &str, parts: &[&str]| refused(whole.read_split(training(text)), parts);
    refused_pair(
        "a 0 1\nb 0\n",
        &["train.txt:2: expected how the line of user \"b\" in test.txt begins, found other items"],
    );
    refused_pair(
        "a 0 1\n",
        &["test.txt:2: expected a user of train.txt, found user \"b\""],
    );
    refused_pair(
        "a 0\nc 1\nb 2\n",
        &["train.txt:2: expected a user of test.txt, found user \"c\""],
    );
    refused_pair("a 0 1 2\nb 2 0\n", &["holds nothing out for the test"]);
}

#[test]
fn the_real_files_have_their_published_sizes() {
    let Some(folder) = real("lastfm") else { return };
    let dataset = SequenceText::new(folder.join("user_sequence.txt"))
        .read()
        .unwrap();
    let found = dataset.statistics();
    assert_eq!(
        (found.users, found.items, found.interactions),
        (1_090, 3_646, 52_551)
    );
    assert_eq!(
        (dataset.users.original(0), dataset.catalog.ids().original(0)),
        ("1", "1")
    );
    let (dataset, split) = SequenceText::new(folder.join("test.txt"))
        .read_split(folder.join("train.txt"))
        .unwrap();
    assert_eq!(
        (dataset.interactions.len(), split.train.len()),
        (52_551, 51_461)
    );
    assert_eq!(split.test.cases().len(), 1_090);
    assert!(
        split
            .test
            .cases()
            .iter()
            .all(|case| case.targets.len() == 1)
    );
    assert_eq!(dataset.catalog.ids().original(0), "0");
}
