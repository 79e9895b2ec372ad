//! The metrics against scikit-learn and torchmetrics: `tests/golden/metrics.py`.

use serde::Deserialize;

use crate::{Metric, Ranked, TieRule, ties::Hits};

#[derive(Deserialize)]
struct Case {
    targets: Vec<u32>,
    distinct: Vec<f32>,
    tied: Vec<f32>,
    figures: Vec<Figures>,
}

#[derive(Deserialize)]
struct Figures {
    k: usize,
    recall: f64,
    hit_rate: f64,
    ndcg: f64,
    mrr: f64,
    ndcg_sklearn: f64,
    ndcg_sklearn_tied: f64,
}

/// The metric of a list as an evaluation computes it.
fn measured(case: &Case, scores: &[f32], metric: Metric, k: usize, rule: TieRule) -> f64 {
    let ranked = Ranked::from_scores(scores, k);
    let found = ranked
        .places()
        .filter(|(item, _)| case.targets.contains(&item.get()))
        .map(|(_, places)| places);
    let mut hits = Hits::new(rule);
    hits.set(found);
    hits.metric(metric, k, case.targets.len())
}

#[test]
fn metrics_are_those_of_torchmetrics_and_scikit_learn() {
    let golden = include_str!("../../../../tests/golden/metrics.json");
    let cases: Vec<Case> = serde_json::from_str(golden).unwrap();
    assert_eq!(cases.len(), 12);
    for case in &cases {
        for figures in &case.figures {
            let k = figures.k;
            let expected = [
                (Metric::Recall, figures.recall),
                (Metric::HitRate, figures.hit_rate),
                (Metric::Ndcg, figures.ndcg),
                (Metric::Mrr, figures.mrr),
            ];
            for rule in [TieRule::Pessimistic, TieRule::Shared] {
                for (metric, expected) in expected {
                    // torchmetrics computes in single precision.
                    let found = measured(case, &case.distinct, metric, k, rule);
                    assert!(
                        (found - expected).abs() < 2e-6,
                        "{metric}@{k}: {found}, {expected}"
                    );
                }
                let ndcg = measured(case, &case.distinct, Metric::Ndcg, k, rule);
                assert!(
                    (ndcg - figures.ndcg_sklearn).abs() < 1e-12,
                    "NDCG@{k}: {ndcg}"
                );
            }
            let shared = measured(case, &case.tied, Metric::Ndcg, k, TieRule::Shared);
            let expected = figures.ndcg_sklearn_tied;
            assert!(
                (shared - expected).abs() < 1e-12,
                "NDCG@{k} of ties: {shared}, {expected}"
            );
            let pessimistic = measured(case, &case.tied, Metric::Ndcg, k, TieRule::Pessimistic);
            assert!(pessimistic <= shared, "NDCG@{k}: {pessimistic} > {shared}");
        }
    }
}
