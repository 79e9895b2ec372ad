use std::fmt::Write;

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn literals_mean_what_python_means() {
    for (text, value) in [
        (
            r#"{'asin': '000', 'title': "It's", u'price': 3.17,}"#,
            json!({"asin": "000", "title": "It's", "price": 3.17}),
        ),
        (
            "[1, -2, +3, 4.5, 1e3, .5, 5., -0.25]",
            json!([1, -2, 3, 4.5, 1e3, 0.5, 5.0, -0.25]),
        ),
        ("[True, False, None]", json!([true, false, null])),
        (
            "[(), (1,), (1), (1, 2), [], {}]",
            json!([[], [1], 1, [1, 2], [], {}]),
        ),
        (
            r"'\n\t\\\'\x41\u00e9\U0001f600\101\0'",
            json!("\n\t\\'A\u{e9}\u{1f600}A\0"),
        ),
        (r"u'\ud83d\ude00'", json!("\u{1f600}")),
        ("'\u{e9} {[('", json!("\u{e9} {[(")),
        ("18446744073709551615", json!(u64::MAX)),
        (
            "[['Toys', 'Games'], ['Toys']]",
            json!([["Toys", "Games"], ["Toys"]]),
        ),
    ] {
        assert_eq!(parse(text).unwrap(), value, "{text}");
    }
}

#[test]
fn what_is_no_literal_is_refused_with_its_column() {
    for (text, expected, found) in [
        ("", "a Python literal", "the end of the line"),
        (
            "{'a': 1",
            "a comma or the closing brace",
            "the end of the line",
        ),
        ("{'a' 1}", "a colon after the key", "\"1}\" at column 6"),
        (
            "{'a': 1 'b': 2}",
            "a comma or the closing brace",
            "\"'b': 2}\" at column 9",
        ),
        ("{1: 2}", "a string in quotes", "\"1: 2}\" at column 2"),
        (
            "{'a': 1, 'a': 2}",
            "each key once",
            "\"'a': 2}\" at column 10",
        ),
        ("{'a', 'b'}", "a colon after the key", "at column 5"),
        ("[1,, 2]", "a Python literal", "\", 2]\" at column 4"),
        ("[,]", "a Python literal", "at column 2"),
        (
            "[1 2]",
            "a comma or the closing bracket",
            "\"2]\" at column 4",
        ),
        ("'abc", "the closing quote", "the end of the line"),
        ("'a\" ", "the closing quote", "the end of the line"),
        (r"'\q'", "an escape", "at column 2"),
        (r"'\x4'", "an escape", "at column 2"),
        (r"'\xe\u{e9}'", "an escape", "at column 2"),
        (r"'\ud83d'", "an escape", "at column 2"),
        (r"'\N{BULLET}'", "an escape", "at column 2"),
        ("'\\", "an escape", "at column 2"),
        ("'\\\u{e9}'", "an escape", "at column 2"),
        ("'a' 'b'", "the end of the line", "\"'b'\" at column 5"),
        ("b'a'", "a Python literal", "at column 1"),
        ("True1", "a Python literal", "at column 1"),
        ("true", "a Python literal", "at column 1"),
        ("nan", "a Python literal", "at column 1"),
        ("1e999", "a decimal number", "at column 1"),
        ("01", "a decimal number", "at column 1"),
        ("--1", "a decimal number", "at column 1"),
        ("1_000", "a decimal number", "at column 1"),
        ("0x10", "a decimal number", "at column 1"),
        (
            "99999999999999999999999",
            "a decimal number that fits 64 bits",
            "at column 1",
        ),
        ("__import__('os')", "a Python literal", "at column 1"),
        ("1 + 1", "the end of the line", "\"+ 1\" at column 3"),
    ] {
        let wrong = parse(text).expect_err(text);
        assert!(
            wrong.expected.contains(expected),
            "{text}: expected {}",
            wrong.expected
        );
        assert!(wrong.found.contains(found), "{text}: found {}", wrong.found);
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_end_the_program() {
    let wrong = parse(&"[".repeat(1_000_000)).unwrap_err();
    assert!(wrong.expected.contains("64 levels"), "{wrong:?}");
    assert!(parse(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
}

/// A value as Python's `repr` writes it.
fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => {
            let quote = if string.contains('\'') && !string.contains('"') {
                '"'
            } else {
                '\''
            };
            let mut repr = String::from(quote);
            for c in string.chars() {
                match c {
                    '\\' => repr.push_str("\\\\"),
                    c if c == quote => repr.extend(['\\', c]),
                    '\n' => repr.push_str("\\n"),
                    c if c.is_ascii_control() => {
                        write!(repr, "\\x{:02x}", u32::from(c)).unwrap();
                    }
                    c if c > '\u{ffff}' => write!(repr, "\\U{:08x}", u32::from(c)).unwrap(),
                    c => repr.push(c),
                }
            }
            repr.push(quote);
            repr
        }
        Value::Array(values) => format!(
            "[{}]",
            values.iter().map(repr).collect::<Vec<_>>().join(", ")
        ),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                format!("{}: {}", repr(&key.as_str().into()), repr(value))
            };
            format!(
                "{{{}}}",
                entries.iter().map(entry).collect::<Vec<_>>().join(", ")
            )
        }
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9f64..1e9).prop_map(Value::from),
        prop::collection::vec(any::<char>(), 0..8)
            .prop_map(|text| Value::from(text.into_iter().collect::<String>())),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-c'\"]{0,3}", inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn what_repr_writes_is_read_back(value in values()) {
        prop_assert_eq!(parse(&repr(&value)).map_err(|wrong| wrong.found), Ok(value));
    }

    #[test]
    fn no_text_ends_the_program(text in r#"[\[\]{}(),:'"\\uxU0-9eTNone. é😀]{0,24}"#) {
        let _ = parse(&text);
    }
}
