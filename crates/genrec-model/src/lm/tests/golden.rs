//! Numbers that `transformers` computed (tests/golden/lm.py in the repository).

use std::fs;

use burn::tensor::{Device, Int, Tensor, TensorData};
use genrec_decode::{BeamSearchConfig, TokenId, Trie};
use safetensors::SafeTensors;

use super::{VARIANTS, difference, floats, folder, integers};
use crate::lm::{LanguageModel, LanguageScorer};
use crate::sequence::SoftmaxOver;
use crate::weights::Weight;

const LENGTHS: [usize; 3] = [11, 6, 1];

fn expected(variant: &str) -> Vec<u8> {
    fs::read(folder(variant).join("expected.safetensors")).unwrap()
}

fn prompts(file: &SafeTensors<'_>, device: &Device) -> Tensor<2, Int> {
    let (tokens, shape) = integers(file, "tokens");
    Tensor::from_data(TensorData::new(tokens, shape), device)
}

#[test]
fn logits_and_gradients_are_those_of_transformers() {
    let device = Device::default().autodiff();
    for variant in VARIANTS {
        let bytes = expected(variant);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let mut model = LanguageModel::load(folder(variant), &device).unwrap();
        let states = model.forward(prompts(&file, &device));
        let logits = model.logits(states, 0..40);
        let (error, largest) = difference(logits.clone(), floats(&file, "logits", &device));
        assert!(
            error < 1e-4 * largest.max(1.0),
            "{variant}: {error} of {largest}"
        );

        let found = (logits * floats(&file, "probe", &device)).sum().backward();
        let plain = device.clone().inner();
        let mut compared = 0;
        for (name, weight) in model.weights() {
            let of_file = format!("gradient.{name}");
            let (error, largest) = match weight {
                Weight::Linear(param) => difference(
                    param.val().grad(&found).unwrap().transpose(),
                    floats(&file, &of_file, &plain),
                ),
                Weight::Table(param) => difference(
                    param.val().grad(&found).unwrap(),
                    floats(&file, &of_file, &plain),
                ),
                Weight::Scale(param) => difference(
                    param.val().grad(&found).unwrap(),
                    floats(&file, &of_file, &plain),
                ),
            };
            assert!(
                error < 1e-4 * largest.max(1.0),
                "{variant}, {name}: {error} of {largest}"
            );
            compared += 1;
        }
        let names = file.names();
        let gradients = names.iter().filter(|name| name.starts_with("gradient."));
        assert_eq!(compared, gradients.count());
    }
}

#[test]
fn greedy_search_writes_what_transformers_writes() {
    let device = Device::default();
    for variant in VARIANTS {
        let bytes = expected(variant);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let model = LanguageModel::load(folder(variant), &device).unwrap();
        let (prompt, ends) = model.read(prompts(&file, &device), &LENGTHS);
        let mut beams = prompt.beams();
        let mut states = ends.unsqueeze_dim::<3>(1);
        let mut written = Vec::new();
        for _ in 0..4 {
            let best = model.logits(states, 0..40).argmax(2).squeeze_dim::<2>(2);
            written.push(best.clone());
            states = model.step(best, &prompt, &mut beams);
        }
        let written = Tensor::cat(written, 1).into_data();
        let (expected, _) = integers(&file, "greedy");
        assert_eq!(
            written.iter::<i64>().collect::<Vec<_>>(),
            expected,
            "{variant}"
        );
    }
}

#[test]
fn constrained_beam_search_finds_what_transformers_finds() {
    let device = Device::default();
    for variant in VARIANTS {
        let bytes = expected(variant);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let model = LanguageModel::load(folder(variant), &device).unwrap();
        let (allowed, shape) = integers(&file, "allowed");
        let identifiers: Vec<Vec<TokenId>> = allowed
            .chunks(shape[1])
            .map(|tokens| {
                tokens
                    .iter()
                    .map(|&token| TokenId::new(token as u32))
                    .collect()
            })
            .collect();
        let trie = Trie::from_identifiers(identifiers.iter().cloned().zip(0..)).unwrap();
        let (beams, shape) = integers(&file, "beams");
        let scores: Vec<f32> = floats::<2>(&file, "scores", &device)
            .into_data()
            .iter()
            .collect();
        let [_, width, length] = shape[..] else {
            panic!("{shape:?}")
        };
        let search = BeamSearchConfig::new(width)
            .with_width(width)
            .init()
            .unwrap();
        let tokens = prompts(&file, &device);
        let mut scorer = LanguageScorer::new(
            &model,
            Some((&trie).into()),
            tokens,
            &LENGTHS,
            SoftmaxOver::Children,
        );
        let found = search
            .search(&trie, LENGTHS.len(), &mut scorer, None)
            .unwrap();
        for (row, found) in found.iter().enumerate() {
            let expected = beams[row * width * length..].chunks(length).take(width);
            for ((found, expected), score) in found.iter().zip(expected).zip(&scores[row * width..])
            {
                let written = identifiers[found.value as usize].iter();
                let written: Vec<i64> = written.map(|token| i64::from(token.get())).collect();
                assert_eq!(written, expected, "{variant}, prompt {row}");
                assert!(
                    (found.score - score).abs() < 1e-4,
                    "{variant}: {} {score}",
                    found.score
                );
            }
            assert_eq!(found.len(), width);
        }
    }
}
