//! Networks keep their promises, and learn.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use genrec_data::{Interactions, ItemId, Split, UserId, leave_one_out};
use genrec_metrics::{EvaluateConfig, Metric, Query, Recommender, SeenItems, evaluate};
use genrec_train::TrainingConfig;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::inputs::{History, Inputs};
use super::*;

mod learning;

const ITEMS: u32 = 30;

fn all() -> [SequentialConfig; 5] {
    [
        SequentialConfig::sasrec(),
        SequentialConfig::bert4rec(),
        SequentialConfig::gru4rec(),
        SequentialConfig::caser(),
        SequentialConfig::hgn(),
    ]
    .map(|config| {
        config
            .with_d_model(16)
            .with_max_history(8)
            .with_dropout(0.2)
    })
}

fn model(config: &SequentialConfig) -> SequentialModel {
    // Rows far from zero, so that what a state depends on can be seen.
    let config = config.clone().with_init_std(0.5);
    config
        .init(ITEMS as usize, 5, 3, &Device::default())
        .unwrap()
}

fn items(numbers: &[u32]) -> Vec<ItemId> {
    numbers.iter().copied().map(ItemId::new).collect()
}

fn states(model: &SequentialModel, histories: &[&[u32]]) -> Vec<Vec<f32>> {
    let histories: Vec<Vec<ItemId>> = histories.iter().map(|history| items(history)).collect();
    let histories: Vec<History<'_>> = histories
        .iter()
        .map(|items| History { user: None, items })
        .collect();
    let states = model.states(&histories);
    let width = states.dims()[1];
    let states: Vec<f32> = states.into_data().iter().collect();
    states.chunks(width).map(<[f32]>::to_vec).collect()
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4)
}

#[test]
fn padding_and_neighbours_in_a_batch_change_nothing() {
    for config in all() {
        let model = model(&config);
        let together = states(&model, &[&[1, 2], &[3, 4, 5, 6, 7], &[9]]);
        for (together, alone) in together.iter().zip([&[1, 2][..], &[3, 4, 5, 6, 7], &[9]]) {
            let alone = &states(&model, &[alone])[0];
            assert!(close(together, alone), "{}", model.name());
        }
    }
}

#[test]
fn order_matters_and_so_does_the_last_item() {
    for config in all() {
        let model = model(&config);
        let found = states(&model, &[&[1, 2, 3], &[2, 1, 3], &[1, 2, 4]]);
        // HGN's gates depend on the place, its sums do not: the order matters only a little.
        assert!(found[0] != found[1], "{}", model.name());
        assert!(!close(&found[0], &found[2]), "{}", model.name());
    }
}

#[test]
fn only_the_last_items_are_read() {
    for config in all() {
        let model = model(&config);
        let long: Vec<u32> = (0..20).collect();
        assert_eq!(
            states(&model, &[&long]),
            states(&model, &[&long[12..]]),
            "{}",
            model.name()
        );
    }
}

/// The state at a place is the state after a history that ends there: what training relies on.
#[test]
fn all_but_bert4rec_see_nothing_of_what_comes_after() {
    for config in all() {
        let model = model(&config);
        if model.name() == "BERT4Rec" {
            continue;
        }
        let device = Device::default();
        let at = |history: &[i64], place: usize| -> Vec<f32> {
            let rows = [(None, history.to_vec())];
            let states = model.forward(&Inputs::new(&rows, 8, 5, &device));
            let place = Tensor::from_data([place as i64], &device);
            model.at(states, place).into_data().iter().collect()
        };
        // The same number of places, because SASRec's positions are counted from the end.
        let (one, other) = (at(&[4, 8, 15, 16], 1), at(&[4, 8, 23, 2], 1));
        assert_eq!(one, other, "{}", model.name());
    }
}

#[test]
fn scores_are_dot_products_or_cosines_of_states_and_rows() {
    for config in all() {
        let with = |score| model(&config.clone().with_score(score));
        let temperature = 0.25;
        let (dot, cosine) = (with(Score::DotProduct), with(Score::Cosine { temperature }));
        let history = items(&[1, 2, 3]);
        let state = &states(&dot, &[&[1, 2, 3]])[0];
        let width = state.len();
        let rows: Vec<f32> = dot.item_rows().into_data().iter().collect();
        let product = |a: &[f32], b: &[f32]| std::iter::zip(a, b).map(|(a, b)| a * b).sum::<f32>();
        for (model, is_cosine) in [(&dot, false), (&cosine, true)] {
            let ranked = &model.recommend(&[Query::anonymous(&history)], 30)[0];
            for (item, &score) in ranked.items().iter().zip(ranked.scores()) {
                let row = &rows[item.index() * width..][..width];
                let mut expected = product(state, row);
                if is_cosine {
                    let lengths = product(state, state).sqrt() * product(row, row).sqrt();
                    expected /= lengths * temperature as f32;
                }
                assert!(
                    (score - expected).abs() < 1e-4 * (1.0 + expected.abs()),
                    "{}: {score}, not {expected}",
                    model.name()
                );
            }
        }
    }
}

#[test]
fn users_matter_to_those_who_read_them() {
    for config in all() {
        let model = model(&config);
        let history = items(&[1, 2, 3]);
        let ask = |model: &SequentialModel, user: Option<u32>| {
            let user = user.map(UserId::new);
            let history = &history;
            model.recommend(&[Query { user, history }], 5)
        };
        // Somebody whom training has not met is as good as unknown.
        assert_eq!(ask(&model, Some(1)), ask(&model, None), "{}", model.name());
        let reads = matches!(model.name(), "Caser" | "HGN");
        let met = model.map(&mut ByNumber(0));
        assert_eq!(
            ask(&met, Some(1)) != ask(&met, Some(2)),
            reads,
            "{}",
            met.name()
        );
        assert_eq!(ask(&met, Some(77)), ask(&met, None), "{}", met.name());
    }
}

#[test]
fn items_of_the_history_are_removed_where_that_is_asked_for() {
    let history = items(&[1, 2, 3]);
    for config in all() {
        let model = model(&config).with_seen_items(SeenItems::Removed);
        let ranked = &model.recommend(&[Query::anonymous(&history)], ITEMS as usize)[0];
        assert_eq!(ranked.len(), ITEMS as usize - 3);
        assert!(ranked.items().iter().all(|item| !history.contains(item)));
    }
}

#[test]
fn models_for_other_data_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let split = world(true);
    let refused = |config: SequentialConfig, items: usize, users: usize, smoothing: f64| {
        let model = config.init(items, users, 0, &Device::default()).unwrap();
        SequentialTrainer::new(training().with_label_smoothing(smoothing), folder.path())
            .fit(model, &split.train, &split.validation, |_| {})
            .unwrap_err()
            .to_string()
    };
    let sasrec = SequentialConfig::sasrec;
    assert!(refused(sasrec(), 29, 240, 0.0).contains("29 rows for 30 items"));
    assert!(refused(SequentialConfig::hgn(), 30, 5, 0.0).contains("5 rows for 240 users"));
    let binary = sasrec().with_loss(Loss::Binary { negatives: 1 });
    assert!(refused(binary, 30, 240, 0.1).contains("label_smoothing"));
}

/// Numbers the weights in the order of the module, and gives each the value of its number.
struct ByNumber(usize);

impl ModuleMapper for ByNumber {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|weight| {
            let first = self.0;
            self.0 += weight.shape().num_elements();
            let value = |n: usize| (0.5 * (0.61803 * n as f64 + 0.3).sin()) as f32;
            let values: Vec<f32> = (first..self.0).map(value).collect();
            Tensor::from_data(TensorData::new(values, weight.shape()), &weight.device())
        })
    }
}

#[test]
fn states_are_those_of_pytorch() {
    let golden: BTreeMap<String, Vec<Vec<f32>>> =
        serde_json::from_str(include_str!("../../../../tests/golden/sequential.json")).unwrap();
    let architectures = [
        Architecture::SasRec {
            blocks: 2,
            heads: 2,
        },
        Architecture::Bert4Rec {
            blocks: 2,
            heads: 2,
            masked: 0.5,
        },
        Architecture::Gru4Rec { layers: 1 },
        Architecture::Caser {
            window: 3,
            horizontal: 2,
            vertical: 2,
        },
        Architecture::Hgn { window: 3 },
    ];
    for architecture in architectures {
        let config = SequentialConfig::new(architecture)
            .with_d_model(4)
            .with_max_history(6);
        let model = config.init(10, 3, 0, &Device::default()).unwrap();
        let model = model.map(&mut ByNumber(0));
        let histories = [
            (Some(2), items(&[1, 2, 3])),
            (None, items(&[4])),
            (Some(0), items(&[5, 6, 7, 8, 9, 0])),
        ];
        let asked: Vec<History<'_>> = histories
            .iter()
            .map(|(user, items)| History {
                user: user.map(UserId::new),
                items,
            })
            .collect();
        let found: Vec<f32> = model.states(&asked).into_data().iter().collect();
        let expected = golden[model.name()].concat();
        assert!(
            close(&found, &expected),
            "{}: {found:?}, expected {expected:?}",
            model.name()
        );
    }
}

/// Users who walk through the items by a fixed step, or anyhow.
fn world(planted: bool) -> Split {
    let mut rng = StdRng::seed_from_u64(7);
    let mut walk = |_| {
        let mut item = rng.random_range(0..ITEMS);
        (0..rng.random_range(5..9))
            .map(|_| {
                item = match planted {
                    true => (item + 7) % ITEMS,
                    false => rng.random_range(0..ITEMS),
                };
                ItemId::new(item)
            })
            .collect()
    };
    let histories = (0..240).map(&mut walk).collect();
    leave_one_out(&Interactions::new(ITEMS as usize, histories).unwrap()).unwrap()
}

fn training() -> TrainingConfig {
    SequentialConfig::training()
        .with_batch_size(32)
        .with_piece_rows(Some(16))
        .with_learning_rate(1e-2)
        .with_validate_every(5)
}

#[test]
fn a_model_is_saved_and_opened_and_its_rows_are_changed() {
    let folder = tempfile::tempdir().unwrap();
    for config in all() {
        let model = model(&config).with_seen_items(SeenItems::Removed);
        let path = folder.path().join(model.name());
        model.save(&path).unwrap();
        let opened = SequentialModel::open(&path, &Device::default()).unwrap();
        let history = items(&[3, 1, 4]);
        let queries = [Query::new(UserId::new(2), &history)];
        assert_eq!(opened.recommend(&queries, 9), model.recommend(&queries, 9));
        assert_eq!(opened.config(), model.config());
        assert_eq!(opened.seen_items(), model.seen_items());

        let rows = model.item_embeddings().unwrap();
        let same = model.with_item_embeddings(&rows).unwrap();
        assert_eq!(same.recommend(&queries, 9), model.recommend(&queries, 9));
        let other = model.with_item_embeddings(&rows.slice(0..4)).unwrap_err();
        assert!(other.to_string().contains("4 rows for 30 items"), "{other}");

        let weights = path.join("model.bpk");
        let mut bytes = std::fs::read(&weights).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&weights, bytes).unwrap();
        let damaged = SequentialModel::open(&path, &Device::default())
            .unwrap_err()
            .to_string();
        assert!(damaged.contains("model.bpk"), "{damaged}");
    }
}

#[test]
fn an_empty_history_gets_an_answer() {
    for config in all() {
        let model = model(&config);
        let answers = model.recommend(&[Query::default(), Query::anonymous(&items(&[2]))], 3);
        let expected = if model.name() == "BERT4Rec" { 3 } else { 0 };
        assert_eq!(answers[0].len(), expected);
        assert_eq!(answers[1].len(), 3);
    }
}

#[test]
fn impossible_options_are_refused() {
    let refused = |config: SequentialConfig| {
        config
            .init(3, 3, 0, &Device::default())
            .unwrap_err()
            .to_string()
    };
    let sasrec = SequentialConfig::sasrec;
    let heads = Architecture::SasRec {
        blocks: 2,
        heads: 3,
    };
    assert!(refused(SequentialConfig::new(heads)).contains("multiple of the number of heads"));
    assert!(refused(sasrec().with_dropout(1.0)).contains("dropout"));
    assert!(refused(sasrec().with_d_model(0)).contains("d_model"));
    assert!(refused(sasrec().with_init_std(f64::NAN)).contains("init_std"));
    let frozen = Score::Cosine { temperature: 0.0 };
    assert!(refused(sasrec().with_score(frozen)).contains("temperature"));
    let none = Loss::Binary { negatives: 0 };
    assert!(refused(sasrec().with_loss(none)).contains("negatives"));
    let masked = Architecture::Bert4Rec {
        blocks: 1,
        heads: 1,
        masked: 0.0,
    };
    assert!(refused(SequentialConfig::new(masked)).contains("masked"));
}
