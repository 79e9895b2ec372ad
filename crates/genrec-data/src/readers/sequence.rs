//! Sequence text: one user a line, as in TokenRec's, P5's and many others' data.

use std::path::{Path, PathBuf};

use super::{
    dense::{Gap, Histories, expect_users, items_without_gaps},
    interner::Interner,
    source::{Line, Lines, folder_name, plain_name, quote},
};
use crate::{Catalog, Dataset, Ids, Result, Split};

const SHAPE: &str =
    "one user a line, \"user item item ...\", items numbered from 0 or 1, oldest first";

/// The number that a source gives its first item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstItem {
    /// Items are numbered from 0.
    Zero,
    /// Items are numbered from 1.
    One,
}

impl FirstItem {
    fn number(self) -> u32 {
        match self {
            Self::Zero => 0,
            Self::One => 1,
        }
    }
}

/// Reads `user item item ...`, one user a line, oldest item first, separated by white space.
///
/// Users may be called anything; they are numbered in the order of the file. Items are numbers from 0 or from 1 and keep
/// their order: in a file that counts from 1, item 1 is [`ItemId`](crate::ItemId) 0, and the catalogue's
/// [`ids`](Catalog::ids) still say "1". Which of the two it is goes by the smallest number in the file, unless
/// [`with_first_item`](Self::with_first_item) says it. The size of the catalogue is
/// [`with_catalogue_size`](Self::with_catalogue_size), or else goes by the largest number; then every number up to it must
/// occur. A line of a user alone is a user without history.
///
/// ```no_run
/// use genrec_data::readers::SequenceText;
///
/// let dataset = SequenceText::new("lastfm/user_sequence.txt").read()?;
/// println!("{}", dataset.statistics());
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SequenceText {
    path: PathBuf,
    first: Option<FirstItem>,
    catalogue_size: Option<usize>,
}

impl SequenceText {
    /// The file, `.txt` or any other name, or one of these with `.gz`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            first: None,
            catalogue_size: None,
        }
    }

    /// Whether items count from 0 or from 1, if the smallest number in the file does not say it.
    #[must_use]
    pub fn with_first_item(mut self, first: FirstItem) -> Self {
        self.first = Some(first);
        self
    }

    /// How many items there are, if some occur in no history.
    #[must_use]
    pub fn with_catalogue_size(mut self, items: usize) -> Self {
        self.catalogue_size = Some(items);
        self
    }

    /// Reads the file. The data set is called by its folder.
    ///
    /// # Errors
    ///
    /// [`Error::Read`](crate::Error::Read) if the file cannot be read to its end; [`Error::Malformed`](crate::Error::Malformed) with the line for what is no item, for items
    /// outside the catalogue or with gaps in their numbers, and for a user who occurs twice; [`Error::Unexpected`](crate::Error::Unexpected) for an empty file.
    pub fn read(&self) -> Result<Dataset> {
        self.dataset(Users::read(&self.path)?)
    }

    /// Reads the file and splits it as published: `training` has, for each of the users, the part of the line that is
    /// trained on, and what follows in this file is tested on. There are no validation cases.
    ///
    /// ```no_run
    /// use genrec_data::readers::SequenceText;
    ///
    /// let (dataset, split) = SequenceText::new("lastfm/test.txt").read_split("lastfm/train.txt")?;
    /// # Ok::<(), genrec_data::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), for both files; [`Error::Malformed`](crate::Error::Malformed) if a line of `training` is not how the user's line in this
    /// file begins, or if either file has a user that the other lacks; [`Error::NothingHeldOut`](crate::Error::NothingHeldOut) if no line is longer.
    pub fn read_split(&self, training: impl AsRef<Path>) -> Result<(Dataset, Split)> {
        let whole = Users::read(&self.path)?;
        let cuts = cuts(&whole, &Users::read(training.as_ref())?)?;
        let dataset = self.dataset(whole)?;
        let split = Split::published(&dataset.interactions, &cuts)?;
        Ok((dataset, split))
    }

    /// Reads the file as [`read`](Self::read) does, but refuses `training` if it is not of the same users, or a line in it not
    /// how the user's line in this file begins: then this file does not hold all there is.
    pub(crate) fn read_with_training(&self, training: &Path) -> Result<Dataset> {
        let whole = Users::read(&self.path)?;
        cuts(&whole, &Users::read(training)?)?;
        self.dataset(whole)
    }

    fn dataset(&self, mut users: Users) -> Result<Dataset> {
        let first = self.first_item(&users)?.number();
        for number in &mut users.histories.items {
            *number -= first;
        }
        let size = match self.catalogue_size {
            Some(size) => size,
            None => items_without_gaps(users.histories.items.iter().copied()).map_err(|gap| {
                // In the numbers of the file.
                let gap = Gap {
                    missing: gap.missing + first,
                    largest: gap.largest + first,
                };
                users.line_with(gap.largest - first).malformed(
                    gap.expected(),
                    gap.found(),
                    Gap::REMEDY,
                )
            })?,
        };
        if let Some(&outside) = users
            .histories
            .items
            .iter()
            .find(|&&item| item as usize >= size)
        {
            return Err(users.line_with(outside).malformed(
                format!("an item of the catalogue, {size} numbers from {first}"),
                format!("item {}", outside + first),
                "put the number right or give the larger catalogue (with_catalogue_size)",
            ));
        }
        let ids = Ids::new(
            (0..size)
                .map(|item| (item + first as usize).to_string())
                .collect(),
        )?;
        let interactions = users.histories.into_interactions(size)?;
        let catalog = Catalog::without_text(ids);
        Dataset::new(
            folder_name(&self.path),
            interactions,
            catalog,
            users.names.into_ids()?,
        )
    }

    /// What the caller says, and else the smallest number.
    fn first_item(&self, users: &Users) -> Result<FirstItem> {
        let smallest = users.histories.items.iter().copied().min();
        match (self.first, smallest) {
            (Some(FirstItem::One), Some(0)) => Err(users.line_with(0).malformed(
                "items numbered from 1, as asked for",
                "item 0",
                "leave with_first_item out to go by the file",
            )),
            (Some(first), _) => Ok(first),
            (None, Some(0) | None) => Ok(FirstItem::Zero),
            (None, Some(1)) => Ok(FirstItem::One),
            (None, Some(smallest)) => Err(users.line_with(smallest).malformed(
                "items numbered from 0 or 1",
                format!("{smallest} as the smallest number"),
                "say where they start (with_first_item) and how many there are (with_catalogue_size)",
            )),
        }
    }
}

/// Where the part of each user's line that `training` has ends, twice: nothing is for validation.
fn cuts(whole: &Users, training: &Users) -> Result<Vec<[usize; 2]>> {
    let mut cuts = Vec::with_capacity(whole.histories.users());
    for (user, name) in whole.names.names().into_iter().enumerate() {
        let Some(row) = training.names.get(name) else {
            return Err(whole.line(user).malformed(
                format!("a user of {}", plain_name(&training.path)),
                format!("user {}", quote(name)),
                "give files of the same users",
            ));
        };
        let trained_on = training.histories.history(row as usize);
        if !whole.histories.history(user).starts_with(trained_on) {
            return Err(training.line(row as usize).malformed(
                format!(
                    "how the line of user {} in {} begins",
                    quote(name),
                    plain_name(&whole.path)
                ),
                "other items",
                format!(
                    "give whole lines, training and test, as the file to read: if {} holds the test items alone, put the user's \
                     training items before them",
                    plain_name(&whole.path)
                ),
            ));
        }
        cuts.push([trained_on.len(); 2]);
    }
    let unknown = training
        .names
        .names()
        .into_iter()
        .enumerate()
        .find(|(_, name)| whole.names.get(name).is_none());
    match unknown {
        None => Ok(cuts),
        Some((row, name)) => Err(training.line(row).malformed(
            format!("a user of {}", plain_name(&whole.path)),
            format!("user {}", quote(name)),
            "give files of the same users",
        )),
    }
}

/// The lines as they are.
struct Users {
    path: PathBuf,
    names: Interner,
    /// With the numbers of the file.
    histories: Histories,
    /// Where each user stands.
    lines: Vec<u64>,
}

impl Users {
    fn read(path: &Path) -> Result<Self> {
        let mut users = Self {
            path: path.to_owned(),
            names: Interner::default(),
            histories: Histories::default(),
            lines: Vec::new(),
        };
        let mut lines = Lines::open(path, SHAPE)?;
        while let Some(line) = lines.next_line()? {
            let mut words = line.text.split_whitespace();
            let name = words.next().unwrap_or_default();
            let user = users.names.intern(name, "users")? as usize;
            if let Some(first) = users.lines.get(user) {
                return Err(line.malformed(
                    "each user on one line",
                    format!("user {}, who has line {first}", quote(name)),
                    "put the user's items on one line in time order",
                ));
            }
            for word in words {
                let item = word.parse::<u32>().ok().filter(|&item| item < u32::MAX);
                let item = item.ok_or_else(|| {
                    line.malformed(
                        format!("an item number from 0 to {}", u32::MAX - 1),
                        quote(word),
                        format!("the file should be {SHAPE}"),
                    )
                })?;
                users.histories.items.push(item);
            }
            users.histories.end_user();
            users.lines.push(line.number);
        }
        expect_users(path, users.lines.len())?;
        Ok(users)
    }

    fn line(&self, user: usize) -> Line<'_> {
        Line {
            path: &self.path,
            number: self.lines[user],
            text: "",
        }
    }

    /// The first line that holds an item that one of them does.
    fn line_with(&self, item: u32) -> Line<'_> {
        let user = self
            .histories
            .iter()
            .position(|history| history.contains(&item));
        self.line(user.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
