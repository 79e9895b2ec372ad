//! Numbers that `transformers` computed (tests/golden/t5.py in the repository).

use std::fs;
use std::path::PathBuf;

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use safetensors::SafeTensors;
use serde::Deserialize;

use super::super::bias::bucket;
use super::super::{T5, T5Config};
use super::difference;
use crate::weights::Weight;

pub(super) fn folder(variant: &str) -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/t5"
    ))
    .join(variant)
}

fn floats<const D: usize>(file: &SafeTensors<'_>, name: &str, device: &Device) -> Tensor<D> {
    let view = file.tensor(name).unwrap();
    let values: Vec<f32> = view
        .data()
        .as_chunks::<4>()
        .0
        .iter()
        .copied()
        .map(f32::from_le_bytes)
        .collect();
    Tensor::from_data(TensorData::new(values, view.shape().to_vec()), device)
}

fn integers(file: &SafeTensors<'_>, name: &str, device: &Device) -> Tensor<2, Int> {
    let view = file.tensor(name).unwrap();
    let values: Vec<i32> = view
        .data()
        .as_chunks::<4>()
        .0
        .iter()
        .copied()
        .map(i32::from_le_bytes)
        .collect();
    Tensor::from_data(TensorData::new(values, view.shape().to_vec()), device)
}

/// Logits on `device`, and with `gradients` those of every parameter.
fn compare(variant: &str, device: &Device, gradients: bool) {
    let bytes = fs::read(folder(variant).join("expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let mut t5 = T5::load(folder(variant), device).unwrap();
    // The expected numbers are without dropout.
    t5 = without_dropout(t5);

    let mask: Tensor<2, Bool> = integers(&expected, "mask", device).equal_elem(1);
    let logits = t5.forward(
        integers(&expected, "tokens", device),
        &mask,
        integers(&expected, "decoder_tokens", device),
    );
    let (error, largest) = against(logits.clone(), floats(&expected, "logits", device));
    assert!(
        error < 1e-5 * largest.max(1.0),
        "{variant}: logits differ by {error} of {largest}"
    );
    if !gradients {
        return;
    }

    let found = (logits * floats(&expected, "probe", device))
        .sum()
        .backward();
    let mut compared = 0;
    for (name, weight) in t5.weights() {
        let expected_name = format!("gradient.{name}");
        let plain = device.clone().inner();
        let (error, largest) = match weight {
            Weight::Linear(param) => against(
                param.val().grad(&found).unwrap().transpose(),
                floats(&expected, &expected_name, &plain),
            ),
            Weight::Table(param) => against(
                param.val().grad(&found).unwrap(),
                floats(&expected, &expected_name, &plain),
            ),
            Weight::Scale(param) => against(
                param.val().grad(&found).unwrap(),
                floats(&expected, &expected_name, &plain),
            ),
        };
        assert!(
            largest > 1e-3,
            "{variant}: the gradient of {name} is expected to be {largest} at most"
        );
        assert!(
            error < 1e-5 * largest.max(1.0),
            "{variant}: the gradient of {name} differs by {error} of {largest}"
        );
        compared += 1;
    }
    let listed = expected
        .names()
        .iter()
        .filter(|name| name.starts_with("gradient."))
        .count();
    assert_eq!(compared, listed);
}

/// The largest difference, and the largest expected value.
fn against<const D: usize>(found: Tensor<D>, expected: Tensor<D>) -> (f32, f32) {
    let largest = expected.clone().abs().max().into_scalar::<f32>();
    (difference(found, expected), largest)
}

fn without_dropout(t5: T5) -> T5 {
    let folder = tempfile::tempdir().unwrap();
    t5.save(folder.path()).unwrap();
    let path = folder.path().join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replace("\"dropout_rate\": 0.1", "\"dropout_rate\": 0.0");
    assert_ne!(text, changed);
    fs::write(path, changed).unwrap();
    T5::load(folder.path(), &t5.shared().val().device()).unwrap()
}

#[test]
fn logits_of_version_1_0_as_transformers_computes_them() {
    compare("v1_0", &Device::default(), false);
}

#[test]
fn logits_of_version_1_1_as_transformers_computes_them() {
    compare("v1_1", &Device::default(), false);
}

#[test]
fn gradients_of_version_1_0_as_transformers_computes_them() {
    compare("v1_0", &Device::default().autodiff(), true);
}

#[test]
fn gradients_of_version_1_1_as_transformers_computes_them() {
    compare("v1_1", &Device::default().autodiff(), true);
}

#[test]
fn buckets_of_distances_as_transformers_computes_them() {
    #[derive(Deserialize)]
    struct Table {
        bidirectional: bool,
        buckets: usize,
        max_distance: usize,
        expected: Vec<usize>,
    }
    let tables: Vec<Table> =
        serde_json::from_slice(&fs::read(folder("buckets.json")).unwrap()).unwrap();
    assert_eq!(tables.len(), 6);
    for table in tables {
        let found: Vec<usize> = (-300..=300)
            .map(|distance| {
                bucket(
                    distance,
                    table.bidirectional,
                    table.buckets,
                    table.max_distance,
                )
            })
            .collect();
        assert_eq!(found, table.expected);
    }
}

#[test]
fn initial_weights_have_the_published_scales() {
    let device = Device::default();
    let config = T5Config::letter_tiger(1_030).with_tied_head(false);
    let mut t5 = config.init(&device);
    for (name, weight) in t5.weights() {
        let (values, expected) = match weight {
            Weight::Linear(param) | Weight::Table(param) => {
                let expected = match name.rsplit('.').nth(1).unwrap() {
                    "shared" | "lm_head" => 1.0,
                    "q" => (128.0_f64 * 64.0).powf(-0.5),
                    "o" => 384.0_f64.powf(-0.5),
                    "wo" => 1_024.0_f64.powf(-0.5),
                    "k" | "v" | "wi" | "relative_attention_bias" => 128.0_f64.powf(-0.5),
                    other => panic!("{other} has no published scale"),
                };
                (param.val().reshape([-1]), expected)
            }
            Weight::Scale(param) => (param.val(), 1.0),
        };
        let count = values.dims()[0] as f64;
        let found = f64::from(values.square().mean().into_scalar::<f32>()).sqrt();
        // Five standard errors of a standard deviation.
        assert!(
            (found / expected - 1.0).abs() < 5.0 / (2.0 * count).sqrt(),
            "{name} has scale {found}, expected {expected}"
        );
    }
}
