//! Lists by hand and against counting.

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
    assert_eq!((cut.beyond(), whole.beyond()), (&ids(&[2, 3])[..], &[][..]));
    let places = |first, last| Places { first, last };
    let found: Vec<(ItemId, Places)> = cut.places().collect();
    let expected = [(7, 1, 1), (1, 2, 4), (2, 2, 4), (3, 2, 4)];
    let expected = expected.map(|(item, first, last)| (ItemId::new(item), places(first, last)));
    assert_eq!(found, expected);
    assert_eq!(whole.places().last().unwrap().1, places(5, 5));
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

    /// The list among some items is the list of a catalogue in which the others are not to be recommended.
    #[test]
    fn among_some_items_is_as_if_there_were_no_others(
        levels in prop::collection::vec((0_u8..6, prop::bool::ANY), 1..120),
        k in 0_usize..20,
    ) {
        let all: Vec<f32> = levels.iter().map(|&(level, _)| f32::from(level)).collect();
        let some: Vec<f32> = levels
            .iter()
            .map(|&(level, kept)| if kept { f32::from(level) } else { f32::NEG_INFINITY })
            .collect();
        let kept = ItemSet::from_fn(levels.len(), |item| levels[item.index()].1);
        let found = Ranked::from_scores(&all, levels.len()).among(&kept, k);
        prop_assert_eq!(found, Ranked::from_scores(&some, k));
    }

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
        for (item, places) in ranked.places() {
            let level = levels[item.index()];
            prop_assert_eq!(places.first as usize, levels.iter().filter(|&&other| other > level).count() + 1);
            prop_assert_eq!(places.last as usize, levels.iter().filter(|&&other| other >= level).count());
        }
        let (listed, beyond) = (ranked.items(), ranked.beyond());
        let worst = naive.last().map(|&item| levels[item]);
        let tied = (0..levels.len()).filter(|&item| Some(levels[item]) == worst).map(ItemId::from_index);
        prop_assert_eq!(tied.filter(|item| !listed.contains(item)).collect::<Vec<_>>(), beyond);
    }
}
