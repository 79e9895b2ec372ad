//! Reviews of Amazon have no names of their own: a file is known by its first line.

use std::marker::PhantomData;

use serde::de::IgnoredAny;

use super::{Found, Reader, folder::Folder};
use crate::{
    Error, Result,
    readers::{
        AmazonReviews, is_python, json, recognise_amazon,
        source::{Line, Lines, Peek},
    },
};

/// The longest line that may be a review.
const LONGEST_REVIEW: u64 = 1 << 20;

const METADATA: &str = "meta_";

const REVIEWS: &str = "reviews of Amazon, one JSON object a line, or other JSON";
const RECORDS: &str = "metadata of Amazon, one JSON object or Python dict a line";

/// The reviews in a folder, with their metadata. Files of JSON that are no reviews are passed over, as are those that are `taken`;
/// a file that cannot be read, or does not begin as JSON, could be damaged reviews and is an error.
pub(super) fn recognise(folder: &Folder, taken: &[&str]) -> Result<Vec<Found>> {
    let files = || {
        [".json", ".jsonl"]
            .into_iter()
            .flat_map(|ending| folder.ending(ending))
            .filter(|(file, _)| !taken.contains(file))
    };
    let is_metadata = |file: &str| file.starts_with(METADATA);
    let metadata: Vec<(&str, &str)> = files().filter(|(file, _)| is_metadata(file)).collect();
    let mut found = Vec::new();
    for (file, name) in files().filter(|(file, _)| !is_metadata(file)) {
        let Some(line) = first_line(folder, file, REVIEWS)? else {
            continue;
        };
        let Some(release) = recognise_amazon(&line, None) else {
            continue;
        };
        let reader = match metadata[..] {
            [] => AmazonReviews::new(release, folder.path(file)),
            _ => {
                let metadata = match metadata[..] {
                    [(only, _)] => only,
                    _ => metadata_of(folder, file, name, &metadata)?,
                };
                let record = first_line(folder, metadata, RECORDS)?;
                let release = recognise_amazon(&line, record.as_deref()).unwrap_or(release);
                AmazonReviews::new(release, folder.path(file)).with_metadata(folder.path(metadata))
            }
        };
        found.push(Found::new(file, Reader::Amazon(reader)));
    }
    Ok(found)
}

/// The metadata that belong to `reviews_X_5.json`, `X_5.json` or `X.jsonl`: `meta_X`.
fn metadata_of<'a>(
    folder: &Folder,
    reviews: &str,
    name: &str,
    metadata: &[(&'a str, &str)],
) -> Result<&'a str> {
    let category = name.strip_prefix("reviews_").unwrap_or(name);
    let category = category.strip_suffix("_5").unwrap_or(category);
    let belongs = |name: &str| name.strip_prefix(METADATA) == Some(category);
    let mut fitting = metadata.iter().filter(|(_, name)| belongs(name));
    match (fitting.next(), fitting.next()) {
        (Some(&(file, _)), None) => Ok(file),
        _ => Err(folder.unexpected(
            format!("one file {METADATA}{category} for {reviews}"),
            metadata
                .iter()
                .map(|&(file, _)| file)
                .collect::<Vec<_>>()
                .join(", "),
            "call AmazonReviews with the two paths",
        )),
    }
}

/// The first line of a file, unless it is too long to be a review. `expected` says what should be there.
fn first_line(folder: &Folder, file: &str, expected: &str) -> Result<Option<String>> {
    let path = folder.path(file);
    let mut lines = Lines::open(&path, expected)?;
    match lines.peek(LONGEST_REVIEW)? {
        Peek::Line(line) => {
            expect_value(&line, expected)?;
            Ok(Some(line.text.to_owned()))
        }
        Peek::Longer => Ok(None),
        Peek::Nothing => Err(Error::Unexpected {
            path,
            expected: expected.to_owned(),
            found: "only blank lines".into(),
            remedy: "check that it was copied or downloaded whole".into(),
        }),
    }
}

/// The first line must be JSON or a Python literal by itself, or the file one JSON value over several lines.
fn expect_value(line: &Line<'_>, expected: &str) -> Result<()> {
    let Err(error) = serde_json::from_str::<IgnoredAny>(line.text) else {
        return Ok(());
    };
    if is_python(line.text) {
        return Ok(());
    }
    if error.is_eof() {
        return json::read_file(line.path, expected, PhantomData::<IgnoredAny>).map(|_| ());
    }
    let (_, found) = json::explain(&error, expected);
    Err(line.malformed(
        expected,
        found,
        "put the line right, or move the file elsewhere",
    ))
}

#[cfg(test)]
mod tests;
