//! Interrupted runs end as undisturbed ones; checkpoints that cannot be used are refused.

use super::*;

#[test]
fn a_resumed_run_ends_in_the_same_bits() {
    let rows = planted();
    let variants = [
        small(vec![8, 8]).with_revive(true),
        small(vec![8, 8]).with_update(CodebookUpdate::Ema { decay: 0.9 }),
        small(vec![8, 8]).with_assignment(Assignment::SinkhornLast(SinkhornConfig::new())),
        small(vec![8, 8])
            .with_update(CodebookUpdate::Ema { decay: 0.9 })
            .with_ema_smoothing(1e-5)
            .with_revive(true)
            .with_estimator(Estimator::Rotation),
        // Without noise: it comes from the device's generator, which tests share.
        small(vec![8, 8]).with_estimator(Estimator::Gumbel {
            noise: 0.0,
            start: 1.0,
            decay: 0.8,
            least: 0.1,
        }),
        small(vec![8, 8]).with_codewords(Codewords::Linear),
    ];
    for quantizer in variants {
        let config = TrainerConfig::new(7)
            .with_batch(100)
            .with_selection(Selection::Loss)
            .with_seed(3);
        let config = config
            .with_schedule(Schedule::WarmupCosine { warmup: 0.2 })
            .with_evaluate_every(3);
        // A model of its own seed each time: resuming must not lean on what the process still has
        // in memory.
        let fit = |folder: &Path, stop_after: usize| {
            let mut losses = vec![];
            let mut progress = |progress: &Progress| {
                losses.push(progress.loss.to_bits());
                if progress.epoch + 1 == stop_after {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            let trainer = config
                .init()
                .with_checkpoints(Checkpoints::new(folder).with_every(2));
            let fitted = trainer.fit(
                model(quantizer.clone()),
                &rows,
                Callbacks::new().with_progress(&mut progress),
            );
            (fitted.unwrap(), losses)
        };
        let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (undisturbed, all) = fit(whole.path(), usize::MAX);
        let (first, mut losses) = fit(broken.path(), 3);
        assert_eq!((first.stop, first.epochs), (Stop::Callback, 3));
        let (resumed, rest) = fit(broken.path(), usize::MAX);
        losses.extend(rest);
        assert_eq!(losses, all);
        assert_eq!(weights(&resumed.quantizer), weights(&undisturbed.quantizer));
        assert_eq!(resumed.figure.to_bits(), undisturbed.figure.to_bits());
        assert_eq!(
            (resumed.epoch, resumed.epochs, resumed.stop),
            (undisturbed.epoch, 7, Stop::Finished)
        );
        // Once more there is nothing left to do.
        let (again, none) = fit(broken.path(), usize::MAX);
        assert!(none.is_empty());
        assert_eq!(parameters(&again.quantizer), parameters(&resumed.quantizer));
    }
}

#[test]
fn a_checkpoint_at_or_beyond_the_last_epoch_asked_for_ends_or_is_refused() {
    let rows = planted();
    let folder = tempfile::tempdir().unwrap();
    let fit = |epochs: usize, stop_after: usize| {
        let config = TrainerConfig::new(epochs).with_batch(200).with_seed(3);
        let mut progress = |progress: &Progress| match progress.epoch + 1 == stop_after {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        config
            .init()
            .with_checkpoints(Checkpoints::new(folder.path()).with_every(1))
            .fit(
                model(small(vec![8, 8])),
                &rows,
                Callbacks::new().with_progress(&mut progress),
            )
    };
    assert_eq!(fit(9, 4).unwrap().epochs, 4);
    let finished = fit(4, usize::MAX).unwrap();
    assert_eq!((finished.epochs, finished.stop), (4, Stop::Finished));
    let refused = fit(3, usize::MAX).err().unwrap().to_string();
    assert!(
        refused.contains("is of epoch 4") && refused.contains("3 epochs"),
        "{refused}"
    );
}

#[test]
fn killed_between_checkpoints_a_run_repeats_what_was_lost() {
    let rows = planted();
    let config = TrainerConfig::new(6).with_batch(200).with_seed(3);
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let checkpoints = Checkpoints::new(folder.path()).with_every(2);
    let mut keep = |progress: &Progress| {
        if progress.epoch == 2 {
            // What a kill in epoch 3 leaves behind: the checkpoint of epoch 2, and half of the next
            // under its other name.
            let bytes = fs::read(checkpoints.file()).unwrap();
            fs::write(copy.path().join("quantizer.checkpoint"), &bytes).unwrap();
            fs::write(
                copy.path().join("quantizer.checkpoint.new"),
                &bytes[..bytes.len() / 2],
            )
            .unwrap();
        }
        ControlFlow::Continue(())
    };
    let trainer = config.init().with_checkpoints(checkpoints.clone());
    let whole = trainer
        .fit(
            model(small(vec![8, 8])),
            &rows,
            Callbacks::new().with_progress(&mut keep),
        )
        .unwrap();
    let trainer = config
        .init()
        .with_checkpoints(Checkpoints::new(copy.path()));
    let mut epochs = vec![];
    let mut note = |progress: &Progress| {
        epochs.push(progress.epoch);
        ControlFlow::Continue(())
    };
    let resumed = trainer
        .fit(
            model(small(vec![8, 8])),
            &rows,
            Callbacks::new().with_progress(&mut note),
        )
        .unwrap();
    assert_eq!(epochs, [2, 3, 4, 5]);
    assert_eq!(weights(&resumed.quantizer), weights(&whole.quantizer));
}

#[test]
fn checkpoints_that_cannot_be_used_are_refused_by_name_and_reason() {
    let rows = planted();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    let config = TrainerConfig::new(2).with_batch(320);
    let fit =
        |config: &TrainerConfig, quantizer: RqVae, rows: &Tensor<2>, checkpoints: &Checkpoints| {
            config.init().with_checkpoints(checkpoints.clone()).fit(
                quantizer,
                rows,
                Callbacks::new(),
            )
        };
    let refused = |result: crate::Result<Fitted<RqVae>>, reason: &str| {
        let message = match result {
            Err(error @ Error::Checkpoint { .. }) => error.to_string(),
            other => panic!("expected a refusal for `{reason}`, found {other:?}"),
        };
        assert!(
            message.contains("quantizer.checkpoint") && message.contains(reason),
            "{message}"
        );
    };
    fit(&config, model(small(vec![4, 4])), &rows, &checkpoints).unwrap();
    let good = fs::read(checkpoints.file()).unwrap();
    let again = |bytes: &[u8], reason: &str| {
        fs::write(checkpoints.file(), bytes).unwrap();
        refused(
            fit(&config, model(small(vec![4, 4])), &rows, &checkpoints),
            reason,
        );
    };
    again(b"", "does not begin");
    again(b"{\"format\": \"something else\"}", "does not begin");
    for length in [40, 50, good.len() / 2, good.len() - 1] {
        let cut = if length < 46 {
            "cut short"
        } else {
            "cut short or damaged"
        };
        again(
            &good[..length],
            if length == 50 { "cut short" } else { cut },
        );
    }
    // One bit, in the header, in the weights, in the digest.
    for place in [60, good.len() / 2, good.len() - 5] {
        let mut flipped = good.clone();
        flipped[place] ^= 4;
        again(&flipped, "SHA-256");
    }
    again(&[&good[..], b"more"].concat(), "SHA-256");

    fs::write(checkpoints.file(), &good).unwrap();
    refused(
        fit(
            &config.clone().with_learning_rate(2e-3),
            model(small(vec![4, 4])),
            &rows,
            &checkpoints,
        ),
        "trainer is",
    );
    refused(
        fit(
            &config.clone().with_context("alpha 0.1".into()),
            model(small(vec![4, 4])),
            &rows,
            &checkpoints,
        ),
        "alpha 0.1",
    );
    refused(
        fit(&config, model(small(vec![4, 5])), &rows, &checkpoints),
        "quantizer is",
    );
    refused(
        fit(
            &config,
            model(small(vec![4, 4])),
            &rows.clone().narrow(0, 0, 600),
            &checkpoints,
        ),
        "[640, 12]",
    );
    refused(
        fit(
            &config,
            model(small(vec![4, 4])),
            &(rows.clone() * 2.0),
            &checkpoints,
        ),
        "rows have the SHA-256",
    );
    refused(
        fit(
            &config,
            model(small(vec![4, 4])),
            &rows,
            &checkpoints.clone().with_resume(false),
        ),
        "an earlier run left it",
    );
    // Nothing was wrong with it; and at a constant rate a longer run may go on from a shorter one.
    let longer = fit(
        &TrainerConfig::new(3).with_batch(320),
        model(small(vec![4, 4])),
        &rows,
        &checkpoints,
    )
    .unwrap();
    assert_eq!(longer.epochs, 3);
}
