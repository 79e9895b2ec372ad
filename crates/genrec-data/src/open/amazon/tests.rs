use crate::{
    open,
    readers::fixture::{Folder, by_name, gzip, refused},
};

const REVIEW: &str = r#"{"reviewerID": "A", "asin": "1", "unixReviewTime": 1, "overall": 5.0}"#;

#[test]
fn of_several_metadata_the_name_decides() {
    let folder = Folder::new();
    folder.file("reviews_Toys_5.json", REVIEW);
    folder.file("meta_Books.json", "{'asin': '1', 'title': 'book'}");
    folder.file("meta_Toys.json", "{'asin': '1', 'title': 'toy'}");
    assert_eq!(open(folder.path()).unwrap().catalog.texts(), ["toy"]);
    folder.file("meta_Toys.jsonl", "{}");
    refused(
        open(folder.path()),
        &[
            "expected one file meta_Toys for reviews_Toys_5.json",
            "meta_Books.json, meta_Toys.json",
        ],
    );
}

#[test]
fn reviews_and_metadata_that_cannot_be_read_are_not_passed_over() {
    const EXPECTED: &str = "expected reviews of Amazon, one JSON object a line, or other JSON";
    const METADATA: &str = "expected metadata of Amazon, one JSON object or Python dict a line";
    let gz = gzip(REVIEW.as_bytes());
    let review = || REVIEW.as_bytes().to_vec();
    let cases: [(&str, Vec<u8>, &[&str]); 9] = [
        ("X.json", vec![], &["/X.json: ", EXPECTED, "an empty file"]),
        (
            "X.json.gz",
            gzip(b""),
            &["/X.json.gz: ", EXPECTED, "an empty file"],
        ),
        (
            "X.jsonl",
            b"\n \n".to_vec(),
            &["/X.jsonl: ", EXPECTED, "only blank lines"],
        ),
        (
            "X.jsonl",
            [b"\n<html>\n", &review()[..]].concat(),
            &["/X.jsonl:2: ", EXPECTED, "expected value at column 1"],
        ),
        (
            "X.json",
            review()[..30].to_vec(),
            &["/X.json:1: ", EXPECTED, "EOF while parsing"],
        ),
        (
            "X.json",
            [&review()[..18], b"\n", &review()[..]].concat(),
            &["/X.json:2: ", EXPECTED],
        ),
        (
            "X.json",
            b"{\"reviewerID\": \"\xff\"}".to_vec(),
            &["/X.json:1: expected UTF-8 text, found byte 0xff at column 17"],
        ),
        (
            "X.json.gz",
            gz[..5].to_vec(),
            &["/X.json.gz: cannot be read"],
        ),
        (
            "X.json.gz",
            gz[..gz.len() / 2].to_vec(),
            &["/X.json.gz: cannot be read"],
        ),
    ];
    for (name, contents, parts) in cases {
        let folder = Folder::new();
        folder.file(name, contents);
        refused(open(folder.path()), parts);
        folder.file("Y.json", REVIEW);
        refused(open(folder.path()), parts);
    }
    let metadata: [(&str, Vec<u8>, &[&str]); 4] = [
        (
            "meta_X.json",
            vec![],
            &["/meta_X.json: ", METADATA, "an empty file"],
        ),
        (
            "meta_X.json",
            b"{'asin': '1', 'tit".to_vec(),
            &["/meta_X.json:1: ", METADATA],
        ),
        (
            "meta_X.json",
            b"{'asin': '\xff'}".to_vec(),
            &["/meta_X.json:1: expected UTF-8 text"],
        ),
        (
            "meta_X.json.gz",
            gz[..5].to_vec(),
            &["/meta_X.json.gz: cannot be read"],
        ),
    ];
    for (name, contents, parts) in metadata {
        let folder = Folder::new();
        folder.file("X.json", REVIEW);
        folder.file(name, contents);
        refused(open(folder.path()), parts);
    }
}

#[test]
fn other_json_and_python_is_passed_over() {
    let folder = Folder::new();
    folder.file("X.json", REVIEW);
    folder.file("config.json", "{\n  \"a\": [\n    1\n  ]\n}\n");
    folder.file("list.json", "[1, 2]");
    folder.file("lines.jsonl", "{\"a\": 1}\n{\"a\": 2}\n");
    folder.file("metadata.json", "{'asin': '1', 'title': \"It's\"}\n");
    folder.file("long.json", format!("[{}1]", "1, ".repeat(1 << 19)));
    assert_eq!(by_name(&open(folder.path()).unwrap())[0].1, ["1"]);
}
