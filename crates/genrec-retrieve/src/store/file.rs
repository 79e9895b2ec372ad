//! The file of a store: its tables, and what they say of themselves.

use std::path::Path;

use redb::{
    Builder, Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable,
    TableDefinition, WriteTransaction,
};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, Similarity};

/// The file in the folder of a store.
pub(super) const FILE: &str = "vectors.redb";

const FORMAT: &str = "genrec vector store";
const VERSION: u32 = 1;

/// Under `""`: [`About`] as JSON.
const ABOUT: TableDefinition<&str, &[u8]> = TableDefinition::new("about");
/// Under 0: the centroids of the lists, `[lists * dim]`, little-endian; nothing before the first clustering.
pub(super) const CENTROIDS: TableDefinition<u32, &[u8]> = TableDefinition::new("centroids");
/// Where the row of an item is: list and block.
pub(super) const PLACES: TableDefinition<u32, Place> = TableDefinition::new("places");

/// A list, and a block of it.
pub(super) type Place = (u32, u32);
/// The rows of the items by their lists; a clustering writes a new table.
pub(super) type Blocks<'a> = TableDefinition<'a, Place, &'static [u8]>;

/// The table of centroids, to be read.
pub(super) trait Centroids: ReadableTable<u32, &'static [u8]> {}
impl<T: ReadableTable<u32, &'static [u8]>> Centroids for T {}

/// What a store is, and what its last commit left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    format: String,
    version: u32,
    pub(super) dim: usize,
    pub(super) similarity: Similarity,
    /// How often the rows have been clustered.
    pub(super) clusterings: u32,
    /// How many lists there are.
    pub(super) lists: u32,
    /// The greatest Euclidean length that a row ever had.
    pub(super) longest: f64,
}

impl About {
    pub(super) fn new(dim: usize, similarity: Similarity) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            dim,
            similarity,
            clusterings: 0,
            lists: 1,
            longest: 0.0,
        }
    }

    /// The name of the table of rows.
    pub(super) fn blocks(&self) -> String {
        format!("blocks {}", self.clusterings)
    }
}

/// An error of the file at `path`.
pub(super) fn at<E: Into<redb::Error>>(path: &Path) -> impl Fn(E) -> Error {
    move |error| {
        let reason = match error.into() {
            redb::Error::Corrupted(what) => format!("is damaged ({what}); restore it from a copy"),
            redb::Error::DatabaseAlreadyOpen => {
                "is open already, and has one owner at a time; share that one, or close it first"
                    .into()
            }
            redb::Error::UpgradeRequired(version) => format!(
                "has version {version} of redb's format, which this version does not read; write the store anew with this one"
            ),
            redb::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                format!("is no file of a {FORMAT}, or its start is damaged; restore it from a copy")
            }
            redb::Error::TableDoesNotExist(table) => {
                format!(
                    "has no table {table:?}: it is no file of a {FORMAT}; give the folder of one"
                )
            }
            error => error.to_string(),
        };
        Error::Store {
            path: path.to_path_buf(),
            reason,
        }
    }
}

/// A file that does not hold what it has to.
pub(super) fn damaged(path: &Path, what: &str) -> Error {
    at(path)(redb::Error::Corrupted(what.to_owned()))
}

/// Writes a new file.
pub(super) fn create(path: &Path, about: &About) -> Result<Database> {
    let file = builder(0).create(path).map_err(at(path))?;
    let write = begin(&file, path)?;
    write_about(&write, path, about)?;
    for table in [
        write.open_table(PLACES).map(drop),
        write.open_table(CENTROIDS).map(drop),
    ] {
        table.map_err(at(path))?;
    }
    write
        .open_table(Blocks::new(&about.blocks()))
        .map(drop)
        .map_err(at(path))?;
    write.commit().map_err(at(path))?;
    Ok(file)
}

/// Opens a file, and checks every page of it.
pub(super) fn open(path: &Path, cache: usize) -> Result<Database> {
    builder(cache).open(path).map_err(at(path))
}

fn builder(cache: usize) -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(cache)
        .set_check_integrity_on_open(true);
    builder
}

/// Begins to write; waits for the one that writes already.
pub(super) fn begin(file: &Database, path: &Path) -> Result<WriteTransaction> {
    let mut write = file.begin_write().map_err(at(path))?;
    write
        .set_durability(Durability::Immediate)
        .map_err(|error| Error::Store {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })?;
    // What has been committed is never taken back to make damage good: damage is refused.
    write.set_two_phase_commit(true);
    Ok(write)
}

pub(super) fn write_about(write: &WriteTransaction, path: &Path, about: &About) -> Result<()> {
    let json = serde_json::to_vec(about).expect("plain values have a JSON form");
    let mut table = write.open_table(ABOUT).map_err(at(path))?;
    table.insert("", json.as_slice()).map_err(at(path))?;
    Ok(())
}

/// What a commit says of itself; refused if it is of another format or version.
pub(super) fn read_about(read: &ReadTransaction, path: &Path) -> Result<About> {
    let table = read.open_table(ABOUT).map_err(at(path))?;
    about(&table, path)
}

/// As [`read_about`], for who writes.
pub(super) fn about_to_write(write: &WriteTransaction, path: &Path) -> Result<About> {
    let table = write.open_table(ABOUT).map_err(at(path))?;
    about(&table, path)
}

fn about(table: &impl ReadableTable<&'static str, &'static [u8]>, path: &Path) -> Result<About> {
    /// What all versions have.
    #[derive(Deserialize)]
    struct Kind {
        format: String,
        version: u32,
    }
    let json = table.get("").map_err(at(path))?;
    let json = json.ok_or_else(|| damaged(path, "it does not say what it is"))?;
    let unreadable = |error: serde_json::Error| damaged(path, &error.to_string());
    let kind: Kind = serde_json::from_slice(json.value()).map_err(unreadable)?;
    if (kind.format.as_str(), kind.version) != (FORMAT, VERSION) {
        return Err(Error::Store {
            path: path.to_path_buf(),
            reason: format!(
                "found format {:?} version {}, expected {FORMAT:?} version {VERSION}; write the store anew with this version, or open it with the one that wrote it",
                kind.format, kind.version
            ),
        });
    }
    serde_json::from_slice(json.value()).map_err(unreadable)
}

/// A snapshot to read from; later commits do not change it.
pub(super) fn snapshot(file: &Database, path: &Path) -> Result<ReadTransaction> {
    file.begin_read().map_err(at(path))
}
