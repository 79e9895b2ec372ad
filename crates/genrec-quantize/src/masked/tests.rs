//! Masks, learning, resuming.

use super::draws::Draws;
use super::*;
use crate::encode_all;
use crate::mlp::normals;
use crate::seed::{Stream, generator};
use crate::{Callbacks, Checkpoints, CodeUsage, Fitted, Progress, Quantizer, TrainerConfig};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use std::ops::ControlFlow;
use std::path::Path;

const D: usize = 12;

fn noise(rows: usize, deviation: f64, seed: u64) -> Vec<f32> {
    normals(rows * D, deviation, &mut generator(seed, Stream::Sample, 0))
}

fn tensor(values: Vec<f32>) -> Tensor<2> {
    let rows = values.len() / D;
    Tensor::from_data(TensorData::new(values, [rows, D]), &Device::default())
}

/// 16 groups of 40 rows: row i is of group i % 16.
fn planted() -> Tensor<2> {
    let groups = noise(16, 1.5, 2);
    let mut values = noise(640, 0.05, 3);
    for (i, value) in values.iter_mut().enumerate() {
        *value += groups[i / D % 16 * D + i % D];
    }
    tensor(values)
}

fn small() -> MaskedVqConfig {
    MaskedVqConfig::new(D)
        .with_hidden(vec![24, 24])
        .with_d_code(8)
        .with_codebook_sizes(vec![8; 3])
        .with_seed(5)
}

fn training() -> TrainerConfig {
    TrainerConfig::new(80)
        .with_batch(128)
        .with_learning_rate(3e-3)
        .with_seed(1)
}

fn fit(config: MaskedVqConfig, rows: &Tensor<2>) -> MaskedVq {
    let model = config.init(&Device::default());
    let fitted = training().init().fit(model, rows, Callbacks::new());
    fitted.unwrap().quantizer
}

/// The share of the variance of `rows` that their codes explain.
fn explained(model: &MaskedVq, rows: &Tensor<2>) -> f32 {
    let back = model.decode(encode_all(model, rows, 128));
    let error = (back - rows.clone()).square().mean();
    let variance = (rows.clone() - rows.clone().mean_dim(0)).square().mean();
    1.0 - error.into_scalar::<f32>() / variance.into_scalar::<f32>()
}

#[test]
fn planted_groups_are_learned_and_noise_is_not() {
    let rows = planted();
    let (train, held_out) = (tensor(noise(640, 1.0, 7)), tensor(noise(640, 1.0, 8)));
    let bound = 1.0 - (-2.0 * 3.0 * 8f32.ln() / D as f32).exp();
    let released = small()
        .with_masking(Masking::SharedSlice)
        .with_combine(Combine::Sum)
        .with_encoder_gradient(EncoderGradient::None)
        .with_kmeans_every(Some(30));
    for (config, least) in [(small(), 0.9), (released, 0.8)] {
        let model = fit(config.clone(), &rows);
        let planted = explained(&model, &rows);
        assert!(
            planted > least,
            "{config:?}: {planted} of the planted variance"
        );
        // Rows of a group have one code, and it is no other group's.
        let codes: Vec<i64> = encode_all(&model, &rows, 100).into_data().iter().collect();
        let whole: Vec<u32> = codes.iter().map(|&code| code as u32).collect();
        let distinct = CodeUsage::of(&whole, 3, &[8; 3]).distinct;
        assert!(
            (14..=80).contains(&distinct),
            "{config:?}: {distinct} codes"
        );

        let noise = explained(&fit(config.clone(), &train), &held_out);
        assert!(noise < bound && noise < 0.4, "{config:?}: {noise} of noise");
    }
}

/// A hidden value is not one that can be read off the row: trained with masks, codes survive the loss of values better.
#[test]
fn masked_training_tells_groups_from_parts_of_rows() {
    let rows = planted();
    let agreement = |rate: f64| {
        let model = fit(small().with_mask_rate(rate), &rows);
        let draws = Draws::new(9);
        let mask = draws.hidden(Masking::Elements, rows.dims(), 0.25, 3, &Device::default());
        let whole = encode_all(&model, &rows, 640);
        let parts = encode_all(&model, &(rows.clone() * mask), 640);
        whole.equal(parts).float().mean().into_scalar::<f32>()
    };
    let (with, without) = (agreement(0.25), agreement(0.0));
    assert!(
        with > without,
        "{with} of the codes with masks, {without} without"
    );
}

#[test]
fn codes_of_a_row_do_not_depend_on_the_rows_beside_it() {
    let rows = planted();
    let model = fit(small(), &rows);
    let together = encode_all(&model, &rows, 640);
    assert_eq!(encode_all(&model, &rows, 1).to_data(), together.to_data());
}

#[test]
fn codebooks_start_anew_on_request() {
    let rows = planted();
    let started = small()
        .init(&Device::default())
        .initialise(&rows, 1)
        .unwrap();
    let words = |model: &MaskedVq| model.codebooks[1].words().into_data();
    let again = started.clone().reinitialise(&rows, 2).unwrap();
    assert_ne!(words(&started), words(&again));
    let same = started.clone().reinitialise(&rows, 2).unwrap();
    assert_eq!(words(&same), words(&again));
    let few = started.reinitialise(&rows.narrow(0, 0, 7), 1).unwrap_err();
    assert!(
        few.to_string().contains("8 clusters need at least 8 rows"),
        "{few}"
    );
}

#[test]
fn the_schedule_of_kmeans_is_kept() {
    let rows = planted();
    let model = || {
        small()
            .init(&Device::default())
            .initialise(&rows, 1)
            .unwrap()
    };
    let words = |model: &MaskedVq| model.codebooks[0].words().into_data();
    let every = |every| {
        let mut model = model();
        model = MaskedVq::new(
            model.encoders,
            model.codebooks,
            model.decoder,
            small().with_kmeans_every(every),
        );
        model
    };
    let changed = |every_: Option<usize>, epoch: usize| {
        let before = every(every_);
        let after = before.clone().before_epoch(&rows, epoch, 3).unwrap();
        words(&before) != words(&after)
    };
    assert!(!changed(Some(5), 0) && !changed(Some(5), 4) && !changed(None, 5));
    assert!(changed(Some(5), 5) && changed(Some(5), 10));
}

#[test]
fn a_resumed_run_ends_in_the_same_bits() {
    let rows = planted();
    let variants = [
        small(),
        small()
            .with_masking(Masking::SharedSlice)
            .with_kmeans_every(Some(2)),
    ];
    for config in variants {
        let run = |folder: &Path, stop_after: usize| -> Fitted<MaskedVq> {
            let mut progress = |progress: &Progress| match progress.epoch + 1 == stop_after {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            let trainer = TrainerConfig::new(6).with_batch(100).with_seed(3).init();
            let callbacks = Callbacks::new().with_progress(&mut progress);
            trainer
                .with_checkpoints(Checkpoints::new(folder).with_every(1))
                .fit(config.init(&Device::default()), &rows, callbacks)
                .unwrap()
        };
        let bytes = |fitted: &Fitted<MaskedVq>| {
            let model = &fitted.quantizer;
            let mut all: Vec<TensorData> = vec![];
            for network in model.encoders.iter().chain([&model.decoder]) {
                all.extend(network.layers.iter().map(|layer| layer.weight.to_data()));
                for norm in &network.norms {
                    all.push(norm.mean.to_data());
                    all.push(norm.variance.to_data());
                }
            }
            all.extend(
                model
                    .codebooks
                    .iter()
                    .map(|codebook| codebook.words().to_data()),
            );
            all
        };
        let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let undisturbed = run(whole.path(), usize::MAX);
        assert_eq!(run(broken.path(), 3).epochs, 3);
        let resumed = run(broken.path(), usize::MAX);
        assert_eq!(bytes(&resumed), bytes(&undisturbed));
        assert_eq!(resumed.figure.to_bits(), undisturbed.figure.to_bits());
    }
}

#[test]
fn a_record_brings_running_statistics_back() {
    let rows = planted();
    let model = fit(small(), &rows);
    let record = model.clone().into_record();
    let other = small()
        .with_seed(77)
        .init(&Device::default())
        .load_record(record);
    let codes = |model: &MaskedVq| encode_all(model, &rows, 100).into_data();
    assert_eq!(codes(&other.valid()), codes(&model));
}

#[test]
fn settings_that_cannot_work_are_named() {
    for (config, field) in [
        (small().with_mask_rate(1.0), "mask_rate"),
        (small().with_dropout(-0.1), "dropout"),
        (small().with_codebook_sizes(vec![]), "codebook_sizes"),
        (small().with_kmeans_every(Some(0)), "kmeans_every"),
        (small().with_commitment(f64::NAN), "commitment"),
        (small().with_norm_momentum(2.0), "norm_momentum"),
        (
            MaskedVqConfig::released(2).with_codebook_sizes(vec![4; 3]),
            "masking",
        ),
    ] {
        let message = config.check().unwrap_err().to_string();
        assert!(message.contains(field), "{message} should name {field}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// The third difference: a mask for every row, or one for all that hides within one slice only.
    #[test]
    fn masks_hide_what_they_should(seed in 0u64..1000, columns in 3usize..40, slices in 1usize..4) {
        let draws = Draws::new(seed);
        let device = Device::default();
        let shared = draws.hidden(Masking::SharedSlice, [50, columns], 0.9, slices, &device);
        prop_assert_eq!(shared.dims(), [1, columns]);
        let mask: Vec<f32> = shared.into_data().iter::<f32>().collect();
        let slice = |column: usize| (0..slices).find(|s| column < (s + 1) * columns / slices);
        let hidden: Vec<_> = (0..columns).filter(|&c| mask[c] == 0.0).map(slice).collect();
        prop_assert!(hidden.windows(2).all(|pair| pair[0] == pair[1]));

        let each = draws.hidden(Masking::Elements, [400, columns], 0.2, slices, &device);
        prop_assert_eq!(each.dims(), [400, columns]);
        let rows: Vec<f32> = each.into_data().iter::<f32>().collect();
        let share = rows.iter().filter(|&&x| x == 0.0).count() as f64 / rows.len() as f64;
        prop_assert!((share - 0.2).abs() < 0.05, "{} hidden", share);
        prop_assert!(rows.chunks(columns).any(|row| row != &rows[..columns]));

        // A function of seed and number.
        let again = Draws::new(seed);
        let mask = |draws: &Draws| draws.hidden(Masking::Elements, [9, columns], 0.5, slices, &device).into_data();
        let (first, second) = (mask(&again), mask(&again));
        let third = Draws::new(seed);
        prop_assert_eq!(mask(&third), first);
        prop_assert_eq!(mask(&third.clone()), second.clone());
        prop_assert_eq!(mask(&third), second);
    }
}
