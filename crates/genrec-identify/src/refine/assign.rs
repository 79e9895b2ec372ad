//! Assignments that never take back what was given.

use std::collections::HashSet;

use super::Proposals;
use crate::Identifier;

/// The proposal that each item gets, if any, when the items choose in this order.
pub(super) fn in_order(
    proposals: &Proposals,
    order: impl IntoIterator<Item = usize>,
) -> Vec<Option<usize>> {
    let mut taken: HashSet<&Identifier> = HashSet::with_capacity(proposals.items());
    let mut chosen = vec![None; proposals.items()];
    for item in order {
        chosen[item] = proposals
            .of(item)
            .iter()
            .position(|proposal| taken.insert(&proposal.identifier));
    }
    chosen
}

/// The proposal that each item gets, if any, when the best pair of item and free identifier is taken again and again; pairs with the same score in the order of items,
/// then of proposals.
pub(super) fn by_score(proposals: &Proposals) -> Vec<Option<usize>> {
    let mut pairs: Vec<(usize, usize)> = (0..proposals.items())
        .flat_map(|item| (0..proposals.of(item).len()).map(move |place| (item, place)))
        .collect();
    let score = |&(item, place): &(usize, usize)| proposals.of(item)[place].score;
    // Stable: equal scores stay in order.
    pairs.sort_by(|a, b| score(b).total_cmp(&score(a)));
    let mut taken = HashSet::with_capacity(proposals.items());
    let mut chosen = vec![None; proposals.items()];
    for (item, place) in pairs {
        if chosen[item].is_none() && taken.insert(&proposals.of(item)[place].identifier) {
            chosen[item] = Some(place);
        }
    }
    chosen
}
