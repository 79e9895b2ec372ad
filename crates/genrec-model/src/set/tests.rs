//! Losses by hand, what learns and what does not, and the ranking.

mod part;

use burn::tensor::{Device, Tensor};
use genrec_data::{Catalog, Ids, Interactions, Item, ItemId, leave_one_out};
use genrec_embed::Embeddings;
use genrec_identify::set::SetTable;
use genrec_metrics::{EvaluateConfig, Metric, Query, Recommender, SeenItems, evaluate};
use genrec_train::{Task, TrainingConfig};

use super::model::{Histories, by_slot, number};
use super::task::reconstruction;
use super::*;
use crate::System;
use crate::t5::SetAttention;

const ITEMS: u32 = 24;

/// Users who walk through the items in a circle; with `noise` they jump anywhere.
fn histories(noise: bool) -> Interactions {
    let lists = (0..80_u32)
        .map(|user| {
            let step = |place: u32| match noise {
                true => (user * 7919 + place * place * 104_729 + 31 * place) % 9973 % ITEMS,
                false => (user + place) % ITEMS,
            };
            (0..7).map(|place| ItemId::new(step(place))).collect()
        })
        .collect();
    Interactions::new(ITEMS as usize, lists).unwrap()
}

/// Rows that tell items apart, and where they lie on the circle.
fn rows() -> ItemRows {
    let random = |salt: u32, dim: u32| {
        let values = (0..ITEMS * dim)
            .map(|i| ((i * 7919 + salt * 104_729 + i * i * 31) % 101) as f32 / 50.0 - 1.0);
        Embeddings::from_vec(ITEMS as usize, dim as usize, values.collect()).unwrap()
    };
    ItemRows {
        collaborative: Some(random(1, 8)),
        text: Some(random(2, 12)),
    }
}

fn small() -> SetRecConfig {
    let config = SetRecConfig::quick();
    let t5 = config
        .t5
        .clone()
        .with_d_model(32)
        .with_d_ff(64)
        .with_n_heads(2)
        .with_d_kv(16);
    let mut config = config.with_t5_of(t5.with_dropout(0.0));
    config.tokenizer = config.tokenizer.with_semantic(2).with_hidden(vec![16]);
    config
}

fn train(config: &SetRecConfig, rows: &ItemRows, interactions: &Interactions) -> (SetModel, f64) {
    let split = leave_one_out(interactions).unwrap();
    let model = config.init(rows, &Device::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let training = TrainingConfig::new()
        .with_epochs(40)
        .with_batch_size(20)
        .with_accumulation(1)
        .with_learning_rate(3e-3)
        .with_validate_every(20);
    let trained = SetTrainer::new(training, folder.path())
        .fit(model, rows, &split.train, &split.validation, |_| {})
        .unwrap();
    let table = trained.model.table(rows).unwrap();
    let recommender = SetRecommender::new("SETRec", trained.model.clone(), table).unwrap();
    let config = EvaluateConfig::new(1).with_resamples(0);
    let report = evaluate(&recommender, &split.test, &config).unwrap();
    (trained.model, report.value(Metric::Ndcg, 5).unwrap())
}

#[test]
fn a_circle_is_learnt_and_noise_is_not() {
    let (_, structure) = train(&small(), &rows(), &histories(false));
    assert!(structure > 0.8, "{structure}");
    let (_, noise) = train(&small(), &rows(), &histories(true));
    assert!(noise < 0.35, "{noise}");
}

#[test]
fn the_released_form_and_the_ablations_learn_too() {
    let released = small()
        .with_attention(SetAttention::Dense)
        .with_whole_sequences(false)
        .with_queries(QueryAttention::Together)
        .with_last_state(false)
        .with_reconstruction(Reconstruction::History);
    let t5 = released.t5.clone();
    let mut forms = vec![released.with_t5_of(t5)];
    let mut config = small();
    config.tokenizer = config.tokenizer.with_semantic(0);
    forms.push(config);
    let mut config = small();
    config.tokenizer = config.tokenizer.with_collaborative(false);
    forms.push(config);
    forms.push(small().with_guided(false));
    for config in forms {
        let (_, found) = train(&config, &rows(), &histories(false));
        assert!(found > 0.6, "{found} with {config}");
    }
}

#[test]
fn the_gradient_reaches_every_part() {
    let device = Device::default().autodiff();
    let rows = rows();
    let model = small().init(&rows, &device).unwrap();
    let interactions = histories(false);
    let samples = genrec_train::Samples::new(&interactions, 20, true);
    let task = super::task::NextSet::of(samples, &rows, 0..ITEMS as usize);
    let batch = task.batch(&[0, 5, 9], 1, &device);
    let shared = task.shared(&model, &[&batch]);
    let found = task
        .loss(&model, &shared, &batch, task.predictions(&batch), 1)
        .backward();
    let largest = |gradient: Option<Tensor<2>>| gradient.unwrap().abs().max().into_scalar::<f32>();
    let linear = &model.tokenizer.collaborative.as_ref().unwrap().weight;
    assert!(largest(linear.val().grad(&found)) > 1e-6);
    for mlp in [&model.tokenizer.encoder, &model.tokenizer.decoder] {
        for layer in &mlp.as_ref().unwrap().layers {
            assert!(largest(layer.weight.val().grad(&found)) > 1e-6);
        }
    }
    assert!(largest(model.queries.val().grad(&found)) > 1e-6);
    let attention = &model.t5.encoder.layers[0].attention;
    assert!(largest(attention.query.linear.weight.val().grad(&found)) > 1e-6);
}

#[test]
fn reconstruction_by_hand() {
    let device = Device::default();
    let errors = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 0.0], [0.0, 0.0]], &device);
    let item = ItemId::new;
    let read: [&[ItemId]; 2] = [&[item(0), item(1), item(0)], &[item(2)]];
    let histories = Histories::new(&read, number, &device);
    // In one piece, and in two.
    let apart = [
        Histories::new(&read[..1], number, &device),
        Histories::new(&read[1..], number, &device),
    ];
    for histories in [vec![&histories], apart.iter().collect()] {
        let found = |over| reconstruction(over, errors.clone(), &histories).into_scalar::<f32>();
        assert!((found(Reconstruction::Items) - (5.0 + 9.0) / 3.0).abs() < 1e-6);
        // Item 0 twice, padding not at all, two elements a row.
        assert!((found(Reconstruction::History) - (5.0 + 9.0 + 5.0) / 8.0).abs() < 1e-6);
    }
}

#[test]
fn scores_are_the_weighed_products_of_answers_and_tokens() {
    let device = Device::default();
    let rows = rows();
    let model = small().init(&rows, &device).unwrap();
    let table = model.table(&rows).unwrap();
    let tokens = table.to_tensor(&device);
    let history: Vec<ItemId> = [3, 9, 4].map(ItemId::new).to_vec();
    let answer = model.answer(&by_slot(&tokens), &[&history]);
    // [items, slots]
    let products = (tokens * answer).sum_dim(2).squeeze_dim::<2>(2).into_data();
    let products: Vec<f32> = products.iter().collect();
    let recommender = SetRecommender::new("SETRec", model, table).unwrap();
    for beta in [0.0, 0.3, 1.0] {
        let recommender = recommender.clone().with_beta(beta);
        let ranked = &recommender.recommend(&[Query::anonymous(&history)], 24)[0];
        assert_eq!(ranked.len(), 24);
        for (item, score) in ranked.items().iter().zip(ranked.scores()) {
            let of_item = &products[item.index() * 3..][..3];
            let beta = beta as f32;
            let expected = (1.0 - beta) * of_item[0] + beta * (of_item[1] + of_item[2]);
            assert!((score - expected).abs() < 1e-4, "{score} {expected}");
        }
    }
    let recommender = recommender.with_seen_items(SeenItems::Removed);
    let ranked = &recommender.recommend(&[Query::anonymous(&history)], 24)[0];
    assert_eq!(ranked.len(), 21);
    assert!(recommender.recommend(&[Query::anonymous(&[])], 3)[0].is_empty());
}

#[test]
fn beta_is_the_one_that_does_best_on_validation() {
    let rows = rows();
    let interactions = histories(false);
    let split = leave_one_out(&interactions).unwrap();
    let (model, _) = train(&small(), &rows, &interactions);
    // Semantic tokens that were learnt for other items: their answers mislead.
    let table = model.table(&rows).unwrap();
    let (slots, width) = (table.slots(), table.d_model());
    let mut misled = table.rows().clone().into_array();
    for item in 0..ITEMS as usize {
        let other = table.rows().row(item * 5 % ITEMS as usize);
        for column in width..slots * width {
            misled[[item, column]] = other[column];
        }
    }
    let table = SetTable::new(Embeddings::new(misled).unwrap(), true, slots - 1).unwrap();
    let recommender = SetRecommender::new("SETRec", model, table).unwrap();
    let betas = [0.0, 0.25, 0.5, 0.75, 1.0];
    let config = EvaluateConfig::new(0).with_ks([10]).with_resamples(0);
    let gain = |beta| {
        let report = evaluate(
            &recommender.clone().with_beta(beta),
            &split.validation,
            &config,
        );
        report.unwrap().value(Metric::Ndcg, 10).unwrap()
    };
    let best = betas.into_iter().map(gain).fold(0.0, f64::max);
    assert!(gain(0.0) > gain(1.0) + 0.1, "{} {}", gain(0.0), gain(1.0));
    let chosen = recommender
        .clone()
        .with_best_beta(&split.validation, &betas)
        .unwrap();
    assert_eq!(gain(chosen.beta()), best);
    assert!(chosen.beta() < 1.0);
    let again = recommender
        .clone()
        .with_best_beta(&split.validation, &[1.0, chosen.beta()]);
    assert_eq!(again.unwrap().beta(), chosen.beta());
    for wrong in [&[][..], &[0.5, 1.2]] {
        assert!(
            recommender
                .clone()
                .with_best_beta(&split.validation, wrong)
                .is_err()
        );
    }
}

#[test]
fn new_items_are_ranked_without_training() {
    let device = Device::default();
    let rows = rows();
    let model = small().init(&rows, &device).unwrap();
    let old = ItemRows {
        collaborative: rows.collaborative.as_ref().map(|rows| rows.slice(0..20)),
        text: rows.text.as_ref().map(|rows| rows.slice(0..20)),
    };
    let new = ItemRows {
        collaborative: rows.collaborative.as_ref().map(|rows| rows.slice(20..24)),
        text: rows.text.as_ref().map(|rows| rows.slice(20..24)),
    };
    let table = model
        .table(&old)
        .unwrap()
        .extended(&model.table(&new).unwrap())
        .unwrap();
    assert_eq!(table, model.table(&rows).unwrap());
    let recommender = SetRecommender::new("SETRec", model, table).unwrap();
    let ranked = &recommender.recommend(&[Query::anonymous(&[ItemId::new(22)])], 24)[0];
    assert_eq!(ranked.len(), 24);
}

#[test]
fn a_saved_system_answers_as_before() {
    let device = Device::default();
    let rows = rows();
    let model = small().init(&rows, &device).unwrap();
    let table = model.table(&rows).unwrap();
    let recommender = SetRecommender::new("SETRec", model, table).unwrap();
    let recommender = recommender
        .with_beta(0.3)
        .with_seen_items(SeenItems::Removed);
    let items = vec![Item::default(); ITEMS as usize];
    let ids = Ids::new((0..ITEMS).map(|item| item.to_string()).collect()).unwrap();
    let system = System {
        recommender: recommender.clone().into(),
        catalog: Catalog::new(ids, items).unwrap(),
        provenance: std::collections::BTreeMap::new(),
    };
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("system");
    system.save(&folder).unwrap();
    let opened = System::open(&folder, &device).unwrap().recommender;
    assert_eq!(opened.identifier(ItemId::new(3)), "a set of 3 tokens");
    assert_eq!(opened.seen_items(), SeenItems::Removed);
    let history: Vec<ItemId> = [3, 9, 4].map(ItemId::new).to_vec();
    let query = [Query::anonymous(&history)];
    assert_eq!(
        opened.recommend(&query, 7),
        recommender.recommend(&query, 7)
    );

    std::fs::remove_file(folder.join("tokens.safetensors")).unwrap();
    let refusal = System::open(&folder, &device).unwrap_err().to_string();
    assert!(refusal.contains("tokens.safetensors"), "{refusal}");
}

#[test]
fn settings_that_do_not_fit_are_named() {
    SetRecConfig::paper().check().unwrap();
    SetRecConfig::released().check().unwrap();
    let quick = SetRecConfig::quick();
    let mut narrow = quick.clone();
    narrow.tokenizer.d_model = 64;
    let bad = [
        (narrow, "width of the tokens"),
        (
            quick.clone().with_attention(SetAttention::Dense),
            "attention",
        ),
        (quick.clone().with_max_history(0), "max_history"),
        (quick.clone().with_alpha(f64::NAN), "alpha"),
        (
            SetRecConfig::released().with_whole_sequences(true),
            "whole_sequences",
        ),
    ];
    for (config, what) in bad {
        let message = config
            .init(&rows(), &Device::default())
            .unwrap_err()
            .to_string();
        assert!(message.contains(what), "{message} should name {what}");
    }
    let no_text = ItemRows {
        text: None,
        ..rows()
    };
    assert!(quick.init(&no_text, &Device::default()).is_err());
}

#[test]
fn validation_cases_are_of_the_items_of_training() {
    let (rows, train) = (rows(), histories(false));
    let other = Interactions::new(25, vec![(0..5).map(ItemId::new).collect()]).unwrap();
    let other = leave_one_out(&other).unwrap();
    let model = small().init(&rows, &Device::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = SetTrainer::new(TrainingConfig::new(), folder.path())
        .fit(model, &rows, &train, &other.validation, |_| {})
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("found 25, expected the 24 of training"),
        "{error}"
    );
}
