//! `{"user": [item, item, ...], ...}`: the shape of histories in LETTER, LC-Rec and SETRec.

use std::{fmt, path::Path};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{
    dense::Histories,
    interner::Interner,
    json::{self, wrong},
};
use crate::Result;

const SHAPE: &str =
    "{\"user\": [item, item, ...], ...}, each user once, items in time order and numbered from 0";

/// Which item numbers may occur, and the words that say so.
#[derive(Clone)]
pub(crate) struct Range {
    /// One more than the largest.
    pub(crate) end: u64,
    /// What an item outside is told to be: "an item of X, numbered below N".
    pub(crate) expected: String,
}

impl Range {
    /// Whatever fits an [`ItemId`](crate::ItemId); gaps are looked for later.
    pub(crate) fn any() -> Self {
        Self {
            end: u64::from(u32::MAX),
            expected: format!("an item number from 0 to {}", u32::MAX - 1),
        }
    }

    /// The items of a catalogue that `source` describes.
    pub(crate) fn below(items: usize, source: &str) -> Self {
        Self {
            end: items as u64,
            expected: format!("an item of {source}, numbered below {items}"),
        }
    }
}

/// Reads a file of histories.
pub(crate) fn read(path: &Path, range: &Range) -> Result<(Interner, Histories)> {
    json::read_file(path, SHAPE, ByUser { range })
}

/// Reads a file of one list of items.
pub(crate) fn read_items(path: &Path, range: &Range) -> Result<Vec<u32>> {
    let mut items = Vec::new();
    let list = ItemList {
        range,
        items: &mut items,
    };
    json::read_file(path, "[item, item, ...], items numbered from 0", list)?;
    Ok(items)
}

#[derive(Clone, Copy)]
struct ByUser<'a> {
    range: &'a Range,
}

impl<'de> DeserializeSeed<'de> for ByUser<'_> {
    type Value = (Interner, Histories);

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ByUser<'_> {
    type Value = (Interner, Histories);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHAPE)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut users = Interner::default();
        let mut histories = Histories::default();
        while let Some(user) = map.next_key::<String>()? {
            let number = users.intern(&user, "users").map_err(A::Error::custom)?;
            if (number as usize) < histories.users() {
                return Err(wrong(
                    &format!("user {user:?} a second time"),
                    "each user once",
                ));
            }
            map.next_value_seed(ItemList {
                range: self.range,
                items: &mut histories.items,
            })?;
            histories.end_user();
        }
        Ok((users, histories))
    }
}

/// A list of items, added to those that are there.
struct ItemList<'a> {
    range: &'a Range,
    items: &'a mut Vec<u32>,
}

impl<'de> DeserializeSeed<'de> for ItemList<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ItemList<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items in time order")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(item) = list.next_element_seed(ItemNumber(self.range))? {
            self.items.push(item);
        }
        Ok(())
    }
}

struct ItemNumber<'a>(&'a Range);

impl<'de> DeserializeSeed<'de> for ItemNumber<'_> {
    type Value = u32;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<u32, D::Error> {
        json.deserialize_u32(self)
    }
}

impl Visitor<'_> for ItemNumber<'_> {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.expected)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u32, E> {
        u32::try_from(number)
            .ok()
            .filter(|_| number < self.0.end)
            .ok_or_else(|| wrong(&format!("item {number}"), &self.0.expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::fixture::{Folder, refused};

    fn read_text(text: impl Into<Vec<u8>>, range: &Range) -> Result<(Interner, Histories)> {
        let folder = Folder::new();
        let path = folder.file("h.json", text);
        read(&path, range)
    }

    #[test]
    fn histories_come_in_the_order_of_the_file() {
        let (users, histories) =
            read_text("{\"b\": [1, 0],\n \"a\": [],\n \"c\": [4]}", &Range::any()).unwrap();
        assert_eq!(
            users.into_ids().unwrap().iter().collect::<Vec<_>>(),
            ["b", "a", "c"]
        );
        let all: Vec<&[u32]> = histories.iter().collect();
        assert_eq!(all, [&[1, 0][..], &[], &[4]]);
    }

    #[test]
    fn what_is_no_history_is_refused_with_its_line() {
        let read = |text: &str| read_text(text, &Range::any());
        refused(
            read("[[1, 2]]"),
            &["h.json:1: expected {\"user\": [item", "found sequence"],
        );
        refused(
            read("{\"0\": [1],\n\"1\": 5}"),
            &["h.json:2: expected a list of items", "found integer `5`"],
        );
        refused(
            read("{\"0\": [1,\n\"5\"]}"),
            &[
                "h.json:2: expected an item number from 0",
                "found string \"5\"",
            ],
        );
        refused(
            read("{\"0\": [1,\n2.5]}"),
            &[
                "h.json:2: expected an item number from 0",
                "found floating point",
            ],
        );
        refused(
            read("{\"0\": [1,\n-2]}"),
            &[
                "h.json:2: expected an item number from 0",
                "found integer `-2`",
            ],
        );
        refused(
            read("{\"0\": [1,\n4294967295]}"),
            &["h.json:2:", "found item 4294967295"],
        );
        refused(
            read("{\"0\": [1,\n98765432109876543210]}"),
            &["h.json:2:", "found floating point"],
        );
        refused(
            read("{\"0\": [1],\n\"0\": [2]}"),
            &[
                "h.json:2: expected each user once",
                "user \"0\" a second time",
            ],
        );
        refused(
            read_text(b"{\"0\": [1],\n\"\xff\": [2]}".to_vec(), &Range::any()),
            &["h.json:2:", "unicode"],
        );
        refused(
            read(""),
            &["h.json: expected {\"user\"", "found an empty file"],
        );
    }

    #[test]
    fn an_item_outside_the_catalogue_names_the_catalogue() {
        refused(
            read_text("{\"0\": [1,\n3]}", &Range::below(3, "X.item.json")),
            &["h.json:2: expected an item of X.item.json, numbered below 3, found item 3"],
        );
    }

    #[test]
    fn a_list_of_items_is_read_and_checked() {
        let folder = Folder::new();
        let list = |text: &str| read_items(&folder.file("l.json", text), &Range::any());
        assert_eq!(list("[3, 1]").unwrap(), [3, 1]);
        refused(
            list("{\"3\": 1}"),
            &["l.json:1: expected a list of items", "found map"],
        );
    }
}
