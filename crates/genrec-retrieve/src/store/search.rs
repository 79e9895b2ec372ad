//! The lists that a query looks into.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use genrec_data::{ItemId, ItemSet};
use genrec_metrics::{Best, Ranked};
use rayon::prelude::*;
use redb::{ReadOnlyTable, ReadableTableMetadata};

use super::VectorStore;
use super::block::{Packed, dot};
use super::file::{self, Blocks, CENTROIDS, PLACES, Place, at, damaged};
use super::lists::Lists;
use crate::Result;
use crate::asked::asked;
use crate::rows::check_lengths;

/// One snapshot, and how it is searched.
struct Search<'a> {
    store: &'a VectorStore,
    blocks: ReadOnlyTable<Place, &'static [u8]>,
    lists: &'a Lists,
    k: usize,
    allowed: Option<&'a ItemSet>,
    /// Where all allowed items are, if they are so few that each is compared.
    few: Option<BTreeMap<Place, Vec<ItemId>>>,
    /// Allowed rows to compare at least, where there are as many.
    rows: usize,
}

impl VectorStore {
    pub(super) fn search(
        &self,
        queries: Tensor<2>,
        k: usize,
        without: &[&[ItemId]],
        allowed: Option<&ItemSet>,
    ) -> Result<Vec<Ranked>> {
        let queries = asked(queries, without, self.dim, self.similarity)?;
        let read = self.snapshot()?;
        let about = file::read_about(&read, &self.path)?;
        check_lengths("queries", &queries, about.longest)?;
        if queries.len() == 0 || k == 0 {
            return Ok(vec![Ranked::default(); queries.len()]);
        }
        let centroids = read.open_table(CENTROIDS).map_err(self.at())?;
        let lists = self.lists_of(&centroids, &about)?;
        let blocks = read
            .open_table(Blocks::new(&about.blocks()))
            .map_err(self.at())?;
        let places = read.open_table(PLACES).map_err(self.at())?;
        let stored = places.len().map_err(self.at())? as usize;
        let rows = self.probes.saturating_mul(stored).div_ceil(lists.len());
        let few = match allowed.filter(|allowed| allowed.len() <= rows) {
            None => None,
            Some(allowed) => {
                let mut found: BTreeMap<Place, Vec<ItemId>> = BTreeMap::new();
                for item in allowed.iter() {
                    if let Some(place) = places.get(item.get()).map_err(self.at())? {
                        found.entry(place.value()).or_default().push(item);
                    }
                }
                Some(found)
            }
        };
        let search = Search {
            store: self,
            blocks,
            lists: &lists,
            k,
            allowed,
            few,
            rows: if allowed.is_some() { rows } else { 0 },
        };
        let rows: Vec<&[f32]> = queries.iter().collect();
        rows.par_iter()
            .enumerate()
            .map(|(query, row)| {
                let mut without = without
                    .get(query)
                    .map_or_else(Vec::new, |items| items.to_vec());
                without.sort_unstable();
                search.answer(row, &without)
            })
            .collect()
    }
}

impl Search<'_> {
    fn answer(&self, query: &[f32], without: &[ItemId]) -> Result<Ranked> {
        let mut best = Best::new(self.k);
        if let Some(few) = &self.few {
            for (&place, items) in few {
                let packed = self.blocks.get(place).map_err(at(&self.store.path))?;
                let packed = packed.ok_or_else(|| {
                    damaged(&self.store.path, "a row is not where its place says")
                })?;
                self.compare(packed.value(), query, &mut best, |item| {
                    items.binary_search(&item).is_ok() && without.binary_search(&item).is_err()
                })?;
            }
            return Ok(best.ranked());
        }
        let allowed = |item: ItemId| {
            let in_set = |set: &ItemSet| item.index() < set.items() && set.contains(item);
            self.allowed.is_none_or(in_set)
                && (without.is_empty() || without.binary_search(&item).is_err())
        };
        let mut compared = 0;
        for (list, probe) in self.lists.promising(query).zip(0..) {
            if probe >= self.store.probes && compared >= self.rows && best.is_full() {
                break;
            }
            let blocks = self.blocks.range((list, 0)..=(list, u32::MAX));
            for block in blocks.map_err(at(&self.store.path))? {
                let (_, packed) = block.map_err(at(&self.store.path))?;
                compared += self.compare(packed.value(), query, &mut best, allowed)?;
            }
        }
        Ok(best.ranked())
    }

    /// Compares the rows of a block, those that are wanted; how many those are.
    fn compare(
        &self,
        packed: &[u8],
        query: &[f32],
        best: &mut Best,
        wanted: impl Fn(ItemId) -> bool,
    ) -> Result<usize> {
        let packed = Packed::new(packed, self.store.dim);
        let packed =
            packed.ok_or_else(|| damaged(&self.store.path, "a block has no whole rows"))?;
        let mut compared = 0;
        for (item, row) in packed.iter().filter(|&(item, _)| wanted(item)) {
            best.offer(item, dot(query, row));
            compared += 1;
        }
        Ok(compared)
    }
}
