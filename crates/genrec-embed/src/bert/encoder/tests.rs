use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use proptest::prelude::*;

/// The small random BERT of `tests/golden/bert.py`, with what transformers computes for it.
fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/bert")
}

fn golden_texts() -> Vec<String> {
    serde_json::from_slice(&fs::read(golden().join("texts.json")).unwrap()).unwrap()
}

fn worst_difference(a: &Embeddings, b: &Embeddings) -> f32 {
    assert_eq!((a.rows(), a.dim()), (b.rows(), b.dim()));
    std::iter::zip(a.as_slice(), b.as_slice())
        .map(|(x, y)| (x - y).abs())
        .fold(0.0, f32::max)
}

/// The golden folder with one file changed by `change`, and what opening it says.
fn open_changed(file: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(golden().join(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().join(file);
    let bytes = fs::read(&path).unwrap_or_default();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, change(bytes)).unwrap();
    let config = SentenceEncoderConfig::new().with_max_tokens(12);
    config
        .open(folder.path(), &Device::flex())
        .unwrap_err()
        .to_string()
}

fn replaced<'a>(from: &'a str, to: &'a str) -> impl FnOnce(Vec<u8>) -> Vec<u8> {
    move |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(from), "{text} has no {from}");
        text.replace(from, to).into_bytes()
    }
}

#[test]
fn a_random_bert_gives_what_transformers_gives() {
    let expected = Embeddings::read(golden().join("expected.safetensors")).unwrap();
    // One text a batch, a few, and all in one: padding must not change anything.
    for tokens_a_batch in [1, 24, 4096] {
        let config = SentenceEncoderConfig::new()
            .with_max_tokens(12)
            .with_tokens_a_batch(Some(tokens_a_batch));
        let encoder = config.open(golden(), &Device::flex()).unwrap();
        let mut counts = Vec::new();
        let rows = encoder
            .encode_with_progress(&golden_texts(), |done| counts.push(done))
            .unwrap();
        let worst = worst_difference(&rows, &expected);
        assert!(worst < 2e-6, "{worst} at {tokens_a_batch} tokens a batch");
        assert_eq!(counts.last(), Some(&golden_texts().len()));
    }
}

#[test]
fn an_autodiff_device_gives_the_same() {
    let encode = |device: Device| {
        let encoder = SentenceEncoderConfig::new()
            .with_max_tokens(12)
            .open(golden(), &device)
            .unwrap();
        encoder.encode(&golden_texts()).unwrap()
    };
    assert_eq!(encode(Device::flex().autodiff()), encode(Device::flex()));
}

#[test]
fn no_texts_give_no_rows() {
    let encoder = SentenceEncoderConfig::new()
        .with_max_tokens(12)
        .open(golden(), &Device::flex())
        .unwrap();
    assert_eq!(encoder.encode::<String>(&[]).unwrap().rows(), 0);
    assert_eq!(encoder.encode(&[""]).unwrap().rows(), 1);
}

#[test]
fn bad_folders_are_refused_with_the_file_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let missing = SentenceEncoder::open(folder.path(), &Device::flex())
        .unwrap_err()
        .to_string();
    assert!(missing.contains("has no `config.json`"), "{missing}");
    fs::copy(
        golden().join("config.json"),
        folder.path().join("config.json"),
    )
    .unwrap();
    let config = SentenceEncoderConfig::new().with_max_tokens(12);
    let missing = config
        .open(folder.path(), &Device::flex())
        .unwrap_err()
        .to_string();
    assert!(missing.contains("has no `tokenizer.json`"), "{missing}");

    let bert = r#""model_type": "bert""#;
    let cases: [(&str, String, &[&str]); 10] = [
        (
            "config.json",
            open_changed("config.json", replaced(bert, r#""model_type": "mpnet""#)),
            &["`model_type` is \"mpnet\""],
        ),
        (
            "config.json",
            open_changed("config.json", replaced("\"gelu\"", "\"relu\"")),
            &["`hidden_act` is \"relu\""],
        ),
        (
            "config.json",
            open_changed("config.json", |_| b"{".to_vec()),
            &["not a readable json file"],
        ),
        (
            "model.safetensors",
            open_changed(
                "config.json",
                replaced(r#""hidden_size": 16"#, r#""hidden_size": 32"#),
            ),
            &["word_embeddings", ", 16]", ", 32]"],
        ),
        (
            "model.safetensors",
            open_changed(
                "config.json",
                replaced(r#""num_hidden_layers": 2"#, r#""num_hidden_layers": 3"#),
            ),
            &[
                "no tensor `encoder.layer.2.attention.self.query.weight`",
                "and 31 more",
            ],
        ),
        (
            "model.safetensors",
            open_changed("model.safetensors", |bytes| {
                bytes[..bytes.len() - 7].to_vec()
            }),
            &["truncated, damaged"],
        ),
        (
            "model.safetensors",
            open_changed("model.safetensors", |mut bytes| {
                let last = bytes.len() - 4;
                bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
                bytes
            }),
            &["NaN", "element"],
        ),
        (
            "tokenizer.json",
            open_changed("tokenizer.json", |_| b"[]".to_vec()),
            &["text tokenizer"],
        ),
        (
            "modules.json",
            open_changed("modules.json", |_| {
                br#"[{"type": "sentence_transformers.models.Dense"}]"#.to_vec()
            }),
            &["models.Dense"],
        ),
        (
            "config.json",
            open_changed("1_Pooling/config.json", |_| {
                br#"{"pooling_mode_mean_tokens": false}"#.to_vec()
            }),
            &["1_Pooling", "`pooling_mode` is not the mean"],
        ),
    ];
    for (file, message, parts) in cases {
        assert!(message.contains(file), "{message} lacks {file}");
        assert!(
            parts.iter().all(|part| message.contains(part)),
            "{message} lacks one of {parts:?}"
        );
    }
}

#[test]
fn texts_cannot_be_longer_than_the_model() {
    for tokens in [2, 4096] {
        let config = SentenceEncoderConfig::new().with_max_tokens(tokens);
        let error = config
            .open(golden(), &Device::flex())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(&format!("option `max_tokens` is {tokens}")),
            "{error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn batches_hold_every_text_once_and_respect_the_budget(
        lengths in prop::collection::vec(1usize..20, 0..40),
        budget in 0usize..80,
    ) {
        let batches = batches(&lengths, budget);
        let mut all: Vec<usize> = batches.iter().flatten().copied().collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..lengths.len()).collect::<Vec<_>>());
        for batch in &batches {
            let longest = batch.iter().map(|&text| lengths[text]).max().unwrap();
            prop_assert!(batch.len() == 1 || batch.len() * longest <= budget);
        }
    }
}
