//! The numbers of `tests/golden/inspection.py`.

use serde::Deserialize;

use super::*;
use crate::inspect::{Agreement, InspectConfig, Inspector, RankCorrelation};

#[derive(Deserialize)]
struct Golden {
    embeddings: Vec<Vec<f32>>,
    codes: Vec<Vec<u32>>,
    other: Vec<Vec<u32>>,
    categories: Vec<u32>,
    k: usize,
    entropy: Vec<f64>,
    distinct: Vec<usize>,
    purity: Vec<f64>,
    prefix: Agreement,
    shared: Agreement,
    overlap: f64,
    overlap_by_level: Vec<f64>,
    overlap_prefix: f64,
    near_in_codes: Vec<f64>,
    cosines: Vec<f64>,
    spearman: f64,
    kendall: f64,
    changed_by_level: Vec<f64>,
    changed: f64,
    adjusted_rand: Vec<f64>,
}

fn assert_close(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() < 1e-9,
        "{what}: {found} instead of {expected}"
    );
}

fn assert_all(found: impl IntoIterator<Item = f64>, expected: &[f64], what: &str) {
    let found: Vec<f64> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, &expected) in found.into_iter().zip(expected) {
        assert_close(found, expected, what);
    }
}

#[test]
fn figures_are_those_of_scipy_and_scikit_learn() {
    let golden: Golden =
        serde_json::from_str(include_str!("../../../../../tests/golden/inspection.json")).unwrap();
    let (rows, dim) = (golden.embeddings.len(), golden.embeddings[0].len());
    let embeddings = Embeddings::from_vec(rows, dim, golden.embeddings.concat()).unwrap();
    let names: Vec<String> = golden.categories.iter().map(u32::to_string).collect();
    let catalog = catalog(&names);
    let (identifiers, other) = (of_rows(&golden.codes), of_rows(&golden.other));
    let inspection = Inspector::new(InspectConfig::new(1).with_ks(vec![golden.k]))
        .unwrap()
        .with_catalog(&catalog)
        .with_text(&embeddings)
        .with_against("other", &other)
        .inspect("table", &identifiers)
        .unwrap();

    assert_all(
        inspection.levels.iter().map(|level| level.usage.entropy),
        &golden.entropy,
        "entropy",
    );
    let prefixes: Vec<usize> = inspection
        .levels
        .iter()
        .map(|level| level.prefixes)
        .collect();
    assert_eq!(prefixes, golden.distinct);
    assert_eq!(
        inspection.distinct,
        golden.distinct[golden.distinct.len() - 1]
    );
    assert_all(
        inspection.categories[0].at.iter().map(|at| at.purity),
        &golden.purity,
        "purity",
    );

    let known = &inspection.neighbours[0];
    for (found, expected) in [
        (known.at[0].prefix, golden.prefix),
        (known.at[0].shared, golden.shared),
    ] {
        assert_close(found.recall, expected.recall, "recall");
        assert_close(found.ndcg, expected.ndcg, "NDCG");
    }
    assert_close(known.overlap.mean, golden.overlap, "overlap");
    assert_all(
        known.overlap.by_level.iter().copied(),
        &golden.overlap_by_level,
        "overlap by level",
    );
    assert_close(known.overlap.prefix, golden.overlap_prefix, "common prefix");

    let ranks = RankCorrelation::of(&golden.near_in_codes, &golden.cosines);
    assert_close(ranks.spearman.unwrap(), golden.spearman, "Spearman");
    assert_close(ranks.kendall.unwrap(), golden.kendall, "Kendall");
    // All pairs of 40 items are few; the sample has each of them many times.
    let sampled = known.correlation.as_ref().unwrap().shared.spearman.unwrap();
    assert!((sampled - golden.spearman).abs() < 0.02, "{sampled}");

    let churn = inspection.churn.unwrap();
    assert_close(churn.changed, golden.changed, "changed");
    assert_all(
        churn.changed_by_level,
        &golden.changed_by_level,
        "changed by level",
    );
    assert_all(
        churn.adjusted_rand.into_iter().map(Option::unwrap),
        &golden.adjusted_rand,
        "adjusted Rand",
    );
}
