use super::*;
use crate::lightgcn::EarlyStopping;
use crate::lightgcn::graph::tests::interactions;
use genrec_data::{ItemId, leave_one_out};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// 60 users who each take 6 of the 20 items of their block, of 3 blocks; or of all 60 items.
fn world(blocks: bool, seed: u64) -> Interactions {
    let mut random = StdRng::seed_from_u64(seed);
    let histories = (0..60).map(|user| {
        let (start, width) = if blocks { (user % 3 * 20, 20) } else { (0, 60) };
        let mut items: Vec<u32> = (start..start + width).collect();
        (0..6)
            .map(|_| ItemId::new(items.swap_remove(random.random_range(0..items.len()))))
            .collect()
    });
    Interactions::new(60, histories.collect()).unwrap()
}

fn config() -> LightGcnConfig {
    LightGcnConfig::new()
        .with_d_model(16)
        .with_epochs(60)
        .with_batch(64)
        .with_learning_rate(0.01)
}

/// The recall of the left-out item among the best 20 of 60.
fn recall(data: &Interactions) -> f64 {
    let split = leave_one_out(data).unwrap();
    let model = config()
        .fit(&split.train, 3, |_| {})
        .unwrap()
        .with_seen_items(genrec_metrics::SeenItems::Removed);
    let report = evaluate(
        &model,
        &split.test,
        &EvaluateConfig::new(0).with_ks([20]).with_resamples(0),
    )
    .unwrap();
    report.value(Metric::Recall, 20).unwrap()
}

#[test]
fn planted_blocks_are_learnt_and_noise_is_not() {
    let planted: f64 = (0..3).map(|seed| recall(&world(true, seed))).sum::<f64>() / 3.0;
    assert!(planted > 0.95, "{planted}");
    // By chance 20 of the 55 items that are left: 0.36, and three times 60 users scatter by 0.04.
    let noise: f64 = (0..3).map(|seed| recall(&world(false, seed))).sum::<f64>() / 3.0;
    assert!((0.2..0.52).contains(&noise), "{noise}");
}

#[test]
fn the_loss_falls_and_every_epoch_is_told() {
    let mut epochs = Vec::new();
    config()
        .fit(&world(true, 0), 1, |epoch| epochs.push(*epoch))
        .unwrap();
    assert_eq!(
        epochs.iter().map(|epoch| epoch.number).collect::<Vec<_>>(),
        (1..=60).collect::<Vec<_>>()
    );
    assert!(epochs[0].loss > 0.6 && epochs[59].loss < 0.2, "{epochs:?}");
    assert!(
        epochs
            .iter()
            .all(|epoch| epoch.validation.is_none() && epoch.epochs == 60)
    );
}

#[test]
fn seeds_give_the_bits_with_any_number_of_threads() {
    let fit = |seed, threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            config()
                .with_epochs(3)
                .fit(&world(true, 0), seed, |_| {})
                .unwrap()
        })
    };
    assert_eq!(fit(1, 1), fit(1, 4));
    assert_ne!(fit(1, 2), fit(2, 2));
}

#[test]
fn validation_stops_training_and_picks_the_best() {
    let split = leave_one_out(&world(true, 0)).unwrap();
    let stopping = EarlyStopping::new().with_every(2).with_patience(3);
    let config = config().with_epochs(400).with_early_stopping(stopping);
    let mut measured = Vec::new();
    let mut last = 0;
    let model = config
        .fit_validated(&split.train, &split.validation, 5, |epoch| {
            last = epoch.number;
            measured.extend(epoch.validation.map(|ndcg| (epoch.number, ndcg)));
        })
        .unwrap();
    assert!(last < 400, "{last}");
    let highest = measured.iter().map(|&(_, ndcg)| ndcg).fold(0.0, f64::max);
    let (best, _) = *measured.iter().find(|&&(_, ndcg)| ndcg == highest).unwrap();
    assert_eq!(last, best + 6);
    // The model is the one of that epoch: training that ends there gives the same.
    assert_eq!(
        model,
        config
            .with_epochs(best)
            .fit(&split.train, 5, |_| {})
            .unwrap()
    );
}

#[test]
fn there_must_be_something_to_compare() {
    for (data, users) in [
        (interactions(3, &[&[], &[]]), 2),
        (interactions(2, &[&[0, 1]]), 1),
        (interactions(0, &[]), 0),
    ] {
        let error = config().fit(&data, 0, |_| {}).unwrap_err();
        assert!(
            matches!(error, Error::NothingToLearn { users: found, .. } if found == users),
            "{error}"
        );
    }
    let error = config()
        .with_learning_rate(1e30)
        .fit(&world(true, 0), 0, |_| {})
        .unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    assert!(matches!(
        config().with_batch(0).fit(&world(true, 0), 0, |_| {}),
        Err(Error::Option { .. })
    ));
}

/// Figures for a table, and the time of an epoch; `GENREC_DATA` picks another folder.
#[test]
#[ignore = "minutes"]
#[expect(clippy::print_stderr, reason = "its result is what it prints")]
fn real_data() {
    let folder = std::env::var("GENREC_DATA").unwrap_or_else(|_| {
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/data/scientific"
        )
        .into()
    });
    if !std::path::Path::new(&folder).exists() {
        return eprintln!("skipped: there is no {folder}");
    }
    let data = genrec_data::open(&folder).unwrap();
    let split = leave_one_out(&data.interactions).unwrap();
    let start = std::time::Instant::now();
    let config = LightGcnConfig::new().with_epochs(1000);
    let mut epochs = 0;
    let model = config.fit_validated(&split.train, &split.validation, 1, |epoch| {
        epochs = epoch.number;
        if let Some(ndcg) = epoch.validation {
            eprintln!(
                "{:4} loss {:.4} NDCG@10 {ndcg:.4} {:.0} s",
                epoch.number,
                epoch.loss,
                start.elapsed().as_secs_f64()
            );
        }
    });
    let model = model
        .unwrap()
        .with_seen_items(genrec_metrics::SeenItems::Removed);
    eprintln!("{epochs} epochs in {:.1} s", start.elapsed().as_secs_f64());
    eprintln!(
        "{}",
        evaluate(&model, &split.test, &EvaluateConfig::new(0)).unwrap()
    );
    assert!(model.item_embeddings().rows() == data.catalog.len());
}
