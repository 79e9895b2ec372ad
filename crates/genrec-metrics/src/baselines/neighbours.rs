//! Which items follow each other, and how much more often than their popularity explains.

use genrec_data::{Interactions, ItemId};
use serde::{Deserialize, Serialize};

/// Which of two items within a window becomes a neighbour of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairs {
    /// Each of the other: both were taken about the same time.
    #[default]
    Both,
    /// Only the later one of the earlier one: what comes next.
    Forward,
}

/// Every item's neighbours with similarities, in one flat array.
///
/// The similarity of two items is the number of times they occur within the window of each other, divided by the square root
/// of the product of their popularities. An item is no neighbour of itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Neighbours {
    /// Item `i` has the neighbours `items[offsets[i]..offsets[i + 1]]`.
    offsets: Vec<usize>,
    /// In the order in which training first showed them beside the item.
    items: Vec<ItemId>,
    similarities: Vec<f64>,
}

impl Neighbours {
    /// `window` is the largest distance of two positions in a history.
    pub(crate) fn count(train: &Interactions, window: usize, pairs: Pairs) -> Self {
        let popularity = train.popularity();
        let (starts, occurrences) = occurrences(train, window, pairs);

        // Where, in the row being merged, an item stands; marks from rows before are smaller than the row's start.
        let mut place = vec![usize::MAX; train.items()];
        let mut offsets = vec![0];
        let mut items: Vec<ItemId> = Vec::new();
        let mut counts: Vec<u32> = Vec::new();
        for row in starts.windows(2) {
            let start = items.len();
            for &neighbour in &occurrences[row[0]..row[1]] {
                let place = &mut place[neighbour.index()];
                if *place == usize::MAX || *place < start {
                    *place = items.len();
                    items.push(neighbour);
                    counts.push(0);
                }
                counts[*place] += 1;
            }
            offsets.push(items.len());
        }

        let popularity = |item: usize| f64::from(popularity[item]);
        let mut similarities = Vec::with_capacity(items.len());
        for (item, row) in offsets.windows(2).enumerate() {
            for place in row[0]..row[1] {
                let expected = (popularity(item) * popularity(items[place].index())).sqrt();
                similarities.push(f64::from(counts[place]) / expected);
            }
        }
        Self {
            offsets,
            items,
            similarities,
        }
    }

    /// Number of items in the catalogue.
    pub(crate) fn catalogue(&self) -> usize {
        self.offsets.len() - 1
    }

    /// An item's neighbours with their similarities, in the order in which training first showed them.
    pub(crate) fn of(&self, item: ItemId) -> impl Iterator<Item = (ItemId, f64)> {
        let row = self.offsets[item.index()]..self.offsets[item.index() + 1];
        let items = self.items[row.clone()].iter().copied();
        items.zip(self.similarities[row].iter().copied())
    }
}

/// Every occurrence of a neighbour, grouped by item (`[items + 1]` starts), in training order within an item: a counting sort,
/// so no hash table is needed.
fn occurrences(train: &Interactions, window: usize, pairs: Pairs) -> (Vec<usize>, Vec<ItemId>) {
    let mut starts = vec![0; train.items() + 1];
    each_pair(train, window, pairs, |item, _| {
        starts[item.index() + 1] += 1;
    });
    for item in 0..train.items() {
        starts[item + 1] += starts[item];
    }
    let mut next = starts.clone();
    let mut occurrences = vec![ItemId::new(0); starts[train.items()]];
    each_pair(train, window, pairs, |item, neighbour| {
        let place = &mut next[item.index()];
        occurrences[*place] = neighbour;
        *place += 1;
    });
    (starts, occurrences)
}

fn each_pair(
    train: &Interactions,
    window: usize,
    pairs: Pairs,
    mut pair: impl FnMut(ItemId, ItemId),
) {
    for (_, history) in train.iter() {
        for (position, &earlier) in history.iter().enumerate() {
            for &later in history[position + 1..].iter().take(window) {
                if earlier == later {
                    continue;
                }
                pair(earlier, later);
                if pairs == Pairs::Both {
                    pair(later, earlier);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn interactions(histories: &[Vec<u32>], items: usize) -> Interactions {
        let histories = histories
            .iter()
            .map(|history| history.iter().copied().map(ItemId::new).collect())
            .collect();
        Interactions::new(items, histories).unwrap()
    }

    #[test]
    fn by_hand() {
        // Window 1: pairs 2-0, 0-1, 1-0 (again), so 0 and 1 twice. Popularity: 0 two, 1 one, 2 one.
        let train = interactions(&[vec![2, 0, 1, 0]], 4);
        let neighbours = Neighbours::count(&train, 1, Pairs::Both);
        let of = |item| neighbours.of(ItemId::new(item)).collect::<Vec<_>>();
        assert_eq!(
            of(0),
            [
                (ItemId::new(2), 1.0 / 2_f64.sqrt()),
                (ItemId::new(1), 2.0 / 2_f64.sqrt())
            ]
        );
        assert_eq!(of(1), [(ItemId::new(0), 2.0 / 2_f64.sqrt())]);
        assert_eq!(of(3), []);
        let forward = Neighbours::count(&train, 1, Pairs::Forward);
        assert_eq!(forward.of(ItemId::new(2)).count(), 1);
        assert_eq!(
            forward.of(ItemId::new(0)).collect::<Vec<_>>(),
            [(ItemId::new(1), 1.0 / 2_f64.sqrt())]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn counting_in_a_hash_table_gives_the_same(
            histories in prop::collection::vec(prop::collection::vec(0_u32..8, 0..12), 0..8),
            window in 1_usize..5,
            forward in any::<bool>(),
        ) {
            let train = interactions(&histories, 8);
            let pairs = if forward { Pairs::Forward } else { Pairs::Both };
            let neighbours = Neighbours::count(&train, window, pairs);
            let popularity = train.popularity();

            let mut counts: HashMap<(u32, u32), f64> = HashMap::new();
            for history in &histories {
                for a in 0..history.len() {
                    for b in a + 1..history.len() {
                        if b - a <= window && history[a] != history[b] {
                            *counts.entry((history[a], history[b])).or_default() += 1.0;
                            if !forward {
                                *counts.entry((history[b], history[a])).or_default() += 1.0;
                            }
                        }
                    }
                }
            }
            let mut found = 0;
            for item in 0..8_u32 {
                for (neighbour, similarity) in neighbours.of(ItemId::new(item)) {
                    found += 1;
                    let count = counts[&(item, neighbour.get())];
                    let expected = f64::from(popularity[item as usize] * popularity[neighbour.index()]).sqrt();
                    prop_assert!((similarity - count / expected).abs() < 1e-12);
                }
            }
            prop_assert_eq!(found, counts.len());
        }
    }
}
