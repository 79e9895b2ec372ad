//! Whole runs, killed ones, and folders that were changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use burn::tensor::Device;
use genrec_data::{Catalog, Ids, Interactions, Item, ItemId, Split, leave_one_out};
use genrec_identify::refine::{Assignment, refine_collided};
use genrec_identify::{Identifier, IdentifierTable, Vocabulary};
use genrec_metrics::{EvaluateConfig, Metric, Recommender, evaluate};
use genrec_train::{TrainingConfig, TrainingEvent};

use super::*;
use crate::instruct::{Regeneration, Templates, TextModel, TextTokenizer};
use crate::t5::T5Config;

const ITEMS: u32 = 12;
const COLOURS: [&str; 3] = ["red", "green", "blue"];
const THINGS: [&str; 4] = ["cup", "plate", "fork", "spoon"];

/// What a run is about: colours and things are in the texts, users walk in a circle, and the identifiers that it begins with have nothing to do with either.
struct World {
    catalog: Catalog,
    split: Split,
    templates: Templates,
    text: TextTokenizer,
    start: IdentifierTable,
    model: TextModel,
}

impl World {
    fn new() -> Self {
        let items: Vec<Item> = (0..ITEMS as usize)
            .map(|item| Item {
                title: Some(format!("{} {}", COLOURS[item / 4], THINGS[item % 4])),
                ..Item::default()
            })
            .collect();
        let ids = Ids::new((0..ITEMS).map(|item| item.to_string()).collect()).unwrap();
        let catalog = Catalog::new(ids, items).unwrap();
        let histories = (0..40_u32).map(|user| {
            let item = |place| ItemId::new((user + place) % ITEMS);
            (0..6).map(item).collect()
        });
        let histories = Interactions::new(ITEMS as usize, histories.collect()).unwrap();
        let mut templates = Templates::shopping();
        // Short, so that the tests are.
        templates.next_item = vec![String::from("after {history}")];
        templates.text_to_identifier = vec![String::from("which is {text}")];
        templates.identifier_to_text = vec![String::from("what is {item}")];
        let words: Vec<String> = catalog
            .texts()
            .into_iter()
            .chain(["after which is what is".to_owned()])
            .collect();
        let text = TextTokenizer::train(&words, 320).unwrap();
        let identifiers = (0..ITEMS).map(|item| Identifier::from_iter([item * 5 % 4, item % 3]));
        let start = IdentifierTable::new(identifiers.collect()).unwrap();
        let t5 = T5Config::new(text.len() + 7)
            .with_d_model(32)
            .with_d_kv(16)
            .with_n_heads(2)
            .with_d_ff(48)
            .with_encoder_layers(1)
            .with_decoder_layers(1)
            .with_dropout(0.05)
            .with_initializer_factor(0.5);
        Self {
            split: leave_one_out(&histories).unwrap(),
            model: t5.init(&Device::default()).into(),
            catalog,
            templates,
            text,
            start,
        }
    }

    fn data(&self) -> SiitData<'_> {
        SiitData {
            catalog: &self.catalog,
            train: &self.split.train,
            validation: &self.split.validation,
            templates: &self.templates,
            text: &self.text,
        }
    }

    fn run(&self, config: SiitConfig, folder: &Path) -> crate::Result<Vec<Round>> {
        Siit::new(config, folder).with_resume(true).run(
            &self.model,
            &self.start,
            self.data(),
            |_, _| |_| {},
        )
    }
}

fn config() -> SiitConfig {
    let training = TrainingConfig::new()
        .with_batch_size(24)
        .with_piece_rows(Some(12))
        .with_accumulation(1)
        .with_learning_rate(1e-2)
        .with_validation_beams(8);
    let training = |epochs| {
        training
            .clone()
            .with_epochs(epochs)
            .with_validate_every(epochs)
    };
    SiitConfig::new(training(12), training(6), training(6))
        .with_rounds(1)
        .with_proposals(8)
        .with_seed(3)
}

#[test]
fn a_run_regenerates_identifiers_and_still_recommends() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let mut config = config();
    config.warm_up.epochs = 50;
    config.next_item.epochs = 50;
    let siit = Siit::new(config, folder.path());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let rounds = siit
        .run(&world.model, &world.start, world.data(), |round, stage| {
            let heard = heard.clone();
            move |event| {
                if let TrainingEvent::Epoch(_) = event {
                    heard.lock().unwrap().push((round, stage));
                }
            }
        })
        .unwrap();
    let mut stages = heard.lock().unwrap().clone();
    stages.dedup();
    let expected = [
        (0, Stage::WarmUp),
        (1, Stage::Alignment),
        (1, Stage::NextItem),
    ];
    assert_eq!(stages, expected);

    assert_eq!(rounds[0].table, world.start);
    assert!(rounds[0].diagnostics.is_none());
    let after = &rounds[1];
    let found = after.diagnostics.as_ref().unwrap();
    assert!(
        found.changed > 0.0 && found.changed == found.churn,
        "{found:?}"
    );
    assert_eq!(found.coverage.len(), 8);
    assert!((found.coverage[7] + found.extended - 1.0).abs() < 1e-9);
    assert!(found.coverage.windows(2).all(|pair| pair[0] <= pair[1]));
    let recommender = siit.recommender(after, world.data(), 8).unwrap();
    let report = evaluate(
        &recommender,
        &world.split.test,
        &EvaluateConfig::new(1).with_resamples(0),
    );
    let ndcg = report.unwrap().value(Metric::Ndcg, 5).unwrap();
    assert!(ndcg > 0.5, "{ndcg}");

    // Without asking for it, nothing is gone on with.
    let again = siit.run(&world.model, &world.start, world.data(), |_, _| |_| {});
    assert!(again.unwrap_err().to_string().contains("round already"));
}

#[test]
fn choices_within_a_round_are_compared_on_copies() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let config = config()
        .with_rounds(0)
        .with_regeneration(Regeneration::Free);
    let siit = Siit::new(config.clone(), folder.path().join("run"));
    let rounds = siit
        .run(&world.model, &world.start, world.data(), |_, _| |_| {})
        .unwrap();
    let apart = |name: &str| folder.path().join(name);
    let proposals = siit
        .proposals(
            &rounds[0],
            &world.start,
            world.data(),
            &apart("aligned"),
            |_| {},
        )
        .unwrap();
    assert_eq!(proposals.items(), ITEMS as usize);
    let greedy = proposals.truncated(1);
    let collided = refine_collided(&world.start, &greedy, &Assignment::AsListed).unwrap();
    let tokens = Arc::new(Vocabulary::of(&collided).tokenize_collided(&collided));
    let (recommender, epochs) = siit
        .tuned(
            &rounds[0],
            tokens,
            world.data(),
            5,
            &apart("greedy"),
            |_| {},
        )
        .unwrap();
    assert_eq!((recommender.items(), epochs.len()), (ITEMS as usize, 6));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // Files come and go while a training runs: as at a kill, a copy has some of them.
            let _ = fs::copy(entry.path(), target);
        }
    }
}

#[test]
fn a_round_killed_anywhere_resumes_to_the_same_bits() {
    let (world, above) = (World::new(), tempfile::tempdir().unwrap());
    let folder = above.path().join("undisturbed");
    let kills = Arc::new(Mutex::new(Vec::<PathBuf>::new()));
    let undisturbed = Siit::new(config(), &folder)
        .run(&world.model, &world.start, world.data(), |round, stage| {
            let (kills, folder, above) =
                (kills.clone(), folder.clone(), above.path().to_path_buf());
            move |event| {
                // In the middle of the third epoch.
                if let TrainingEvent::Step {
                    epoch: 3,
                    samples,
                    total,
                    ..
                } = event
                    && samples * 2 >= total
                {
                    let to = above.join(format!("{round}-{stage:?}"));
                    if !to.exists() {
                        copy(&folder, &to);
                        kills.lock().unwrap().push(to);
                    }
                }
            }
        })
        .unwrap();
    let kills = kills.lock().unwrap();
    assert_eq!(kills.len(), 3);
    let weights = |folder: &Path| fs::read(folder.join("round-1/model/model.safetensors")).unwrap();
    for killed in kills.iter() {
        assert!(!killed.join("round-1").exists());
        let resumed = world.run(config(), killed).unwrap();
        assert_eq!(resumed[1].table, undisturbed[1].table);
        assert_eq!(resumed[1].diagnostics, undisturbed[1].diagnostics);
        assert_eq!(weights(killed), weights(&folder));
    }
    // More rounds may be asked for.
    let more = world.run(config().with_rounds(2), &folder).unwrap();
    assert_eq!(more[1].table, undisturbed[1].table);
    assert_eq!(more.len(), 3);
}

#[test]
fn other_runs_and_changed_folders_are_refused() {
    let (world, above) = (World::new(), tempfile::tempdir().unwrap());
    let short = |config: SiitConfig| {
        let warm_up = config.warm_up.clone().with_epochs(1);
        SiitConfig { warm_up, ..config }.with_rounds(0)
    };
    world.run(short(config()), above.path()).unwrap();
    let refusal = |config| world.run(config, above.path()).unwrap_err().to_string();
    assert!(refusal(short(config()).with_proposals(9)).contains("other settings"));
    let mut other = World::new();
    other.templates.next_item[0].push('?');
    let error = other.run(short(config()), above.path()).unwrap_err();
    assert!(error.to_string().contains("other settings"), "{error}");
    assert!(refusal(config().with_proposals(0)).contains("SIIT"));

    for file in [
        "identifiers.json",
        "model/model.safetensors",
        "tokenizer.json",
    ] {
        let path = above.path().join("round-0").join(file);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&path, bad).unwrap();
        let error = refusal(short(config()));
        assert!(error.contains(file) && error.contains("SHA-256"), "{error}");
        fs::write(&path, good).unwrap();
    }
    assert_eq!(world.run(short(config()), above.path()).unwrap().len(), 1);
}
