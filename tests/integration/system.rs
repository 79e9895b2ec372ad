//! A saved system answers as the one that was saved did, or is not opened.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use genrec::data::Catalog;
use genrec::identify::{Code, CodeTable, Identifier, IdentifierTable, ItemTokens, Vocabulary};
use genrec::metrics::{Ranked, Recommender, SeenItems};
use genrec::model::{Retrieval, SequenceRecommender, System};
use proptest::prelude::*;
use serde_json::json;

use crate::fixture::{answers, bits, catalog, changed, histories, model, sequence};

pub(crate) fn system(tokens: ItemTokens, seed: u64) -> System {
    let items = tokens.items();
    let model = model(&tokens, seed);
    let retrieval = Retrieval::new(Arc::new(tokens))
        .with_beams(7)
        .with_seen_items(SeenItems::Removed);
    System {
        recommender: SequenceRecommender::new(format!("Tiger {seed}"), model, retrieval).into(),
        catalog: catalog(items),
        provenance: BTreeMap::from([
            ("seed".into(), json!(seed)),
            ("rate".into(), json!(0.1 + 0.2)),
        ]),
    }
}

/// 25 items with identifiers of their own.
pub(crate) fn unique() -> ItemTokens {
    let table = IdentifierTable::new(
        (0..25)
            .map(|i| [i % 5, i / 5].into_iter().collect())
            .collect(),
    );
    let table = table.unwrap();
    Vocabulary::of(&table).tokenize(&table)
}

/// 25 items with 10 identifiers, of codebooks that have more codewords than are used.
fn collided() -> ItemTokens {
    let codes = (0..25)
        .flat_map(|i| [i % 5, i % 2].map(Code::new))
        .collect();
    let table = CodeTable::new(25, 2, codes, vec![9, 4]).unwrap();
    Vocabulary::of(&table).tokenize_collided(&table)
}

/// Items, ranks, and the bits of the scores.
fn exactly(lists: &[Ranked]) -> Vec<(Vec<u32>, Vec<u32>, Vec<u32>)> {
    let list = |ranked: &Ranked| {
        (
            ranked.items().iter().map(|item| item.get()).collect(),
            ranked.ranks().to_vec(),
            ranked
                .scores()
                .iter()
                .map(|score| score.to_bits())
                .collect(),
        )
    };
    lists.iter().map(list).collect()
}

fn assert_survives(system: &System, asked: usize) {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("system");
    system.save(&folder).unwrap();
    let opened = System::open(&folder, &Device::default()).unwrap();

    let (before, after) = (sequence(system), sequence(&opened));
    assert_eq!(before.name(), after.name());
    assert_eq!(before.seen_items(), after.seen_items());
    assert_eq!(before.retrieval().beams(), after.retrieval().beams());
    assert_eq!(before.tokens(), after.tokens());
    assert_eq!(before.model().config(), after.model().config());
    assert_eq!(bits(before.model()), bits(after.model()));
    assert_eq!(changed(&system.catalog, &opened.catalog), None);
    assert_eq!(system.provenance, opened.provenance);
    let histories = histories(asked, system.catalog.len());
    for k in [1, 10] {
        assert_eq!(
            exactly(&answers(before, &histories, k)),
            exactly(&answers(after, &histories, k))
        );
    }
}

#[test]
fn an_opened_system_answers_to_the_bit_as_the_saved_one() {
    assert_survives(&system(unique(), 1), 300);
    assert_survives(&system(collided(), 2), 300);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_table_of_codes_survives(
        rows in prop::collection::vec(prop::collection::vec(0_u32..4, 3), 1..30),
        spare in 0_usize..3,
    ) {
        let codes = rows.concat().into_iter().map(Code::new).collect();
        let table = CodeTable::new(rows.len(), 3, codes, vec![4 + spare; 3]).unwrap();
        assert_survives(&system(Vocabulary::of(&table).tokenize_collided(&table), 3), 12);
    }

    #[test]
    fn any_table_of_identifiers_survives(
        rows in prop::collection::btree_set(prop::collection::vec(0_u32..4, 1..4), 1..30),
        spare in 0_usize..3,
    ) {
        let identifiers = rows.into_iter().map(Identifier::from_iter).collect();
        let table = IdentifierTable::new(identifiers).unwrap();
        let sizes = table.codebook_sizes().iter().map(|size| size + spare).collect();
        let table = table.with_codebook_sizes(sizes).unwrap();
        assert_survives(&system(Vocabulary::of(&table).tokenize(&table), 3), 12);
    }
}

#[test]
fn what_is_there_is_not_overwritten() {
    let above = tempfile::tempdir().unwrap();
    let (saved, empty, file) = (
        above.path().join("saved"),
        above.path().join("empty"),
        above.path().join("file"),
    );
    system(unique(), 1).save(&saved).unwrap();
    fs::create_dir(&empty).unwrap();
    fs::write(&file, "words").unwrap();
    for taken in [&saved, &empty, &file] {
        let refusal = system(unique(), 2).save(taken).unwrap_err().to_string();
        assert!(refusal.contains("exists already"), "{refusal}");
        assert!(refusal.contains(&taken.display().to_string()), "{refusal}");
    }
    assert_eq!(open(&saved).unwrap().recommender.name(), "Tiger 1");
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), "words");
    assert_eq!(fs::read_dir(above.path()).unwrap().count(), 3);
}

#[test]
fn a_catalogue_with_a_row_too_few_or_too_many_is_refused() {
    let above = tempfile::tempdir().unwrap();
    for rows in [24, 26] {
        let other: Catalog = catalog(rows);
        let system = System {
            catalog: other,
            ..system(unique(), 1)
        };
        let refusal = system.save(above.path().join("system")).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            format!("catalogue: found {rows} items, expected the 25 items that are recommended")
        );
    }
    assert_eq!(fs::read_dir(above.path()).unwrap().count(), 0);
}

#[test]
fn every_damaged_missing_or_foreign_file_is_refused_by_name() {
    let above = tempfile::tempdir().unwrap();
    let (folder, other) = (above.path().join("system"), above.path().join("other"));
    system(unique(), 1).save(&folder).unwrap();
    system(collided(), 2).save(&other).unwrap();
    let names = files(&folder);
    for name in [
        "manifest.json",
        "identifiers.json",
        "catalog.json",
        "model/config.json",
        "model/model.safetensors",
    ] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }

    for name in &names {
        let path = folder.join(name);
        let whole = fs::read(&path).unwrap();
        let refused = |what: &str| {
            let refusal = open(&folder).map(|_| ()).unwrap_err().to_string();
            assert!(refusal.contains(name), "{what} {name}: {refusal}");
        };
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            refused("truncated");
        }
        fs::write(&path, [&whole[..], b"\n"].concat()).unwrap();
        refused("longer");
        for tenth in 0..=10 {
            let mut flipped = whole.clone();
            flipped[(whole.len() - 1) * tenth / 10] ^= 1 << (tenth % 8);
            fs::write(&path, &flipped).unwrap();
            // A manifest with another bit in it may blame the file that the bit is about.
            if name == "manifest.json" {
                assert!(open(&folder).is_err(), "bit {tenth} of {name}");
            } else {
                refused("flipped");
            }
        }
        fs::remove_file(&path).unwrap();
        refused("missing");
        fs::create_dir(&path).unwrap();
        refused("a folder instead of");
        fs::remove_dir(&path).unwrap();
        fs::copy(other.join(name), &path).unwrap();
        if name == "manifest.json" {
            assert!(open(&folder).is_err());
        } else if fs::read(&path).unwrap() != whole {
            refused("that of another system as");
        }
        fs::write(&path, &whole).unwrap();
        open(&folder).unwrap();
    }

    for foreign in ["extra.json", "model/extra.safetensors", "new/extra"] {
        let path = folder.join(foreign);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        let refusal = open(&folder).map(|_| ()).unwrap_err().to_string();
        assert!(refusal.contains(foreign), "{refusal}");
        fs::remove_file(&path).unwrap();
    }
    open(&folder).unwrap();

    for (path, reason) in [
        (above.path().join("nowhere"), "manifest.json"),
        (above.path().to_path_buf(), "manifest.json"),
    ] {
        let refusal = open(&path).map(|_| ()).unwrap_err().to_string();
        assert!(refusal.contains(&path.display().to_string()), "{refusal}");
        assert!(refusal.contains(reason), "{refusal}");
    }
}

fn open(folder: &Path) -> Result<System, genrec::model::Error> {
    System::open(folder, &Device::default())
}

/// All files below a folder, by their paths relative to it.
fn files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut below = vec![PathBuf::new()];
    while let Some(relative) = below.pop() {
        for entry in fs::read_dir(folder.join(&relative)).unwrap() {
            let entry = entry.unwrap();
            let path = relative.join(entry.file_name());
            if entry.path().is_dir() {
                below.push(path);
            } else {
                files.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    files
}
