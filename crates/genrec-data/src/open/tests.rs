use super::*;
use crate::readers::fixture::{self, by_name, gzip, real, refused};

const REVIEW: &str = r#"{"reviewerID": "A", "asin": "1", "unixReviewTime": 1, "overall": 5.0}"#;
const REVIEW_2023: &str =
    r#"{"user_id": "A", "parent_asin": "1", "timestamp": 1000, "rating": 5.0}"#;

/// The same interaction, with or without a title for the item, in every format: files, and the name the item has.
const FORMATS: [(&[(&str, &str)], &str); 9] = [
    (
        &[
            ("X.inter.json", "{\"A\": [0]}"),
            ("X.item.json", "{\"0\": {\"title\": \"T\"}}"),
        ],
        "0",
    ),
    (
        &[
            ("X.inter", "user_id:token\titem_id:token\nA\t1\n"),
            ("X.item", "item_id:token\ttitle:token\n1\tT\n"),
            ("X.user", ""),
        ],
        "1",
    ),
    (
        &[
            (
                "ratings.csv",
                "userId,movieId,rating,timestamp\n4,1,5.0,1\n",
            ),
            ("movies.csv", "movieId,title,genres\n1,T,\n"),
        ],
        "1",
    ),
    (
        &[
            ("user_sequence.txt", "A 1\n"),
            ("train.txt", "A\n"),
            ("test.txt", "A 0\n"),
        ],
        "1",
    ),
    (
        &[
            ("train.txt", "A\n"),
            ("test.txt", "A 0\n"),
            ("README.txt", "about"),
        ],
        "0",
    ),
    (
        &[
            ("training.json", "{\"A\": [0]}"),
            ("validation.json", "{}"),
            ("testing.json", "{}"),
            ("warm_items.json", "[0]"),
            ("cold_items.json", "[]"),
        ],
        "0",
    ),
    (
        &[
            ("reviews_X_5.json", REVIEW),
            ("meta_X.json", "{'asin': '1', 'title': 'T'}"),
        ],
        "1",
    ),
    (
        &[
            ("X.json", REVIEW),
            ("meta_X.json", "{\"asin\": \"1\", \"title\": \"T\"}"),
        ],
        "1",
    ),
    (
        &[
            ("X.jsonl", REVIEW_2023),
            ("meta_X.jsonl", "{\"parent_asin\": \"1\", \"title\": \"T\"}"),
        ],
        "1",
    ),
];

#[test]
fn every_format_is_recognised_plain_and_compressed_with_its_item_file() {
    for (files, item) in FORMATS {
        for compressed in [false, true] {
            let folder = fixture::Folder::new();
            for (name, text) in files {
                if compressed {
                    folder.file(&format!("{name}.gz"), gzip(text.as_bytes()));
                } else {
                    folder.file(name, *text);
                }
            }
            let dataset = open(folder.path()).unwrap_or_else(|error| panic!("{files:?}: {error}"));
            assert_eq!(by_name(&dataset)[0].1, [item], "{files:?}");
            let has_title = files.iter().any(|(_, text)| text.contains("T"));
            let title = dataset.catalog.iter().next().unwrap().1.title.as_deref();
            assert_eq!(title, has_title.then_some("T"), "{files:?}");
        }
    }
}

#[test]
fn without_the_item_file_there_is_no_text() {
    for (files, _) in FORMATS {
        let folder = fixture::Folder::new();
        for (name, text) in files.iter().filter(|(name, _)| {
            !["X.item", "movies", "meta_"]
                .iter()
                .any(|item| name.starts_with(item))
        }) {
            folder.file(name, *text);
        }
        assert!(
            !open(folder.path()).unwrap().catalog.has_text(),
            "{files:?}"
        );
    }
}

#[test]
fn two_data_sets_are_an_error_that_names_both() {
    let named = |name: &str| {
        FORMATS
            .iter()
            .map(|(files, _)| files)
            .find(|files| files[0].0 == name)
            .unwrap()
    };
    let names = [
        "X.inter.json",
        "X.inter",
        "ratings.csv",
        "user_sequence.txt",
        "training.json",
        "reviews_X_5.json",
    ];
    for (index, one) in names.iter().enumerate() {
        for other in &names[index + 1..] {
            let folder = fixture::Folder::new();
            for (name, text) in named(one).iter().chain(named(other).iter()) {
                folder.file(name, *text);
            }
            refused(
                open(folder.path()),
                &[
                    "expected one data set",
                    one,
                    other,
                    " and ",
                    "call the reader",
                ],
            );
        }
    }
    let folder = fixture::Folder::new();
    folder.file("X.inter.json", "{}");
    folder.file("Y.inter.json", "{}");
    refused(
        open(folder.path()),
        &["found X.inter.json (LetterJson) and Y.inter.json (LetterJson)"],
    );
}

#[test]
fn a_folder_of_something_else_says_what_was_looked_for_and_what_is_there() {
    let folder = fixture::Folder::new();
    refused(
        open(folder.path()),
        &[
            "expected one of: *.inter.json",
            "ratings.csv",
            "found an empty folder",
        ],
    );
    folder.file("photo.jpg", b"\xff\xd8".to_vec());
    folder.file("numbers.json", "{\"0\": [1]}");
    folder.file("train.txt", "A 0\n");
    refused(
        open(folder.path()),
        &[
            "*.inter (RecBole)",
            "found numbers.json, photo.jpg, train.txt",
            "genrec_data::readers",
        ],
    );
    for number in 0..30 {
        folder.file(&format!("{number}.bin"), "");
    }
    refused(open(folder.path()), &["and 13 more"]);
    refused(
        open(folder.path().join("absent")),
        &["absent: cannot be read"],
    );
    refused(
        open(folder.path().join("photo.jpg")),
        &["photo.jpg: cannot be read"],
    );
}

#[test]
fn a_file_beside_its_compressed_form_is_an_error() {
    let folder = fixture::Folder::new();
    folder.file("ratings.csv", "");
    folder.file("ratings.csv.gz", "");
    refused(
        open(folder.path()),
        &["expected one file ratings.csv, found ratings.csv and ratings.csv.gz"],
    );
}

#[test]
fn a_test_file_without_the_training_items_is_refused() {
    // As in LightGCN's and NGCF's folders.
    let folder = fixture::Folder::new();
    folder.file("train.txt", "0 0 1 2\n1 1 3\n");
    folder.file("test.txt", "0 3\n1 0 2\n");
    refused(
        open(folder.path()),
        &[
            "train.txt:1: expected how the line of user \"0\" in test.txt begins, found other items",
            "if test.txt holds the test items alone, put the user's training items before them",
        ],
    );
    folder.file("test.txt", "0 0 1 2 3\n");
    refused(
        open(folder.path()),
        &["train.txt:2: expected a user of test.txt, found user \"1\""],
    );
    folder.file("test.txt", "0 0 1 2 3\n1 1 3 0 2\n");
    assert_eq!(open(folder.path()).unwrap().interactions.len(), 8);
    // With the whole sequences there, the split beside them may be any.
    folder.file("test.txt", "0 3\n1 0 2\n");
    folder.file("user_sequence.txt", "0 0 1 2 3\n1 1 3\n");
    assert_eq!(open(folder.path()).unwrap().interactions.len(), 6);
}

#[test]
fn a_damaged_file_of_another_format_is_for_its_reader() {
    let folder = fixture::Folder::new();
    folder.file("X.inter.json", "{\"A\": [0]}");
    folder.file("X.item.json", "");
    refused(
        open(folder.path()),
        &["X.item.json: expected {\"0\": {\"title\""],
    );
}

#[test]
fn what_the_reader_refuses_comes_through() {
    let folder = fixture::Folder::new();
    folder.file("X.inter.json", "{\"A\": [0],\n\"A\": [0]}");
    refused(
        open(folder.path()),
        &["X.inter.json:2: expected each user once"],
    );
}

#[test]
fn the_real_folders_open() {
    for (name, users, items, interactions) in [
        ("scientific", 8_317, 4_344, 58_492),
        ("instruments", 24_772, 9_922, 206_153),
        ("beauty", 22_363, 12_101, 198_502),
        ("lastfm", 1_090, 3_646, 52_551),
        ("toys", 15_635, 11_908, 142_499),
        ("ml-latest-small", 610, 9_724, 100_836),
    ] {
        let Some(folder) = real(name) else { return };
        let found = open(folder).unwrap().statistics();
        assert_eq!(
            (found.users, found.items, found.interactions),
            (users, items, interactions),
            "{name}"
        );
    }
}
