//! Folders that are not what they should be, and steps against the plain computation.

use std::fs;

use burn::tensor::{Device, Int, Tensor};

use super::{VARIANTS, difference, folder, small, tokens};
use crate::lm::{LanguageModel, LanguageModelConfig, RotaryScaling};

/// What is said of a copy of a golden folder after a change of one of its files.
fn refusal(variant: &str, file: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder(variant)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let path = copy.path().join(file);
    fs::write(&path, change(fs::read(&path).unwrap())).unwrap();
    LanguageModel::load(copy.path(), &Device::default())
        .unwrap_err()
        .to_string()
}

fn replaced<'a>(from: &'a str, to: &'a str) -> impl FnOnce(Vec<u8>) -> Vec<u8> + 'a {
    move |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        text.replace(from, to).into_bytes()
    }
}

#[test]
fn folders_come_back_as_they_were_saved() {
    for variant in VARIANTS {
        let model = LanguageModel::load(folder(variant), &Device::default()).unwrap();
        let copy = tempfile::tempdir().unwrap();
        model.save(copy.path()).unwrap();
        let loaded = LanguageModel::load(copy.path(), &Device::default()).unwrap();
        assert_eq!(loaded.config(), model.config());
        let states = |model: &LanguageModel| model.forward(tokens(2, 9, 5));
        assert_eq!(
            difference(states(&loaded), states(&model)).0,
            0.0,
            "{variant}"
        );
    }
}

#[test]
fn bad_folders_are_refused_with_the_file_and_the_reason() {
    let config = "config.json";
    let shard = "model-00001-of-00002.safetensors";
    let index = "model.safetensors.index.json";
    let cases: [(String, &[&str]); 9] = [
        (
            refusal("qwen2", config, replaced("\"qwen2\"", "\"mistral\"")),
            &[config, "mistral", "expected \"qwen2\" or \"llama\""],
        ),
        (
            refusal("qwen2", config, replaced("\"silu\"", "\"gelu\"")),
            &[config, "hidden_act is \"gelu\""],
        ),
        (
            refusal("llama3", config, replaced("\"llama3\"", "\"yarn\"")),
            &[config, "rope_type is \"yarn\""],
        ),
        (
            refusal(
                "llama2",
                config,
                replaced("\"attention_bias\": false", "\"attention_bias\": true"),
            ),
            &[config, "attention_bias is true"],
        ),
        (
            refusal(
                "qwen2",
                config,
                replaced("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"),
            ),
            &[
                "model.safetensors",
                "model.layers.2.mlp.up_proj.weight is missing",
            ],
        ),
        (
            refusal(
                "qwen2",
                config,
                replaced("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"),
            ),
            &["model.layers.1.mlp.up_proj.weight is not part of this network"],
        ),
        (
            refusal(
                "qwen2",
                config,
                replaced("\"vocab_size\": 40", "\"vocab_size\": 41"),
            ),
            &["embed_tokens", "[40, 16]", "[41, 16]"],
        ),
        (
            refusal("qwen2_shards", shard, |bytes| {
                bytes[..bytes.len() - 3].to_vec()
            }),
            &[shard, "damaged"],
        ),
        (
            refusal(
                "qwen2_shards",
                index,
                replaced("model-00001-of", "../model-00001-of"),
            ),
            &[index, "expected files of this folder"],
        ),
    ];
    for (message, parts) in cases {
        assert!(
            parts.iter().all(|part| message.contains(part)),
            "{message} lacks one of {parts:?}"
        );
    }
}

#[test]
fn impossible_sizes_are_named() {
    let good = LanguageModelConfig::new(40, 16, 4);
    good.check().unwrap();
    let scaling = RotaryScaling::Linear { factor: 0.0 };
    let bad = [
        (LanguageModelConfig::new(0, 16, 4), "vocab_size"),
        (LanguageModelConfig::new(40, 16, 0), "n_heads"),
        (good.clone().with_kv_heads(3), "kv_heads"),
        (good.clone().with_d_head(3), "d_head"),
        (good.clone().with_rotary_scaling(scaling), "factor"),
        (good.clone().with_norm_epsilon(f64::NAN), "norm_epsilon"),
        (good.clone().with_eos_token_id(40), "eos_token_id"),
    ];
    for (config, field) in bad {
        let message = config.init(&Device::default()).unwrap_err().to_string();
        assert!(message.contains(field), "{message} should name {field}");
    }
}

/// Prompts of different lengths, and beams that part, meet and grow in number, against reading every sequence anew.
#[test]
fn steps_are_what_whole_sequences_give() {
    let model = small();
    let prompts = tokens(2, 6, 2);
    let lengths = [6, 3];
    let (prompt, ends) = model.read(prompts.clone(), &lengths);
    let row = |row: usize| -> Vec<i64> {
        let tokens = prompts.clone().narrow(0, row, 1).into_data();
        tokens.iter::<i64>().take(lengths[row]).collect()
    };
    let whole = |sequence: &[i64]| -> Tensor<1> {
        let tokens = Tensor::<1, Int>::from_data(sequence, &Device::default()).unsqueeze::<2>();
        let states = model.forward(tokens);
        states.narrow(1, sequence.len() - 1, 1).flatten(0, 2)
    };
    let mut sequences: Vec<Vec<Vec<i64>>> = vec![vec![row(0)], vec![row(1)]];
    for (i, beams) in sequences.iter().enumerate() {
        let end = ends.clone().narrow(0, i, 1).flatten(0, 1);
        assert!(difference(end, whole(&beams[0])).0 < 1e-4);
    }
    let mut beams = prompt.beams();
    // Tokens and parents of every step, a row a request.
    type Beams = [[i64; 3]; 2];
    let steps: [(Beams, Beams); 3] = [
        ([[3, 4, 5], [9, 1, 3]], [[0; 3]; 2]),
        ([[7, 7, 8], [2, 2, 20]], [[2, 0, 0], [1, 1, 2]]),
        ([[1, 2, 3], [4, 5, 6]], [[0, 1, 1], [2, 2, 0]]),
    ];
    for (tokens, parents) in steps {
        beams.reorder(Tensor::from_data(parents, &Device::default()));
        let states = model.step(
            Tensor::from_data(tokens, &Device::default()),
            &prompt,
            &mut beams,
        );
        for i in 0..2 {
            let next: Vec<Vec<i64>> = (0..3)
                .map(|j| {
                    let mut sequence = sequences[i][parents[i][j] as usize].clone();
                    sequence.push(tokens[i][j]);
                    sequence
                })
                .collect();
            for (j, sequence) in next.iter().enumerate() {
                let state = states.clone().narrow(0, i, 1).narrow(1, j, 1).flatten(0, 2);
                let (error, _) = difference(state, whole(sequence));
                assert!(error < 1e-4, "{sequence:?}: {error}");
            }
            sequences[i] = next;
        }
    }
}

#[test]
fn what_is_saved_over_shards_is_what_is_read() {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder("qwen2_shards")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let other = LanguageModel::load(folder("qwen2_shards"), &Device::default()).unwrap();
    let mut other = other;
    other.add_tokens(2, 1);
    other.save(copy.path()).unwrap();
    let loaded = LanguageModel::load(copy.path(), &Device::default()).unwrap();
    let states = |model: &LanguageModel| model.forward(tokens(2, 9, 5));
    assert_eq!(loaded.config(), other.config());
    assert_eq!(difference(states(&loaded), states(&other)).0, 0.0);
}

#[test]
fn both_names_of_the_kind_of_rope_are_read() {
    let config = "config.json";
    let change = |to: &'static str| replaced("\"rope_type\": \"llama3\"", to);
    let same = refusal(
        "llama3",
        config,
        change("\"rope_type\": \"llama3\", \"type\": \"yarn\""),
    );
    assert!(same.contains("expected one of them"), "{same}");
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder("llama3")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let path = copy.path().join(config);
    let both = change("\"type\": \"llama3\", \"rope_type\": \"llama3\"");
    fs::write(&path, both(fs::read(&path).unwrap())).unwrap();
    LanguageModel::load(copy.path(), &Device::default()).unwrap();
}
