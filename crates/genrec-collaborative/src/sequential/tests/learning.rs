//! What every network and every loss must learn, and what no network must.

use super::*;

fn ndcg(config: &SequentialConfig, split: &Split) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let model = config
        .init(
            split.train.items(),
            split.train.users(),
            1,
            &Device::default(),
        )
        .unwrap();
    // A mask asks for a fifth of the items only.
    let passes = match config.architecture {
        Architecture::Bert4Rec { .. } => 4,
        _ => 1,
    };
    let training = training().with_epochs(24 * passes);
    let trained = SequentialTrainer::new(training, folder.path())
        .fit(model, &split.train, &split.validation, |_| {})
        .unwrap();
    let report = evaluate(&trained.model, &split.test, &EvaluateConfig::new(1)).unwrap();
    report.value(Metric::Ndcg, 10).unwrap()
}

#[test]
fn every_network_learns_what_is_planted_and_no_noise() {
    let (planted, noise) = (world(true), world(false));
    for config in all() {
        let name = config.architecture.name();
        let learnt = ndcg(&config, &planted);
        assert!(learnt > 0.75, "{name}: {learnt}");
        // Guessing at 30 items: the sum of 1 / log2(rank + 1) over ranks up to 10, divided by 30, is 0.15.
        let guessed = ndcg(&config, &noise);
        assert!(guessed < 0.25, "{name}: {guessed}");
    }
}

#[test]
fn every_loss_learns_what_is_planted() {
    let planted = world(true);
    for loss in [
        Loss::SampledSoftmax { negatives: 8 },
        Loss::Binary { negatives: 1 },
        Loss::Pairwise { negatives: 2 },
    ] {
        let config = SequentialConfig::sasrec()
            .with_d_model(16)
            .with_max_history(8)
            .with_dropout(0.2)
            .with_loss(loss);
        let learnt = ndcg(&config, &planted);
        assert!(learnt > 0.8, "{loss:?}: {learnt}");
    }
}
