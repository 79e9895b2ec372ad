//! A ranked list whose ranks are honest about ties.

use std::cmp::Ordering;

use genrec_data::ItemId;

/// Scores that are compared with the threshold of a list at once.
const CHUNK: usize = 64;

/// The answer to one [`Query`](crate::Query): items best first, with scores and pessimistic ranks.
///
/// A rank starts at 1. It is the place an item is *sure* to deserve: where the recommender cannot tell several items
/// apart (equal scores, or one identifier shared by several items), each of them has the **last** rank of its group, as
/// if all the others had been shown before it. A metric computed from ranks can thus never profit from the order in
/// which ties happen to be listed.
///
/// Scores only order the items of one list; their unit is the recommender's own (log-probability, count, dot product).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranked {
    items: Vec<ItemId>,
    scores: Vec<f32>,
    ranks: Vec<u32>,
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
            let shown = &items[..room.min(items.len())];
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
    /// One pass over the scores with a buffer of `2 k` items, and one more to count ties.
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
        let tied_beyond = best.last().map_or(0, |&(_, worst)| {
            let tied = scores.iter().filter(|&&score| score == worst).count();
            let listed = best.iter().filter(|&&(_, score)| score == worst).count();
            tied - listed
        });
        Self::from_sorted(&best, tied_beyond)
    }

    /// The best `k` of some scored items, given in any order and each at most once; ties, minus infinity and NaN as in
    /// [`from_scores`](Self::from_scores), except that only the given items are there to tie.
    #[must_use]
    pub fn from_candidates(mut candidates: Vec<(ItemId, f32)>, k: usize) -> Self {
        candidates.retain(|&(_, score)| score != f32::NEG_INFINITY);
        if k == 0 {
            return Self::default();
        }
        let mut tied_beyond = 0;
        if k < candidates.len() {
            let (_, &mut (_, worst), rest) = candidates.select_nth_unstable_by(k - 1, best_first);
            tied_beyond = rest.iter().filter(|&&(_, score)| score == worst).count();
            candidates.truncate(k);
        }
        candidates.sort_unstable_by(best_first);
        Self::from_sorted(&candidates, tied_beyond)
    }

    /// From the listed items in order, and how many items that are not listed score as much as the last of them.
    fn from_sorted(sorted: &[(ItemId, f32)], tied_beyond: usize) -> Self {
        let mut ranked = Self::with_capacity(sorted.len());
        for group in sorted.chunk_by(|a, b| a.1 == b.1) {
            let mut last = ranked.len() + group.len();
            if last == sorted.len() {
                last += tied_beyond;
            }
            ranked.items.extend(group.iter().map(|&(item, _)| item));
            ranked.scores.extend(group.iter().map(|&(_, score)| score));
            ranked.ranks.resize(ranked.items.len(), rank(last));
        }
        ranked
    }

    fn with_capacity(items: usize) -> Self {
        Self {
            items: Vec::with_capacity(items),
            scores: Vec::with_capacity(items),
            ranks: Vec::with_capacity(items),
        }
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

    /// The pessimistic rank (from 1) of an item, `None` if it is not listed.
    #[must_use]
    pub fn rank_of(&self, item: ItemId) -> Option<u32> {
        let position = self.items.iter().position(|&listed| listed == item)?;
        Some(self.ranks[position])
    }
}

/// Falling score, then rising item; NaN of either sign before everything, so that it cannot hide behind the cut.
fn best_first(a: &(ItemId, f32), b: &(ItemId, f32)) -> Ordering {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(items: &[u32]) -> Vec<ItemId> {
        items.iter().copied().map(ItemId::new).collect()
    }

    #[test]
    fn strict_lists_rank_by_position() {
        let ranked = Ranked::strict(ids(&[4, 2, 9]), vec![0.5, 0.5, 0.1]);
        assert_eq!(ranked.ranks(), [1, 2, 3]);
        assert_eq!(ranked.rank_of(ItemId::new(9)), Some(3));
        assert_eq!(ranked.rank_of(ItemId::new(1)), None);
    }

    #[test]
    #[should_panic(expected = "one score for every item")]
    fn strict_lists_need_a_score_for_every_item() {
        let _ = Ranked::strict(ids(&[4, 2]), vec![0.5]);
    }

    #[test]
    fn groups_share_their_last_rank_also_when_cut() {
        let groups = [
            (ids(&[7]), -0.1),
            (ids(&[1, 2, 3]), -0.5),
            (ids(&[5]), -0.9),
        ];
        let cut = Ranked::grouped(&groups, 2);
        assert_eq!(cut.items(), ids(&[7, 1]));
        assert_eq!(cut.ranks(), [1, 4]);
        assert_eq!(cut.scores(), [-0.1, -0.5]);
        let whole = Ranked::grouped(&groups, 10);
        assert_eq!(whole.items(), ids(&[7, 1, 2, 3, 5]));
        assert_eq!(whole.ranks(), [1, 4, 4, 4, 5]);
        assert!(Ranked::grouped(&groups, 0).is_empty());
    }

    #[test]
    fn ties_at_the_cut_count_the_whole_catalogue() {
        let scores = [1.0, 3.0, 1.0, f32::NEG_INFINITY, 1.0, 2.0];
        let ranked = Ranked::from_scores(&scores, 3);
        assert_eq!(ranked.items(), ids(&[1, 5, 0]));
        assert_eq!(ranked.ranks(), [1, 2, 5]);
        assert_eq!(Ranked::from_scores(&scores, 10).len(), 5);
    }

    #[test]
    fn nan_of_either_sign_comes_first() {
        for nan in [f32::NAN, -f32::NAN] {
            let ranked = Ranked::from_scores(&[5.0, f32::INFINITY, nan], 1);
            assert_eq!(ranked.items(), ids(&[2]));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// The rank of an item is the number of items that score at least as much.
        #[test]
        fn ranks_from_scores_match_counting(levels in prop::collection::vec(0_u8..9, 0..300), k in 0_usize..40) {
            let scores: Vec<f32> = levels.iter().map(|&level| f32::from(level)).collect();
            let ranked = Ranked::from_scores(&scores, k);
            let candidates = scores.iter().enumerate().rev().map(|(item, &score)| (ItemId::from_index(item), score));
            prop_assert_eq!(&ranked, &Ranked::from_candidates(candidates.collect(), k));
            let mut naive: Vec<usize> = (0..scores.len()).collect();
            naive.sort_by(|&a, &b| levels[b].cmp(&levels[a]).then(a.cmp(&b)));
            naive.truncate(k);
            let listed: Vec<usize> = ranked.items().iter().map(|item| item.index()).collect();
            prop_assert_eq!(&listed, &naive);
            for (position, &item) in naive.iter().enumerate() {
                let at_least = levels.iter().filter(|&&level| level >= levels[item]).count();
                prop_assert_eq!(ranked.ranks()[position] as usize, at_least);
                prop_assert_eq!(ranked.scores()[position], scores[item]);
            }
        }
    }
}
