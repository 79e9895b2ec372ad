//! The atomic files of RecBole (Zhao et al., CIKM 2021): tables with typed headers.

mod table;

use std::path::{Path, PathBuf};

use self::table::{Column, Kind, Table};
use super::{
    events::{Events, Moment, Policy, RepeatedInteractions, UnknownItems},
    item_record::{PRICE, is_price, text},
    source::{Line, plain_name, quote},
};
use crate::{Dataset, Item, Result};

/// Names for the columns of an item file, tried in this order.
const TITLES: [&str; 3] = ["title", "movie_title", "item_name"];
const BRANDS: [&str; 2] = ["brand", "store"];
const CATEGORIES: [&str; 5] = ["categories", "category", "genre", "genres", "class"];
const DESCRIPTIONS: [&str; 1] = ["description"];
const PRICES: [&str; 1] = ["price"];

/// Reads RecBole's atomic files, `*.inter` and `*.item`.
///
/// They are tables separated by tabs, whose first line names and types the columns: `user_id:token`, `item_id:token`,
/// `timestamp:float`, `title:token_seq`. If there is a column `timestamp`, histories are ordered by it, and interactions at
/// the same time keep the order of the file; if not, the order of the file is the order of time, and there are no
/// timestamps. Fractions of seconds count for the order only. Users and items are numbered in the order in which they first
/// occur in `*.inter`; the columns may have other names ([`with_columns`](Self::with_columns)).
///
/// Of the item file `title` (or `movie_title`, `item_name`), `brand` (`store`), `categories` (`category`, `genre`, `genres`,
/// `class`), `description` and `price` are read. The tokens of a `token_seq` are separated by spaces, as in RecBole; a sequence of
/// categories is several of them ([`with_sequence_separator`](Self::with_sequence_separator) if they hold spaces), every other
/// one is a text. The catalogue has the items that occur in `*.inter`, and the others only if
/// [`with_unseen_items`](Self::with_unseen_items) asks for them. `*.user` files are not read.
///
/// ```no_run
/// use genrec_data::readers::RecBole;
///
/// let dataset = RecBole::new("ml-100k.inter").with_items("ml-100k.item").read()?;
/// println!("{}", dataset.statistics());
/// # Ok::<(), genrec_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecBole {
    interactions: PathBuf,
    items: Option<PathBuf>,
    columns: RecBoleColumns,
    sequence_separator: String,
    policy: Policy,
}

/// What the columns of a RecBole file are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecBoleColumns {
    /// The user, in `*.inter`; `user_id` by default.
    pub user: String,
    /// The item, in `*.inter` and `*.item`; `item_id` by default.
    pub item: String,
    /// The time, in `*.inter`, if there is such a column; `timestamp` by default.
    pub time: String,
}

impl Default for RecBoleColumns {
    fn default() -> Self {
        Self {
            user: "user_id".into(),
            item: "item_id".into(),
            time: "timestamp".into(),
        }
    }
}

impl RecBole {
    /// The file of interactions, `*.inter` or `*.inter.gz`.
    pub fn new(interactions: impl Into<PathBuf>) -> Self {
        Self {
            interactions: interactions.into(),
            items: None,
            columns: RecBoleColumns::default(),
            sequence_separator: " ".into(),
            policy: Policy::default(),
        }
    }

    /// The file of items, `*.item` or `*.item.gz`. Without it the catalogue has no text.
    #[must_use]
    pub fn with_items(mut self, items: impl Into<PathBuf>) -> Self {
        self.items = Some(items.into());
        self
    }

    /// Other names of the columns.
    #[must_use]
    pub fn with_columns(mut self, columns: RecBoleColumns) -> Self {
        self.columns = columns;
        self
    }

    /// What separates the tokens of a sequence, RecBole's `seq_separator`. A space by default.
    #[must_use]
    pub fn with_sequence_separator(mut self, separator: impl Into<String>) -> Self {
        self.sequence_separator = separator.into();
        self
    }

    /// Whether items that the file of items lacks are an error (the default) or kept without text.
    #[must_use]
    pub fn with_unknown_items(mut self, unknown: UnknownItems) -> Self {
        self.policy.unknown = unknown;
        self
    }

    /// Whether the catalogue has the items nobody interacted with too, after the others. By default it has not.
    #[must_use]
    pub fn with_unseen_items(mut self, unseen: bool) -> Self {
        self.policy.unseen = unseen;
        self
    }

    /// Reads the files. The data set is called as the file of interactions, without `.inter`.
    ///
    /// # Errors
    ///
    /// [`Error::Read`](crate::Error::Read) if a file cannot be read to its end,
    /// [`Error::Malformed`](crate::Error::Malformed) with the line for a header or row that is not as above and for items that
    /// the file of items lacks, [`Error::Unexpected`](crate::Error::Unexpected) for an empty file.
    pub fn read(&self) -> Result<Dataset> {
        let mut table = Table::open(&self.interactions)?;
        let user = table.required(&self.columns.user, Kind::Token)?;
        let item = table.required(&self.columns.item, Kind::Token)?;
        let time = table.typed(&[&self.columns.time], &[Kind::Float])?;
        table.refuse_augmented(&self.columns.item)?;
        let mut events = Events::new(&self.interactions);
        while let Some(row) = table.next_row()? {
            let moment = match time {
                Some(time) => moment(&row.line, row.cell(time))?,
                None => Moment::default(),
            };
            events.push(&row.line, row.cell(user), row.cell(item), moment)?;
        }
        let mut ordered = events.finish(time.is_some(), RepeatedInteractions::KeepAll)?;
        let (interactions, catalog, users) = match &self.items {
            None => ordered.without_texts()?,
            Some(path) => {
                let mut table = Table::open(path)?;
                let id = table.required(&self.columns.item, Kind::Token)?;
                let facts = Facts::find(&table)?;
                while let Some(row) = table.next_row()? {
                    let item = facts.read(&row, &self.sequence_separator)?;
                    ordered.describe(self.policy, &row.line, row.cell(id), item)?;
                }
                ordered.with_texts(self.policy, path)?
            }
        };
        Dataset::new(name(&self.interactions), interactions, catalog, users)
    }
}

fn name(interactions: &Path) -> String {
    let name = plain_name(interactions);
    name.strip_suffix(".inter").unwrap_or(&name).to_owned()
}

fn moment(line: &Line<'_>, cell: &str) -> Result<Moment> {
    // Nanoseconds tell apart whatever a double of this size can.
    const NANOSECONDS: f64 = 1e9;
    let seconds = number(
        line,
        "a time, a number of seconds since 1970",
        cell,
        f64::is_finite,
    )?;
    let whole = seconds.floor();
    if whole < i64::MIN as f64 || whole >= i64::MAX as f64 {
        return Err(line.malformed(
            "a time in seconds that fits 64 bits",
            quote(cell),
            "put the row right or leave it out",
        ));
    }
    Ok(Moment {
        seconds: whole as i64,
        fraction: ((seconds - whole) * NANOSECONDS) as u32,
    })
}

fn number(line: &Line<'_>, expected: &str, cell: &str, is_one: fn(f64) -> bool) -> Result<f64> {
    cell.parse()
        .ok()
        .filter(|&number| is_one(number))
        .ok_or_else(|| line.malformed(expected, quote(cell), "put the row right or leave it out"))
}

/// Where the item file says what.
struct Facts {
    title: Option<Column>,
    brand: Option<Column>,
    categories: Option<Column>,
    description: Option<Column>,
    price: Option<Column>,
}

impl Facts {
    fn find(table: &Table) -> Result<Self> {
        const TEXT: [Kind; 2] = [Kind::Token, Kind::TokenSequence];
        Ok(Self {
            title: table.typed(&TITLES, &TEXT)?,
            brand: table.typed(&BRANDS, &TEXT)?,
            categories: table.typed(&CATEGORIES, &TEXT)?,
            description: table.typed(&DESCRIPTIONS, &TEXT)?,
            price: table.typed(&PRICES, &[Kind::Float])?,
        })
    }

    fn read(&self, row: &table::Row<'_>, separator: &str) -> Result<Item> {
        let words = |column: Option<Column>| column.and_then(|column| text(row.cell(column)));
        let categories = match self.categories {
            Some(column) if column.kind == Kind::TokenSequence => {
                row.cell(column).split(separator).filter_map(text).collect()
            }
            column => words(column).into_iter().collect(),
        };
        let price = match words(self.price) {
            Some(price) => Some(number(&row.line, PRICE, &price, is_price)?),
            None => None,
        };
        Ok(Item {
            title: words(self.title),
            brand: words(self.brand),
            categories,
            description: words(self.description),
            price,
        })
    }
}

#[cfg(test)]
mod tests;
