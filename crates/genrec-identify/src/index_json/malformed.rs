//! Every way in which an identifier file can be wrong, and what is said about it.

use std::path::Path;

use super::{Lengths, parse};
use crate::Identifier;

/// The message for a malformed file.
fn refused(text: impl AsRef<[u8]>, lengths: Lengths) -> String {
    parse(Path::new("x.index.json"), text.as_ref(), lengths)
        .expect_err("the file is malformed")
        .to_string()
}

#[test]
fn every_malformed_file_is_refused_with_place_expectation_and_finding() {
    let good = r#"{"0": ["<a_1>", "<b_2>"],"#;
    let mut wrong = Vec::new();
    for (text, place, expected, found) in [
        (String::new(), "1:1", "expected an object", "an empty file"),
        (
            String::from(" \n "),
            "1:1",
            "expected an object",
            "an empty file",
        ),
        (
            String::from("{}"),
            "1:2",
            "at least one item",
            "an empty object",
        ),
        (String::from("[1]"), "1:1", "expected an object", "sequence"),
        (
            format!("{good}\n\"1\": 5}}"),
            "2:6: item 1",
            "a list of tokens",
            "integer `5`",
        ),
        (
            format!("{good}\n\"1\": {{}}}}"),
            "2:5: item 1",
            "a list of tokens",
            "map",
        ),
        (
            format!("{good}\n\"1\": [\"<a_1>\", 2]}}"),
            "2:16: item 1",
            "a token of level 1, such as \"<b_12>\"",
            "integer `2`",
        ),
        (
            format!("{good}\n\"1\": [\"<a_1>\", null]}}"),
            "2:19: item 1",
            "a token of level 1, such as \"<b_12>\"",
            "null",
        ),
        (
            format!("{good}\n\"1\": [\"<a_1>\", \"<b_x>\"]}}"),
            "2:22: item 1",
            "a token of level 1, such as \"<b_12>\"",
            "\"<b_x>\"",
        ),
        (
            format!("{good}\n\"1\": [\"<a_1>\", \"<a_2>\"]}}"),
            "2:22: item 1",
            "a token of level 1, such as \"<b_12>\"",
            "\"<a_2>\"",
        ),
        (
            format!("{good}\n\"1\": [\"<a_1>\", \"<b_-2>\"]}}"),
            "2:23: item 1",
            "a token of level 1, such as \"<b_12>\"",
            "\"<b_-2>\"",
        ),
        (
            format!("{good}\n\"1\": [\"<a_99999999999>\"]}}"),
            "2:23: item 1",
            "a token of level 0, such as \"<a_12>\"",
            "\"<a_99999999999>\"",
        ),
        (
            format!("{good}\n\"1\": []}}"),
            "2:7: item 1",
            "at least one token",
            "an empty list",
        ),
        (
            format!("{good}\n\"1\": [\"<a_1>\"]}}"),
            "2:14: item 1",
            "2 tokens, as item 0 has",
            "1 tokens",
        ),
        (
            format!("{good}\n\"0\": [\"<a_1>\", \"<b_2>\"]}}"),
            "2:3: item 0",
            "one entry for the item",
            "a second one",
        ),
        (
            format!("{good}\n\"3\": [\"<a_1>\", \"<b_2>\"]}}"),
            "2:25:",
            "every item from 0 to 1, as there are 2 entries",
            "no entry for item 1",
        ),
        (
            format!("{good}\n\"-1\": [\"<a_1>\", \"<b_2>\"]}}"),
            "2:4:",
            "an item number from 0",
            "\"-1\"",
        ),
        (
            format!("{good}\n\"01\": [\"<a_1>\", \"<b_2>\"]}}"),
            "2:4:",
            "an item number from 0",
            "\"01\"",
        ),
        (
            format!("{good}\n\"item\": [\"<a_1>\", \"<b_2>\"]}}"),
            "2:6:",
            "an item number from 0",
            "\"item\"",
        ),
        (
            format!("{good}\n\"99999999999\": [\"<a_1>\", \"<b_2>\"]}}"),
            "2:13:",
            "an item number from 0",
            "\"99999999999\"",
        ),
        (
            format!("{good}\n\"1\": [\"<a_1>\", \"<b_2>\"]}} x"),
            "2:26:",
            "the end of the file after the object",
            "more text",
        ),
        (
            format!("{good}\n\"1\": [\"<a_1>\", \"<b"),
            "2:18: item 1",
            "the rest of the object",
            "the end of the file",
        ),
        (
            good.to_owned(),
            "1:25:",
            "the rest of the object",
            "the end of the file",
        ),
        (
            format!("{good}\n\"1\" [\"<a_1>\", \"<b_2>\"]}}"),
            "2:5: item 1",
            "expected an object",
            "expected `:`",
        ),
    ] {
        let message = refused(&text, Lengths::Equal);
        let (before, after) = message
            .split_once(", found ")
            .expect("a message says what was found");
        let right = before.starts_with(&format!("x.index.json:{place}"))
            && before.contains(expected)
            && after.contains(found);
        wrong.extend((!right).then(|| {
            format!("{message}\n  for {text:?}\n  instead of {place} .. {expected} .. {found}")
        }));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn broken_utf8_is_refused_with_its_place() {
    let message = refused(b"{\"0\":\n [\"<a_1\xff>\"]}", Lengths::Any);
    assert_eq!(
        message,
        "x.index.json:2:8: expected UTF-8 text, found the byte 0xff"
    );
}

#[test]
fn lengths_may_differ_where_that_is_allowed() {
    let text = r#"{"1": ["<a_1>"], "0": ["<a_1>", "<b_2>"]}"#;
    let rows = parse(Path::new("x"), text.as_bytes(), Lengths::Any).unwrap();
    assert_eq!(
        rows,
        [Identifier::from_iter([1, 2]), Identifier::from_iter([1])]
    );
    assert!(
        refused(text, Lengths::Equal).contains("expected 1 tokens, as item 1 has, found 2 tokens")
    );
}
