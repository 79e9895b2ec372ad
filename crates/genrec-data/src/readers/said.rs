//! What is said of items and users beside the catalogue: searches and preferences, one JSON object a line.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::path::Path;

use serde::Deserialize;

use super::json::read_line;
use super::source::{Line, Lines, quote};
use crate::{Error, Ids, ItemId, Result, UserId};

/// `{"item": "B000F5WF0U", "intention": "a whiteboard for a small kitchen"}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search<'a> {
    #[serde(borrow)]
    item: Cow<'a, str>,
    intention: String,
}

/// `{"user": "A3SGXH7AUHU8GW", "summary": "likes strategy games with short rules"}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preference<'a> {
    #[serde(borrow)]
    user: Cow<'a, str>,
    summary: String,
}

/// Reads what people wanted when they found an item, one JSON object a line: `{"item": original id, "intention": text}`; an item may have any number of them.
///
/// # Errors
///
/// [`Error::Unexpected`](crate::Error::Unexpected) for a file without a line; [`Error::Read`](crate::Error::Read) and
/// [`Error::Malformed`](crate::Error::Malformed), with file and line, for a line of another form, an item that is not there, or an intention without words.
pub fn read_searches(path: impl AsRef<Path>, items: &Ids) -> Result<Vec<(ItemId, String)>> {
    let shape = r#"{"item": "...", "intention": "..."}, one a line"#;
    let id = ItemId::from_index;
    read(path.as_ref(), shape, "item", items, id, |line| {
        let search = read_line(line, shape, PhantomData::<Search<'_>>)?;
        Ok((search.item, search.intention))
    })
}

/// Reads what people like, in words, one JSON object a line: `{"user": original id, "summary": text}`; a user may have any number of them.
///
/// # Errors
///
/// [`Error::Unexpected`](crate::Error::Unexpected) for a file without a line; [`Error::Read`](crate::Error::Read) and
/// [`Error::Malformed`](crate::Error::Malformed), with file and line, for a line of another form, a user who is not there, or a summary without words.
pub fn read_preferences(path: impl AsRef<Path>, users: &Ids) -> Result<Vec<(UserId, String)>> {
    let shape = r#"{"user": "...", "summary": "..."}, one a line"#;
    let id = UserId::from_index;
    read(path.as_ref(), shape, "user", users, id, |line| {
        let preference = read_line(line, shape, PhantomData::<Preference<'_>>)?;
        Ok((preference.user, preference.summary))
    })
}

fn read<I>(
    path: &Path,
    shape: &str,
    who: &str,
    ids: &Ids,
    id: fn(usize) -> I,
    parse: impl for<'a> Fn(&Line<'a>) -> Result<(Cow<'a, str>, String)>,
) -> Result<Vec<(I, String)>> {
    let mut lines = Lines::open(path, shape)?;
    let mut said = Vec::new();
    while let Some(line) = lines.next_line()? {
        let (name, text) = parse(&line)?;
        let Some(index) = ids.index_of(&name) else {
            return Err(line.malformed(
                format!("the original id of one of the {} {who}s", ids.len()),
                quote(&name),
                format!("take the line out, or name a {who} of the data"),
            ));
        };
        if text.trim().is_empty() {
            return Err(line.malformed(
                "a text with words in it",
                quote(&text),
                "take the line out: there is nothing to learn from it",
            ));
        }
        said.push((id(index), text));
    }
    match said.is_empty() {
        false => Ok(said),
        true => Err(Error::Unexpected {
            path: path.to_owned(),
            expected: shape.to_owned(),
            found: String::from("blank lines alone"),
            remedy: String::from("check that it was copied or downloaded whole"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::fixture::{Folder, refused};

    fn ids() -> Ids {
        Ids::new(vec!["b".into(), "a".into()]).unwrap()
    }

    #[test]
    fn lines_are_read_in_their_order_as_often_as_they_come() {
        let folder = Folder::new();
        let searches = folder.file(
            "searches.jsonl",
            "{\"item\": \"a\", \"intention\": \"x \\u00e4\"}\n\n{\"intention\": \"y\", \"item\": \"a\"}\n",
        );
        let item = ItemId::new(1);
        let found = read_searches(searches, &ids()).unwrap();
        assert_eq!(found, [(item, "x ä".into()), (item, "y".into())]);
        let preferences = folder.file("p.jsonl", "{\"user\": \"b\", \"summary\": \"z\"}");
        let found = read_preferences(preferences, &ids()).unwrap();
        assert_eq!(found, [(UserId::new(0), "z".into())]);
    }

    #[test]
    fn lines_of_another_form_are_refused() {
        let folder = Folder::new();
        let number = std::cell::Cell::new(0);
        let read = |line: &str| {
            number.set(number.get() + 1);
            let first = "{\"item\": \"a\", \"intention\": \"x\"}\n";
            let name = format!("s{}.jsonl", number.get());
            let path = folder.file(&name, format!("{first}{line}"));
            read_searches(path, &ids())
        };
        let unknown = "{\"item\": \"c\", \"intention\": \"x\"}";
        refused(read(unknown), &["s1.jsonl:2", "2 items", "\"c\""]);
        let empty = "{\"item\": \"a\", \"intention\": \" \"}";
        refused(read(empty), &["s2.jsonl:2", "words"]);
        let user = "{\"user\": \"a\", \"intention\": \"x\"}";
        refused(read(user), &["s3.jsonl:2", "user"]);
        let blank = folder.file("blank.jsonl", "\n \n");
        refused(
            read_searches(blank, &ids()),
            &["blank.jsonl", "blank lines"],
        );
        refused(read("[\"a\", \"x\"]"), &["s4.jsonl:2", "JSON object"]);
    }
}
