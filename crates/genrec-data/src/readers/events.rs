//! Interactions as rows of user, item and time in any order, and the catalogue that goes with them: the common part of the formats
//! whose users and items have names.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use super::{
    dense::expect_users,
    interner::Interner,
    source::{Line, plain_name, quote},
};
use crate::{Catalog, Ids, Interactions, Item, ItemId, Result};

/// What to do about items that people interacted with but the file of items does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownItems {
    /// Refuse the data, naming the first of them.
    #[default]
    Refuse,
    /// Keep them, as items that say nothing.
    KeepWithoutText,
}

/// What to do when one user has several interactions with one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RepeatedInteractions {
    /// Keep all of them, in time order.
    #[default]
    KeepAll,
    /// Keep the first in time order.
    KeepFirst,
}

/// What to do when the file of items has two records of one item that say different things. (Equal ones are one.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RepeatedItems {
    /// Refuse the data, naming the second record.
    #[default]
    Refuse,
    /// Go by the first record.
    KeepFirst,
}

/// A moment: whole seconds since 1970, and a part of a second in any unit, for the order alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) fraction: u32,
}

impl Moment {
    pub(crate) fn from_seconds(seconds: i64) -> Self {
        Self {
            seconds,
            fraction: 0,
        }
    }

    pub(crate) fn from_milliseconds(milliseconds: i64) -> Self {
        Self {
            seconds: milliseconds.div_euclid(1000),
            fraction: milliseconds.rem_euclid(1000) as u32,
        }
    }
}

struct Event {
    user: u32,
    item: u32,
    moment: Moment,
}

/// Rows as they are read. Users and items get their numbers in the order in which they first occur.
pub(crate) struct Events {
    path: PathBuf,
    users: Interner,
    items: Interner,
    /// Where each item first occurs, for messages about it.
    first_lines: Vec<u64>,
    events: Vec<Event>,
}

impl Events {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            users: Interner::default(),
            items: Interner::default(),
            first_lines: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn push(
        &mut self,
        line: &Line<'_>,
        user: &str,
        item: &str,
        moment: Moment,
    ) -> Result<()> {
        for (what, id) in [("a user's id", user), ("an item's id", item)] {
            if id.is_empty() {
                return Err(line.malformed(what, "nothing", "leave the row out or name them"));
            }
        }
        let user = self.users.intern(user, "users")?;
        let item = self.items.intern(item, "items")?;
        if item as usize == self.first_lines.len() {
            self.first_lines.push(line.number);
        }
        self.events.push(Event { user, item, moment });
        Ok(())
    }

    /// Puts the histories in order of time; interactions of a user at the same moment keep the order of the file.
    pub(crate) fn finish(mut self, timed: bool, repeats: RepeatedInteractions) -> Result<Ordered> {
        let users = self.users.len();
        expect_users(&self.path, users)?;
        // Stable: this is what keeps the order of the file.
        self.events.sort_by_key(|event| (event.user, event.moment));
        let mut histories: Vec<Vec<(ItemId, i64)>> = Vec::with_capacity(users);
        let mut seen = HashSet::new();
        for one in self.events.chunk_by(|a, b| a.user == b.user) {
            seen.clear();
            let kept = one
                .iter()
                .filter(|event| repeats == RepeatedInteractions::KeepAll || seen.insert(event.item))
                .map(|event| (ItemId::new(event.item), event.moment.seconds));
            histories.push(kept.collect());
        }
        let items = self.items.len();
        Ok(Ordered {
            path: self.path,
            users: self.users.into_ids()?,
            histories,
            timed,
            records: vec![None; items],
            items: self.items,
            first_lines: self.first_lines,
        })
    }
}

/// What may differ from the rule that interactions and items must fit exactly.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) unknown: UnknownItems,
    pub(crate) repeated: RepeatedItems,
    /// Whether the catalogue has the items nobody interacted with too.
    pub(crate) unseen: bool,
}

/// Histories in order, waiting for what the items say.
pub(crate) struct Ordered {
    path: PathBuf,
    users: Ids,
    histories: Vec<Vec<(ItemId, i64)>>,
    /// Whether the times are times, or all the same because there were none.
    timed: bool,
    items: Interner,
    first_lines: Vec<u64>,
    records: Vec<Option<Item>>,
}

impl Ordered {
    /// Takes the record of one item.
    pub(crate) fn describe(
        &mut self,
        policy: Policy,
        line: &Line<'_>,
        id: &str,
        item: Item,
    ) -> Result<()> {
        if id.is_empty() {
            return Err(line.malformed("an item's id", "nothing", "leave the row out or name it"));
        }
        let number = match self.items.get(id) {
            Some(number) => number,
            None if policy.unseen => {
                self.records.push(None);
                self.items.intern(id, "items")?
            }
            None => return Ok(()),
        };
        let record = &mut self.records[number as usize];
        match record {
            None => *record = Some(item),
            Some(first) if *first == item || policy.repeated == RepeatedItems::KeepFirst => {}
            Some(_) => {
                return Err(line.malformed(
                    "one record of each item, or equal ones",
                    format!("another record of item {}", quote(id)),
                    "decide which one holds and leave the other out",
                ));
            }
        }
        Ok(())
    }

    /// The catalogue is what was described.
    pub(crate) fn with_texts(
        self,
        policy: Policy,
        items: &Path,
    ) -> Result<(Interactions, Catalog, Ids)> {
        if policy.unknown == UnknownItems::Refuse {
            self.refuse_unknown(items)?;
        }
        self.finish()
    }

    /// The catalogue is the items that occur, of which only the ids are known.
    pub(crate) fn without_texts(self) -> Result<(Interactions, Catalog, Ids)> {
        self.finish()
    }

    fn refuse_unknown(&self, items: &Path) -> Result<()> {
        let unknown: Vec<usize> = (0..self.records.len())
            .filter(|&item| self.records[item].is_none())
            .collect();
        let Some(&first) = unknown.first() else {
            return Ok(());
        };
        let line = Line {
            path: &self.path,
            number: self.first_lines[first],
            text: "",
        };
        let others = match unknown.len() - 1 {
            0 => String::new(),
            others => format!(" (and {others} others that it lacks)"),
        };
        Err(line.malformed(
            format!("an item of {}", plain_name(items)),
            format!("item {}{others}", quote(self.items.names()[first])),
            "add it there, or keep such items without text (UnknownItems::KeepWithoutText)",
        ))
    }

    fn finish(self) -> Result<(Interactions, Catalog, Ids)> {
        let ids = self.items.into_ids()?;
        let interactions = if self.timed {
            Interactions::with_timestamps(ids.len(), self.histories)?
        } else {
            let bare =
                |history: Vec<(ItemId, i64)>| history.into_iter().map(|(item, _)| item).collect();
            Interactions::new(ids.len(), self.histories.into_iter().map(bare).collect())?
        };
        let items = self
            .records
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect();
        Ok((interactions, Catalog::new(ids, items)?, self.users))
    }
}

#[cfg(test)]
mod tests;
