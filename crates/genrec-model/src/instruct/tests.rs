//! Instructions, their loss, and models tuned on them.

mod asked;
mod propose;

use std::sync::Arc;

use burn::tensor::{Device, TensorData};
use genrec_data::{Catalog, Ids, Interactions, Item, ItemId, UserId, leave_one_out};
use genrec_identify::{Identifier, IdentifierTable, ItemTokens, Vocabulary};
use genrec_metrics::{EvaluateConfig, Metric, evaluate};
use genrec_train::TrainingConfig;

use super::*;
use crate::lm::{LanguageModel, LanguageModelConfig};
use crate::lora::{Adapters, LoraConfig, Projection};

const ITEMS: u32 = 12;

fn table() -> IdentifierTable {
    let identifiers = (0..ITEMS).map(|item| Identifier::from_iter([item % 4, item / 4]));
    IdentifierTable::new(identifiers.collect()).unwrap()
}

fn catalog() -> Catalog {
    let items = (0..ITEMS)
        .map(|item| Item {
            title: (item != 5).then(|| format!("thing number {item}")),
            ..Item::default()
        })
        .collect();
    let ids = Ids::new((0..ITEMS).map(|item| item.to_string()).collect()).unwrap();
    Catalog::new(ids, items).unwrap()
}

/// Users who walk through the items in a circle; with `noise` they jump anywhere.
fn histories(noise: bool) -> Interactions {
    let lists = (0..60_u32)
        .map(|user| {
            let step = |place: u32| match noise {
                true => (user * 7919 + place * place * 104_729 + 31 * place) % 9973 % ITEMS,
                false => (user + place) % ITEMS,
            };
            (0..6).map(|place| ItemId::new(step(place))).collect()
        })
        .collect();
    Interactions::new(ITEMS as usize, lists).unwrap()
}

fn instructions(train: &Interactions) -> Instructions {
    instructions_of(&table(), train)
}

fn instructions_of(table: &IdentifierTable, train: &Interactions) -> Instructions {
    let templates = Templates::shopping();
    let all = [
        &templates.next_item,
        &templates.text_to_identifier,
        &templates.identifier_to_text,
    ];
    let words: Vec<String> = all
        .into_iter()
        .flatten()
        .cloned()
        .chain(catalog().texts())
        .collect();
    let items: Arc<ItemTokens> = Arc::new(Vocabulary::of(table).tokenize(table));
    let text = TextTokenizer::train(&words, 400).unwrap();
    let text = text.with_identifiers(items.vocabulary()).unwrap();
    Instructions::new(templates, items, Arc::new(text), 1, &catalog(), train).unwrap()
}

fn model(instructions: &Instructions) -> LanguageModel {
    LanguageModelConfig::new(instructions.text().len(), 32, 2)
        .with_d_ff(64)
        .with_init_std(0.1)
        .init(&Device::default())
        .unwrap()
}

/// The weights beside which adapters may stand.
fn weights(model: &impl Adapters) -> Vec<TensorData> {
    let layers = model.layers().into_iter();
    layers
        .map(|layer| layer.linear.weight.val().into_data())
        .collect()
}

fn trained(noise: bool, lora: bool, question: Question) -> f64 {
    let split = leave_one_out(&histories(noise)).unwrap();
    let all = instructions(&split.train)
        .with_question(question)
        .with_next_item()
        .with_alignment();
    let mut model = model(&all);
    if lora {
        let config = LoraConfig::new().with_rank(16).with_dropout(0.0);
        model.adapt(&config).unwrap();
    }
    let before = weights(&model);
    let folder = tempfile::tempdir().unwrap();
    let training = TrainingConfig::new()
        .with_epochs(if lora { 30 } else { 15 })
        .with_batch_size(32)
        .with_accumulation(1)
        .with_learning_rate(1e-2)
        .with_validate_every(5)
        .with_validation_beams(10);
    let trained = InstructionTrainer::new(training, folder.path())
        .fit(model, &all, &split.validation, |_| {})
        .unwrap();
    // Adapters learn, and nothing that they stand beside.
    let moved = |layer: &Projection| {
        let up = layer.lora.as_ref().map(|lora| lora.up.val().abs().sum());
        up.is_some_and(|up| up.into_scalar::<f32>() > 0.0)
    };
    let layers = trained.model.layers();
    assert_eq!(
        layers.iter().filter(|layer| moved(layer)).count(),
        if lora { layers.len() } else { 0 }
    );
    let mut pairs = weights(&trained.model).into_iter().zip(before);
    assert!(pairs.all(|(after, before)| (after == before) == lora));
    let recommender = LanguageRecommender::new("LC-Rec", trained.model, all, 10).unwrap();
    let report = evaluate(
        &recommender,
        &split.test,
        &EvaluateConfig::new(1).with_resamples(0),
    );
    report.unwrap().value(Metric::Ndcg, 5).unwrap()
}

#[test]
fn a_tuned_model_follows_the_circle_and_noise_is_not_learnt() {
    let learnt = |noise| trained(noise, false, Question::Instruction);
    let (structure, noise) = (learnt(false), learnt(true));
    assert!(structure > 0.9, "{structure}");
    assert!(noise < 0.5, "{noise}");
}

#[test]
fn adapters_learn_it_too() {
    let found = trained(false, true, Question::Instruction);
    assert!(found > 0.6, "{found}");
}

#[test]
fn a_model_with_too_few_tokens_is_refused() {
    let split = leave_one_out(&histories(false)).unwrap();
    let all = instructions(&split.train).with_next_item();
    let model = LanguageModelConfig::new(20, 16, 2)
        .init(&Device::default())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = InstructionTrainer::new(TrainingConfig::new(), folder.path())
        .fit(model, &all, &split.validation, |_| {})
        .unwrap_err();
    assert!(error.to_string().contains("with_room"), "{error}");
}

#[test]
fn whole_histories_teach_all_prefixes_at_once() {
    let histories = histories(false);
    let all = instructions(&histories)
        .with_max_history(3)
        .with_question(Question::WholeHistory)
        .with_next_item();
    // Six items of 60 users: the last three are predicted in one sample, two more in another.
    assert_eq!(all.len(), 120);
    let text = all.text();
    let exchange = all.exchange(0, 0).unwrap();
    let prompt = text.decode(&exchange.prompt).unwrap();
    let response = text.decode(&exchange.response).unwrap();
    assert!(prompt.ends_with(": <a_2><b_0>,"), "{prompt}");
    assert_eq!(response, "<a_3><b_0>,<a_0><b_1>,<a_1><b_1>");
    let exchange = all.exchange(1, 0).unwrap();
    let response = text.decode(&exchange.response).unwrap();
    assert_eq!(response, "<a_1><b_0>,<a_2><b_0>");
    // How a trained model is asked is how it was taught to go on.
    let items: Vec<ItemId> = (0..5).map(ItemId::new).collect();
    let question = text.decode(&all.asked_for_next(&items).unwrap()).unwrap();
    assert!(
        question.ends_with(": <a_2><b_0>,<a_3><b_0>,<a_0><b_1>,"),
        "{question}"
    );

    let learnt = |noise| trained(noise, false, Question::WholeHistory);
    let (structure, noise) = (learnt(false), learnt(true));
    assert!(structure > 0.9, "{structure}");
    assert!(noise < 0.5, "{noise}");
}

#[test]
fn a_model_of_two_stacks_does_not_go_on_with_histories() {
    let split = leave_one_out(&histories(false)).unwrap();
    let all = instructions(&split.train).with_question(Question::WholeHistory);
    let t5 = crate::t5::T5Config::new(all.text().len())
        .with_d_model(16)
        .with_d_kv(8)
        .with_n_heads(2)
        .with_d_ff(16)
        .with_encoder_layers(1)
        .with_decoder_layers(1)
        .init(&Device::default());
    let folder = tempfile::tempdir().unwrap();
    let error = InstructionTrainer::new(TrainingConfig::new(), folder.path())
        .fit(t5, &all.with_next_item(), &split.validation, |_| {})
        .unwrap_err();
    assert!(error.to_string().contains("whole histories"), "{error}");
}

#[test]
fn a_run_does_not_go_on_with_a_model_of_other_settings() {
    let split = leave_one_out(&histories(false)).unwrap();
    let all = instructions(&split.train).with_next_item();
    let folder = tempfile::tempdir().unwrap();
    let fit = |rotary_base: f64| {
        let model = LanguageModelConfig::new(all.text().len(), 16, 2)
            .with_rotary_base(rotary_base)
            .init(&Device::default())
            .unwrap();
        let training = TrainingConfig::quick().with_epochs(1);
        InstructionTrainer::new(training, folder.path())
            .with_resume(true)
            .fit(model, &all, &split.validation, |_| {})
    };
    fit(10_000.0).unwrap();
    fit(10_000.0).unwrap();
    // The weights at the start are the same.
    let error = fit(20_000.0).unwrap_err().to_string();
    assert!(error.contains("another"), "{error}");
}
