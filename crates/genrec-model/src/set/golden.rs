//! Answers, losses and gradients that `transformers`' layers computed (tests/golden/setrec.py).

use std::collections::BTreeMap;
use std::fs;

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use genrec_data::{Interactions, ItemId};
use genrec_embed::Embeddings;
use genrec_train::{Samples, Task};
use serde::Deserialize;

use super::model::{Histories, by_slot, number};
use super::task::NextSet;
use super::*;
use crate::t5::{SetAttention, T5};

#[derive(Deserialize)]
struct Golden {
    /// Width, slots, items, width of collaborative rows and of text rows, hidden width.
    sizes: [usize; 6],
    alpha: f64,
    histories: Vec<Vec<u32>>,
    targets: Vec<u32>,
    collaborative: Vec<f32>,
    text: Vec<f32>,
    parameters: BTreeMap<String, Vec<f32>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    answers: Vec<f32>,
    loss: f32,
    gradients: BTreeMap<String, Vec<f32>>,
}

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden");

/// The golden T5, whose file knows nothing of causal encoders.
fn t5(causal: bool, device: &Device) -> T5 {
    let from = format!("{GOLDEN}/t5/v1_0");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::copy(format!("{from}/model.safetensors"), at("model.safetensors")).unwrap();
    let text = fs::read_to_string(format!("{from}/config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&text).unwrap();
    config["causal_encoder"] = causal.into();
    config["dropout_rate"] = 0.0.into();
    fs::write(at("config.json"), config.to_string()).unwrap();
    T5::load(folder.path(), device).unwrap()
}

fn set<const D: usize>(parameter: &mut Param<Tensor<D>>, values: &[f32]) {
    let old = parameter.val();
    let shape: [usize; D] = old.dims();
    let new = Tensor::from_data(TensorData::new(values.to_vec(), shape), &old.device());
    *parameter = Param::from_tensor(new.detach());
}

/// The tokenizer's layers, by the names of the file.
fn layers(model: &mut SetModel) -> Vec<(String, &mut Linear)> {
    let tokenizer = &mut model.tokenizer;
    let mut found = vec![("cf".to_owned(), tokenizer.collaborative.as_mut().unwrap())];
    let named = |name: &'static str| move |(place, layer)| (format!("{name}.{place}"), layer);
    let encoder = tokenizer.encoder.as_mut().unwrap().layers.iter_mut();
    found.extend(encoder.enumerate().map(named("encoder")));
    let decoder = tokenizer.decoder.as_mut().unwrap().layers.iter_mut();
    found.extend(decoder.enumerate().map(named("decoder")));
    found
}

fn close(what: &str, found: Tensor<1>, expected: &[f32]) {
    let found: Vec<f32> = found.into_data().iter::<f32>().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
    for (place, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() < 1e-4 * largest,
            "{what}, {place}: {a}, not {b}"
        );
    }
}

fn options(name: &str, config: SetRecConfig) -> SetRecConfig {
    let (sparse, dense) = (SetAttention::Sparse, SetAttention::Dense);
    let (apart, together) = (QueryAttention::Apart, QueryAttention::Together);
    let (attention, queries, over) = match name {
        "paper" => (sparse, apart, Reconstruction::Items),
        "released" => (dense, together, Reconstruction::History),
        "dense" => (dense, apart, Reconstruction::Items),
        "together" => (sparse, together, Reconstruction::Items),
        "over histories" => (sparse, apart, Reconstruction::History),
        _ => panic!("{name} is no case"),
    };
    config
        .with_attention(attention)
        .with_queries(queries)
        .with_reconstruction(over)
}

#[test]
fn answers_losses_and_gradients_are_those_of_the_formulas() {
    let text = fs::read(format!("{GOLDEN}/setrec.json")).unwrap();
    let golden: Golden = serde_json::from_slice(&text).unwrap();
    let [d_model, slots, items, d_cf, d_text, hidden] = golden.sizes;
    let rows = |d, values: &[f32]| Some(Embeddings::from_vec(items, d, values.to_vec()).unwrap());
    let rows = ItemRows {
        collaborative: rows(d_cf, &golden.collaborative),
        text: rows(d_text, &golden.text),
    };
    let device = Device::default().autodiff();
    assert_eq!(golden.cases.len(), 5);
    for case in &golden.cases {
        let sparse = options(&case.name, SetRecConfig::paper()).attention == SetAttention::Sparse;
        let t5 = t5(sparse, &device);
        let mut config = options(&case.name, SetRecConfig::paper())
            .with_alpha(golden.alpha)
            .with_t5_of(t5.config().clone());
        config.tokenizer = config
            .tokenizer
            .with_semantic(slots - 1)
            .with_hidden(vec![hidden]);
        assert_eq!(config.tokenizer.d_model, d_model);
        let mut model = config.init(&rows, &device).unwrap();
        model.t5 = t5;
        for (name, layer) in layers(&mut model) {
            set(
                &mut layer.weight,
                &golden.parameters[&format!("{name}.weight")],
            );
            let bias = layer.bias.as_mut().unwrap();
            set(bias, &golden.parameters[&format!("{name}.bias")]);
        }
        set(&mut model.queries, &golden.parameters["queries"]);

        let ids =
            |numbers: &[u32]| -> Vec<ItemId> { numbers.iter().copied().map(ItemId::new).collect() };
        let read: Vec<Vec<ItemId>> = golden
            .histories
            .iter()
            .map(|history| ids(history))
            .collect();
        let read: Vec<&[ItemId]> = read.iter().map(Vec::as_slice).collect();
        let histories = Histories::new(&read, number, &device);
        let visible = histories.mask.clone().unsqueeze_dim::<3>(1);
        let tokens = model.tokenizer.forward(
            rows.collaborative
                .as_ref()
                .map(|rows| rows.to_tensor(&device))
                .as_ref(),
            rows.text
                .as_ref()
                .map(|rows| rows.to_tensor(&device))
                .as_ref(),
        );
        let answers = model.answers(&by_slot(&tokens.tokens), &histories, &visible);
        close(
            &format!("{}: answers", case.name),
            answers.flatten(0, 3),
            &case.answers,
        );

        // Every history with what follows it: two samples of the task, those with the longest histories of their users.
        let lists = golden.histories.iter().zip(&golden.targets);
        let lists = lists.map(|(history, &target)| ids(&[history.as_slice(), &[target]].concat()));
        let train = Interactions::new(items, lists.collect()).unwrap();
        let samples = Samples::new(&train, 50, false);
        let last: Vec<usize> = read
            .iter()
            .map(|history| {
                (0..samples.len())
                    .find(|&i| samples.history(i) == *history)
                    .unwrap()
            })
            .collect();
        let task = NextSet::of(samples, &rows, 0..items);
        let batch = task.batch(&last, 1, &device);
        let shared = task.shared(&model, &[&batch]);
        let loss = task.loss(&model, &shared, &batch, task.predictions(&batch), 1);
        close(&format!("{}: loss", case.name), loss.clone(), &[case.loss]);

        let found = loss.backward();
        let mut compared = 0;
        let mut gradient = |name: &str, found: Option<Tensor<1>>| {
            let expected = &case.gradients[name];
            let what = format!("{}: gradient of {name}", case.name);
            match found {
                Some(found) => close(&what, found, expected),
                None => assert!(expected.iter().all(|&x| x == 0.0), "{what} is none"),
            }
            compared += 1;
        };
        for (name, layer) in layers(&mut model) {
            let weight = layer
                .weight
                .val()
                .grad(&found)
                .map(|grad| grad.flatten(0, 1));
            gradient(&format!("{name}.weight"), weight);
            gradient(
                &format!("{name}.bias"),
                layer.bias.as_ref().unwrap().val().grad(&found),
            );
        }
        let queries = model.queries.val().grad(&found);
        gradient("queries", queries.map(|grad| grad.flatten(0, 1)));
        for (name, bias) in [
            ("t5.encoder.bias", model.t5.encoder.bias.weight.val()),
            ("t5.decoder.bias", model.t5.decoder.bias.weight.val()),
        ] {
            gradient(name, bias.grad(&found).map(|grad| grad.flatten(0, 1)));
        }
        assert_eq!(compared, case.gradients.len());
    }
}
