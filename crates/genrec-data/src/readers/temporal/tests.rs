use super::*;
use crate::{
    UserId,
    readers::fixture::{Folder, by_name, gzip, real, refused},
};

const FILES: [(&str, &str); 5] = [
    ("training.json", "{\"u\": [0, 2],\n\"v\": [2], \"w\": []}"),
    ("validation.json", "{\"v\": [1],\n\"u\": []}"),
    ("testing.json", "{\"u\": [2],\n\"v\": [0, 3], \"x\": [0]}"),
    ("warm_items.json", "[0,\n2]"),
    ("cold_items.json", "[3, 1,\n4]"),
];

/// The files with one of them changed.
fn folder(changed: &str, contents: impl Into<Vec<u8>>) -> Folder {
    let folder = Folder::new();
    for (name, text) in FILES {
        folder.file(name, text);
    }
    folder.file(changed, contents);
    folder
}

fn in_folder(folder: &Folder) -> TemporalJson {
    let [training, validation, test, warm, cold] = FILES.map(|(name, _)| folder.path().join(name));
    TemporalJson::new(training, validation, test).with_item_lists(warm, cold)
}

fn read(changed: &str, contents: impl Into<Vec<u8>>) -> Result<Dataset> {
    in_folder(&folder(changed, contents)).read()
}

#[test]
fn the_parts_follow_one_another_and_the_split_is_the_published_one() {
    let (dataset, split) = in_folder(&folder("README", "")).read_split().unwrap();
    let expected = [
        ("u", vec!["0", "2", "2"]),
        ("v", vec!["2", "1", "0", "3"]),
        ("w", vec![]),
        ("x", vec!["0"]),
    ];
    assert_eq!(by_name(&dataset), expected);
    assert_eq!(
        dataset.catalog.len(),
        5,
        "the cold item without interactions too"
    );
    let items = |numbers: &[u32]| numbers.iter().copied().map(ItemId::new).collect::<Vec<_>>();
    assert_eq!(split.train.history(UserId::new(1)), items(&[2]));
    let validation = split.validation.cases();
    assert_eq!(validation.len(), 1);
    assert_eq!(
        (validation.get(0).history, validation.get(0).targets),
        (&items(&[2])[..], &items(&[1])[..])
    );
    let test: Vec<_> = split
        .test
        .cases()
        .iter()
        .map(|case| (case.history.to_vec(), case.targets.to_vec()))
        .collect();
    let expected = [
        (items(&[0, 2]), items(&[2])),
        (items(&[2, 1]), items(&[0, 3])),
        (items(&[]), items(&[0])),
    ];
    assert_eq!(test, expected);
    assert_eq!(split.cold.iter().collect::<Vec<_>>(), items(&[1, 3, 4]));
}

#[test]
fn without_lists_the_size_goes_by_the_histories_or_the_caller() {
    let folder = folder("README", "");
    let [training, validation, test, ..] = FILES.map(|(name, _)| folder.path().join(name));
    let reader = TemporalJson::new(training, validation, test);
    assert_eq!(reader.read().unwrap().catalog.len(), 4);
    assert_eq!(
        reader
            .clone()
            .with_catalogue_size(9)
            .read()
            .unwrap()
            .catalog
            .len(),
        9
    );
    refused(
        reader.with_catalogue_size(3).read(),
        &["testing.json:2: expected an item of the catalogue, numbered below 3, found item 3"],
    );
}

#[test]
fn gz_gives_the_same() {
    let folder = Folder::new();
    let [training, validation, test, warm, cold] =
        FILES.map(|(name, text)| folder.file(&format!("{name}.gz"), gzip(text.as_bytes())));
    let dataset = TemporalJson::new(training, validation, test)
        .with_item_lists(warm, cold)
        .read()
        .unwrap();
    assert_eq!(
        dataset.interactions,
        read("README", "").unwrap().interactions
    );
}

#[test]
fn malformed_files_are_refused_with_their_line() {
    refused(
        read("testing.json", "{\"u\": [0],\n\"v\": 5}"),
        &["testing.json:2: expected a list of items"],
    );
    refused(
        read("validation.json", "{\"u\": [0,\n-1]}"),
        &["validation.json:2: expected an item number from 0"],
    );
    refused(
        read("training.json", "{\"u\": [0,\n4294967295]}"),
        &["training.json:2: ", "found item 4294967295"],
    );
    refused(
        read("training.json", "{\"u\": [0],\n\"u\": [2]}"),
        &["training.json:2: expected each user once"],
    );
    refused(
        read("cold_items.json", "[3,\n\"1\"]"),
        &["cold_items.json:2: expected an item number"],
    );
    refused(
        read("warm_items.json", "{\"0\": 2}"),
        &["warm_items.json:1: expected a list of items"],
    );
    refused(
        read("testing.json", b"{\"u\": [0],\n\"\xff\": [0]}".to_vec()),
        &["testing.json:2: "],
    );
    refused(
        read("testing.json", ""),
        &["testing.json: ", "an empty file"],
    );
    refused(
        read("cold_items.json", ""),
        &["cold_items.json: ", "an empty file"],
    );
    let folder = folder("testing.json", "{\"u\": []}");
    refused(
        in_folder(&folder).read_split(),
        &["holds nothing out for the test"],
    );
    for (name, _) in &FILES[..3] {
        folder.file(name, "{}");
    }
    refused(
        in_folder(&folder).read(),
        &["training.json: ", "found no user"],
    );
}

#[test]
fn a_huge_number_is_told_with_its_file_and_line() {
    for (name, contents) in [
        ("training.json", "{\"u\": [0, 2],\n\"v\": [2, 4000000000]}"),
        ("validation.json", "{\"v\": [1],\n\"u\": [4000000000]}"),
        ("testing.json", "{\"v\": [3],\n\"u\": [4000000000]}"),
        ("cold_items.json", "[3, 1, 4,\n4000000000]"),
    ] {
        refused(
            read(name, contents),
            &[
                &format!(
                    "/{name}:2: expected every item number up to the largest, 4000000000 in training.json, "
                ),
                "found no item 5",
                "with_catalogue_size",
            ],
        );
    }
}

#[test]
fn a_truncated_gz_is_refused() {
    let folder = folder("README", "");
    let long: Vec<String> = (0..900)
        .map(|user| format!("\"{user}\": [{}]", user * 7 % 5))
        .collect();
    let cut = folder.truncated_gz("testing.json.gz", &format!("{{{}}}", long.join(",\n")));
    let [training, validation, ..] = FILES.map(|(name, _)| folder.path().join(name));
    refused(
        TemporalJson::new(training, validation, cut).read(),
        &["testing.json.gz: cannot be read (line "],
    );
}

#[test]
fn lists_that_are_not_those_of_the_histories_are_refused() {
    refused(
        read("warm_items.json", "[0, 2, 1]"),
        &["warm_items.json: expected the items of training, found also item 1"],
    );
    refused(
        read("warm_items.json", "[2]"),
        &["warm_items.json: expected the items of training, found not item 0"],
    );
    refused(
        read("cold_items.json", "[1, 3, 4, 0]"),
        &["cold_items.json: expected the items that training lacks, found also item 0"],
    );
}

#[test]
fn the_real_files_have_their_published_sizes() {
    let Some(folder) = real("toys") else { return };
    let [training, validation, test, warm, cold] = FILES.map(|(name, _)| folder.join(name));
    let reader = TemporalJson::new(training, validation, test);
    let (dataset, split) = reader
        .clone()
        .with_item_lists(warm, cold)
        .read_split()
        .unwrap();
    let found = dataset.statistics();
    assert_eq!(
        (found.users, found.items, found.interactions),
        (15_635, 11_908, 142_499)
    );
    assert_eq!((split.warm.len(), split.cold.len()), (11_285, 623));
    assert_eq!(split.train.len(), 114_983);
    assert_eq!(split.test.cases().len(), 15_635 - 10_076);
    let targets: usize = split
        .test
        .cases()
        .iter()
        .map(|case| case.targets.len())
        .sum();
    assert_eq!(targets, 14_776);
    assert_eq!(reader.read().unwrap(), dataset);
}
