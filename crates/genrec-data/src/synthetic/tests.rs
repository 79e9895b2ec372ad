//! The world keeps its word: what is drawn has the probabilities that it states.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};

use super::*;
use crate::leave_one_out;

fn small() -> SyntheticWorldConfig {
    SyntheticWorldConfig::new()
        .with_users(60)
        .with_items(24)
        .with_branching(vec![2, 2])
        .with_user_types(3)
        .with_interests(2)
        .with_followers(2)
        .with_shortest(3)
        .with_longest(8)
        .with_mean_length(5.0)
}

fn ids(numbers: &[u32]) -> Vec<ItemId> {
    numbers.iter().copied().map(ItemId::new).collect()
}

#[test]
fn the_same_seed_gives_the_same_world_and_more_users_leave_the_rest() {
    let world = small().generate(5);
    assert_eq!(world.dataset(), small().generate(5).dataset());
    assert_ne!(world.dataset(), small().generate(6).dataset());
    let larger = small().with_users(90).generate(5).dataset();
    assert_eq!(larger.catalog, world.dataset().catalog);
    for (user, history) in world.dataset().interactions.iter() {
        assert_eq!(larger.interactions.history(user), history);
    }
}

#[test]
fn histories_are_as_long_as_asked_and_without_repeats() {
    let world = SyntheticWorldConfig::new().generate(1);
    let data = world.dataset();
    let mean = data.statistics().mean_history();
    assert!((mean - 9.0).abs() < 0.1, "{mean}");
    for (_, history) in data.interactions.iter() {
        assert!((5..=15).contains(&history.len()));
        assert!((1..history.len()).all(|i| !history[..i].contains(&history[i])));
    }
    assert!(data.interactions.has_timestamps());
}

/// The definition, item by item: the mixture over what was not taken.
fn naive(world: &SyntheticWorld, kind: usize, history: &[ItemId]) -> Vec<f64> {
    let items = (0..world.config.items).map(ItemId::from_index);
    let weights: Vec<f64> = items
        .map(|item| match history.contains(&item) {
            true => 0.0,
            false => world.behaviour.mixture(kind, history, item),
        })
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// Bayes' rule over the probabilities of whole histories, without any shortcut.
fn naive_posterior_predictive(world: &SyntheticWorld, history: &[ItemId]) -> Vec<f64> {
    let mut next = vec![0.0; world.config.items];
    let mut evidence = 0.0;
    for kind in 0..world.config.user_types {
        let likelihood: f64 = (0..history.len())
            .map(|i| naive(world, kind, &history[..i])[history[i].index()])
            .product();
        evidence += likelihood;
        for (next, probability) in next.iter_mut().zip(naive(world, kind, history)) {
            *next += likelihood * probability;
        }
    }
    next.into_iter()
        .map(|probability| probability / evidence)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_distribution_is_bayes_rule(
        history in prop::sample::subsequence((0u32..24).collect::<Vec<_>>(), 0..9).prop_shuffle(),
        seed in 0u64..4,
    ) {
        let world = small().generate(seed);
        let history = ids(&history);
        let next = world.next_item_distribution(&history);
        prop_assert!((next.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for (a, b) in next.iter().zip(naive_posterior_predictive(&world, &history)) {
            prop_assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
        prop_assert!(history.iter().all(|item| next[item.index()] == 0.0));
        let user = UserId::new(7);
        let knowing = world.next_item_distribution_knowing(user, &history);
        for (a, b) in knowing.iter().zip(naive(&world, world.user_type(user), &history)) {
            prop_assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }
}

#[test]
fn what_is_drawn_has_the_stated_probabilities() {
    let world = small().generate(2);
    let drawer = draw::Drawer::new(&world.behaviour);
    let mut rng = StdRng::seed_from_u64(9);
    for history in [ids(&[]), ids(&[3]), ids(&[0, 5, 9, 11, 20])] {
        let draws = 40_000;
        let mut counts = [0.0; 24];
        for _ in 0..draws {
            counts[drawer.next(1, &history, &mut rng).index()] += 1.0;
        }
        let chi_squared: f64 = (counts.iter().zip(naive(&world, 1, &history)))
            .filter(|&(_, probability)| probability > 0.0)
            .map(|(count, probability)| {
                let expected = probability * f64::from(draws);
                (count - expected).powi(2) / expected
            })
            .sum();
        // With 23 degrees of freedom, 58 is exceeded once in ten thousand.
        assert!(chi_squared < 58.0, "{chi_squared} after {history:?}");
        assert!(history.iter().all(|item| counts[item.index()] == 0.0));
    }
}

#[test]
fn a_history_of_nearly_everything_still_has_a_next_item() {
    let world = small().with_noise(1e-6).generate(3);
    let most: Vec<ItemId> = (0..23).map(ItemId::new).collect();
    let next = world.next_item_distribution(&most);
    assert!((next[23] - 1.0).abs() < 1e-9);
    let drawer = draw::Drawer::new(&world.behaviour);
    let drawn = drawer.next(0, &most, &mut StdRng::seed_from_u64(1));
    assert_eq!(drawn, ItemId::new(23));
}

#[test]
#[should_panic(expected = "the whole catalogue")]
fn after_everything_there_is_nothing() {
    let all: Vec<ItemId> = (0..24).map(ItemId::new).collect();
    let _ = small().generate(3).next_item_distribution(&all);
}

#[test]
fn followers_lie_in_the_own_category_and_one_other() {
    let world = SyntheticWorldConfig::new().with_users(1).generate(4);
    let mut led_to = vec![None; world.config.leaves()];
    let (mut across, mut all) = (0, 0);
    for item in (0..world.config.items).map(ItemId::from_index) {
        let followers = world.followers(item);
        assert_eq!(followers.len(), world.config.followers);
        assert!((followers.iter().map(|follower| follower.1).sum::<f64>() - 1.0).abs() < 1e-12);
        for &(follower, _) in followers {
            assert_ne!(follower, item);
            all += 1;
            if world.leaf(follower) != world.leaf(item) {
                across += 1;
                let other = led_to[world.leaf(item)].get_or_insert(world.leaf(follower));
                assert_eq!(*other, world.leaf(follower));
            }
        }
    }
    let share = f64::from(across) / f64::from(all);
    assert!((share - 0.6).abs() < 0.03, "{share}");
}

/// Ranks by co-occurrence in a window of three, over the root of both popularities, from the last five items.
fn neighbours_recall(train: &Interactions, cases: &Cases, k: usize) -> f64 {
    let items = train.items();
    let mut together = vec![0.0; items * items];
    for (_, history) in train.iter() {
        for (i, a) in history.iter().enumerate() {
            for b in &history[i + 1..history.len().min(i + 4)] {
                together[a.index() * items + b.index()] += 1.0;
                together[b.index() * items + a.index()] += 1.0;
            }
        }
    }
    let popularity: Vec<f64> = train
        .popularity()
        .iter()
        .map(|&count| f64::from(count.max(1)))
        .collect();
    let hits = cases.iter().filter(|case| {
        let mut scores = vec![0.0; items];
        for (item, position) in case.history.iter().rev().take(5).zip(1..) {
            for (other, score) in scores.iter_mut().enumerate() {
                let root = (popularity[item.index()] * popularity[other]).sqrt();
                *score += together[item.index() * items + other] / root / f64::from(position);
            }
        }
        let target = case.targets[0].index();
        (0..items)
            .filter(|&other| other != target && scores[other] >= scores[target])
            .count()
            < k
    });
    hits.count() as f64 / cases.len() as f64
}

/// The recall of ranking by a distribution, counted on what really came next.
fn measured_recall(cases: &Cases, k: usize, next: impl Fn(UserId, &[ItemId]) -> Vec<f64>) -> f64 {
    let hits = cases.iter().filter(|case| {
        let scores = next(case.user, case.history);
        let target = scores[case.targets[0].index()];
        scores.iter().filter(|&&score| score >= target).count() <= k
    });
    hits.count() as f64 / cases.len() as f64
}

#[test]
fn the_default_world_leaves_room_above_neighbours() {
    let world = SyntheticWorldConfig::new().generate(1);
    let split = leave_one_out(&world.dataset().interactions).unwrap();
    let cases = split.test.cases();
    let best = world.best_possible_recall(cases, 10);
    let reached = measured_recall(cases, 10, |_, history| {
        world.next_item_distribution(history)
    });
    // Three standard errors of a share of 3,000 cases are 0.027.
    assert!(
        (best - reached).abs() < 0.027,
        "{best} is stated, {reached} is counted"
    );
    assert!((0.45..0.49).contains(&best), "{best}");
    assert!(world.best_possible_ndcg(cases, 10) < best);
    let oracle = measured_recall(cases, 10, |user, history| {
        world.next_item_distribution_knowing(user, history)
    });
    assert!(
        (oracle - reached).abs() < 0.03,
        "the history tells the kind: {reached}, knowing it {oracle}"
    );

    let neighbours = neighbours_recall(&split.train, cases, 10);
    assert!(
        (0.35..0.5).contains(&(neighbours / best)),
        "{neighbours} of {best}"
    );
    let popular: Vec<f64> = (split.train.popularity().iter())
        .map(|&count| f64::from(count))
        .collect();
    let popular = measured_recall(cases, 10, |_, _| popular.clone());
    assert!(popular < 0.3 * neighbours, "{popular}");
}

#[test]
fn categories_tell_much_of_what_follows_and_behaviour_the_rest() {
    let world = SyntheticWorldConfig::new().generate(2);
    let split = leave_one_out(&world.dataset().interactions).unwrap();
    let cases = split.test.cases();
    // Someone who knows what follows the items of a category, but no item from another.
    let mut blurred = world.clone();
    let mut of_leaf = vec![BTreeMap::<ItemId, f64>::new(); world.config.leaves()];
    for item in (0..world.config.items).map(ItemId::from_index) {
        for &(follower, probability) in world.followers(item) {
            let share = world.behaviour.within[item.index()];
            *of_leaf[world.leaf(item)].entry(follower).or_default() += share * probability;
        }
    }
    for (followers, leaf) in blurred
        .behaviour
        .followers
        .iter_mut()
        .zip(&world.behaviour.leaf_of)
    {
        *followers = of_leaf[*leaf]
            .iter()
            .map(|(&item, &share)| (item, share))
            .collect();
    }
    // Someone who has never heard of complements.
    let mut aloof = world.clone();
    aloof.behaviour.complement = 0.0;
    let recall = |world: &SyntheticWorld| {
        measured_recall(cases, 10, |_, history| {
            world.next_item_distribution(history)
        })
    };
    let (best, blurred, aloof) = (recall(&world), recall(&blurred), recall(&aloof));
    assert!(
        aloof < 0.75 * best,
        "interests alone reach {aloof} of {best}"
    );
    assert!(
        aloof + 0.05 < blurred && blurred < 0.85 * best,
        "categories reach {blurred} of {best}"
    );
}
