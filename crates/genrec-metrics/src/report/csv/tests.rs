//! What the lines say.

use genrec_data::Test;

use super::*;
use crate::{EvaluateConfig, ItemKnn, ItemSlices, Table, TieRule, evaluate, fixture};

fn report(config: &EvaluateConfig) -> Report<Test> {
    let split = fixture::split();
    let config = config.clone().with_slices(ItemSlices::of(&split.train));
    let test = split.test.limit_history(9).sample(30, 4);
    evaluate(&ItemKnn::fit(&split.train), &test, &config).unwrap()
}

fn read(path: &Path) -> (csv::StringRecord, Vec<csv::StringRecord>) {
    let mut csv = csv::Reader::from_path(path).unwrap();
    let head = csv.headers().unwrap().clone();
    (head, csv.records().map(Result::unwrap).collect())
}

#[test]
fn a_line_for_every_figure_and_the_protocol_on_every_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    let config = EvaluateConfig::new(3)
        .with_resamples(20)
        .with_ties(TieRule::Shared);
    let report = report(&config).named("kNN, \"plain\"");
    report.save_csv(&path).unwrap();
    let (head, lines) = read(&path);
    assert_eq!(head, [&FIGURE[..], &PROTOCOL[..]].concat());
    let slices = report.slices().iter();
    let in_slices: usize = slices.map(|slice| slice.figures.len()).sum();
    assert!(in_slices > 0);
    assert_eq!(lines.len(), report.figures().len() + 2 * 3 + 1 + in_slices);

    let fingerprint = &report.protocol().fingerprint[..];
    let common = [
        ("recommender", report.recommender()),
        ("measured_on", "test"),
        ("seeds", "1"),
        ("deviation", ""),
        ("own_ties", "broken"),
        ("split", "leave-one-out"),
        ("history_limit", "9"),
        ("seen_items", "ranked"),
        ("candidates", "all 30 items"),
        ("ties", "ties share a hit"),
        ("cases", "30"),
        ("targets", "30"),
        ("sample_of", "40"),
        ("sample_seed", "4"),
        ("ks", "5 10"),
        ("fingerprint", fingerprint),
    ];
    let place = |name| head.iter().position(|column| column == name).unwrap();
    for line in &lines {
        for (column, expected) in common {
            assert_eq!(&line[place(column)], expected, "{column}");
        }
    }
    let first = &report.figures()[0];
    assert_eq!(
        (&lines[0][2], &lines[0][4], &lines[0][5]),
        ("all", "recall", "5")
    );
    assert_eq!(lines[0][6].parse(), Ok(first.value));
    assert_eq!(lines[0][7].parse(), Ok(first.interval.unwrap().low));
}

#[test]
fn seeds_are_one_row_with_their_deviation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let report = report(&EvaluateConfig::new(3).with_resamples(20));
    let summary = SeedSummary::new("kNN", vec![report.clone(), report.clone()]).unwrap();
    let mut table = Table::new();
    table.push(report).unwrap().push_seeds(summary).unwrap();
    table.save_csv(&path).unwrap();
    let (_, lines) = read(&path);
    let of_seeds: Vec<_> = lines.iter().filter(|line| &line[0] == "kNN").collect();
    assert_eq!(of_seeds.len(), 2 * 4 + 2 * 3 + 1);
    assert_eq!((&of_seeds[0][9], &of_seeds[0][10]), ("2", "0"));
    assert_eq!(of_seeds[0][6], lines[0][6]);
}
