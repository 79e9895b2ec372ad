//! The JSON of LETTER (Wang et al., CIKM 2024) and LC-Rec (Zheng et al., ICDE 2024).

use std::{
    collections::HashSet,
    fmt,
    path::{Path, PathBuf},
};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::{
    dense::{Gap, expect_users, items_without_gaps},
    histories::{self, Range},
    item_record::{FieldNames, ItemRecord},
    json::{self, wrong},
    source::plain_name,
};
use crate::{Catalog, Dataset, Error, Ids, Item, Result};

const ITEMS: &str = "{\"0\": {\"title\": ..., \"brand\": ..., \"categories\": ..., \"description\": ...}, \"1\": ...}, items numbered from 0 \
                     without gaps";

/// Reads `*.inter.json`, histories by user, and `*.item.json`, what the items say.
///
/// Histories are `{"user": [item, item, ...], ...}`, oldest item first; users are numbered in the order of the file. Items
/// are numbers from 0 and **keep their numbers**, so that row `i` of the embedding and identifier files that come with such
/// data is item `i`.
///
/// The item file is `{"0": {...}, "1": {...}, ...}` with `title`, `brand`, `categories`, `description` and `price`, each of
/// which may be missing; it must have every number from 0 to its largest, and it is the catalogue: an item of a history that
/// it lacks is an error. `categories` is one string of names separated by commas (or by comma and space, where there is no
/// comma without one), a list of names, or a list of such lists.
///
/// Without an item file the catalogue has no text, and its size is [`with_catalogue_size`](Self::with_catalogue_size) or else
/// one more than the largest number; then every number up to it must occur, so that a damaged number is not taken for millions
/// of items.
///
/// ```no_run
/// use genrec_data::readers::LetterJson;
///
/// let dataset = LetterJson::new("Scientific.inter.json")
///     .with_items("Scientific.item.json")
///     .read()?;
/// println!("{}: {}", dataset.name, dataset.statistics());
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LetterJson {
    interactions: PathBuf,
    items: Option<PathBuf>,
    catalogue_size: Option<usize>,
}

impl LetterJson {
    /// The file of histories, `*.inter.json` or `*.inter.json.gz`.
    pub fn new(interactions: impl Into<PathBuf>) -> Self {
        Self {
            interactions: interactions.into(),
            items: None,
            catalogue_size: None,
        }
    }

    /// The file of what the items say, `*.item.json` or `*.item.json.gz`.
    #[must_use]
    pub fn with_items(mut self, items: impl Into<PathBuf>) -> Self {
        self.items = Some(items.into());
        self
    }

    /// How many items there are, if some occur in no history and there is no item file.
    #[must_use]
    pub fn with_catalogue_size(mut self, items: usize) -> Self {
        self.catalogue_size = Some(items);
        self
    }

    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] if a file cannot be read to its end, [`Error::Malformed`] with the line for what is not as above or
    /// for a user who occurs twice, [`Error::Unexpected`] for an empty file, gaps in the numbers of the items or an item file
    /// that has not as many items as asked for.
    pub fn read(&self) -> Result<Dataset> {
        let catalog = self.read_catalog()?;
        let range = match &catalog {
            Some((catalog, source)) => Range::below(catalog.len(), source),
            None => Range::any(),
        };
        let (users, histories) = histories::read(&self.interactions, &range)?;
        expect_users(&self.interactions, histories.users())?;
        let catalog = match catalog {
            Some((catalog, _)) => catalog,
            None => {
                let size = items_without_gaps(histories.items.iter().copied()).map_err(|gap| {
                    Error::Unexpected {
                        path: self.interactions.clone(),
                        expected: gap.expected(),
                        found: gap.found(),
                        remedy: Gap::REMEDY.into(),
                    }
                })?;
                Catalog::without_text(Ids::sequential(size))
            }
        };
        let interactions = histories.into_interactions(catalog.len())?;
        Dataset::new(self.name(), interactions, catalog, users.into_ids()?)
    }

    /// Reads an item file alone, without histories.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), those about items.
    pub fn read_items(path: impl AsRef<Path>) -> Result<Catalog> {
        let path = path.as_ref();
        let mut items = json::read_file(path, ITEMS, ItemFile)?;
        // The files are written in order; the sort is for those that were put through a tool that is not.
        items.sort_by_key(|&(number, _)| number);
        let gap = items
            .iter()
            .zip(0..)
            .find(|&(&(number, _), place)| number != place);
        if let Some((_, gap)) = gap {
            return Err(Error::Unexpected {
                path: path.to_owned(),
                expected: format!("{ITEMS}, {} of them", items.len()),
                found: format!("no item {gap}"),
                remedy: "give every item an entry; one that says nothing may be {}".into(),
            });
        }
        let ids = Ids::sequential(items.len());
        Catalog::new(ids, items.into_iter().map(|(_, item)| item).collect())
    }

    /// The catalogue, if it is known before the histories, and what to call it in messages.
    fn read_catalog(&self) -> Result<Option<(Catalog, String)>> {
        let Some(path) = &self.items else {
            return Ok(self.catalogue_size.map(|size| {
                (
                    Catalog::without_text(Ids::sequential(size)),
                    "the catalogue".into(),
                )
            }));
        };
        let catalog = Self::read_items(path)?;
        if let Some(size) = self.catalogue_size.filter(|&size| size != catalog.len()) {
            return Err(Error::Unexpected {
                path: path.clone(),
                expected: format!("{size} items, the catalogue size asked for"),
                found: format!("{} items", catalog.len()),
                remedy: "leave with_catalogue_size out to go by the file".into(),
            });
        }
        Ok(Some((catalog, plain_name(path))))
    }

    fn name(&self) -> String {
        let name = plain_name(&self.interactions);
        name.split(".inter").next().unwrap_or(&name).to_owned()
    }
}

/// The item file: numbers and items in the order of the file.
struct ItemFile;

impl<'de> DeserializeSeed<'de> for ItemFile {
    type Value = Vec<(u32, Item)>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ItemFile {
    type Value = Vec<(u32, Item)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ITEMS)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        const NAMES: FieldNames = FieldNames {
            id: None,
            brand: "brand",
            categories: "categories",
        };
        let mut items = Vec::new();
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let number = key
                .parse::<u32>()
                .ok()
                // "+1" and "01" are other names for a number that has one.
                .filter(|number| *number < u32::MAX && number.to_string() == key)
                .ok_or_else(|| {
                    wrong(
                        &format!("item {key:?}"),
                        &format!("an item number from 0 to {}", u32::MAX - 1),
                    )
                })?;
            if !seen.insert(number) {
                return Err(wrong(
                    &format!("item {number} a second time"),
                    "each item once",
                ));
            }
            let (_, item) = map.next_value_seed(ItemRecord(NAMES))?;
            items.push((number, item));
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests;
