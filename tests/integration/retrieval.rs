//! A saved system that answers by nearest neighbour answers as the one that was saved did, and still lets newcomers in.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::tensor::Device;
use genrec::data::{Ids, ItemId};
use genrec::embed::Embeddings;
use genrec::metrics::{Query, Recommender, SeenItems};
use genrec::model::t5::T5Config;
use genrec::model::{
    Representations, RetrievalModel, RetrievalRecommender, System, SystemRecommender,
    TokenRecConfig, Tokenizers,
};
use genrec::quantize::{MaskedVqConfig, Quantizer};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::fixture::{catalog, histories};

const ITEMS: usize = 25;
const USERS: usize = 30;

fn config() -> TokenRecConfig {
    let mut config = TokenRecConfig::quick(8);
    for (side, sizes) in [(&mut config.users, [6, 5]), (&mut config.items, [7, 4])] {
        (side.codebook_sizes, side.hidden, side.d_code) = (sizes.to_vec(), vec![16, 12], 8);
    }
    config.model.t5 = T5Config::new(2)
        .with_d_model(32)
        .with_d_kv(8)
        .with_d_ff(64)
        .with_n_heads(2)
        .with_encoder_layers(1)
        .with_decoder_layers(1);
    config
}

fn rows(users: usize, items: usize) -> Representations {
    let mut rng = StdRng::seed_from_u64(6);
    let mut draw = |rows: usize| {
        let values = (0..rows * 8)
            .map(|_| rng.random_range(-1.0..1.0_f32))
            .collect();
        Embeddings::from_vec(rows, 8, values).unwrap()
    };
    let (users, items) = (draw(users), draw(items));
    Representations::new(users, items).unwrap()
}

fn system() -> System {
    let (config, rows, device) = (config(), rows(USERS, ITEMS), Device::default());
    let start = |config: &MaskedVqConfig, rows: &Embeddings| {
        let rows = rows.to_tensor(&device);
        let quantizer = config.init(&device).initialise(&rows, 1).unwrap();
        // Running statistics that are not those of a fresh batch norm.
        quantizer.reinitialise(&rows, 2).unwrap()
    };
    let users = start(&config.users, rows.users());
    let tokenizers = Tokenizers::new(users, start(&config.items, rows.items())).unwrap();
    let tokens = tokenizers.tokens(&rows, &device).unwrap();
    let model = RetrievalModel::new(config.model.clone(), config.vocabulary(), 3, &device).unwrap();
    let names = (0..USERS).map(|user| format!("Zoë \"{user}\"")).collect();
    let recommender = RetrievalRecommender::new("TokenRec", model, tokens, rows)
        .and_then(|recommender| recommender.with_tokenizers(tokenizers))
        .and_then(|recommender| recommender.with_user_ids(Ids::new(names).unwrap()))
        .and_then(|recommender| recommender.with_prompt(config.model.prompts.unseen))
        .unwrap()
        .with_seen_items(SeenItems::Removed);
    System {
        recommender: recommender.into(),
        catalog: catalog(ITEMS),
        provenance: BTreeMap::new(),
    }
}

fn retrieval(system: System) -> RetrievalRecommender {
    match system.recommender {
        SystemRecommender::Retrieval(recommender) => *recommender,
        other => panic!("{other:?} does not answer by nearest neighbour"),
    }
}

fn saved(folder: &Path) -> System {
    let system = system();
    system.save(folder).unwrap();
    system
}

#[test]
fn a_saved_system_answers_as_before_and_lets_newcomers_in() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("system");
    let before = saved(&folder);
    let after = System::open(&folder, &Device::default()).unwrap();
    assert_eq!(after.recommender.seen_items(), SeenItems::Removed);
    let user = after.recommender.user("Zoë \"17\"").unwrap();
    assert_eq!(user.index(), 17);
    assert_eq!(after.recommender.user("17"), None);

    let histories = histories(40, ITEMS);
    let queries: Vec<Query<'_>> = histories
        .iter()
        .enumerate()
        .map(|(place, history)| match place % 3 {
            0 => Query::anonymous(history),
            _ => Query::new((place as u32 % USERS as u32).into(), history),
        })
        .collect();
    let answers = before.recommender.recommend(&queries, 9);
    assert_eq!(after.recommender.recommend(&queries, 9), answers);
    let item = ItemId::new(7);
    assert_eq!(
        after.recommender.identifier(item),
        before.recommender.identifier(item)
    );

    let (mut before, mut after) = (retrieval(before), retrieval(after));
    assert_eq!(after.prompt(), before.prompt());
    let more = rows(USERS + 4, ITEMS + 6);
    for recommender in [&mut before, &mut after] {
        let (users, items) = (more.users().clone(), more.items().clone());
        recommender.update_representations(users, items).unwrap();
    }
    assert_eq!(after.tokens(), before.tokens());
    let answers = before.recommend(&queries, 9);
    assert_eq!(after.recommend(&queries, 9), answers);

    // The ids of those who were there are not the ids of all.
    assert!(after.user_ids().is_none());
    let grown = System {
        recommender: after.into(),
        catalog: catalog(ITEMS + 6),
        provenance: BTreeMap::new(),
    };
    let folder = above.path().join("grown");
    grown.save(&folder).unwrap();
    let again = System::open(&folder, &Device::default()).unwrap();
    assert_eq!(again.recommender.recommend(&queries, 9), answers);
}

#[test]
fn a_changed_or_missing_file_is_refused_with_its_name() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("system");
    saved(&folder);
    for name in [
        "user-tokens.json",
        "item-tokenizer.record",
        "representations.safetensors",
        "projection.safetensors",
        "users.json",
    ] {
        let path = folder.join(name);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(&path, &changed).unwrap();
        let error = System::open(&folder, &Device::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(name), "{error} should name {name}");
        fs::remove_file(&path).unwrap();
        let error = System::open(&folder, &Device::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(name), "{error} should name {name}");
        fs::write(&path, &whole).unwrap();
    }
    System::open(&folder, &Device::default()).unwrap();
}
