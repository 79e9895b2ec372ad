//! What the items say.

use serde::{Deserialize, Serialize};

use crate::{Error, Ids, ItemId, Result};

/// What a source says about one item; everything is optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The name it is offered under.
    pub title: Option<String>,
    /// Who makes it.
    pub brand: Option<String>,
    /// Its place in the shop, from the general to the particular.
    pub categories: Vec<String>,
    /// What it is said to be.
    pub description: Option<String>,
    /// What it costs, in the currency of the source.
    pub price: Option<f64>,
}

impl Item {
    /// The text an encoder reads: the non-empty ones of title, brand, categories and description, joined by `". "`; the
    /// categories among themselves are joined by `", "`. The price is not part of it. Empty if the item says nothing.
    ///
    /// ```
    /// use genrec_data::Item;
    ///
    /// let item = Item {
    ///     title: Some("Oak Spoon".into()),
    ///     categories: vec!["Kitchen".into(), "Cutlery".into()],
    ///     ..Item::default()
    /// };
    /// assert_eq!(item.text(), "Oak Spoon. Kitchen, Cutlery");
    /// ```
    #[must_use]
    pub fn text(&self) -> String {
        let join = |parts: &[&str], separator: &str| {
            let parts: Vec<&str> = parts
                .iter()
                .map(|part| part.trim())
                .filter(|part| !part.is_empty())
                .collect();
            parts.join(separator)
        };
        let categories: Vec<&str> = self.categories.iter().map(String::as_str).collect();
        let parts = [
            self.title.as_deref().unwrap_or_default(),
            self.brand.as_deref().unwrap_or_default(),
            &join(&categories, ", "),
            self.description.as_deref().unwrap_or_default(),
        ];
        join(&parts, ". ")
    }
}

/// All items with what is known about them and the ids they had in the source. Row `i` is [`ItemId`] `i`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    ids: Ids,
    items: Vec<Item>,
}

impl Catalog {
    /// Item `items[i]` is called `ids.original(i)` in the source.
    ///
    /// # Errors
    ///
    /// [`Error::CountMismatch`] if there are not as many ids as items.
    pub fn new(ids: Ids, items: Vec<Item>) -> Result<Self> {
        if ids.len() != items.len() {
            return Err(Error::CountMismatch {
                what: "items",
                found: items.len(),
                against: "item ids",
                expected: ids.len(),
            });
        }
        Ok(Self { ids, items })
    }

    /// Items of which only the ids are known.
    #[must_use]
    pub fn without_text(ids: Ids) -> Self {
        let items = vec![Item::default(); ids.len()];
        Self { ids, items }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What is known about an item.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    #[must_use]
    pub fn get(&self, item: ItemId) -> &Item {
        &self.items[item.index()]
    }

    /// The text of an item, as [`Item::text`] makes it.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    #[must_use]
    pub fn text(&self, item: ItemId) -> String {
        self.get(item).text()
    }

    /// The texts of all items in the order of their numbers, ready for a text encoder.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.items.iter().map(Item::text).collect()
    }

    /// Whether at least one item says anything.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.items.iter().any(|item| !item.text().is_empty())
    }

    /// The ids of the source.
    #[must_use]
    pub fn ids(&self) -> &Ids {
        &self.ids
    }

    /// All items in the order of their numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ItemId, &Item)> {
        self.items
            .iter()
            .enumerate()
            .map(|(row, item)| (ItemId::from_index(row), item))
    }

    /// The given rows, renumbered from 0 in that order. The rows must differ.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self {
            ids: self.ids.select(rows.iter().copied()),
            items: rows.iter().map(|&row| self.items[row].clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_takes_what_is_there_in_order() {
        let full = Item {
            title: Some("Title".into()),
            brand: Some("Brand".into()),
            categories: vec!["A".into(), String::new(), "B & C".into()],
            description: Some("Words.".into()),
            price: Some(3.5),
        };
        assert_eq!(full.text(), "Title. Brand. A, B & C. Words.");
        let sparse = Item {
            title: Some("  ".into()),
            description: Some("Only this".into()),
            ..Item::default()
        };
        assert_eq!(sparse.text(), "Only this");
        assert_eq!(Item::default().text(), "");
    }

    #[test]
    fn a_catalogue_without_words_has_no_text() {
        let bare = Catalog::without_text(Ids::sequential(3));
        assert_eq!(bare.len(), 3);
        assert!(!bare.has_text());
        let mut items = vec![Item::default(); 3];
        items[2].brand = Some("x".into());
        let told = Catalog::new(Ids::sequential(3), items).unwrap();
        assert!(told.has_text());
        assert_eq!(told.texts(), ["", "", "x"]);
    }

    #[test]
    fn ids_and_items_must_pair_up() {
        let error = Catalog::new(Ids::sequential(2), vec![Item::default()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "found 1 items, expected 2 item ids; both must come from the same source"
        );
    }
}
