//! Lists by hand and against a full sort.

use proptest::prelude::*;

use super::*;

fn ids(items: &[u32]) -> Vec<ItemId> {
    items.iter().copied().map(ItemId::new).collect()
}

fn interactions(histories: &[Vec<u32>], items: usize) -> Interactions {
    Interactions::new(
        items,
        histories.iter().map(|history| ids(history)).collect(),
    )
    .unwrap()
}

fn list(config: ItemKnnConfig, train: &Interactions, history: &[u32], k: usize) -> Ranked {
    let history = ids(history);
    let mut lists = config
        .fit(train)
        .unwrap()
        .recommend(&[Query::anonymous(&history)], k);
    assert_eq!(lists.len(), 1);
    lists.remove(0)
}

#[test]
fn by_hand() {
    // Window 1. Popularity: 0 two, 1 two, 2 one, 3 one. Pairs: 0-1 twice, 1-2, 3-0.
    let train = interactions(&[vec![0, 1, 2], vec![3, 0, 1]], 5);
    let config = ItemKnnConfig::new().with_window(1);
    // Newest 1: 0 scores 2/2, 2 scores 1/sqrt(2). Before it 3 with weight 1/2: 0 scores 1/2 * 1/sqrt(2) more.
    let ranked = list(config, &train, &[3, 1], 10);
    assert_eq!(ranked.items(), ids(&[0, 2]));
    let expected = [1.0 + 0.5 / 2_f32.sqrt(), 1.0 / 2_f32.sqrt()];
    for (found, expected) in ranked.scores().iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6);
    }
    // Only the last item counts.
    assert_eq!(
        list(config.with_last(1), &train, &[1, 3], 10).items(),
        ids(&[0])
    );
    // An item that nobody took has no neighbours; nor has nobody.
    assert!(list(config, &train, &[4], 10).is_empty());
    assert!(list(config, &train, &[], 10).is_empty());
}

#[test]
fn seen_items_leave_on_request() {
    let train = interactions(&[vec![0, 1, 2], vec![3, 0, 1]], 5);
    let config = ItemKnnConfig::new();
    assert!(
        list(config, &train, &[0, 1], 10)
            .items()
            .contains(&ItemId::new(0))
    );
    let ranked = list(
        config.with_seen_items(SeenItems::Removed),
        &train,
        &[0, 1],
        10,
    );
    assert_eq!(ranked.items(), ids(&[2, 3]));
}

#[test]
fn ties_go_to_the_item_met_first_or_are_declared() {
    // 3 and 1 both stand once beside 2; training showed 3 first.
    let train = interactions(&[vec![3, 2], vec![1, 2]], 4);
    let ranked = list(ItemKnnConfig::new(), &train, &[2], 10);
    assert_eq!(
        (ranked.items(), ranked.ranks()),
        (&ids(&[3, 1])[..], &[1, 2][..])
    );
    let ranked = list(
        ItemKnnConfig::new().with_ties(Ties::Declared),
        &train,
        &[2],
        1,
    );
    assert_eq!((ranked.items(), ranked.ranks()), (&ids(&[3])[..], &[2][..]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Scratch space carries nothing over, and the cut takes the head of the whole list.
    #[test]
    fn lists_are_the_head_of_a_full_sort(
        histories in prop::collection::vec(prop::collection::vec(0_u32..10, 0..10), 1..8),
        asked in prop::collection::vec(prop::collection::vec(0_u32..10, 0..8), 1..5),
        k in 0_usize..12,
        removed in any::<bool>(),
    ) {
        let train = interactions(&histories, 10);
        let seen_items = if removed { SeenItems::Removed } else { SeenItems::Ranked };
        let knn = ItemKnnConfig::new().with_seen_items(seen_items).fit(&train).unwrap();
        let asked: Vec<Vec<ItemId>> = asked.iter().map(|history| ids(history)).collect();
        let queries: Vec<Query<'_>> = asked.iter().map(|history| Query::anonymous(history)).collect();
        for (history, ranked) in asked.iter().zip(knn.recommend(&queries, k)) {
            let mut naive: Vec<(ItemId, f64)> = Vec::new();
            for (distance, &item) in (1..).zip(history.iter().rev().take(5)) {
                for (neighbour, similarity) in knn.neighbours.of(item) {
                    let score = similarity / f64::from(distance);
                    match naive.iter_mut().find(|(met, _)| *met == neighbour) {
                        Some((_, sum)) => *sum += score,
                        None => naive.push((neighbour, score)),
                    }
                }
            }
            naive.retain(|(item, _)| !(removed && history.contains(item)));
            naive.sort_by(|a, b| b.1.total_cmp(&a.1));
            let all = naive.clone();
            naive.truncate(k);
            let items: Vec<ItemId> = naive.iter().map(|&(item, _)| item).collect();
            prop_assert_eq!(ranked.items(), &items[..]);

            let config = ItemKnnConfig { ties: Ties::Declared, ..knn.config };
            let careful = ItemKnn { config, neighbours: knn.neighbours.clone() };
            let careful = careful.rank(&mut careful.scratch(), history, k);
            prop_assert_eq!(careful.items(), &items[..]);
            for (&(_, score), &rank) in naive.iter().zip(careful.ranks()) {
                let at_least = all.iter().filter(|(_, other)| *other >= score).count();
                prop_assert_eq!(rank as usize, at_least);
            }
        }
    }
}
