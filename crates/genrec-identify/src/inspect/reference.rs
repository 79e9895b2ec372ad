use std::fmt;

use genrec_data::{Interactions, ItemId};
use genrec_embed::Embeddings;
use genrec_metrics::{ItemKnnConfig, Query, Ranked, Recommender};
use ndarray::{Array2, ArrayViewMut1, Axis, Slice, linalg::general_mat_mul};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What says which items are near each other, for codes to be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// Embeddings of what items say, by cosine.
    Text,
    /// Embeddings of what people did, by cosine.
    Collaborative,
    /// Which items stand close together in histories, as [`ItemKnnConfig`] counts by default.
    CoOccurrence,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Collaborative => "collaborative",
            Self::CoOccurrence => "co-occurrence",
        })
    }
}

/// Rows of the matrix of similarities that are there at once, for each thread.
const BLOCK: usize = 128;

/// The nearest neighbours of all items.
pub(super) struct Neighbours {
    pub(super) reference: Reference,
    /// The neighbours of each item, nearest first; fewer than asked for, or none, where there are no more. Equally near ones are in
    /// the order of their numbers (co-occurrence: of the histories).
    pub(super) lists: Vec<Vec<u32>>,
    /// Rows of length 1, or of zeros, `[items, dim]`; none where neighbours are counted.
    pub(super) rows: Option<Array2<f32>>,
}

impl Neighbours {
    /// By cosine. Rows of zeros are nobody's neighbours and have none.
    pub(super) fn of_embeddings(reference: Reference, embeddings: &Embeddings, k: usize) -> Self {
        let rows = embeddings.normalized().into_array();
        Self {
            reference,
            lists: nearest(&rows, k),
            rows: Some(rows),
        }
    }

    pub(super) fn of_interactions(interactions: &Interactions, k: usize) -> Self {
        let knn = ItemKnnConfig::new()
            .with_last(1)
            .fit(interactions)
            .expect("the defaults are valid");
        let items: Vec<ItemId> = (0..interactions.items()).map(ItemId::from_index).collect();
        let queries: Vec<Query<'_>> = items
            .iter()
            .map(|item| Query::anonymous(std::slice::from_ref(item)))
            .collect();
        let lists = knn.recommend(&queries, k);
        Self {
            reference: Reference::CoOccurrence,
            lists: lists.iter().map(numbers).collect(),
            rows: None,
        }
    }
}

fn nearest(rows: &Array2<f32>, k: usize) -> Vec<Vec<u32>> {
    let items = rows.nrows();
    let empty: Vec<usize> = (0..items)
        .filter(|&row| rows.row(row).iter().all(|&x| x == 0.0))
        .collect();
    let blocks: Vec<usize> = (0..items).step_by(BLOCK).collect();
    let block = |similarities: &mut Array2<f32>, start: usize| {
        let end = (start + BLOCK).min(items);
        let mut similarities = similarities.slice_axis_mut(Axis(0), Slice::from(..end - start));
        let block = rows.slice_axis(Axis(0), Slice::from(start..end));
        general_mat_mul(1.0, &block, &rows.t(), 0.0, &mut similarities);
        let list = |(item, mut similarities): (usize, ArrayViewMut1<'_, f32>)| {
            if empty.binary_search(&item).is_ok() {
                return Vec::new();
            }
            similarities[item] = f32::NEG_INFINITY;
            for &other in &empty {
                similarities[other] = f32::NEG_INFINITY;
            }
            let similarities = similarities
                .as_slice()
                .expect("the buffer is in standard layout");
            numbers(&Ranked::from_scores(similarities, k))
        };
        (start..)
            .zip(similarities.rows_mut())
            .map(list)
            .collect::<Vec<_>>()
    };
    let lists: Vec<Vec<Vec<u32>>> = blocks
        .par_iter()
        .map_init(
            || Array2::zeros((BLOCK.min(items), items)),
            |similarities, &start| block(similarities, start),
        )
        .collect();
    lists.concat()
}

fn numbers(ranked: &Ranked) -> Vec<u32> {
    ranked.items().iter().map(|item| item.get()).collect()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn blocks_find_what_a_full_sort_finds() {
        let (items, dim, k) = (3 * BLOCK + 7, 5, 6);
        let mut rng = StdRng::seed_from_u64(3);
        let mut elements: Vec<f32> = (0..items * dim)
            .map(|_| rng.random_range(-1.0..1.0))
            .collect();
        // Rows of zeros, and twins that are equally near to everybody.
        elements[..dim].fill(0.0);
        elements[200 * dim..201 * dim].fill(0.0);
        elements.copy_within(10 * dim..11 * dim, 300 * dim);
        let embeddings = Embeddings::from_vec(items, dim, elements).unwrap();
        let found = Neighbours::of_embeddings(Reference::Text, &embeddings, k);
        let rows = embeddings.normalized();
        let cosine = |a: usize, b: usize| -> f64 {
            rows.row(a)
                .iter()
                .zip(rows.row(b))
                .map(|(&x, &y)| f64::from(x) * f64::from(y))
                .sum()
        };
        for a in 0..items {
            if [0, 200].contains(&a) {
                assert!(found.lists[a].is_empty());
                continue;
            }
            let mut others: Vec<usize> = (0..items).filter(|b| ![0, 200, a].contains(b)).collect();
            others.sort_by(|&x, &y| cosine(a, y).total_cmp(&cosine(a, x)));
            for (&found, expected) in found.lists[a].iter().zip(others) {
                assert!((cosine(a, found as usize) - cosine(a, expected)).abs() < 1e-6);
            }
            assert_eq!(found.lists[a].len(), k);
        }
        assert_eq!((found.lists[10][0], found.lists[300][0]), (300, 10));
    }

    #[test]
    fn items_taken_together_are_neighbours() {
        let histories = vec![
            vec![ItemId::new(0), ItemId::new(2)],
            vec![ItemId::new(2), ItemId::new(0)],
        ];
        let interactions = Interactions::new(4, histories).unwrap();
        let found = Neighbours::of_interactions(&interactions, 3);
        assert_eq!(found.lists, [vec![2], vec![], vec![0], vec![]]);
    }
}
