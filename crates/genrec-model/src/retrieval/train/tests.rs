//! The losses are those of the formulas; a training learns what there is to learn.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use genrec_data::{Interactions, ItemId, Split, leave_one_out};
use genrec_embed::Embeddings;
use genrec_identify::token::{Side, TokenTable};
use genrec_identify::{Code, CodeTable};
use genrec_metrics::SeenItems;
use genrec_train::{Task, TrainingConfig};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde::Deserialize;

use super::batch::{Targets, samples};
use super::loss::{pairwise_loss, softmax_loss, unit};
use super::task::NearItems;
use super::*;
use crate::retrieval::{
    HistoryOrder, Representations, RetrievalConfig, RetrievalLoss, RetrievalModel, TokenRecConfig,
    Tokens,
};
use crate::t5::T5Config;

#[derive(Deserialize)]
struct Golden {
    d: usize,
    answers: Vec<f32>,
    catalogue: Vec<f32>,
    positives: Vec<i64>,
    negatives: Vec<i64>,
    weights: Vec<f32>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    loss: RetrievalLoss,
    value: f32,
    gradient: Vec<f32>,
}

fn matrix(values: &[f32], columns: usize, device: &Device) -> Tensor<2> {
    let shape = [values.len() / columns, columns];
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

/// Against PyTorch (`tests/golden/retrieval_loss.py`).
#[test]
fn losses_and_gradients_are_those_of_the_formulas() {
    let text = include_str!("../../../../../tests/golden/retrieval_loss.json");
    let golden: Golden = serde_json::from_str(text).unwrap();
    let device = Device::default().autodiff();
    let catalogue = unit(matrix(&golden.catalogue, golden.d, &device));
    let batch = golden.answers.len() / golden.d;
    let targets = golden.positives.len() / batch;
    let rows = |items: &[i64]| {
        let items =
            Tensor::<1, Int>::from_data(TensorData::new(items.to_vec(), [items.len()]), &device);
        catalogue
            .clone()
            .select(0, items)
            .reshape([batch, targets, golden.d])
    };
    let weights = matrix(&golden.weights, targets, &device);
    let predictions = golden.weights.iter().sum::<f32>() as usize;
    for case in &golden.cases {
        let answers = matrix(&golden.answers, golden.d, &device).require_grad();
        let (z, weights) = (answers.clone(), weights.clone());
        let loss = match case.loss {
            RetrievalLoss::Pairwise { margin } => {
                let (near, far) = (rows(&golden.positives), rows(&golden.negatives));
                pairwise_loss(z, near, far, weights, margin, predictions)
            }
            RetrievalLoss::Softmax { temperature } => {
                let data = TensorData::new(golden.positives.clone(), [batch, targets]);
                let numbers = Tensor::<2, Int>::from_data(data, &device);
                softmax_loss(
                    z,
                    catalogue.clone(),
                    numbers,
                    weights,
                    temperature,
                    predictions,
                )
            }
        };
        let value = loss.clone().into_scalar::<f32>();
        assert!(
            (value - case.value).abs() < 1e-5,
            "{:?}: {value}, {}",
            case.loss,
            case.value
        );
        let gradient = answers.grad(&loss.backward()).unwrap().into_data();
        for (found, expected) in gradient.iter::<f32>().zip(&case.gradient) {
            assert!(
                (found - expected).abs() < 1e-5,
                "{:?}: {found}, {expected}",
                case.loss
            );
        }
    }
}

pub(in crate::retrieval) type Change = fn(&mut RetrievalConfig);

const USERS: usize = 60;
const ITEMS: usize = 24;
const GROUPS: usize = 4;

/// Users who take most of the items of their group, or any; every item once.
pub(in crate::retrieval) fn world(planted: bool) -> Split {
    let mut rng = StdRng::seed_from_u64(3);
    let histories = (0..USERS)
        .map(|user| {
            let of_group = |item: &usize| !planted || item % GROUPS == user % GROUPS;
            let mut items: Vec<usize> = (0..ITEMS).filter(of_group).collect();
            items.shuffle(&mut rng);
            items.truncate(6);
            items.into_iter().map(ItemId::from_index).collect()
        })
        .collect();
    leave_one_out(&Interactions::new(ITEMS, histories).unwrap()).unwrap()
}

/// Rows near one direction a group: user `u` and item `i` are of groups `u % 4` and `i % 4`.
pub(in crate::retrieval) fn rows(users: usize, items: usize) -> Representations {
    let mut rng = StdRng::seed_from_u64(4);
    let mut draw = |count: usize, size: f32| -> Vec<f32> {
        (0..count).map(|_| rng.random_range(-size..size)).collect()
    };
    let groups = draw(GROUPS * 8, 1.0);
    let mut near = |count: usize| {
        let mut rows = draw(count * 8, 0.2);
        for (place, value) in rows.iter_mut().enumerate() {
            *value += groups[place / 8 % GROUPS * 8 + place % 8];
        }
        Embeddings::from_vec(count, 8, rows).unwrap()
    };
    let (users, items) = (near(users), near(items));
    Representations::new(users, items).unwrap()
}

/// Tokens that know nothing of groups: two codes for each, of 10.
pub(in crate::retrieval) fn tokens(users: usize, items: usize) -> Tokens {
    let table = |side, rows: usize| {
        let codes = (0..rows as u32).flat_map(|row| [row % 10, row / 10].map(Code::new));
        let codes = CodeTable::new(rows, 2, codes.collect(), vec![10, 10]).unwrap();
        TokenTable::new(side, codes)
    };
    Tokens::new(table(Side::User, users), table(Side::Item, items)).unwrap()
}

pub(in crate::retrieval) fn config() -> TokenRecConfig {
    let mut config = TokenRecConfig::quick(8);
    for side in [&mut config.users, &mut config.items] {
        (side.codebook_sizes, side.hidden, side.d_code) = (vec![10, 10], vec![16], 8);
    }
    config.model.t5 = T5Config::new(2)
        .with_d_model(32)
        .with_d_kv(8)
        .with_d_ff(64)
        .with_n_heads(2)
        .with_encoder_layers(1)
        .with_decoder_layers(1);
    config.model.targets = 2;
    config.model.loss = TokenRecConfig::paper(8).model.loss;
    config
}

pub(in crate::retrieval) fn model(config: &TokenRecConfig) -> RetrievalModel {
    let device = Device::default();
    RetrievalModel::new(config.model.clone(), config.vocabulary(), 1, &device).unwrap()
}

fn fit(planted: bool, change: impl Fn(&mut RetrievalConfig), folder: &Path) -> TrainedRetrieval {
    let mut config = config();
    change(&mut config.model);
    let training = TrainingConfig::new()
        .with_epochs(80)
        .with_batch_size(16)
        .with_piece_rows(Some(8))
        .with_accumulation(1)
        .with_learning_rate(5e-3)
        .with_validate_every(8)
        .with_seed(5);
    let split = world(planted);
    let tokens = Arc::new(tokens(USERS, ITEMS));
    RetrievalTrainer::new(training, folder)
        .with_resume(true)
        .with_seen_items(SeenItems::Removed)
        .fit(
            model(&config),
            &tokens,
            &rows(USERS, ITEMS),
            &split.train,
            &split.validation,
            |_| {},
        )
        .unwrap()
}

#[test]
fn planted_groups_are_learnt_and_noise_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Two of 24 items are left of a group: whoever knows the group puts the target first or second, 0.82 in the mean.
    let variants: [(&str, Change); 4] = [
        ("paper", |_| {}),
        ("one target", |config| config.targets = 1),
        ("in order", |config| config.order = HistoryOrder::Time),
        ("softmax", |config| {
            config.loss = RetrievalLoss::Softmax { temperature: 0.1 }
        }),
    ];
    for (name, change) in variants {
        let planted = fit(true, change, &at(name)).best.validation.unwrap();
        assert!(planted > 0.7, "{name}: {planted}");
    }
    // Guessing at the 20 items that are left: 0.23 in the mean.
    let noise = fit(false, |_| {}, &at("noise")).best.validation.unwrap();
    assert!(noise < 0.4, "{noise}");
}

#[test]
fn every_item_is_a_target_once_and_never_among_what_is_read() {
    let split = world(true);
    let train = &split.train;
    for (order, targets) in [
        (HistoryOrder::Shuffled, 1),
        (HistoryOrder::Shuffled, 3),
        (HistoryOrder::Time, 2),
    ] {
        let mut rng = StdRng::seed_from_u64(1);
        let mut asked = vec![Vec::<ItemId>::new(); USERS];
        for sample in samples(train, order, targets) {
            let found = sample.targets(train);
            assert!((1..=targets).contains(&found.len()));
            asked[sample.user.index()].extend(found);
            for most in [2, 50] {
                let read = sample.history(train, order, most, &mut rng);
                assert_eq!(read.len(), sample.length(train, order, most));
                assert!(read.iter().all(|item| !found.contains(item)));
                let all = train.history(sample.user);
                assert!(read.iter().all(|item| all.contains(item)));
                if order == HistoryOrder::Time {
                    let before = all.iter().position(|item| *item == found[0]).unwrap();
                    assert_eq!(read, all[before.saturating_sub(most)..before]);
                }
            }
        }
        for (user, history) in train.iter() {
            let first = usize::from(order == HistoryOrder::Time);
            assert_eq!(asked[user.index()], history[first..]);
        }
    }
}

#[test]
fn negatives_are_items_of_training_that_the_user_did_not_take() {
    let mut config = config();
    config.model.targets = 4;
    let split = world(true);
    // Item 7 is only there as the last of histories: training does not know it.
    let histories = split.train.iter().map(|(_, history)| {
        history
            .iter()
            .copied()
            .filter(|item| item.get() != 7)
            .collect()
    });
    let train = Interactions::new(ITEMS, histories.collect()).unwrap();
    let (tokens, rows) = (Arc::new(tokens(USERS, ITEMS)), rows(USERS, ITEMS));
    let model = model(&config);
    let task = NearItems::new(&model, &tokens, &rows, &train, SeenItems::Ranked).unwrap();
    let unit = rows.items().normalized();
    let item_of = |row: &[f32]| (0..ITEMS).find(|&item| unit.row(item) == row);
    let all: Vec<usize> = (0..task.samples()).collect();
    let batch = task.batch(&all, 9, &Device::default());
    let Targets::Rows([positives, negatives]) = batch.targets else {
        panic!("the loss is pairwise");
    };
    let weights: Vec<f32> = batch.weights.into_data().iter::<f32>().collect();
    let rows_of = |rows: Tensor<3>| -> Vec<Option<usize>> {
        let values: Vec<f32> = rows.into_data().iter::<f32>().collect();
        values.chunks_exact(8).map(item_of).collect()
    };
    let (positives, negatives) = (rows_of(positives), rows_of(negatives));
    let samples = samples(&train, config.model.order, 4);
    let mut targets = 0;
    for (place, weight) in weights.iter().enumerate() {
        let history = train.history(samples[place / 4].user);
        let took = |item: Option<usize>| {
            item.is_some_and(|item| history.contains(&ItemId::from_index(item)))
        };
        assert_eq!(took(positives[place]), *weight == 1.0);
        if *weight == 1.0 {
            targets += 1;
            let negative = negatives[place].expect("an item");
            assert!(!took(Some(negative)) && negative != 7, "{negative}");
        }
    }
    assert_eq!((targets, batch.predictions), (train.len(), train.len()));
}

#[test]
fn what_does_not_fit_is_refused() {
    let split = world(true);
    let folder = tempfile::tempdir().unwrap();
    let config = config();
    let fit = |training: TrainingConfig, users: usize, tokens_of: usize| {
        RetrievalTrainer::new(training, folder.path())
            .fit(
                model(&config),
                &Arc::new(tokens(tokens_of, ITEMS)),
                &rows(users, ITEMS),
                &split.train,
                &split.validation,
                |_| {},
            )
            .unwrap_err()
            .to_string()
    };
    let message = fit(TrainingConfig::new(), USERS - 1, USERS - 1);
    assert!(message.contains("59 users and 24 items"), "{message}");
    let message = fit(TrainingConfig::new(), USERS, USERS + 1);
    assert!(message.contains("tokens of users: found 61"), "{message}");
    let message = fit(TrainingConfig::new().with_temperature(0.7), USERS, USERS);
    assert!(message.contains("they would do nothing"), "{message}");
}
