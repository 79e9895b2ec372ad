//! Systems that are asked in words survive the disk.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use burn::tensor::Device;
use genrec::data::{Catalog, Interactions, ItemId};
use genrec::identify::{IdentifierTable, Vocabulary};
use genrec::metrics::Recommender;
use genrec::model::instruct::{
    Instructions, LanguageRecommender, Question, Templates, TextModel, TextTokenizer,
};
use genrec::model::lm::LanguageModelConfig;
use genrec::model::t5::T5Config;
use genrec::model::{System, SystemRecommender};

use crate::fixture::{answers, catalog, histories};

const ITEMS: usize = 25;

/// Items with codes, some longer than others.
fn codes() -> IdentifierTable {
    let identifier = |item: u32| match item {
        24 => [6].into_iter().collect(),
        _ => [item % 6, item / 6].into_iter().collect(),
    };
    IdentifierTable::new((0..ITEMS as u32).map(identifier).collect()).unwrap()
}

pub(crate) fn system(in_words: bool, decoder: bool) -> System {
    let catalog: Catalog = catalog(ITEMS);
    let templates = Templates::places();
    let text = TextTokenizer::for_catalog(&catalog, &templates, 300).unwrap();
    let table = match in_words {
        true => text.titles(&catalog, 60).unwrap(),
        false => codes(),
    };
    let vocabulary = Vocabulary::of(&table);
    let text = match in_words {
        true => text.with_identifiers_in_words(&vocabulary).unwrap(),
        false => text.with_identifiers(&vocabulary).unwrap(),
    };
    let device = Device::default();
    let model: TextModel = match decoder {
        true => LanguageModelConfig::new(text.len(), 16, 2)
            .with_layers(1)
            .with_init_std(0.5)
            .init(&device)
            .unwrap()
            .into(),
        false => T5Config::new(text.len())
            .with_d_model(16)
            .with_d_kv(8)
            .with_n_heads(2)
            .with_d_ff(16)
            .with_encoder_layers(1)
            .with_decoder_layers(1)
            .with_causal_encoder(true)
            .init(&device)
            .into(),
    };
    let question = match decoder {
        true => Question::WholeHistory,
        false => Question::Instruction,
    };
    let histories = Interactions::new(ITEMS, vec![vec![ItemId::new(3); 4]]).unwrap();
    let tokens = Arc::new(vocabulary.tokenize(&table));
    let eos = model.eos();
    let instructions =
        Instructions::new(templates, tokens, Arc::new(text), eos, &catalog, &histories)
            .unwrap()
            .with_question(question)
            .with_max_history(4)
            .with_next_item();
    System {
        recommender: LanguageRecommender::new("asked in words", model, instructions, 7)
            .unwrap()
            .into(),
        catalog,
        provenance: BTreeMap::new(),
    }
}

fn inner(system: &System) -> &LanguageRecommender {
    match &system.recommender {
        SystemRecommender::Language(recommender) => recommender,
        other => panic!("{other:?} is not asked in words"),
    }
}

#[test]
fn an_opened_system_answers_as_the_saved_one() {
    let above = tempfile::tempdir().unwrap();
    for (number, (in_words, decoder)) in
        [(false, false), (false, true), (true, false), (true, true)]
            .into_iter()
            .enumerate()
    {
        let before = system(in_words, decoder);
        let folder = above.path().join(number.to_string());
        before.save(&folder).unwrap();
        let after = System::open(&folder, &Device::default()).unwrap();
        let (old, new) = (inner(&before), inner(&after));
        assert_eq!(old.name(), new.name());
        assert_eq!((old.beams(), old.items()), (new.beams(), new.items()));
        let asked = histories(30, ITEMS);
        let (old_answers, new_answers) = (answers(old, &asked, 5), answers(new, &asked, 5));
        for ((old, new), history) in old_answers.iter().zip(&new_answers).zip(&asked) {
            assert_eq!(old.items(), new.items());
            assert_eq!(old.scores(), new.scores());
            // Nothing follows an empty history.
            assert_eq!(old.items().len(), if history.is_empty() { 0 } else { 5 });
        }
        for item in [0, 24].map(ItemId::new) {
            let name = before.recommender.identifier(item);
            assert_eq!(name, after.recommender.identifier(item));
            let title = before.catalog.get(item).title.clone().unwrap();
            assert_eq!(name == title, in_words, "{name}");
        }
    }
}

#[test]
fn changed_files_are_refused_with_their_names() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("system");
    system(false, true).save(&folder).unwrap();
    for file in [
        "identifiers.json",
        "tokenizer.json",
        "templates.json",
        "model/model.safetensors",
    ] {
        let path = folder.join(file);
        let good = fs::read(&path).unwrap();
        fs::write(&path, &good[..good.len() - 1]).unwrap();
        let error = System::open(&folder, &Device::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(file), "{error}");
        fs::write(&path, good).unwrap();
    }
    System::open(&folder, &Device::default()).unwrap();
}
