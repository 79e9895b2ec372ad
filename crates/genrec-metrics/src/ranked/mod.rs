//! A ranked list whose ranks are honest about ties.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use genrec_data::{ItemId, ItemSet};

/// Scores that are compared with the threshold of a list at once.
const CHUNK: usize = 64;

/// The answer to one [`Query`](crate::Query): items best first, with scores and pessimistic ranks.
///
/// A rank starts at 1. It is the place an item is *sure* to deserve: where the recommender cannot tell several items
/// apart (equal scores, or one identifier shared by several items), each of them has the **last** rank of its group, as
/// if all the others had been shown before it. A metric computed from ranks can thus never profit from the order in
/// which ties happen to be listed. (Under [`TieRule::Shared`](crate::TieRule) an evaluation spreads a hit over the places of the
/// group instead, those beyond the list included; the list is the same.)
///
/// # How to declare that scores are equal
///
/// What stands in one group is tied, and nothing else: a list does not look at its scores to find out.
///
/// - Whoever scores every item takes [`from_scores`](Self::from_scores) or [`from_candidates`](Self::from_candidates): items of
///   equal score are a group.
/// - Whoever ranks identifiers takes [`grouped`](Self::grouped): the items of one identifier are a group. Identifiers of *equal
///   score*, such as two hypotheses of a beam search with the same log-probability, are to be put into one group where nothing
///   but their numbers decided which came first. Left in groups of their own they keep consecutive ranks: right where a finer
///   score than `f32` separated them, a rule of the recommender's own otherwise.
/// - [`strict`](Self::strict) and separate groups of equal score are lists whose order is meant. A report counts the lists in
///   which equal scores have different ranks ([`Report::tied_lists`](crate::Report::tied_lists)) and prints their number, so
///   that such a rule is never hidden.
///
/// Scores only order the items of one list; their unit is the recommender's own (log-probability, count, dot product).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranked {
    items: Vec<ItemId>,
    scores: Vec<f32>,
    ranks: Vec<u32>,
    /// The items of the last group for which the list has no room.
    beyond: Vec<ItemId>,
}

/// The ranks (from 1) that a group of tied items takes together; a single item for one that is not tied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) first: u32,
    pub(crate) last: u32,
}

impl Ranked {
    /// A list whose order is meant: the item at position `p` (from 0) has rank `p + 1`, whatever the scores.
    ///
    /// For recommenders that separate all items by a rule of their own, as a beam search over unique identifiers does.
    ///
    /// # Panics
    ///
    /// If `items` and `scores` differ in length.
    #[must_use]
    pub fn strict(items: Vec<ItemId>, scores: Vec<f32>) -> Self {
        assert_eq!(
            items.len(),
            scores.len(),
            "a ranked list needs one score for every item"
        );
        let ranks = (1..=rank(items.len())).collect();
        Self {
            items,
            scores,
            ranks,
            beyond: Vec::new(),
        }
    }

    /// The first `k` items of groups that the recommender cannot tell apart from within, best group first.
    ///
    /// Every item has the last rank of its whole group, also where only a part of the group still fits into `k`: with
    /// groups of 1 and 3 items and `k = 2`, the ranks are 1 and 4.
    #[must_use]
    pub fn grouped(groups: &[(Vec<ItemId>, f32)], k: usize) -> Self {
        let mut ranked =
            Self::with_capacity(k.min(groups.iter().map(|(items, _)| items.len()).sum()));
        let mut last = 0;
        for (items, score) in groups {
            let room = k - ranked.len();
            if room == 0 {
                break;
            }
            last += items.len();
            let (shown, beyond) = items.split_at(room.min(items.len()));
            ranked.beyond.extend_from_slice(beyond);
            ranked.items.extend_from_slice(shown);
            ranked.scores.resize(ranked.items.len(), *score);
            ranked.ranks.resize(ranked.items.len(), rank(last));
        }
        ranked
    }

    /// The best `k` items of a whole catalogue scored item by item: `scores[i]` belongs to item `i`, `[items]`.
    ///
    /// Equal scores share the last rank of their group (counted over the whole catalogue) and are listed by ascending
    /// item. A score of minus infinity means "not to be recommended". A NaN is put first, so that
    /// [`evaluate`](crate::evaluate) finds it.
    ///
    /// One pass over the scores with a buffer of `2 k` items, and one more to find what ties with the last item of the list. All of
    /// that is [kept](Self::beyond): where a model scores everything the same, the list is as long as the catalogue.
    #[must_use]
    pub fn from_scores(scores: &[f32], k: usize) -> Self {
        if k == 0 {
            return Self::default();
        }
        let room = k.saturating_mul(2).min(scores.len());
        let mut best: Vec<(ItemId, f32)> = Vec::with_capacity(room);
        // The k-th best score so far. Later items come after earlier ones of the same score, so only a better score (or a
        // NaN) can still enter the list.
        let mut threshold = f32::NEG_INFINITY;
        for (chunk, start) in scores.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
            // Hardly any chunk has an item that enters; to ask them all at once is several times faster.
            if chunk
                .iter()
                .fold(true, |none, score| none & (*score <= threshold))
            {
                continue;
            }
            for (&score, item) in chunk.iter().zip(start..) {
                if score > threshold || score.is_nan() {
                    best.push((ItemId::from_index(item), score));
                    if best.len() == room && room > k {
                        best.select_nth_unstable_by(k - 1, best_first);
                        best.truncate(k);
                        threshold = best[k - 1].1;
                    }
                }
            }
        }
        if best.len() > k {
            best.select_nth_unstable_by(k - 1, best_first);
            best.truncate(k);
        }
        best.sort_unstable_by(best_first);
        let beyond = best.last().map_or_else(Vec::new, |&(last, worst)| {
            // Of equal scores the lower items are listed.
            let rest = &scores[last.index() + 1..];
            let starts = (last.index() + 1..).step_by(CHUNK);
            let chunks = rest.chunks(CHUNK).zip(starts);
            let tied = chunks
                .filter(|(chunk, _)| {
                    chunk
                        .iter()
                        .fold(false, |any, &score| any | (score == worst))
                })
                .flat_map(|(chunk, start)| (start..).zip(chunk));
            tied.filter(|&(_, &score)| score == worst)
                .map(|(item, _)| ItemId::from_index(item))
                .collect()
        });
        Self::from_sorted(&best, beyond)
    }

    /// The best `k` of some scored items, given in any order and each at most once; ties, minus infinity and NaN as in
    /// [`from_scores`](Self::from_scores), except that only the given items are there to tie.
    #[must_use]
    pub fn from_candidates(mut candidates: Vec<(ItemId, f32)>, k: usize) -> Self {
        candidates.retain(|&(_, score)| score != f32::NEG_INFINITY);
        if k == 0 {
            return Self::default();
        }
        let mut beyond = Vec::new();
        if k < candidates.len() {
            let (_, &mut (_, worst), rest) = candidates.select_nth_unstable_by(k - 1, best_first);
            let tied = rest.iter().filter(|&&(_, score)| score == worst);
            beyond.extend(tied.map(|&(item, _)| item));
            candidates.truncate(k);
        }
        candidates.sort_unstable_by(best_first);
        Self::from_sorted(&candidates, beyond)
    }

    /// From the listed items in order, and the items that are not listed but score as much as the last of them.
    fn from_sorted(sorted: &[(ItemId, f32)], mut beyond: Vec<ItemId>) -> Self {
        let mut ranked = Self::with_capacity(sorted.len());
        for group in sorted.chunk_by(|a, b| a.1 == b.1) {
            let mut last = ranked.len() + group.len();
            if last == sorted.len() {
                last += beyond.len();
            }
            ranked.items.extend(group.iter().map(|&(item, _)| item));
            ranked.scores.extend(group.iter().map(|&(_, score)| score));
            ranked.ranks.resize(ranked.items.len(), rank(last));
        }
        // By item, however the selection left them: equal lists compare equal.
        beyond.sort_unstable();
        ranked.beyond = beyond;
        ranked
    }

    fn with_capacity(items: usize) -> Self {
        Self {
            items: Vec::with_capacity(items),
            scores: Vec::with_capacity(items),
            ranks: Vec::with_capacity(items),
            beyond: Vec::new(),
        }
    }

    /// The first `k` of those items of this list that are in `items`, ties kept: what the list would be if there were no others. It has to hold all items that the
    /// recommender would list.
    #[must_use]
    pub fn among(&self, items: &ItemSet, k: usize) -> Self {
        let mut groups: Vec<(Vec<ItemId>, f32)> = Vec::new();
        let (mut kept, mut start) = (0, 0);
        for group in self.ranks.chunk_by(|a, b| a == b) {
            if kept >= k {
                break;
            }
            let end = start + group.len();
            let beyond: &[ItemId] = if end == self.len() { &self.beyond } else { &[] };
            let tied = self.items[start..end].iter().chain(beyond).copied();
            let tied: Vec<ItemId> = tied.filter(|&item| items.contains(item)).collect();
            if !tied.is_empty() {
                kept += tied.len();
                groups.push((tied, self.scores[start]));
            }
            start = end;
        }
        Self::grouped(&groups, k)
    }

    /// Number of items in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing is recommended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items, best first.
    #[must_use]
    pub fn items(&self) -> &[ItemId] {
        &self.items
    }

    /// The score of every item, in the order of [`items`](Self::items).
    #[must_use]
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }

    /// The pessimistic rank (from 1) of every item, in the order of [`items`](Self::items); never falling, and never
    /// below the position.
    #[must_use]
    pub fn ranks(&self) -> &[u32] {
        &self.ranks
    }

    /// The items that are tied with the last one of the list, but for which it has no room. Usually none.
    #[must_use]
    pub fn beyond(&self) -> &[ItemId] {
        &self.beyond
    }

    /// Every item of the list and [beyond](Self::beyond) it, each with the places of its group.
    ///
    /// Groups lie side by side, so that the last rank of a group and the position of its first item say where it lies.
    pub(crate) fn places(&self) -> impl Iterator<Item = (ItemId, Places)> {
        let mut places = Places { first: 1, last: 0 };
        let listed = self.items.iter().zip(&self.ranks).zip(1..);
        let listed = listed.map(move |((&item, &last), position)| {
            if last != places.last {
                places = Places {
                    first: position,
                    last,
                };
            }
            (item, places)
        });
        let last = self.ranks.last().map(|&last| {
            let tied = self.ranks.iter().rev().take_while(|&&rank| rank == last);
            Places {
                first: rank(self.len() - tied.count() + 1),
                last,
            }
        });
        let beyond = self.beyond.iter().copied();
        listed.chain(last.into_iter().flat_map(move |last| {
            let beyond = beyond.clone();
            beyond.map(move |item| (item, last))
        }))
    }

    /// The pessimistic rank (from 1) of an item, `None` if it is not listed.
    #[must_use]
    pub fn rank_of(&self, item: ItemId) -> Option<u32> {
        let position = self.items.iter().position(|&listed| listed == item)?;
        Some(self.ranks[position])
    }
}

/// Falling score, then rising item; NaN of either sign before everything, so that it cannot hide behind the cut.
pub(crate) fn best_first(a: &(ItemId, f32), b: &(ItemId, f32)) -> Ordering {
    let by_score = match (a.1.is_nan(), b.1.is_nan()) {
        (false, false) => b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal),
        (a_is_nan, b_is_nan) => b_is_nan.cmp(&a_is_nan),
    };
    by_score.then(a.0.cmp(&b.0))
}

/// Catalogues are indexed by `u32` throughout, so that every rank fits.
fn rank(position: usize) -> u32 {
    u32::try_from(position).expect("a catalogue has at most u32::MAX items")
}
