//! What a comparison finds, and what it refuses.

use genrec_data::{Split, Test};

use super::*;
use crate::{EvaluateConfig, ItemKnn, MostPopular, TieRule, evaluate, fixture};

fn config() -> EvaluateConfig {
    EvaluateConfig::new(1).with_resamples(0)
}

fn reports(split: &Split, config: &EvaluateConfig) -> [Report<Test>; 2] {
    [
        evaluate(&ItemKnn::fit(&split.train), &split.test, config).unwrap(),
        evaluate(&MostPopular::fit(&split.train), &split.test, config).unwrap(),
    ]
}

#[test]
fn a_real_difference_is_found_in_the_figures_of_the_reports() {
    let [knn, popular] = reports(&fixture::split(), &config());
    let comparison = PairedTest::new(5).compare(&knn, &popular).unwrap();
    assert_eq!(comparison.differences.len(), knn.figures().len());
    for difference in &comparison.differences {
        let (metric, k) = (difference.metric, difference.k);
        assert!((difference.first - knn.value(metric, k).unwrap()).abs() < 1e-12);
        assert!((difference.second - popular.value(metric, k).unwrap()).abs() < 1e-12);
        let interval = difference.interval.unwrap();
        assert!(interval.low < difference.difference && difference.difference < interval.high);
    }
    let ndcg = comparison.difference(Metric::Ndcg, 10).unwrap();
    assert!(
        ndcg.p_value < 0.001 && ndcg.interval.unwrap().low > 0.0,
        "{ndcg:?}"
    );
    let text = comparison.to_string();
    for expected in [
        "item kNN",
        "most popular",
        "N@10",
        "10000 permutations",
        "leave-one-out",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(!text.contains("HR@"), "{text}");
}

#[test]
fn the_other_way_round_is_the_same_with_other_signs() {
    let [knn, popular] = reports(&fixture::split(), &config());
    let test = PairedTest::new(5).with_permutations(500).with_resamples(50);
    let (one, other) = (
        test.compare(&knn, &popular).unwrap(),
        test.compare(&popular, &knn).unwrap(),
    );
    for (one, other) in one.differences.iter().zip(&other.differences) {
        assert_eq!(
            (one.difference, one.p_value),
            (-other.difference, other.p_value)
        );
        let (one, other) = (one.interval.unwrap(), other.interval.unwrap());
        assert!((one.low + other.high).abs() < 1e-12 && (one.high + other.low).abs() < 1e-12);
    }
}

#[test]
fn a_recommender_is_no_better_than_itself() {
    let [knn, _] = reports(&fixture::split(), &config());
    for difference in PairedTest::new(5).compare(&knn, &knn).unwrap().differences {
        assert_eq!((difference.difference, difference.p_value), (0.0, 1.0));
        let interval = difference.interval.unwrap();
        assert_eq!((interval.low, interval.high), (0.0, 0.0));
    }
}

#[test]
fn other_users_other_rules_and_files_are_refused() {
    let split = fixture::split();
    let [knn, popular] = reports(&split, &config());
    let test = PairedTest::new(5);
    let refused = |other: &Report<Test>| test.compare(&knn, other).unwrap_err().to_string();
    let fewer = split.test.filter(|case| case.user.get() > 3);
    let fewer = evaluate(&ItemKnn::fit(&split.train), &fewer, &config()).unwrap();
    assert!(refused(&fewer).contains("cases"), "{}", refused(&fewer));
    let [_, shared] = reports(&split, &config().with_ties(TieRule::Shared));
    assert!(refused(&shared).contains("ties is Pessimistic here and Shared there"));

    let message = refused(&fixture::without_outcomes(&popular));
    assert!(
        message.contains("most popular has no figures of single users"),
        "{message}"
    );
    let message = test
        .with_permutations(0)
        .compare(&knn, &popular)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("PairedTest.permutations: found 0"),
        "{message}"
    );
}
