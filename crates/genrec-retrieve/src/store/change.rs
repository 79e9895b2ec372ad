//! Rows come, change and go.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use burn::tensor::Tensor;
use genrec_data::ItemId;
use redb::{ReadableTable, Table, WriteTransaction};

use super::block::{Block, Packed, capacity};
use super::file::{self, About, Blocks, CENTROIDS, PLACES, Place, at};
use super::{VectorStore, last_item};
use crate::Result;
use crate::asked::{check_once, told};

impl VectorStore {
    /// Row `i` of `rows`, `[items, dim]`, is from now on the row of `items[i]`, whether that had one or not; durable when this returns.
    ///
    /// One call is one transaction, which costs a few milliseconds whatever its size: give many rows at once. The lists of new rows are found on the
    /// device of `rows`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there is not one row of the right width for each item, [`Error::NotFinite`] with the row and the column,
    /// [`Error::Repeated`] for an item that comes twice, [`Error::Store`] if the file cannot be written. Nothing has changed then.
    ///
    /// [`Error::Shape`]: crate::Error::Shape
    /// [`Error::NotFinite`]: crate::Error::NotFinite
    /// [`Error::Repeated`]: crate::Error::Repeated
    /// [`Error::Store`]: crate::Error::Store
    pub fn upsert(&self, items: &[ItemId], rows: Tensor<2>) -> Result<()> {
        let device = rows.device();
        let rows = told("rows to store", items, rows, self.dim, self.similarity)?;
        let longest = rows.longest().map_or(0.0, |row| row.1);
        self.change(|write, about| {
            let centroids = write.open_table(CENTROIDS).map_err(self.at())?;
            let lists = self.lists_of(&centroids, about)?.assign(&rows, &device)?;
            remove(write, about, items, &self.path)?;
            let mut by_list: Vec<usize> = (0..items.len()).collect();
            by_list.sort_by_key(|&row| lists[row]);
            let rows: Vec<&[f32]> = rows.iter().collect();
            let name = about.blocks();
            let mut tables = Tables::open(write, &name, about.dim, &self.path)?;
            for group in by_list.chunk_by(|&a, &b| lists[a] == lists[b]) {
                let mut tail = tables.tail(lists[group[0]])?;
                for &row in group {
                    tables.append(&mut tail, items[row], rows[row])?;
                }
                tables.write(&tail)?;
            }
            about.longest = about.longest.max(longest);
            Ok(())
        })
    }

    /// The rows of these items go, and never come back; durable when this returns. How many of them had one.
    ///
    /// # Errors
    ///
    /// [`Error::Repeated`] for an item that comes twice, [`Error::Store`] if the file cannot be written. Nothing has changed then.
    ///
    /// [`Error::Repeated`]: crate::Error::Repeated
    /// [`Error::Store`]: crate::Error::Store
    pub fn remove(&self, items: &[ItemId]) -> Result<usize> {
        check_once("items to remove", items)?;
        self.change(|write, about| remove(write, about, items, &self.path))
    }

    /// One transaction.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&WriteTransaction, &mut About) -> Result<T>,
    ) -> Result<T> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let write = file::begin(&self.file, &self.path)?;
        let mut about = file::about_to_write(&write, &self.path)?;
        // An error drops the transaction, and what it has written with it.
        let result = work(&write, &mut about)?;
        file::write_about(&write, &self.path, &about)?;
        let items = last_item(&write.open_table(PLACES).map_err(self.at())?, &self.path)?;
        write.commit().map_err(self.at())?;
        self.items.store(items, Ordering::Release);
        Ok(result)
    }
}

/// Removes the rows of those of `items` that have one; how many those were.
fn remove(write: &WriteTransaction, about: &About, items: &[ItemId], path: &Path) -> Result<usize> {
    let name = about.blocks();
    let mut tables = Tables::open(write, &name, about.dim, path)?;
    let mut leaving: BTreeMap<Place, Vec<ItemId>> = BTreeMap::new();
    for &item in items {
        if let Some(place) = tables.places.remove(item.get()).map_err(at(path))? {
            leaving.entry(place.value()).or_default().push(item);
        }
    }
    let mut removed = 0;
    for (place, mut items) in leaving {
        items.sort_unstable();
        let mut block = tables.block(place)?.unwrap_or_default();
        let before = block.len();
        block.remove(&items, about.dim);
        if before - block.len() != items.len() {
            return Err(file::damaged(path, "a row is not where its place says"));
        }
        removed += items.len();
        if block.len() == 0 {
            tables.blocks.remove(place).map_err(at(path))?;
        } else {
            let packed = block.pack();
            tables
                .blocks
                .insert(place, packed.as_slice())
                .map_err(at(path))?;
        }
    }
    Ok(removed)
}

/// The last block of a list, to be filled.
#[derive(Default)]
pub(super) struct Tail {
    pub(super) place: Place,
    pub(super) block: Block,
}

/// The tables of rows, open to be written.
pub(super) struct Tables<'a> {
    places: Table<'a, u32, Place>,
    blocks: Table<'a, Place, &'static [u8]>,
    dim: usize,
    path: &'a Path,
}

impl<'a> Tables<'a> {
    pub(super) fn open(
        write: &'a WriteTransaction,
        name: &str,
        dim: usize,
        path: &'a Path,
    ) -> Result<Self> {
        Ok(Self {
            places: write.open_table(PLACES).map_err(at(path))?,
            blocks: write.open_table(Blocks::new(name)).map_err(at(path))?,
            dim,
            path,
        })
    }

    fn block(&self, place: Place) -> Result<Option<Block>> {
        let packed = self.blocks.get(place).map_err(at(self.path))?;
        packed
            .map(|packed| unpack(packed.value(), self.dim, self.path))
            .transpose()
    }

    /// The last block of a list: a new one where it has none, or a full one.
    fn tail(&self, list: u32) -> Result<Tail> {
        let mut blocks = self
            .blocks
            .range((list, 0)..=(list, u32::MAX))
            .map_err(at(self.path))?;
        let Some(last) = blocks.next_back() else {
            return Ok(Tail {
                place: (list, 0),
                block: Block::default(),
            });
        };
        let (place, packed) = last.map_err(at(self.path))?;
        let mut tail = Tail {
            place: place.value(),
            block: unpack(packed.value(), self.dim, self.path)?,
        };
        if tail.block.len() >= capacity(self.dim) {
            tail.place.1 += 1;
            tail.block.clear();
        }
        Ok(tail)
    }

    /// Adds a row; a block that becomes full is written.
    pub(super) fn append(&mut self, tail: &mut Tail, item: ItemId, row: &[f32]) -> Result<()> {
        tail.block.push(item, row.iter().copied());
        if tail.block.len() >= capacity(self.dim) {
            self.write(tail)?;
            tail.place.1 += 1;
            tail.block.clear();
        }
        Ok(())
    }

    /// Writes what the block holds, and where its items are.
    pub(super) fn write(&mut self, tail: &Tail) -> Result<()> {
        if tail.block.len() == 0 {
            return Ok(());
        }
        for item in tail.block.items() {
            self.places
                .insert(item.get(), tail.place)
                .map_err(at(self.path))?;
        }
        let packed = tail.block.pack();
        self.blocks
            .insert(tail.place, packed.as_slice())
            .map_err(at(self.path))?;
        Ok(())
    }
}

pub(super) fn unpack(packed: &[u8], dim: usize, path: &Path) -> Result<Block> {
    let packed = Packed::new(packed, dim);
    let packed = packed.ok_or_else(|| file::damaged(path, "a block has no whole rows"))?;
    Ok(packed.unpack())
}
