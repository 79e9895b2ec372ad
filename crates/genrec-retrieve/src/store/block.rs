//! Some rows of one list, packed: the numbers of their items, then their values, little-endian, row by row.

use genrec_data::ItemId;

/// Bytes that one block and what surrounds it fill at most, where rows are not longer than that: a multiple of the file's pages.
const PAGES: usize = 16 << 10;

/// What surrounds the packed rows on their pages.
const MARGIN: usize = 64;

/// Lanes of a dot product that are added up side by side.
const LANES: usize = 16;

/// How many rows a block has at most.
pub(super) fn capacity(dim: usize) -> usize {
    ((PAGES - MARGIN) / bytes(dim)).max(1)
}

/// Bytes of one row and its item.
fn bytes(dim: usize) -> usize {
    size_of::<u32>() + dim * size_of::<f32>()
}

/// The rows of a block, to be changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    items: Vec<ItemId>,
    values: Vec<f32>,
}

impl Block {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn items(&self) -> &[ItemId] {
        &self.items
    }

    pub(super) fn push(&mut self, item: ItemId, row: impl IntoIterator<Item = f32>) {
        self.items.push(item);
        self.values.extend(row);
    }

    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.values.clear();
    }

    /// Removes the rows of some items, sorted.
    pub(super) fn remove(&mut self, items: &[ItemId], dim: usize) {
        let old = std::mem::take(self);
        for (&item, row) in old.items.iter().zip(old.values.chunks_exact(dim)) {
            if items.binary_search(&item).is_err() {
                self.push(item, row.iter().copied());
            }
        }
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        let items = self.items.iter().flat_map(|item| item.get().to_le_bytes());
        let values = self.values.iter().flat_map(|value| value.to_le_bytes());
        items.chain(values).collect()
    }
}

/// The rows of a packed block.
#[derive(Clone, Copy)]
pub(super) struct Packed<'a> {
    items: &'a [u8],
    rows: &'a [u8],
    dim: usize,
}

impl<'a> Packed<'a> {
    /// `None` if these bytes are no whole rows.
    pub(super) fn new(packed: &'a [u8], dim: usize) -> Option<Self> {
        let count = packed.len() / bytes(dim);
        if count * bytes(dim) != packed.len() {
            return None;
        }
        let (items, rows) = packed.split_at(count * size_of::<u32>());
        Some(Self { items, rows, dim })
    }

    /// Each item with the bytes of its row.
    pub(super) fn iter(self) -> impl Iterator<Item = (ItemId, &'a [u8])> {
        let items = self.items.as_chunks().0.iter();
        let items = items.map(|&item| ItemId::new(u32::from_le_bytes(item)));
        items.zip(self.rows.chunks_exact(self.dim * size_of::<f32>()))
    }

    pub(super) fn unpack(self) -> Block {
        let mut block = Block::default();
        for (item, row) in self.iter() {
            block.push(item, values(row));
        }
        block
    }
}

/// The values of a packed row.
pub(super) fn values(row: &[u8]) -> impl Iterator<Item = f32> {
    row.as_chunks()
        .0
        .iter()
        .map(|&value| f32::from_le_bytes(value))
}

/// `<query, row>`, where the row is packed.
///
/// Always added up in the same order: equal rows have equal scores.
pub(super) fn dot(query: &[f32], row: &[u8]) -> f32 {
    let (row, _) = row.as_chunks::<{ size_of::<f32>() }>();
    let (queries, query_rest) = query.as_chunks::<LANES>();
    let (rows, row_rest) = row.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (query, row) in queries.iter().zip(rows) {
        for lane in 0..LANES {
            sums[lane] += query[lane] * f32::from_le_bytes(row[lane]);
        }
    }
    let rest = query_rest.iter().zip(row_rest);
    let rest: f32 = rest.map(|(a, &b)| a * f32::from_le_bytes(b)).sum();
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_fit_their_pages() {
        for dim in [1, 16, 37, 64, 5_000] {
            let mut block = Block::default();
            for item in 0..capacity(dim) as u32 {
                block.push(
                    ItemId::new(item * 3),
                    (0..dim).map(|i| (item as usize + i) as f32 * 0.5),
                );
            }
            let packed = block.pack();
            assert!(packed.len() + MARGIN <= PAGES || block.len() == 1, "{dim}");
            let read = Packed::new(&packed, dim).unwrap();
            assert_eq!(
                (read.unpack().items, read.unpack().values),
                (block.items.clone(), block.values.clone())
            );
            let query: Vec<f32> = (0..dim).map(|i| (i % 3) as f32).collect();
            for ((item, row), whole) in read.iter().zip(block.values.chunks(dim)) {
                let expected: f64 = whole
                    .iter()
                    .zip(&query)
                    .map(|(a, b)| f64::from(a * b))
                    .sum();
                let found = f64::from(dot(&query, row));
                assert!(
                    (found - expected).abs() <= 1e-5 * expected.abs(),
                    "{item}: {found}, {expected}"
                );
            }
            assert!(dim == 1 || Packed::new(&packed[1..], dim).is_none());
            block.remove(&[ItemId::new(0), ItemId::new(1)], dim);
            assert_eq!(block.len(), capacity(dim) - 1);
        }
    }
}
