//! The lists, made anew.

use std::mem::take;
use std::path::Path;

use burn::tensor::Device;
use genrec_quantize::KMeansConfig;
use redb::{ReadableTable, ReadableTableMetadata};

use super::VectorStore;
use super::block::{Packed, values};
use super::change::{Tables, Tail};
use super::file::{Blocks, CENTROIDS, PLACES, Place, at, damaged};
use super::lists::Lists;
use crate::Result;
use crate::rows::{Rows, host};

/// Rows for each list from which the centroids are learnt.
const SAMPLE: usize = 64;

/// Rows whose lists are found at once.
const BATCH: usize = 1 << 14;

/// Iterations of k-means at most.
const ITERATIONS: usize = 10;

impl VectorStore {
    /// Sorts the rows into lists around centroids, as many as the square root of their number: k-means over 64 rows a list, drawn by `seed`, on
    /// `device`; durable when this returns.
    ///
    /// Searches go on meanwhile, in the old lists. The same rows, seed and device give the same lists. Takes the space of the rows once more, for
    /// later rows to use or to be [given back](Self::shrink).
    ///
    /// # Errors
    ///
    /// [`Error::Store`](crate::Error::Store) if the file cannot be written, [`Error::Device`](crate::Error::Device) or
    /// [`Error::Clustering`](crate::Error::Clustering) if the device fails. Nothing has changed then.
    pub fn cluster(&self, seed: u64, device: &Device) -> Result<()> {
        let path = &self.path;
        self.change(|write, about| {
            let places = write.open_table(PLACES).map_err(at(path))?;
            let rows = places.len().map_err(at(path))? as usize;
            drop(places);
            let old = about.blocks();
            about.clusterings += 1;
            let new = about.blocks();

            let blocks = write.open_table(Blocks::new(&old)).map_err(at(path))?;
            let centroids = centroids(&blocks, rows, about.dim, seed, device, path)?;
            let mut table = write.open_table(CENTROIDS).map_err(at(path))?;
            table.insert(0, centroids.as_slice()).map_err(at(path))?;
            let lists = Lists::new(about.clusterings, centroids, about.dim, about.similarity);
            about.lists = lists.len() as u32;
            let mut tables = Tables::open(write, &new, about.dim, path)?;
            sort(&blocks, &lists, &mut tables, about.dim, device, path)?;
            drop(blocks);
            write.delete_table(Blocks::new(&old)).map_err(at(path))?;
            Ok(())
        })?;
        let read = self.snapshot()?;
        let about = super::file::read_about(&read, path)?;
        let table = read.open_table(CENTROIDS).map_err(at(path))?;
        self.lists_of(&table, &about).map(drop)
    }
}

/// Centroids for `rows` rows, packed; none where one list is enough.
fn centroids(
    blocks: &impl ReadableTable<Place, &'static [u8]>,
    rows: usize,
    dim: usize,
    seed: u64,
    device: &Device,
    path: &Path,
) -> Result<Vec<u8>> {
    let lists = (rows as f64).sqrt().round() as usize;
    let share = (SAMPLE * lists) as f64 / rows as f64;
    let mut sample = Vec::new();
    for block in blocks.iter().map_err(at(path))? {
        let (_, packed) = block.map_err(at(path))?;
        for (item, row) in read(packed.value(), dim, path)?.iter() {
            if draw(seed, item.get()) < share {
                sample.extend(values(row));
            }
        }
    }
    let sample = Rows::prepared(sample, dim);
    if lists < 2 || sample.len() < 2 * lists {
        return Ok(Vec::new());
    }
    let sample = sample.tensor(0..sample.len(), device);
    let config = KMeansConfig::new(lists).with_iterations(ITERATIONS);
    let centroids = host("centroids", config.fit(&sample, seed)?.centroids)?;
    let packed = centroids.iter().flat_map(|value| value.to_le_bytes());
    Ok(packed.collect())
}

/// Sorts all rows into new tables.
fn sort(
    blocks: &impl ReadableTable<Place, &'static [u8]>,
    lists: &Lists,
    tables: &mut Tables<'_>,
    dim: usize,
    device: &Device,
    path: &Path,
) -> Result<()> {
    let tail = |list| Tail {
        place: (list, 0),
        ..Tail::default()
    };
    let mut tails: Vec<Tail> = (0..lists.len() as u32).map(tail).collect();
    let (mut items, mut rows) = (Vec::new(), Vec::new());
    let mut blocks = blocks.iter().map_err(at(path))?.peekable();
    while let Some(block) = blocks.next() {
        let (_, packed) = block.map_err(at(path))?;
        for (item, row) in read(packed.value(), dim, path)?.iter() {
            items.push(item);
            rows.extend(values(row));
        }
        if items.len() >= BATCH || blocks.peek().is_none() {
            let rows = Rows::prepared(take(&mut rows), dim);
            let found = lists.assign(&rows, device)?;
            for ((item, row), list) in items.drain(..).zip(rows.iter()).zip(found) {
                tables.append(&mut tails[list as usize], item, row)?;
            }
        }
    }
    for tail in &tails {
        tables.write(tail)?;
    }
    Ok(())
}

fn read<'a>(packed: &'a [u8], dim: usize, path: &Path) -> Result<Packed<'a>> {
    Packed::new(packed, dim).ok_or_else(|| damaged(path, "a block has no whole rows"))
}

/// A number in `0..1` that belongs to an item (SplitMix64: Steele, Lea and Flood, 2014), so that the sample does not depend on where rows lie.
fn draw(seed: u64, item: u32) -> f64 {
    let mut state = seed.wrapping_add((u64::from(item) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((state ^ (state >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
