//! What an evaluation says of published files that are read as published, and as a loader reads them that cuts their lines.
//!
//! The data are not part of this repository: without the folder `../shared/data` beside it, the test says so and passes.
#![allow(clippy::print_stderr, reason = "a test that is skipped must say why")]

use std::path::Path;

use genrec_data::{Check, Interactions, Test, leave_one_out, readers::SequenceText};
use genrec_metrics::{EvaluateConfig, MostPopular, Report, evaluate};

#[test]
fn lines_cut_to_their_first_51_items_give_away_a_quarter_of_the_targets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lastfm");
    if !folder.exists() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let reader = SequenceText::new(folder.join("test.txt"));
    let (dataset, whole) = reader.read_split(folder.join("train.txt")).unwrap();
    let lines = dataset.interactions.iter();
    let cut = lines.map(|(_, line)| line[..line.len().min(51)].to_vec());
    let cut = Interactions::new(dataset.interactions.items(), cut.collect()).unwrap();
    let cut = leave_one_out(&cut).unwrap();

    let config = EvaluateConfig::new(1)
        .with_resamples(0)
        .with_training(whole.train.clone());
    let popular = MostPopular::fit(&whole.train);
    let report = |test: &Test| -> Report<Test> { evaluate(&popular, test, &config).unwrap() };
    let leaked = |report: &Report<Test>| report.audit().found(Check::TargetInTraining);
    let (whole, cut) = (report(&whole.test), report(&cut.test));
    assert_eq!((leaked(&whole), leaked(&cut)), (Some(0), Some(264)));
    let line = "264 of 1090 users (24.2 %) with a target in their own training history";
    assert!(cut.to_string().contains(line), "{cut}");
}
