//! What a summary says, and what it refuses.

use genrec_data::Split;

use super::*;
use crate::{EvaluateConfig, ItemKnnConfig, PairedTest, TieRule, evaluate, fixture};

fn config() -> EvaluateConfig {
    EvaluateConfig::new(1).with_resamples(200)
}

/// Windows in the place of seeds.
fn reports(split: &Split, config: &EvaluateConfig, windows: &[usize]) -> Vec<Report<Test>> {
    let of = |&window: &usize| {
        let knn = ItemKnnConfig::new().with_window(window).with_last(1);
        let report = evaluate(&knn.fit(&split.train).unwrap(), &split.test, config).unwrap();
        report.named(format!("kNN {window}"))
    };
    windows.iter().map(of).collect()
}

#[test]
fn means_and_deviations_are_those_of_the_reports() {
    let reports = reports(&fixture::split(), &config(), &[1, 2, 4]);
    let summary = SeedSummary::new("kNN", reports.clone()).unwrap();
    for figure in summary.figures() {
        let values: Vec<f64> = reports
            .iter()
            .map(|report| report.value(figure.metric, figure.k).unwrap())
            .collect();
        let mean = values.iter().sum::<f64>() / 3.0;
        let variance = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / 2.0;
        assert!((figure.mean - mean).abs() < 1e-12);
        assert!((figure.deviation - variance.sqrt()).abs() < 1e-12);
        let interval = figure.interval.unwrap();
        assert!(interval.low <= mean && mean <= interval.high, "{figure:?}");
        let of_users = summary.outcomes().of(figure.metric, figure.k).unwrap();
        assert!((of_users.iter().sum::<f64>() / of_users.len() as f64 - mean).abs() < 1e-12);
    }
    let recall = summary.figure(Metric::Recall, 5).unwrap();
    assert!(recall.deviation > 0.0, "{recall:?}");
    // The luck of seeds makes the interval wider than that of users alone.
    let width = |interval: Interval| interval.high - interval.low;
    let alone = reports[1]
        .figure(Metric::Recall, 5)
        .unwrap()
        .interval
        .unwrap();
    assert!(
        width(recall.interval.unwrap()) > width(alone),
        "{recall:?}, {alone:?}"
    );
    let coverage = reports
        .iter()
        .map(|report| report.spread()[0].coverage)
        .sum::<f64>()
        / 3.0;
    assert!((summary.spread()[0].coverage - coverage).abs() < 1e-12);
    assert_eq!(summary.spread()[0].mean_popularity, None);
}

#[test]
fn one_seed_other_protocols_and_files_are_refused() {
    let split = fixture::split();
    let refused = |reports| {
        SeedSummary::<Test>::new("kNN", reports)
            .unwrap_err()
            .to_string()
    };
    let both = reports(&split, &config(), &[1, 2]);
    for found in [0, 1] {
        let message = refused(both[..found].to_vec());
        assert!(
            message.contains(&format!("found {found} reports of kNN")),
            "{message}"
        );
    }
    let shared = reports(&split, &config().with_ties(TieRule::Shared), &[3]);
    let message = refused([&both[..], &shared[..]].concat());
    assert!(
        message.contains("the report of kNN 3 cannot stand beside that of kNN 1: ties"),
        "{message}"
    );
    let message = refused(vec![both[1].clone(), fixture::without_outcomes(&both[0])]);
    assert!(
        message.contains("kNN 1 has no figures of single users"),
        "{message}"
    );
}

#[test]
fn prints_every_seed_and_the_summary() {
    let summary = SeedSummary::new("kNN", reports(&fixture::split(), &config(), &[1, 2])).unwrap();
    let text = summary.to_string();
    for expected in [
        "kNN 1",
        "kNN 2",
        "kNN (2 seeds)",
        "±",
        "N@10",
        "leave-one-out",
        "over users and seeds",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn summaries_are_compared_by_the_means_of_their_users() {
    let split = fixture::split();
    let one = SeedSummary::new("near", reports(&split, &config(), &[1, 1])).unwrap();
    let other = SeedSummary::new("far", reports(&split, &config(), &[4, 5])).unwrap();
    let test = PairedTest::new(3).with_permutations(400);
    let comparison = test.compare_seeds(&one, &other).unwrap();
    let single = test
        .compare(&one.reports()[0], &other.reports()[0])
        .unwrap();
    assert_eq!(
        (&comparison.first[..], &comparison.second[..]),
        ("near (2 seeds)", "far (2 seeds)")
    );
    for (found, single) in comparison.differences.iter().zip(&single.differences) {
        let (near, far) = (
            one.figure(found.metric, found.k),
            other.figure(found.metric, found.k),
        );
        assert!((found.difference - (near.unwrap().mean - far.unwrap().mean)).abs() < 1e-12);
        assert!((found.first - single.first).abs() < 1e-12);
    }
    let itself = test.compare_seeds(&one, &one).unwrap();
    assert!(
        itself
            .differences
            .iter()
            .all(|difference| difference.p_value == 1.0)
    );
}
