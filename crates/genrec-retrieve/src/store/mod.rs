//! Rows in a file, searched list by list.
//!
//! The rows lie in lists around centroids (an inverted file: Jégou, Douze and Schmid, 2011, section IV, without the codes), and a query is compared
//! with the rows of the lists whose centroids are nearest to it. Lists, rows and places are tables of one transactional file, so that there is no
//! index beside the rows that could be lost, or stay behind them.

mod block;
mod change;
mod cluster;
mod file;
mod lists;
mod open;
mod search;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Tensor;
use genrec_data::{ItemId, ItemSet};
use genrec_metrics::Ranked;
use redb::{Database, ReadTransaction, ReadableTable, ReadableTableMetadata};

use crate::{Error, NearestItems, Result, Similarity};
use file::{About, Centroids, PLACES, at};
use lists::Lists;

/// Rows of items in a folder: for catalogues that do not fit into memory, or change while they are searched.
///
/// Every change is one transaction: when the call returns, it is on the disk, whole, and a kill or a loss of power at any moment leaves all
/// of it or nothing. One call changes the store at a time, others wait; searches neither wait nor make wait, and see the last commit before they
/// began. Threads share one store by reference; a folder is open in one process at a time.
///
/// A new store compares a query with all rows. From some ten thousand on, [`cluster`](Self::cluster) it, once when it is filled and again when it has
/// grown several times over: a query is then compared with the rows of [some lists](Self::with_probes) only. What it finds is then approximate, its scores
/// never are: they are dot products of the rows themselves, though not added up in the order of [`ExactSearch`](crate::ExactSearch). Ties are declared among the
/// rows that a query was compared with.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use genrec_retrieve::{NearestItems, Similarity, VectorStore};
///
/// # let above = tempfile::tempdir().unwrap();
/// # let folder = above.path().join("rows");
/// let device = Device::default();
/// let store = VectorStore::create(&folder, 2, Similarity::Dot)?;
/// let rows = Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 3.0], [1.0, 1.0]], &device);
/// store.upsert(&[4.into(), 7.into(), 9.into()], rows)?;
/// store.remove(&[9.into()])?;
/// drop(store);
///
/// let store = VectorStore::open(&folder)?;
/// let asked = Tensor::<2>::from_floats([[2.0, 0.1]], &device);
/// assert_eq!(store.nearest(asked, 5, &[])?[0].items(), [4.into(), 7.into()]);
/// # Ok::<(), genrec_retrieve::Error>(())
/// ```
pub struct VectorStore {
    file: Database,
    path: PathBuf,
    dim: usize,
    similarity: Similarity,
    probes: usize,
    /// One more than the greatest item, as of the last commit.
    items: AtomicUsize,
    /// The lists of the last clustering that was looked at.
    lists: Mutex<Arc<Lists>>,
    /// Held by who changes the store.
    writer: Mutex<()>,
}

impl VectorStore {
    /// Looks into so many lists for each query instead of 32: the more, the better and slower; `usize::MAX` is all of them. Not saved.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    pub fn with_probes(mut self, probes: usize) -> Self {
        assert!(probes > 0, "0 lists are looked into, expected at least 1");
        self.probes = probes;
        self
    }

    /// How many items have a row.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the file cannot be read.
    pub fn len(&self) -> Result<usize> {
        let places = self.snapshot()?.open_table(PLACES).map_err(self.at())?;
        Ok(places.len().map_err(self.at())? as usize)
    }

    /// Whether no item has a row.
    ///
    /// # Errors
    ///
    /// As [`len`](Self::len).
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Whether an item has a row.
    ///
    /// # Errors
    ///
    /// As [`len`](Self::len).
    pub fn contains(&self, item: ItemId) -> Result<bool> {
        let places = self.snapshot()?.open_table(PLACES).map_err(self.at())?;
        Ok(places.get(item.get()).map_err(self.at())?.is_some())
    }

    /// How many lists the rows lie in: 1 until they are [clustered](Self::cluster).
    pub fn lists(&self) -> usize {
        self.cached().len()
    }

    /// As [`nearest`](NearestItems::nearest), among some items alone; an item that `allowed` does not know is not allowed.
    ///
    /// Where they are few, all of them are compared. Otherwise lists are looked into until as many allowed rows were compared as without a filter.
    ///
    /// # Errors
    ///
    /// As [`nearest`](NearestItems::nearest).
    pub fn nearest_among(
        &self,
        queries: Tensor<2>,
        k: usize,
        without: &[&[ItemId]],
        allowed: &ItemSet,
    ) -> Result<Vec<Ranked>> {
        self.search(queries, k, without, Some(allowed))
    }

    /// Gives back the space on the disk that removed rows and old lists took. Nobody else can use the store meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the file cannot be written.
    pub fn shrink(&mut self) -> Result<()> {
        self.file.compact().map(drop).map_err(at(&self.path))
    }

    fn at<E: Into<redb::Error>>(&self) -> impl Fn(E) -> Error {
        at(&self.path)
    }

    fn snapshot(&self) -> Result<ReadTransaction> {
        file::snapshot(&self.file, &self.path)
    }

    fn cached(&self) -> Arc<Lists> {
        let lists = self.lists.lock();
        lists.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The lists that a snapshot has, which this is the table of.
    fn lists_of(&self, centroids: &impl Centroids, about: &About) -> Result<Arc<Lists>> {
        let cached = self.cached();
        if cached.clustering == about.clusterings {
            return Ok(cached);
        }
        let lists = read_lists(centroids, about, &self.path)?;
        let mut cached = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever still reads an older snapshot does not set the clock back.
        if cached.clustering < lists.clustering {
            *cached = lists.clone();
        }
        Ok(lists)
    }
}

fn read_lists(centroids: &impl Centroids, about: &About, path: &Path) -> Result<Arc<Lists>> {
    let packed = centroids.get(0).map_err(at(path))?;
    let packed = packed.map_or_else(Vec::new, |packed| packed.value().to_vec());
    let lists = Lists::new(about.clusterings, packed, about.dim, about.similarity);
    if lists.len() != about.lists as usize {
        return Err(file::damaged(
            path,
            "there is not one centroid for each list",
        ));
    }
    Ok(Arc::new(lists))
}

/// One more than the greatest item that has a row.
fn last_item(places: &impl ReadableTable<u32, file::Place>, path: &Path) -> Result<usize> {
    let last = places.last().map_err(at(path))?;
    Ok(last.map_or(0, |(item, _)| item.value() as usize + 1))
}

impl NearestItems for VectorStore {
    /// One more than the greatest number of an item that has a row.
    fn items(&self) -> usize {
        self.items.load(Ordering::Acquire)
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn similarity(&self) -> Similarity {
        self.similarity
    }

    /// The best items of the lists that are looked into; of further lists, where those do not have `k`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for queries of another width or `without` of another length, [`Error::NotFinite`] with the query and the column,
    /// [`Error::TooLong`] where a dot product may be infinite, [`Error::Store`] if the file cannot be read. An item to leave out that has no row is
    /// left out already.
    fn nearest(&self, queries: Tensor<2>, k: usize, without: &[&[ItemId]]) -> Result<Vec<Ranked>> {
        self.search(queries, k, without, None)
    }
}

impl fmt::Debug for VectorStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VectorStore")
            .field("path", &self.path)
            .field("dim", &self.dim)
            .field("similarity", &self.similarity)
            .field("probes", &self.probes)
            .finish_non_exhaustive()
    }
}
