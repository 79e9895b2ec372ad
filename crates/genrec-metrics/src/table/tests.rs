//! What a table shows and what it refuses.

use genrec_data::Split;

use super::*;
use crate::{
    EvaluateConfig, ItemKnn, MostPopular, MostPopularConfig, SeenItems, TieRule, Ties, evaluate,
    fixture,
};

fn popular(split: &Split, config: &EvaluateConfig) -> Report<Test> {
    evaluate(&MostPopular::fit(&split.train), &split.test, config).unwrap()
}

fn knn(split: &Split, config: &EvaluateConfig) -> Report<Test> {
    evaluate(&ItemKnn::fit(&split.train), &split.test, config).unwrap()
}

#[test]
fn shows_every_row_its_columns_and_the_protocol() {
    let split = fixture::split();
    let config = EvaluateConfig::new(1).with_ks([1, 3]).with_resamples(10);
    let mut table = Table::new();
    assert_eq!(table.to_string(), "(no reports)");
    table
        .push(popular(&split, &config))
        .unwrap()
        .push(knn(&split, &config))
        .unwrap();
    let text = table.to_string();
    for expected in [
        "most popular",
        "item kNN",
        "R@1",
        "R@3",
        "N@3",
        "MRR@3",
        "coverage@3",
        "users/s",
        "leave-one-out",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    // One target a user: the hit rate says nothing that recall does not.
    assert!(!text.contains("HR@") && !text.contains("MRR@1"), "{text}");
    let recall = table.reports()[1].figure(Metric::Recall, 3).unwrap();
    let interval = recall.interval.unwrap();
    assert!(text.contains(&format!("{:.4}", recall.value)), "{text}");
    assert!(
        text.contains(&format!("{:.4}-{:.4}", interval.low, interval.high)),
        "{text}"
    );

    let markdown = table.to_markdown();
    assert!(
        markdown
            .lines()
            .take(4)
            .all(|line| line.starts_with('|') && line.ends_with('|')),
        "{markdown}"
    );
    assert!(markdown.contains("95 % bootstrap intervals"), "{markdown}");
}

#[test]
fn popularity_has_a_column_where_one_report_knows_it() {
    let split = fixture::split();
    let config = EvaluateConfig::new(1).with_resamples(0);
    let mut table = Table::new();
    table.push(popular(&split, &config)).unwrap();
    assert!(!table.to_string().contains("popularity@"), "{table}");
    let config = config.with_slices(crate::ItemSlices::of(&split.train));
    table.push(knn(&split, &config)).unwrap();
    assert!(table.to_string().contains("popularity@10"), "{table}");
}

#[test]
fn several_targets_get_a_hit_rate() {
    let split = fixture::split_by_time();
    let mut table = Table::new();
    table
        .push(popular(&split, &EvaluateConfig::new(1)))
        .unwrap();
    assert!(table.to_string().contains("HR@10"), "{table}");
}

#[test]
fn another_protocol_is_refused_and_changes_nothing() {
    let split = fixture::split();
    let config = EvaluateConfig::new(1).with_resamples(0);
    let mut table = Table::new();
    table.push(popular(&split, &config)).unwrap();
    let unseen = crate::ItemKnnConfig::new()
        .with_seen_items(SeenItems::Removed)
        .fit(&split.train)
        .unwrap();
    let others = [
        (
            knn(&split, &config.clone().with_ks([10])),
            "ks is [10] here and [5, 10] there",
        ),
        (
            knn(&split, &config.clone().with_ties(TieRule::Shared)),
            "ties is Shared here and Pessimistic there",
        ),
        (
            knn(&split.clone().limit_history(2), &config),
            "history_limit is Some(2) here and None there",
        ),
        (
            evaluate(&unseen, &split.test, &config).unwrap(),
            "seen_items is Removed here and Ranked there",
        ),
        (
            evaluate(&unseen, &split.test.sample(3, 1), &config)
                .unwrap()
                .named("sampled"),
            "the report of sampled cannot stand beside that of most popular",
        ),
    ];
    for (report, reason) in others {
        let message = table.push(report).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
    }
    assert_eq!(table.reports().len(), 1);
}

#[test]
fn seeds_are_a_row_in_the_order_of_the_rows() {
    let split = fixture::split();
    let config = EvaluateConfig::new(1).with_resamples(10);
    let (popular, knn) = (popular(&split, &config), knn(&split, &config));
    let summary = SeedSummary::new("both", vec![knn.clone(), popular.clone()]).unwrap();
    let mut table = Table::new();
    table
        .push_seeds(summary.clone())
        .unwrap()
        .push(knn)
        .unwrap();
    let text = table.to_string();
    let place = |name: &str| {
        text.find(name)
            .unwrap_or_else(|| panic!("{name} in\n{text}"))
    };
    assert!(place("both (2 seeds)") < place("item kNN"), "{text}");
    for expected in ["±", "over users and seeds", "standard deviation over seeds"] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert_eq!((table.reports().len(), table.summaries().len()), (1, 1));
    let shorter = split.test.limit_history(1);
    let shorter = evaluate(&MostPopular::fit(&split.train), &shorter, &config).unwrap();
    assert!(table.push(shorter).is_err());
}

#[test]
fn the_audit_and_the_ways_with_ties_stand_below() {
    let split = fixture::split();
    let config = EvaluateConfig::new(1).with_resamples(0);
    let mut table = Table::new();
    table.push(popular(&split, &config)).unwrap();
    let declared = MostPopularConfig::new().with_ties(Ties::Declared);
    let audited = config.with_training(split.train.clone());
    let declared = evaluate(&declared.fit(&split.train), &split.test, &audited).unwrap();
    assert_eq!(declared.tied_lists(), 0);
    table.push(declared.named("declared")).unwrap();
    let text = table.to_string();
    // One audit, the fullest.
    assert_eq!(text.matches("audit: ").count(), 1, "{text}");
    assert!(
        text.contains("a target in their own training history"),
        "{text}"
    );
    let broken = "most popular: ties broken by a rule of its own, equal scores at different ranks in 40 lists";
    assert!(text.contains(broken), "{text}");
    assert!(!text.contains("declared:"), "{text}");
    assert!(table.to_markdown().contains(broken));
}

#[test]
fn csv_of_all_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let split = fixture::split();
    let config = EvaluateConfig::new(1).with_resamples(0);
    let mut table = Table::new();
    table
        .push(popular(&split, &config))
        .unwrap()
        .push(knn(&split, &config))
        .unwrap();
    table.save_csv(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("recommender,"))
            .count(),
        1
    );
    for name in ["most popular,test,all", "item kNN,test,all"] {
        assert_eq!(
            text.lines().filter(|line| line.starts_with(name)).count(),
            2 * 4 + 2 * 2 + 1
        );
    }
}
