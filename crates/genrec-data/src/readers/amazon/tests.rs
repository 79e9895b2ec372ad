use super::*;
use crate::{
    ItemId, UserId,
    readers::fixture::{Folder, by_name, gzip, refused},
};

const REVIEWS: &str = r#"{"reviewerID": "A1", "asin": "002", "overall": 5.0, "unixReviewTime": 1400000000, "reviewText": "fine\n"}
{"reviewerID": "A2", "asin": "001", "overall": 2.0, "unixReviewTime": 1300000000}
{"reviewerID": "A1", "asin": "001", "overall": 4.0, "unixReviewTime": 1300000000}
{"reviewerID": "A1", "asin": "002", "overall": 3.0, "unixReviewTime": 1300000000}
"#;

const OF_2014: &str = r#"{'asin': '001', 'title': "It's a toy", 'price': 9.5, 'related': {'also_bought': ['002']}, 'categories': [['Toys', 'Games'], ['Toys', 'Dolls']], 'brand': 'X'}
{'asin': '777', 'title': 'nobody bought this'}
{'asin': '002', 'description': 'second', 'categories': [['Toys']]}
"#;

const OF_2018: &str = r#"{"asin": "001", "title": "One", "brand": "B", "category": ["Toys", "Games"], "description": ["a", "b"], "price": "$9.50"}
{"asin": "002", "title": "Two", "brand": "", "category": [], "description": [], "price": ".css{}"}
{"asin": "002", "title": "Two", "brand": "", "category": [], "description": [], "price": ""}
"#;

const REVIEWS_2023: &str = r#"{"rating": 5.0, "user_id": "U", "asin": "c1", "parent_asin": "p1", "timestamp": 1600000000900}
{"rating": 1.0, "user_id": "U", "asin": "p2", "timestamp": 1600000000100}
"#;

const OF_2023: &str = r#"{"parent_asin": "p1", "title": "P", "store": "S", "categories": ["A", "B"], "description": ["d"], "price": 3, "details": {"Brand": "S"}}
{"parent_asin": "p2", "title": "Q", "store": null, "categories": [], "description": [], "price": "from 2.00"}
"#;

fn reader(
    release: AmazonRelease,
    reviews: impl Into<Vec<u8>>,
    metadata: Option<&str>,
) -> (Folder, AmazonReviews) {
    let folder = Folder::new();
    let mut reader = AmazonReviews::new(release, folder.file("reviews_Toys_5.json", reviews));
    if let Some(metadata) = metadata {
        reader = reader.with_metadata(folder.file("meta_Toys.json", metadata));
    }
    (folder, reader)
}

fn read(
    release: AmazonRelease,
    reviews: impl Into<Vec<u8>>,
    metadata: Option<&str>,
) -> Result<Dataset> {
    let (_folder, reader) = reader(release, reviews, metadata);
    reader.read()
}

#[test]
fn reviews_of_2014_with_python_metadata() {
    let dataset = read(AmazonRelease::Of2014, REVIEWS, Some(OF_2014)).unwrap();
    assert_eq!(dataset.name, "Toys_5");
    // The two of A1 at the same time keep the order of the file, and the second review of 002 is kept.
    assert_eq!(
        by_name(&dataset),
        [("A1", vec!["001", "002", "002"]), ("A2", vec!["001"])]
    );
    let times = dataset.interactions.timestamps(UserId::new(0)).unwrap();
    assert_eq!(times, [1_300_000_000, 1_300_000_000, 1_400_000_000]);
    let one = dataset.catalog.get(ItemId::from_index(
        dataset.catalog.ids().index_of("001").unwrap(),
    ));
    assert_eq!(one.title.as_deref(), Some("It's a toy"));
    assert_eq!(one.categories, ["Toys", "Games", "Dolls"]);
    assert_eq!(one.price, Some(9.5));
    assert_eq!(
        dataset.catalog.len(),
        2,
        "the item without reviews is not in the catalogue"
    );
}

#[test]
fn reviews_of_2018_with_json_metadata() {
    let dataset = read(AmazonRelease::Of2018, REVIEWS, Some(OF_2018)).unwrap();
    let [two, one] = [0, 1].map(|item| dataset.catalog.get(ItemId::new(item)));
    assert_eq!(one.text(), "One. B. Toys, Games. a b");
    assert_eq!((one.price, two.price), (Some(9.5), None));
    assert_eq!(two.brand, None);
}

#[test]
fn reviews_of_2023_are_ordered_by_the_millisecond() {
    let dataset = read(AmazonRelease::Of2023, REVIEWS_2023, Some(OF_2023)).unwrap();
    assert_eq!(by_name(&dataset), [("U", vec!["p2", "p1"])]);
    assert_eq!(
        dataset.interactions.timestamps(UserId::new(0)).unwrap(),
        [1_600_000_000; 2]
    );
    assert_eq!(dataset.catalog.texts(), ["P. S. A, B. d", "Q"]);
}

#[test]
fn gz_gives_the_same_and_without_metadata_there_is_no_text() {
    let folder = Folder::new();
    let reviews = folder.file("reviews_Toys_5.json.gz", gzip(REVIEWS.as_bytes()));
    let metadata = folder.file("meta_Toys.json.gz", gzip(OF_2014.as_bytes()));
    let reader = AmazonReviews::new(AmazonRelease::Of2014, reviews);
    let dataset = reader.clone().with_metadata(metadata).read().unwrap();
    assert_eq!(
        dataset,
        read(AmazonRelease::Of2014, REVIEWS, Some(OF_2014)).unwrap()
    );
    assert!(!reader.read().unwrap().catalog.has_text());
}

#[test]
fn options_filter_by_rating_and_keep_first_reviews_and_unseen_items() {
    let (_folder, reader) = reader(AmazonRelease::Of2014, REVIEWS, Some(OF_2014));
    let rated = reader.clone().with_min_rating(4.0).read().unwrap();
    assert_eq!(by_name(&rated), [("A1", vec!["001", "002"])]);
    let first = reader
        .clone()
        .with_repeated_reviews(RepeatedInteractions::KeepFirst)
        .read()
        .unwrap();
    assert_eq!(
        by_name(&first),
        [("A1", vec!["001", "002"]), ("A2", vec!["001"])]
    );
    let unseen = reader.with_unseen_items(true).read().unwrap();
    assert_eq!(
        unseen.catalog.ids().iter().collect::<Vec<_>>(),
        ["002", "001", "777"]
    );
}

#[test]
fn unrated_reviews_cannot_be_filtered_by_rating() {
    let review = r#"{"reviewerID": "A", "asin": "1", "unixReviewTime": 1}"#;
    let (_folder, reader) = reader(AmazonRelease::Of2018, review, None);
    assert_eq!(reader.read().unwrap().interactions.len(), 1);
    refused(
        reader.with_min_rating(1.0).read(),
        &["reviews_Toys_5.json:1: expected a rating"],
    );
}

#[test]
fn malformed_reviews_are_refused_with_their_line() {
    use AmazonRelease::{Of2014, Of2018, Of2023};
    let good = r#"{"reviewerID": "A", "asin": "1", "unixReviewTime": 1}"#;
    let second = |line: &str| format!("{good}\n{line}\n");
    for (line, parts) in [
        (
            r#"{"reviewerID": "A", "unixReviewTime": 1}"#,
            ["missing field `asin`", "\"asin\": \"...\""],
        ),
        (
            r#"{"reviewerID": 5, "asin": "1", "unixReviewTime": 1}"#,
            ["expected a string", "found integer `5`"],
        ),
        (
            r#"{"reviewerID": "A", "asin": "1", "unixReviewTime": "1"}"#,
            ["expected i64", "found string \"1\""],
        ),
        (
            r#"{"reviewerID": "A", "asin": "1", "unixReviewTime": 1e30}"#,
            ["expected i64", "found floating point"],
        ),
        (
            r#"{"reviewerID": "", "asin": "1", "unixReviewTime": 1}"#,
            ["expected a user's id", "found nothing"],
        ),
        (
            r#"["A", "1", 1, 5.0]"#,
            ["expected a JSON object", "[\\\"A\\\""],
        ),
        (r#"{"reviewerID": "A""#, ["EOF while parsing", "column 18"]),
        (
            r#"{"user_id": "A", "parent_asin": "1", "timestamp": 1}"#,
            ["missing field `reviewerID`", "reviewerID"],
        ),
    ] {
        for release in [Of2014, Of2018] {
            refused(
                read(release, second(line), None),
                &["reviews_Toys_5.json:2: ", parts[0], parts[1]],
            );
        }
    }
    refused(
        read(Of2023, second(good), None),
        &["reviews_Toys_5.json:1: ", "missing field `user_id`"],
    );
    let of_2023 = REVIEWS_2023.replace("1600000000100", "\"1600000000100\"");
    refused(
        read(Of2023, of_2023, None),
        &["reviews_Toys_5.json:2: expected i64, found string \"1600000000100\""],
    );
    let of_2023 = REVIEWS_2023.replace(
        "\"user_id\": \"U\", \"asin\": \"p2\"",
        "\"user_id\": 7, \"asin\": \"p2\"",
    );
    refused(
        read(Of2023, of_2023, None),
        &["reviews_Toys_5.json:2: expected a string, found integer `7`"],
    );
    refused(
        read(Of2023, r#"{"user_id": "A", "timestamp": 1}"#, None),
        &["reviews_Toys_5.json:1: expected \"parent_asin\" or \"asin\", found neither"],
    );
}

#[test]
fn malformed_metadata_are_refused_with_their_line() {
    let broken = OF_2014.replace("'title': 'nobody", "'title' 'nobody");
    refused(
        read(AmazonRelease::Of2014, REVIEWS, Some(&broken)),
        &[
            "meta_Toys.json:2: expected a colon after the key",
            "at column 25",
            "one Python dict a line",
        ],
    );
    for (line, part) in [
        ("{'title': 'x'}", "missing field `asin`"),
        ("['001']", "expected an item: an object with \"asin\""),
        (
            "{'asin': '001', 'title': 5}",
            "expected a string or a list of strings",
        ),
    ] {
        refused(
            read(AmazonRelease::Of2014, REVIEWS, Some(line)),
            &["meta_Toys.json:1: ", part],
        );
    }
    let broken = OF_2018.replace("\"title\": \"Two\"", "\"title\": 2");
    refused(
        read(AmazonRelease::Of2018, REVIEWS, Some(&broken)),
        &[
            "meta_Toys.json:2: expected a string or a list of strings",
            "found integer `2`",
        ],
    );
    refused(
        read(AmazonRelease::Of2018, REVIEWS, Some(OF_2014)),
        &["meta_Toys.json:1: ", "key must be a string at column 2"],
    );
}

#[test]
fn items_without_metadata_are_refused_or_kept() {
    let one = OF_2018.lines().next().unwrap();
    let (_folder, reader) = reader(AmazonRelease::Of2018, REVIEWS, Some(one));
    refused(
        reader.read(),
        &["reviews_Toys_5.json:1: expected an item of meta_Toys.json, found item \"002\""],
    );
    let kept = reader
        .with_unknown_items(UnknownItems::KeepWithoutText)
        .read()
        .unwrap();
    assert_eq!(kept.catalog.text(ItemId::new(0)), "");
}

#[test]
fn contradicting_metadata_are_refused_or_the_first_is_kept() {
    let metadata = format!("{OF_2018}{}", r#"{"asin": "001", "title": "Other"}"#);
    let (_folder, reader) = reader(AmazonRelease::Of2018, REVIEWS, Some(&metadata));
    refused(
        reader.read(),
        &["meta_Toys.json:4: expected one record of each item"],
    );
    let kept = reader
        .with_repeated_items(RepeatedItems::KeepFirst)
        .read()
        .unwrap();
    assert_eq!(
        kept.catalog.get(ItemId::new(1)).title.as_deref(),
        Some("One")
    );
}

#[test]
fn empty_broken_and_truncated_files_are_refused() {
    let release = AmazonRelease::Of2018;
    refused(
        read(release, "", None),
        &["reviews_Toys_5.json: ", "an empty file"],
    );
    refused(
        read(release, "\n \n", None),
        &["reviews_Toys_5.json: ", "found no user"],
    );
    refused(
        read(release, REVIEWS, Some("")),
        &["meta_Toys.json: ", "an empty file"],
    );
    let broken = [REVIEWS.as_bytes(), b"{\"reviewerID\": \"\xc3\"}"].concat();
    refused(
        read(release, broken, None),
        &["reviews_Toys_5.json:5: expected UTF-8 text, found byte 0xc3"],
    );
    let folder = Folder::new();
    let long: String = (0..500)
        .map(|time| REVIEWS.replace("00000", &format!("{time:05}")))
        .collect();
    let path = folder.truncated_gz("cut.json.gz", &long);
    refused(
        AmazonReviews::new(release, path).read(),
        &["cut.json.gz: cannot be read (line "],
    );
}

#[test]
fn broken_and_truncated_metadata_are_refused() {
    use AmazonRelease::{Of2014, Of2018, Of2023};
    for (release, reviews, metadata) in [
        (Of2014, REVIEWS, OF_2014),
        (Of2018, REVIEWS, OF_2018),
        (Of2023, REVIEWS_2023, OF_2023),
    ] {
        let folder = Folder::new();
        let reader = AmazonReviews::new(release, folder.file("reviews_Toys_5.json", reviews));
        let broken = [metadata.as_bytes(), b"{\"\xff"].concat();
        let place = metadata.lines().count() + 1;
        refused(
            reader
                .clone()
                .with_metadata(folder.file("meta_Toys.json", broken))
                .read(),
            &[&format!(
                "meta_Toys.json:{place}: expected UTF-8 text, found byte 0xff at column 3"
            )],
        );
        let long: String = (0..500)
            .map(|number| metadata.replace("00", &format!("{number:04}")))
            .collect();
        let cut = folder.truncated_gz("meta_cut.json.gz", &long);
        refused(
            reader.with_metadata(cut).read(),
            &["meta_cut.json.gz: cannot be read (line ", "complete"],
        );
    }
}

#[test]
fn releases_are_recognised() {
    let line = |text: &'static str| text.lines().next().unwrap();
    let reviews = line(REVIEWS);
    assert_eq!(
        recognise(reviews, Some(line(OF_2014))),
        Some(AmazonRelease::Of2014)
    );
    assert_eq!(
        recognise(reviews, Some(line(OF_2018))),
        Some(AmazonRelease::Of2018)
    );
    assert_eq!(recognise(reviews, None), Some(AmazonRelease::Of2018));
    assert_eq!(
        recognise(line(REVIEWS_2023), Some(line(OF_2023))),
        Some(AmazonRelease::Of2023)
    );
    assert_eq!(recognise("{\"0\": [\"<a_1>\"]}", None), None);
}
