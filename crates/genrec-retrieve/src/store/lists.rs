//! Which list a row belongs to.

use std::collections::BinaryHeap;

use burn::tensor::{Device, Tensor, TensorData};

use super::block::{dot, values};
use crate::rows::Rows;
use crate::{ExactSearch, NearestItems, Result, Similarity};

/// The centroids of the lists.
///
/// A row belongs to the list whose centroid is nearest: `argmax <x, c> - |c|^2 / 2`.
#[derive(Debug)]
pub(super) struct Lists {
    /// The clustering that they are of.
    pub(super) clustering: u32,
    /// `[lists * dim]`, packed; none where everything is one list.
    centroids: Vec<u8>,
    /// `|c|^2 / 2` of each; 0 where similarity is the dot product, whose best lists are those with the best means.
    handicaps: Vec<f32>,
    dim: usize,
}

impl Lists {
    pub(super) fn new(
        clustering: u32,
        centroids: Vec<u8>,
        dim: usize,
        similarity: Similarity,
    ) -> Self {
        let handicap = |row: &[u8]| match similarity {
            Similarity::Dot => 0.0,
            Similarity::Cosine => half_square(row),
        };
        let rows = centroids.chunks_exact(dim * size_of::<f32>());
        Self {
            clustering,
            handicaps: rows.map(handicap).collect(),
            centroids,
            dim,
        }
    }

    /// How many lists there are.
    pub(super) fn len(&self) -> usize {
        self.handicaps.len().max(1)
    }

    /// The centroids, each packed.
    fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.centroids.chunks_exact(self.dim * size_of::<f32>())
    }

    /// The lists of some rows, by matrix products on a device.
    pub(super) fn assign(&self, rows: &Rows, device: &Device) -> Result<Vec<u32>> {
        if self.len() == 1 {
            return Ok(vec![0; rows.len()]);
        }
        // One more column makes dot products of distances.
        let tensor = |rows: Vec<f32>| {
            let shape = [rows.len() / (self.dim + 1), self.dim + 1];
            Tensor::<2>::from_data(TensorData::new(rows, shape), device)
        };
        let centroids = self
            .rows()
            .flat_map(|row| values(row).chain([-half_square(row)]));
        let search = ExactSearch::new(tensor(centroids.collect()), Similarity::Dot)?;
        let asked = rows.iter().flat_map(|row| row.iter().copied().chain([1.0]));
        let asked = tensor(asked.collect());
        let nearest = search.nearest(asked, 1, &[])?;
        Ok(nearest
            .iter()
            .map(|ranked| ranked.items()[0].get())
            .collect())
    }

    /// All lists, the most promising first.
    pub(super) fn promising(&self, query: &[f32]) -> impl Iterator<Item = u32> {
        /// By score, then the lower list.
        #[derive(PartialEq)]
        struct Entry(f32, u32);
        impl Eq for Entry {}
        impl PartialOrd for Entry {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for Entry {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.total_cmp(&other.0).then(other.1.cmp(&self.1))
            }
        }
        let scores = self.rows().zip(&self.handicaps);
        let scores = scores.map(|(row, handicap)| dot(query, row) - handicap);
        let mut entries: Vec<Entry> = scores
            .zip(0..)
            .map(|(score, list)| Entry(score, list))
            .collect();
        if entries.is_empty() {
            entries.push(Entry(0.0, 0));
        }
        // Few are taken out: a heap need not sort the others.
        let mut heap = BinaryHeap::from(entries);
        std::iter::from_fn(move || heap.pop().map(|entry| entry.1))
    }
}

/// `|c|^2 / 2`.
fn half_square(row: &[u8]) -> f32 {
    values(row).map(|value| value * value).sum::<f32>() / 2.0
}
