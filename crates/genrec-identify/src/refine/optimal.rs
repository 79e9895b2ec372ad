//! The assignment with the highest sum of scores, by successive shortest paths in the bipartite graph of items and proposed identifiers (Jonker and Volgenant 1987, on
//! sparse lists).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::Proposals;

/// The proposal that each item gets: as many items as possible get one, and the scores add up to the most.
pub(super) fn assign(proposals: &Proposals) -> Vec<Option<usize>> {
    let items = proposals.items();
    // Columns: the identifiers, numbered as they occur, then one way out for every item.
    let mut numbers = HashMap::new();
    let mut edges: Vec<Vec<(usize, f64)>> = (0..items)
        .map(|item| {
            let list = proposals.of(item).iter();
            list.map(|proposal| {
                let next = numbers.len();
                let column = *numbers.entry(&proposal.identifier).or_insert(next);
                (column, -f64::from(proposal.score))
            })
            .collect()
        })
        .collect();
    // Dearer than anything that giving up one item less could cost the others.
    let costs = || edges.iter().flatten().map(|&(_, cost)| cost);
    let (least, most) = costs().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), cost| {
        (least.min(cost), most.max(cost))
    });
    let way_out = most + (most - least + 1.0) * items as f64;
    let identifiers = numbers.len();
    for (item, edges) in edges.iter_mut().enumerate() {
        edges.push((identifiers + item, way_out));
    }
    cheapest(&edges, identifiers + items)
        .into_iter()
        .enumerate()
        .map(|(item, place)| (place < proposals.of(item).len()).then_some(place))
        .collect()
}

/// For every row the place in its list of the column that it gets, such that no column is given twice and the costs add up to the least. Every row needs a column that
/// no other row has.
fn cheapest(edges: &[Vec<(usize, f64)>], columns: usize) -> Vec<usize> {
    const NOBODY: usize = usize::MAX;
    let mut owner = vec![NOBODY; columns];
    let mut given = vec![NOBODY; edges.len()];
    let mut price = vec![0.0; columns];
    // Of the search for the current row: the shortest ways so far, over which row and which of its edges, and who was last settled for which row.
    let mut distance = vec![f64::INFINITY; columns];
    let mut from = vec![(NOBODY, NOBODY); columns];
    let mut settled_for = vec![NOBODY; columns];
    for start in 0..edges.len() {
        let mut heap = BinaryHeap::new();
        let (mut reached, mut settled) = (Vec::new(), Vec::new());
        let (mut row, mut base) = (start, 0.0);
        let free = loop {
            for (place, &(column, cost)) in edges[row].iter().enumerate() {
                let length = base + cost - price[column];
                if settled_for[column] != start && length < distance[column] {
                    reached.push(column);
                    distance[column] = length;
                    from[column] = (row, place);
                    heap.push(Reverse((Length(length), column)));
                }
            }
            let column = loop {
                let Reverse((_, column)) = heap.pop().expect("every row has a way out");
                if settled_for[column] != start {
                    break column;
                }
            };
            if owner[column] == NOBODY {
                break column;
            }
            settled_for[column] = start;
            settled.push(column);
            row = owner[column];
            base = distance[column] - (edges[row][given[row]].1 - price[column]);
        };
        for column in settled {
            price[column] += distance[column] - distance[free];
        }
        // Every row on the way gives its column to the one before it.
        let mut column = free;
        loop {
            let (row, place) = from[column];
            let before = given[row];
            owner[column] = row;
            given[row] = place;
            if row == start {
                break;
            }
            column = edges[row][before].0;
        }
        for column in reached {
            distance[column] = f64::INFINITY;
        }
    }
    given
}

/// The length of a way, in order.
#[derive(PartialEq)]
struct Length(f64);

impl Eq for Length {}

impl PartialOrd for Length {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Length {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
