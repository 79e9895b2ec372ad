//! What a table shows and what it refuses.

use genrec_data::Split;

use super::*;
use crate::{EvaluateConfig, ItemKnn, MostPopular, SeenItems, evaluate, fixture};

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
