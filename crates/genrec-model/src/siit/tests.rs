//! Whole runs, and their steps.

mod folders;

use std::path::Path;
use std::sync::{Arc, Mutex};

use burn::tensor::Device;
use genrec_data::{Catalog, Ids, Interactions, Item, ItemId, Split, leave_one_out};
use genrec_embed::Embeddings;
use genrec_identify::indexing::CidConfig;
use genrec_identify::refine::{Assignment, refine_collided, semantic_similarity};
use genrec_identify::{Identifier, IdentifierTable, ItemTokens, Vocabulary};
use genrec_metrics::{EvaluateConfig, Metric, Recommender, evaluate};
use genrec_train::{TrainingConfig, TrainingEvent};

use super::*;
use crate::instruct::{Question, Regeneration, Templates, TextModel, TextTokenizer};
use crate::lm::LanguageModelConfig;
use crate::t5::T5Config;

const ITEMS: u32 = 12;
const COLOURS: [&str; 3] = ["red", "green", "blue"];
const THINGS: [&str; 4] = ["cup", "plate", "fork", "spoon"];

/// What a run is about: colours and things are in the texts, users walk in a circle, and of the identifiers that it begins with the first code goes by things, the second by neither.
struct World {
    catalog: Catalog,
    split: Split,
    templates: Templates,
    text: TextTokenizer,
    /// Colour and thing, `[items, 7]`.
    rows: Embeddings,
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
        let rows = (0..ITEMS as usize).flat_map(|item| {
            (0..7).map(move |column| f32::from(column == item / 4 || column == 3 + item % 4))
        });
        let identifiers = (0..ITEMS).map(|item| Identifier::from_iter([item % 4, item % 3]));
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
            rows: Embeddings::from_vec(ITEMS as usize, 7, rows.collect()).unwrap(),
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
            embeddings: Some(&self.rows),
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

/// The share of items for which `is` holds.
fn share(is: impl Fn(ItemId) -> bool) -> f64 {
    let items = (0..ITEMS).map(ItemId::new);
    items.filter(|&item| is(item)).count() as f64 / f64::from(ITEMS)
}

#[test]
fn a_run_regenerates_identifiers_and_still_recommends() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let mut config = config();
    config.warm_up.epochs = 50;
    config.alignment.epochs = 60;
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
    // Proposals go by what the items say: if they did not, all would want the same.
    assert!(found.collision_rate < 0.8, "{found:?}");
    assert_eq!(found.kept, 0.0);
    let longer = share(|item| after.table.identifier(item).len() > 2);
    assert_eq!(found.extended, longer);
    assert_eq!(found.coverage.len(), 8);
    assert!((found.coverage[7] - (1.0 - longer)).abs() < 1e-9);
    let similarity = semantic_similarity(&after.table, &world.rows).unwrap();
    assert!(
        similarity.is_some() && found.similarity == similarity,
        "{found:?}"
    );
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
    let mut config = config()
        .with_rounds(0)
        .with_regeneration(Regeneration::Free);
    config.warm_up.epochs = 30;
    config.alignment.epochs = 30;
    let siit = Siit::new(config, folder.path().join("run"));
    let rounds = siit
        .run(&world.model, &world.start, world.data(), |_, _| |_| {})
        .unwrap();
    let (round, data) = (&rounds[0], world.data());
    let apart = |name: &str| folder.path().join(name);
    let aligned = siit
        .aligned(round, data, &apart("aligned"), |_| {})
        .unwrap();
    let proposals = |k| {
        let proposals = siit.proposals(&aligned, round, &world.start, data, k);
        proposals.unwrap()
    };
    let (beam, greedy) = (proposals(8), proposals(1));
    // Out of all tokens it writes those of identifiers, for some items several.
    assert!(beam.kept().len() * 2 < ITEMS as usize, "{beam:?}");
    let written = (0..ITEMS as usize).map(|item| beam.of(item).len());
    assert!(written.sum::<usize>() > ITEMS as usize, "{beam:?}");
    let several = |item| greedy.of(item).len() > 1;
    assert!(!(0..ITEMS as usize).any(several), "{greedy:?}");

    assert_eq!(siit.assignment(data), Assignment::AsListed);
    let tokens = refine_collided(&world.start, &greedy, &siit.assignment(data)).unwrap();
    let tuned = |tokens: ItemTokens, name: &str| {
        siit.tuned(round, Arc::new(tokens), data, 5, &apart(name), |_| {})
    };
    let (recommender, epochs) = tuned(tokens, "greedy").unwrap();
    assert_eq!((recommender.items(), epochs.len()), (ITEMS as usize, 6));
    // Tokens of another numbering are refused before anything is trained.
    let wider = world.start.clone().with_codebook_sizes(vec![5, 3]).unwrap();
    let error = tuned(Vocabulary::of(&wider).tokenize(&wider), "wider").unwrap_err();
    assert!(error.to_string().contains("[5, 3]"), "{error}");
    assert!(!apart("wider").exists());
}

#[test]
fn a_decoder_regenerates_from_clusters_in_every_order() {
    let mut world = World::new();
    let device = Device::default();
    world.model = LanguageModelConfig::new(world.text.len() + 20, 32, 1)
        .with_d_ff(48)
        .with_init_std(0.1)
        .init(&device)
        .unwrap()
        .into();
    // Clusters of items that are met together, told apart by a number.
    let clusters = CidConfig::new().with_clusters(3).with_leaf(4);
    world.start = clusters.fit(&world.split.train, &device).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = config().with_question(Question::WholeHistory);
    config.warm_up.epochs = 40;
    config.alignment.epochs = 60;
    config.next_item.epochs = 60;
    let orders = [
        Order::AsListed,
        Order::ByPopularity,
        Order::ByScore,
        Order::Optimal,
    ];
    let scores = orders.map(|order| {
        let config = config.clone().with_order(order);
        let folder = folder.path().join(format!("{order:?}"));
        let siit = Siit::new(config, &folder);
        let rounds = siit.run(&world.model, &world.start, world.data(), |_, _| |_| {});
        let rounds = rounds.unwrap();
        let [before, after] = &rounds[..] else {
            panic!("{} rounds", rounds.len())
        };
        let found = after.diagnostics.as_ref().unwrap();
        let ndcg = |round: &Round| {
            let recommender = siit.recommender(round, world.data(), 8).unwrap();
            let config = EvaluateConfig::new(1).with_resamples(0);
            let report = evaluate(&recommender, &world.split.test, &config).unwrap();
            report.value(Metric::Ndcg, 5).unwrap()
        };
        let (before, after) = (ndcg(before), ndcg(after));
        // By chance it is .25.
        assert!(before > 0.4 && after > 0.4, "{order:?}: {before}, {after}");
        // The proposals are the same; who gets them differs.
        (found.collision_rate, found.extended, found.changed)
    });
    // One order or the other may give everybody back what it had.
    assert!(scores.iter().any(|&(_, _, changed)| changed > 0.0));
    let rates = scores.map(|(rate, _, _)| rate);
    assert!(rates.iter().all(|&rate| rate == rates[0]), "{scores:?}");
    // No order leaves fewer without a proposal of theirs than the matching.
    let left = scores.map(|(_, extended, _)| extended);
    assert!(
        left.iter().all(|&extended| extended >= left[3]),
        "{scores:?}"
    );
}
