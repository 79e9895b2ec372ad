//! Seeds, callbacks, selection, early stopping, refusals.

use super::*;

#[test]
fn early_stopping_and_selection_follow_the_figure() {
    let rows = planted();
    // A criterion the trainer cannot influence: best at its third call, the sixth epoch.
    let figures = [5.0, 4.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let mut calls = 0;
    let mut models = vec![];
    let mut criterion = |quantizer: &RqVae| {
        calls += 1;
        models.push(weights(quantizer));
        figures[calls - 1]
    };
    let config = TrainerConfig::new(16)
        .with_batch(320)
        .with_evaluate_every(2)
        .with_patience(Some(5));
    let config = config.with_selection(Selection::Criterion);
    let fitted = config
        .init()
        .fit(
            model(small(vec![4])),
            &rows,
            Callbacks::new().with_criterion(&mut criterion),
        )
        .unwrap();
    assert_eq!(
        (fitted.epoch, fitted.epochs, fitted.stop),
        (5, 11, Stop::Patience)
    );
    assert!((fitted.figure - 1.0).abs() < 1e-12);
    assert_eq!(weights(&fitted.quantizer), models[2]);
    assert_eq!(calls, 5);

    let without = config
        .init()
        .fit(model(small(vec![4])), &rows, Callbacks::new());
    assert!(matches!(
        without,
        Err(Error::Config {
            field: "TrainerConfig::selection",
            ..
        })
    ));
}

#[test]
fn a_regularizer_is_told_its_rows_and_changes_the_model() {
    let rows = planted();
    let config = TrainerConfig::new(2).with_batch(256);
    let mut seen = vec![];
    let mut pull = |_: &RqVae, quantized: &crate::Quantized, batch: &Batch<'_>| {
        assert_eq!(quantized.latent.dims()[0], batch.rows.len());
        seen.push((batch.epoch, batch.step, batch.rows.to_vec()));
        Some(quantized.quantized.clone().square().mean().mul_scalar(10.0))
    };
    let pulled = config
        .init()
        .fit(
            model(small(vec![8])),
            &rows,
            Callbacks::new().with_regularizer(&mut pull),
        )
        .unwrap();
    let plain = config
        .init()
        .fit(model(small(vec![8])), &rows, Callbacks::new())
        .unwrap();
    assert_ne!(weights(&pulled.quantizer), weights(&plain.quantizer));
    assert_eq!(
        seen.iter()
            .map(|(epoch, step, _)| (*epoch, *step))
            .collect::<Vec<_>>(),
        [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    );
    for epoch in 0..2 {
        let mut all: Vec<usize> = seen
            .iter()
            .filter(|entry| entry.0 == epoch)
            .flat_map(|entry| entry.2.clone())
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..640).collect::<Vec<_>>());
    }
}

#[test]
fn same_seed_same_bits_other_seed_other_bits() {
    let rows = planted();
    let fit = |seed| {
        let config = TrainerConfig::new(2).with_batch(256).with_seed(seed);
        weights(
            &config
                .init()
                .fit(model(small(vec![8, 8])), &rows, Callbacks::new())
                .unwrap()
                .quantizer,
        )
    };
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1), fit(2));
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let rows = planted();
    let fit = |config: TrainerConfig, rows: &Tensor<2>| {
        config
            .init()
            .fit(model(small(vec![4])), rows, Callbacks::new())
            .unwrap_err()
            .to_string()
    };
    assert!(fit(TrainerConfig::new(0), &rows).contains("TrainerConfig::epochs is 0"));
    assert!(fit(TrainerConfig::new(1).with_batch(0), &rows).contains("TrainerConfig::batch is 0"));
    assert!(
        fit(TrainerConfig::new(1).with_learning_rate(-1.0), &rows).contains("learning_rate is -1")
    );
    assert!(fit(TrainerConfig::new(1).with_clip_norm(Some(0.0)), &rows).contains("clip_norm"));
    assert!(fit(TrainerConfig::new(1), &rows.clone().narrow(1, 0, 5)).contains("[640, 5]"));
    assert!(fit(TrainerConfig::new(1), &rows.clone().narrow(0, 0, 3)).contains("4 clusters"));
    let mut values: Vec<f32> = rows.clone().into_data().iter::<f32>().collect();
    values[3 * D + 7] = f32::INFINITY;
    assert!(fit(TrainerConfig::new(1), &tensor(values)).starts_with("row 3, column 7 is inf"));
    assert!(
        fit(TrainerConfig::new(40).with_learning_rate(1e30), &rows)
            .contains("training loss of epoch")
    );
}
