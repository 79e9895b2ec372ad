//! Search by comparing all items.

#[cfg(test)]
mod tests;

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use genrec_data::ItemId;
use genrec_metrics::{Best, Ranked};
use rayon::prelude::*;

use crate::asked::{asked, told};
use crate::rows::{Rows, check_lengths, host};
use crate::{Error, NearestItems, Result, Similarity};

/// Queries that are compared at once.
const QUERIES: usize = 64;

/// Items that are compared at once: with the queries, scores that fit a core's cache.
const ITEMS: usize = 4_096;

/// Compares all items with every query, by matrix products on the device of the rows.
///
/// Both queries and items come in blocks, so that 10^6 items take no more memory for their scores than 10^4. Items of the same score are
/// declared as ties, as [`Ranked::from_scores`] does.
#[derive(Clone, Debug)]
pub struct ExactSearch {
    /// `[items of the block, dim]`, the items of one block after those of the other; all blocks but the last are full.
    blocks: Vec<Tensor<2>>,
    items: usize,
    dim: usize,
    /// The greatest Euclidean length of a row.
    longest: f64,
    similarity: Similarity,
    device: Device,
}

impl ExactSearch {
    /// A search over `rows`, `[items, dim]`, row `i` of item `i`, on their device.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] without items or with rows of no width, [`Error::NotFinite`] with the first row and column that hold NaN or an
    /// infinity, [`Error::Device`] if the device cannot hand the rows over.
    pub fn new(rows: Tensor<2>, similarity: Similarity) -> Result<Self> {
        let [items, dim] = rows.dims();
        if items == 0 || dim == 0 {
            return Err(Error::Shape {
                what: "rows of items",
                found: format!("{items} rows of {dim} values"),
                expected: "at least one row of one value".into(),
            });
        }
        let device = rows.device();
        let rows = Rows::new("rows of items", rows, similarity)?;
        let empty = Self {
            blocks: Vec::new(),
            items: 0,
            dim,
            longest: 0.0,
            similarity,
            device,
        };
        Ok(empty.with(&rows))
    }

    /// The same search with more items: `rows`, `[new items, dim]`, belong to the items from [`items`](NearestItems::items) on.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`Error::Shape`] if the rows have another width.
    pub fn extended(self, rows: Tensor<2>) -> Result<Self> {
        if rows.dims()[1] != self.dim {
            return Err(Error::Shape {
                what: "rows of new items",
                found: format!("{} values", rows.dims()[1]),
                expected: format!("{}, as the other rows have", self.dim),
            });
        }
        let rows = Rows::new("rows of new items", rows, self.similarity)?;
        Ok(self.with(&rows))
    }

    /// The same search with other rows for some items: row `i` of `rows`, `[items, dim]`, for `items[i]`.
    ///
    /// # Errors
    ///
    /// As [`extended`](Self::extended), [`Error::Shape`] if there is not one row for each of `items`, [`Error::Item`] for one that the
    /// catalogue does not have, [`Error::Repeated`] for one that comes twice.
    pub fn updated(mut self, items: &[ItemId], rows: Tensor<2>) -> Result<Self> {
        check_items("items to update", 0, items, self.items)?;
        let rows = told(
            "rows of updated items",
            items,
            rows,
            self.dim,
            self.similarity,
        )?;
        let mut changes: Vec<(usize, &[f32])> = items
            .iter()
            .map(|item| item.index())
            .zip(rows.iter())
            .collect();
        changes.sort_unstable_by_key(|&(item, _)| item);
        for changes in changes.chunk_by(|a, b| a.0 / ITEMS == b.0 / ITEMS) {
            let number = changes[0].0 / ITEMS;
            let block = self.blocks[number].clone();
            let shape = block.dims();
            let mut values = host("rows of items", block)?;
            for &(item, row) in changes {
                values[item % ITEMS * self.dim..][..self.dim].copy_from_slice(row);
            }
            self.blocks[number] = Tensor::from_data(TensorData::new(values, shape), &self.device);
        }
        // A longer row may have gone: the bound only refuses a little earlier then.
        self.longest = rows
            .longest()
            .map_or(self.longest, |row| self.longest.max(row.1));
        Ok(self)
    }

    /// With rows for new items.
    fn with(mut self, rows: &Rows) -> Self {
        let mut start = 0;
        while start < rows.len() {
            let room = ITEMS - self.items % ITEMS;
            let end = rows.len().min(start + room);
            let block = rows.tensor(start..end, &self.device);
            match self.blocks.last_mut() {
                Some(last) if room < ITEMS => *last = Tensor::cat(vec![last.clone(), block], 0),
                _ => self.blocks.push(block),
            }
            self.items += end - start;
            start = end;
        }
        self.longest = rows
            .longest()
            .map_or(self.longest, |row| self.longest.max(row.1));
        self
    }

    /// The best of some blocks for some queries, `[queries, dim]`; each list of `without` is sorted.
    fn search(
        &self,
        queries: &Tensor<2>,
        k: usize,
        without: &[Vec<usize>],
        blocks: Range<usize>,
    ) -> Result<Vec<Best>> {
        let mut best = vec![Best::new(k); queries.dims()[0]];
        for number in blocks {
            let (block, first) = (&self.blocks[number], number * ITEMS);
            let items = block.dims()[0];
            let scores = queries.clone().matmul(block.clone().transpose());
            let mut scores = host("scores", scores)?;
            for (query, (scores, best)) in scores.chunks_mut(items).zip(&mut best).enumerate() {
                if let Some(without) = without.get(query) {
                    let start = without.partition_point(|&item| item < first);
                    let left_out = without[start..].iter();
                    for item in left_out.take_while(|&&item| item < first + items) {
                        scores[item - first] = f32::NEG_INFINITY;
                    }
                }
                best.add(first, scores);
            }
        }
        Ok(best)
    }
}

/// Checks that the catalogue has the items of a list.
fn check_items(what: &'static str, list: usize, found: &[ItemId], items: usize) -> Result<()> {
    match found.iter().position(|item| item.index() >= items) {
        Some(place) => Err(Error::Item {
            what,
            list,
            place,
            item: found[place],
            items,
        }),
        None => Ok(()),
    }
}

impl NearestItems for ExactSearch {
    fn items(&self) -> usize {
        self.items
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn similarity(&self) -> Similarity {
        self.similarity
    }

    /// The best items, ties declared.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for queries of another width or `without` of another length, [`Error::NotFinite`] with the query and the column,
    /// [`Error::TooLong`] where a dot product may be infinite, [`Error::Item`] for an item to leave out that the catalogue does not have.
    fn nearest(&self, queries: Tensor<2>, k: usize, without: &[&[ItemId]]) -> Result<Vec<Ranked>> {
        let queries = asked(queries, without, self.dim, self.similarity)?;
        check_lengths("queries", &queries, self.longest)?;
        for (list, items) in without.iter().enumerate() {
            check_items("items to leave out", list, items, self.items)?;
        }
        if queries.len() == 0 || k == 0 {
            return Ok(vec![Ranked::default(); queries.len()]);
        }

        // A core works through several blocks of items for one block of queries. Blocks are the same whatever the number of cores, and so are the bits.
        let query_blocks = queries.len().div_ceil(QUERIES);
        let parts = (4 * rayon::current_num_threads()).div_ceil(query_blocks);
        let blocks = self.blocks.len().div_ceil(parts);
        let answers: Vec<Vec<Best>> = (0..query_blocks)
            .into_par_iter()
            .map(|number| {
                let start = number * QUERIES;
                let end = queries.len().min(start + QUERIES);
                let asked = queries.tensor(start..end, &self.device);
                let without: Vec<Vec<usize>> = without
                    .get(start..end)
                    .unwrap_or_default()
                    .iter()
                    .map(|items| {
                        let mut items: Vec<usize> = items.iter().map(|item| item.index()).collect();
                        items.sort_unstable();
                        items
                    })
                    .collect();
                (0..self.blocks.len())
                    .step_by(blocks)
                    .collect::<Vec<_>>()
                    .into_par_iter()
                    .map(|first| {
                        let end = self.blocks.len().min(first + blocks);
                        self.search(&asked, k, &without, first..end)
                    })
                    .try_reduce_with(|mut all, more| {
                        for (all, more) in all.iter_mut().zip(more) {
                            all.merge(more);
                        }
                        Ok(all)
                    })
                    .expect("there are items")
            })
            .collect::<Result<_>>()?;
        Ok(answers.into_iter().flatten().map(Best::ranked).collect())
    }
}
