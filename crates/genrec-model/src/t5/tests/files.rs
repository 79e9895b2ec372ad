//! Folders: what was saved is loaded, and what is wrong is named.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use super::super::{Activation, T5};
use super::golden::folder;
use super::{difference, prefixes, small, tokens};
use crate::weights::Weight;

fn logits(t5: &T5) -> burn::tensor::Tensor<3> {
    let device = Device::default();
    t5.forward(
        tokens(2, 5, 3, &device),
        &prefixes(&[5, 2], 5, &device),
        tokens(2, 3, 4, &device),
    )
}

#[test]
fn what_was_saved_is_loaded() {
    let device = Device::default();
    let configs = [
        small(),
        small()
            .with_tied_head(false)
            .with_activation(Activation::GatedGelu)
            .with_decoder_layers(1),
        small().with_causal_encoder(true).with_dropout(0.25),
    ];
    for config in configs {
        let t5 = config.init(&device);
        let folder = tempfile::tempdir().unwrap();
        t5.save(folder.path()).unwrap();
        let loaded = T5::load(folder.path(), &device).unwrap();
        assert_eq!(loaded.config(), &config);
        assert_eq!(logits(&loaded).into_data(), logits(&t5).into_data());
    }
}

/// A folder with the golden model of version 1.0, its tensors passed through `change`.
fn changed(
    change: impl Fn(&str, &TensorView<'_>) -> Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
) -> tempfile::TempDir {
    let out = tempfile::tempdir().unwrap();
    fs::copy(
        folder("v1_0").join("config.json"),
        out.path().join("config.json"),
    )
    .unwrap();
    let bytes = fs::read(folder("v1_0").join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors: Vec<_> = file
        .iter()
        .flat_map(|(name, view)| change(name, &view))
        .collect();
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    fs::write(out.path().join("model.safetensors"), bytes).unwrap();
    out
}

fn same(name: &str, view: &TensorView<'_>) -> (String, Dtype, Vec<usize>, Vec<u8>) {
    (
        name.into(),
        view.dtype(),
        view.shape().to_vec(),
        view.data().to_vec(),
    )
}

fn error_of(folder: &Path) -> String {
    T5::load(folder, &Device::default())
        .unwrap_err()
        .to_string()
}

#[test]
fn missing_unknown_and_mis_shaped_tensors_are_named() {
    let folder = changed(|name, view| match name {
        "encoder.block.1.layer.1.DenseReluDense.wi.weight" => vec![],
        "decoder.final_layer_norm.weight" => vec![(name.into(), Dtype::F32, vec![8], vec![0; 32])],
        "shared.weight" => vec![
            same(name, view),
            (
                "encoder.extra.weight".into(),
                Dtype::F32,
                vec![1],
                vec![0; 4],
            ),
        ],
        "decoder.block.0.layer.0.SelfAttention.q.weight" => {
            vec![(
                name.into(),
                Dtype::I32,
                view.shape().to_vec(),
                view.data().to_vec(),
            )]
        }
        _ => vec![same(name, view)],
    });
    let message = error_of(folder.path());
    for part in [
        "model.safetensors",
        "encoder.block.1.layer.1.DenseReluDense.wi.weight is missing",
        "decoder.final_layer_norm.weight has shape [8], expected [16]",
        "encoder.extra.weight is not part of this network",
        "decoder.block.0.layer.0.SelfAttention.q.weight holds I32, expected F32, F16 or BF16",
    ] {
        assert!(message.contains(part), "{message} should contain {part}");
    }
}

#[test]
fn repeated_embeddings_have_to_be_the_same() {
    let repeat = |salt: u8| {
        changed(move |name, view| match name {
            "shared.weight" => {
                let mut copy = same("encoder.embed_tokens.weight", view);
                copy.3[0] ^= salt;
                let unused =
                    "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
                vec![
                    same(name, view),
                    copy,
                    (unused.into(), Dtype::F32, vec![8, 3], vec![0; 96]),
                ]
            }
            _ => vec![same(name, view)],
        })
    };
    T5::load(repeat(0).path(), &Device::default()).unwrap();
    let message = error_of(repeat(1).path());
    assert!(
        message.contains("encoder.embed_tokens.weight differs from shared.weight"),
        "{message}"
    );
}

#[test]
fn a_number_that_is_none_is_refused() {
    let folder = changed(|name, view| {
        let mut tensor = same(name, view);
        if name == "shared.weight" {
            tensor.3[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        }
        vec![tensor]
    });
    let message = error_of(folder.path());
    assert!(
        message.contains("shared.weight holds NaN, expected finite numbers"),
        "{message}"
    );
}

#[test]
fn half_precision_is_read() {
    let device = Device::default();
    let full = T5::load(folder("v1_0"), &device).unwrap();
    for (dtype, tolerance) in [(Dtype::F16, 1e-3), (Dtype::BF16, 1e-2)] {
        let halved = changed(|name, view| {
            let values = view
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .copied()
                .map(f32::from_le_bytes);
            let bytes = values.flat_map(|value| match dtype {
                Dtype::F16 => burn::tensor::f16::from_f32(value).to_le_bytes(),
                _ => burn::tensor::bf16::from_f32(value).to_le_bytes(),
            });
            vec![(name.into(), dtype, view.shape().to_vec(), bytes.collect())]
        });
        let mut loaded = T5::load(halved.path(), &device).unwrap();
        let mut full = full.clone();
        for ((name, a), (_, b)) in loaded.weights().into_iter().zip(full.weights()) {
            let error = match (a, b) {
                (Weight::Linear(a), Weight::Linear(b)) | (Weight::Table(a), Weight::Table(b)) => {
                    difference(a.val(), b.val())
                }
                (Weight::Scale(a), Weight::Scale(b)) => difference(a.val(), b.val()),
                _ => panic!("{name} is of two kinds"),
            };
            // Weights are at most about four.
            assert!(
                error > 0.0 && error < 4.0 * tolerance,
                "{name} as {dtype:?} differs by {error}"
            );
        }
    }
}

#[test]
fn damaged_files_and_senseless_configurations_are_refused() {
    let copy = || {
        let out = tempfile::tempdir().unwrap();
        for file in ["config.json", "model.safetensors"] {
            fs::copy(folder("v1_0").join(file), out.path().join(file)).unwrap();
        }
        out
    };
    let with_config = |from: &str, to: &str| {
        let out = copy();
        let path = out.path().join("config.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} is not in the configuration");
        fs::write(path, text.replace(from, to)).unwrap();
        error_of(out.path())
    };
    let truncated = copy();
    let path = truncated.path().join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let empty = tempfile::tempdir().unwrap();
    let cases = [
        (error_of(empty.path()), "config.json"),
        (error_of(truncated.path()), "not a safetensors file"),
        (
            with_config("\"relu\"", "\"gated-silu\""),
            "feed_forward_proj is \"gated-silu\"",
        ),
        (with_config("\"d_model\": 16", "\"d_model\": 0"), "d_model"),
        (
            with_config("\"d_model\": 16", "\"d_mode\": 16"),
            "missing field `d_model`",
        ),
        (
            with_config("\"num_layers\": 2", "\"num_layers\": 1"),
            "encoder.block.1.layer.0.SelfAttention.q.weight is not part",
        ),
        (
            with_config(
                "\"is_encoder_decoder\": true",
                "\"is_encoder_decoder\": false",
            ),
            "is_encoder_decoder is false",
        ),
    ];
    for (message, part) in cases {
        assert!(message.contains(part), "{message} should contain {part}");
    }
}

#[test]
fn a_head_without_scale_may_be_the_embeddings() {
    // What `transformers` 5 writes of a version 1.1 model whose head it has tied.
    let device = Device::default();
    let folder = changed(|name, view| vec![same(name, view)]);
    let path = folder.path().join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    let unscaled = text.replace(
        "\"scale_decoder_outputs\": true",
        "\"scale_decoder_outputs\": false",
    );
    assert_ne!(text, unscaled);
    fs::write(&path, unscaled).unwrap();
    let loaded = T5::load(folder.path(), &device).unwrap();
    let tied = T5::load(super::golden::folder("v1_0"), &device).unwrap();
    let scale = (tied.config().d_model as f64).powf(-0.5);
    assert!(difference(logits(&loaded) * scale, logits(&tied)) < 1e-4);
}

#[test]
fn what_is_saved_is_what_transformers_wrote() {
    for variant in ["v1_0", "v1_1"] {
        let t5 = T5::load(folder(variant), &Device::default()).unwrap();
        let saved = tempfile::tempdir().unwrap();
        t5.save(saved.path()).unwrap();

        let [ours, theirs] = [saved.path(), &folder(variant)]
            .map(|folder| fs::read(folder.join("model.safetensors")).unwrap());
        let [ours, theirs] = [&ours, &theirs].map(|bytes| SafeTensors::deserialize(bytes).unwrap());
        assert_eq!(ours.len(), theirs.len());
        for (name, view) in theirs.iter() {
            assert_eq!(ours.tensor(name).unwrap(), view, "{variant}: {name}");
        }

        let [ours, theirs] = [saved.path(), &folder(variant)].map(|folder| {
            let text = fs::read(folder.join("config.json")).unwrap();
            serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&text).unwrap()
        });
        for (key, value) in &ours {
            match key.as_str() {
                "architectures" => assert_eq!(value[0], "T5ForConditionalGeneration"),
                // Ours alone.
                "causal_encoder" => assert_eq!(value, false),
                _ => assert_eq!(theirs.get(key), Some(value), "{variant}: {key}"),
            }
        }
    }
}
