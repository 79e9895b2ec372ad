//! JSON with errors that have file, line and column: whole files through a streaming visitor, or one value a line.

use std::path::Path;

use serde::de::{self, DeserializeSeed, Unexpected};

use super::source::{self, Line, quote};
use crate::{Error, Result};

/// Reads a file of one JSON value through `seed`, which sees the parts as they come.
///
/// `shape` says what the file should look like; it stands in the message of every error.
pub(crate) fn read_file<S, T>(path: &Path, shape: &str, seed: S) -> Result<T>
where
    S: for<'de> DeserializeSeed<'de, Value = T>,
{
    let mut json = serde_json::Deserializer::from_reader(source::open(path, shape)?);
    seed.deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| file_error(path, shape, error))
}

/// Reads a line of one JSON object.
pub(crate) fn read_line<'de, S>(line: &Line<'de>, shape: &str, seed: S) -> Result<S::Value>
where
    S: DeserializeSeed<'de>,
{
    // Derived structs would also be read from an array of their fields.
    if !line.text.trim_start().starts_with('{') {
        return Err(line.malformed(
            format!("a JSON object, {shape}"),
            quote(line.text),
            remedy(shape),
        ));
    }
    let mut json = serde_json::Deserializer::from_str(line.text);
    seed.deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| {
            let (expected, found) = explain(&error, shape);
            line.malformed(expected, found, remedy(shape))
        })
}

/// A value that is read, but not what belongs there: visitors return this, so that line and column come by themselves.
pub(crate) fn wrong<E: de::Error>(found: &str, expected: &str) -> E {
    E::invalid_value(Unexpected::Other(found), &expected)
}

fn file_error(path: &Path, shape: &str, error: serde_json::Error) -> Error {
    let line = error.line() as u64;
    if error.is_io() {
        return source::read_error(path, line, &error.into());
    }
    let (expected, found) = explain(&error, shape);
    Error::Malformed {
        path: path.to_owned(),
        line,
        expected,
        found,
        remedy: remedy(shape),
    }
}

fn remedy(shape: &str) -> String {
    format!("the file should be {shape}")
}

/// What was expected and what was found, out of the parser's one sentence.
pub(crate) fn explain(error: &serde_json::Error, shape: &str) -> (String, String) {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&place).unwrap_or(&message);
    let told = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|kind| message.strip_prefix(kind))
        .and_then(|rest| rest.rsplit_once(", expected "));
    let column = if error.column() == 0 {
        String::new()
    } else {
        format!(" at column {}", error.column())
    };
    match told {
        Some((found, expected)) => (expected.to_owned(), format!("{found}{column}")),
        None => (shape.to_owned(), format!("{message}{column}")),
    }
}

#[cfg(test)]
mod tests {
    use std::marker::PhantomData;

    use super::*;
    use crate::readers::fixture::{Folder, refused};

    fn numbers(contents: impl Into<Vec<u8>>) -> Result<Vec<u8>> {
        let folder = Folder::new();
        let path = folder.file("n.json", contents);
        read_file(&path, "[number, ...]", PhantomData)
    }

    #[test]
    fn every_kind_of_error_has_line_column_and_expectation() {
        assert_eq!(numbers("[1,\n 2]\n").unwrap(), [1, 2]);
        refused(
            numbers("[1,\n \"2\"]"),
            &["n.json:2: expected u8, found string \"2\" at column 4"],
        );
        refused(
            numbers("[1,\n 300]"),
            &["n.json:2: expected u8, found integer `300` at column 5"],
        );
        refused(
            numbers("[1,\n 2,]"),
            &["n.json:2: expected [number, ...], found trailing comma at column 4"],
        );
        refused(
            numbers("[1,\n 2"),
            &["n.json:2:", "EOF while parsing a list"],
        );
        refused(numbers("[1] 2"), &["n.json:1:", "trailing characters"]);
        refused(
            numbers(" \n"),
            &[
                "n.json:",
                "expected [number, ...]",
                "EOF while parsing a value",
            ],
        );
    }

    #[test]
    fn a_line_must_be_one_object() {
        let line = |text| Line {
            path: Path::new("x.jsonl"),
            number: 7,
            text,
        };
        let read = |text| {
            read_line(
                &line(text),
                "{\"key\": value}",
                PhantomData::<serde_json::Map<_, serde_json::Value>>,
            )
        };
        assert_eq!(read(" {\"a\": 1} ").unwrap().len(), 1);
        refused(
            read("[1]"),
            &["x.jsonl:7: expected a JSON object", "found \"[1]\""],
        );
        refused(
            read("{\"a\": 1} {}"),
            &["x.jsonl:7:", "trailing characters at column 10"],
        );
        refused(
            read("{'a': 1}"),
            &["x.jsonl:7:", "key must be a string at column 2"],
        );
    }
}
