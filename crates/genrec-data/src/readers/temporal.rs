//! SETRec's temporal splits (Lin et al., 2025) as JSON.

use std::path::{Path, PathBuf};

use super::{
    dense::{Gap, Histories, expect_users, items_without_gaps},
    histories::{self, Range},
    interner::Interner,
    source::{folder_name, plain_name},
};
use crate::{Catalog, Dataset, Error, Ids, ItemId, ItemSet, Result, Split};

/// Reads a data set that comes split by time: three files of histories, `{"user": [item, item, ...], ...}`, one each for
/// training, validation and test.
///
/// A user's history is the three put one after another; a file need not have every user, and a list may be empty. Users are
/// numbered in the order in which they first occur. Items are numbers from 0 and **keep their numbers**, so that row `i` of
/// an embedding file that comes with such data is item `i`. There is no text.
///
/// The lists of warm and cold items ([`with_item_lists`](Self::with_item_lists)) have the items without interactions too, and
/// are checked: warm are those that occur in training. The size of the catalogue is
/// [`with_catalogue_size`](Self::with_catalogue_size), or else goes by the largest number; then every number up to it must
/// occur in a history or a list.
///
/// ```no_run
/// use genrec_data::readers::TemporalJson;
///
/// let (dataset, split) = TemporalJson::new("training.json", "validation.json", "testing.json")
///     .with_item_lists("warm_items.json", "cold_items.json")
///     .read_split()?;
/// println!("{}, {} cold items", dataset.statistics(), split.cold.len());
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TemporalJson {
    parts: [PathBuf; 3],
    item_lists: Option<[PathBuf; 2]>,
    catalogue_size: Option<usize>,
}

impl TemporalJson {
    /// The files of training, validation and test histories, each `.json` or `.json.gz`.
    pub fn new(
        training: impl Into<PathBuf>,
        validation: impl Into<PathBuf>,
        test: impl Into<PathBuf>,
    ) -> Self {
        Self {
            parts: [training.into(), validation.into(), test.into()],
            item_lists: None,
            catalogue_size: None,
        }
    }

    /// The files of the lists of warm and of cold items, `[item, item, ...]`.
    #[must_use]
    pub fn with_item_lists(mut self, warm: impl Into<PathBuf>, cold: impl Into<PathBuf>) -> Self {
        self.item_lists = Some([warm.into(), cold.into()]);
        self
    }

    /// How many items there are, if some occur nowhere.
    #[must_use]
    pub fn with_catalogue_size(mut self, items: usize) -> Self {
        self.catalogue_size = Some(items);
        self
    }

    /// Reads the interactions of all three files. The data set is called by the folder of the training file.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] if a file cannot be read to its end; [`Error::Malformed`] with the line for what is not as above, for an
    /// item outside the catalogue, a user who occurs twice in one file, and for the largest number if there are gaps below it;
    /// [`Error::Unexpected`] for an empty file, and for lists of warm and cold items that are not those of the histories.
    pub fn read(&self) -> Result<Dataset> {
        Ok(self.read_with_cuts()?.0)
    }

    /// Reads the same, and the split as it was published.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and [`Error::NothingHeldOut`] if the test file has no item.
    pub fn read_split(&self) -> Result<(Dataset, Split)> {
        let (dataset, cuts) = self.read_with_cuts()?;
        let split = Split::published(&dataset.interactions, &cuts)?;
        Ok((dataset, split))
    }

    fn read_with_cuts(&self) -> Result<(Dataset, Vec<[usize; 2]>)> {
        let range = match self.catalogue_size {
            Some(size) => Range::below(size, "the catalogue"),
            None => Range::any(),
        };
        let mut parts = Vec::with_capacity(self.parts.len());
        let mut users = Interner::default();
        for path in &self.parts {
            let (names, histories) = histories::read(path, &range)?;
            for name in names.names() {
                users.intern(name, "users")?;
            }
            parts.push((names, histories));
        }
        expect_users(&self.parts[0], users.len())?;

        let mut all = Histories::default();
        let mut cuts = Vec::with_capacity(users.len());
        for name in users.names() {
            let start = all.items.len();
            let ends: Vec<usize> = parts
                .iter()
                .map(|(names, histories)| {
                    if let Some(row) = names.get(name) {
                        all.items.extend(histories.history(row as usize));
                    }
                    all.items.len() - start
                })
                .collect();
            all.end_user();
            cuts.push([ends[0], ends[1]]);
        }

        let lists = match &self.item_lists {
            Some([warm, cold]) => [
                histories::read_items(warm, &range)?,
                histories::read_items(cold, &range)?,
            ],
            None => [Vec::new(), Vec::new()],
        };
        let size = match self.catalogue_size {
            Some(size) => size,
            None => {
                let histories = parts.iter().map(|(_, histories)| &histories.items);
                self.size(&histories.chain(&lists).collect::<Vec<_>>())?
            }
        };
        let training = &parts[0].1.items;
        if let Some(paths) = &self.item_lists {
            check_lists(size, training, &lists, paths)?;
        }
        let catalog = Catalog::without_text(Ids::sequential(size));
        let interactions = all.into_interactions(size)?;
        let dataset = Dataset::new(
            folder_name(&self.parts[0]),
            interactions,
            catalog,
            users.into_ids()?,
        )?;
        Ok((dataset, cuts))
    }

    /// The size of the catalogue by the items of each file: of the parts, and of the lists.
    fn size(&self, items: &[&Vec<u32>]) -> Result<usize> {
        let occurrences = items.iter().copied().flatten().copied();
        items_without_gaps(occurrences).map_err(|gap| {
            let [training, validation, test] = self.parts.each_ref().map(|path| plain_name(path));
            let files = self.parts.iter().chain(self.item_lists.iter().flatten());
            let holder = files
                .zip(items)
                .find(|(_, items)| items.contains(&gap.largest));
            let path = holder.map_or(&self.parts[0], |(path, _)| path);
            let expected = format!(
                "{} in {training}, {validation}, {test} and the lists of items",
                gap.expected()
            );
            let found = gap.found();
            let remedy = Gap::REMEDY.to_owned();
            match self.line_of_largest(path, gap.largest) {
                Some(line) => Error::Malformed {
                    path: path.clone(),
                    line,
                    expected,
                    found,
                    remedy,
                },
                None => Error::Unexpected {
                    path: path.clone(),
                    expected,
                    found,
                    remedy,
                },
            }
        })
    }

    /// Lines are not kept for the case that a number is wrong: the file is read again, up to the number.
    fn line_of_largest(&self, path: &Path, largest: u32) -> Option<u64> {
        let below = Range::below(largest as usize, "the catalogue");
        let refused = if self.parts.iter().any(|part| part == path) {
            histories::read(path, &below).err()
        } else {
            histories::read_items(path, &below).err()
        };
        match refused {
            Some(Error::Malformed { line, .. }) => Some(line),
            _ => None,
        }
    }
}

/// Warm must be the items of training, and cold all others.
fn check_lists(
    size: usize,
    training: &[u32],
    lists: &[Vec<u32>; 2],
    paths: &[PathBuf; 2],
) -> Result<()> {
    let set = |items: &[u32]| {
        let mut members = vec![false; size];
        items.iter().for_each(|&item| members[item as usize] = true);
        ItemSet::from_fn(size, |item| members[item.index()])
    };
    let warm = set(training);
    for ((path, list), (expected, what)) in paths.iter().zip(lists).zip([
        (&warm, "the items of training"),
        (&warm.complement(), "the items that training lacks"),
    ]) {
        let found = set(list);
        let wrong = (0..size)
            .map(ItemId::from_index)
            .find(|&item| found.contains(item) != expected.contains(item));
        if let Some(item) = wrong {
            let found = if found.contains(item) { "also" } else { "not" };
            return Err(Error::Unexpected {
                path: path.clone(),
                expected: what.into(),
                found: format!("{found} item {item}"),
                remedy: "leave the lists out (with_item_lists): the split finds its warm and cold items by itself".into(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
