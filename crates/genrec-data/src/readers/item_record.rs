//! An item as JSON or a Python dict gives it: the same few facts under other names and in other shapes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::wrong;
use crate::Item;

/// What a format calls the facts. The title, the description and the price have the same names everywhere.
#[derive(Clone, Copy)]
pub(crate) struct FieldNames {
    /// The field that holds the item's id, if the record itself does.
    pub(crate) id: Option<&'static str>,
    pub(crate) brand: &'static str,
    pub(crate) categories: &'static str,
}

/// Reads one record. Fields with other names are passed over; facts that are not there stay empty.
pub(crate) struct ItemRecord(pub(crate) FieldNames);

impl<'de> DeserializeSeed<'de> for ItemRecord {
    /// The id, empty if the format has no field for it, and the facts.
    type Value = (String, Item);

    fn deserialize<D: Deserializer<'de>>(self, record: D) -> Result<Self::Value, D::Error> {
        record.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ItemRecord {
    type Value = (String, Item);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(names) = self;
        let id = names.id.map_or_else(String::new, |id| format!("{id:?}, "));
        write!(
            f,
            "an item: an object with {id}\"title\", {:?}, {:?}, \"description\"",
            names.brand, names.categories
        )
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self(names) = self;
        let mut facts = Facts::default();
        while let Some(field) = map.next_key::<String>()? {
            let field = field.as_str();
            if names.id == Some(field) {
                put(&mut facts.id, field, map.next_value()?)?;
            } else if field == "title" {
                put(&mut facts.title, field, map.next_value_seed(Text)?)?;
            } else if field == "description" {
                put(&mut facts.description, field, map.next_value_seed(Text)?)?;
            } else if field == "price" {
                put(&mut facts.price, field, map.next_value_seed(Price)?)?;
            } else if field == names.brand {
                put(&mut facts.brand, field, map.next_value_seed(Text)?)?;
            } else if field == names.categories {
                put(
                    &mut facts.categories,
                    field,
                    map.next_value_seed(Categories)?,
                )?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let id = match (names.id, facts.id) {
            (Some(field), None) => return Err(A::Error::missing_field(field)),
            (Some(field), Some(id)) if id.is_empty() => {
                return Err(wrong(
                    "an empty string",
                    &format!("the item's id as {field:?}"),
                ));
            }
            (_, id) => id.unwrap_or_default(),
        };
        let item = Item {
            title: facts.title.flatten(),
            brand: facts.brand.flatten(),
            categories: facts.categories.unwrap_or_default(),
            description: facts.description.flatten(),
            price: facts.price.flatten(),
        };
        Ok((id, item))
    }
}

#[derive(Default)]
struct Facts {
    id: Option<String>,
    title: Option<Option<String>>,
    brand: Option<Option<String>>,
    categories: Option<Vec<String>>,
    description: Option<Option<String>>,
    price: Option<Option<f64>>,
}

fn put<T, E: Error>(slot: &mut Option<T>, field: &str, value: T) -> Result<(), E> {
    if slot.replace(value).is_some() {
        return Err(wrong(
            &format!("{field:?} a second time"),
            "each field once",
        ));
    }
    Ok(())
}

/// The text, or nothing if it is blank.
pub(crate) fn text(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Names in a shop's path written as one string. Shops have names such as "Tapes, Adhesives & Sealants" in paths joined by bare
/// commas; so a comma followed by a space separates only where no bare comma does.
fn split_categories(path: &str) -> impl Iterator<Item = &str> {
    let spaced = |rest: &str| rest.starts_with(char::is_whitespace);
    let bare = path
        .match_indices(',')
        .any(|(at, _)| !spaced(&path[at + 1..]));
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let current = rest?;
        let cut = current
            .match_indices(',')
            .map(|(at, _)| at)
            .find(|&at| !bare || !spaced(&current[at + 1..]));
        let (name, after) = match cut {
            Some(at) => (&current[..at], Some(&current[at + 1..])),
            None => (current, None),
        };
        rest = after;
        Some(name)
    })
}

macro_rules! seed {
    ($name:ty => $value:ty) => {
        impl<'de> DeserializeSeed<'de> for $name {
            type Value = $value;

            fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<$value, D::Error> {
                value.deserialize_any(self)
            }
        }
    };
}

/// A string, a list of strings (paragraphs, joined by a space), or nothing.
struct Text;
seed!(Text => Option<String>);

impl<'de> Visitor<'de> for Text {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, string: &str) -> Result<Self::Value, E> {
        Ok(text(string))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut joined = String::new();
        while let Some(paragraph) = list.next_element::<String>()? {
            if let Some(paragraph) = text(&paragraph) {
                if !joined.is_empty() {
                    joined.push(' ');
                }
                joined.push_str(&paragraph);
            }
        }
        Ok(text(&joined))
    }
}

/// One path as a string, a list of names, or a list of paths: of these, which share their beginnings, each name once.
struct Categories;
seed!(Categories => Vec<String>);

impl<'de> Visitor<'de> for Categories {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("categories: a string, a list of strings, or a list of lists of strings")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: Error>(self, path: &str) -> Result<Self::Value, E> {
        Ok(split_categories(path).filter_map(text).collect())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut names = Vec::new();
        while let Some(()) = list.next_element_seed(NameOrPath(&mut names))? {}
        Ok(names)
    }
}

struct NameOrPath<'a>(&'a mut Vec<String>);
seed!(NameOrPath<'_> => ());

impl<'de> Visitor<'de> for NameOrPath<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a category: a string or a list of strings")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        self.0.extend(text(name));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut path: A) -> Result<(), A::Error> {
        while let Some(name) = path.next_element::<String>()? {
            if let Some(name) = text(&name).filter(|name| !self.0.contains(name)) {
                self.0.push(name);
            }
        }
        Ok(())
    }
}

/// What a price must be, in the words of messages.
pub(crate) const PRICE: &str = "a price of 0 or more";

/// Whether the number may be a price.
pub(crate) fn is_price(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}

/// A number, a single dollar amount as a string, or nothing. Shops also write ranges and remarks there: no price.
struct Price;
seed!(Price => Option<f64>);

impl<'de> Visitor<'de> for Price {
    type Value = Option<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PRICE}, or a string")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, price: u64) -> Result<Self::Value, E> {
        self.visit_f64(price as f64)
    }

    fn visit_i64<E: Error>(self, price: i64) -> Result<Self::Value, E> {
        self.visit_f64(price as f64)
    }

    fn visit_f64<E: Error>(self, price: f64) -> Result<Self::Value, E> {
        if is_price(price) {
            Ok(Some(price))
        } else {
            Err(wrong(&price.to_string(), PRICE))
        }
    }

    fn visit_str<E: Error>(self, price: &str) -> Result<Self::Value, E> {
        let amount = price.trim().trim_start_matches('$').replace(',', "");
        let is_amount = amount.starts_with(|c: char| c.is_ascii_digit())
            && amount.chars().all(|c| c.is_ascii_digit() || c == '.');
        Ok(amount.parse().ok().filter(|_| is_amount))
    }
}

#[cfg(test)]
mod tests;
