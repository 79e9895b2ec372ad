//! The saving of a system.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use burn::tensor::Device;
use genrec::identify::{IdentifierTable, Vocabulary};
use genrec::model::{Retrieval, SequenceRecommender, System};

use super::{folder, kill};
use crate::fixture::{bits, catalog, changed, model, sequence};

const SAVES: usize = 2_000;

fn system() -> System {
    let identifiers = (0..64).map(|i| [i % 8, i / 8].into_iter().collect());
    let table = IdentifierTable::new(identifiers.collect()).unwrap();
    let tokens = Arc::new(Vocabulary::of(&table).tokenize(&table));
    System {
        recommender: SequenceRecommender::new("T", model(&tokens, 1), Retrieval::new(tokens))
            .into(),
        catalog: catalog(64),
        provenance: BTreeMap::new(),
    }
}

fn place(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("system-{number}"))
}

#[test]
#[ignore = "a process to be killed, started by the test beside it"]
fn process() {
    if let Some(folder) = folder() {
        let system = system();
        for number in 0..SAVES {
            system.save(place(&folder, number)).unwrap();
        }
    }
}

#[test]
fn a_killed_saving_leaves_whole_systems_or_none() {
    let above = tempfile::tempdir().unwrap();
    let whole = system();
    for (kill_number, microseconds) in [0, 500, 1_000, 2_000, 4_000, 7_000].into_iter().enumerate()
    {
        let folder = above.path().join(kill_number.to_string());
        std::fs::create_dir(&folder).unwrap();
        let begun = || {
            place(&folder, kill_number)
                .with_extension("partial")
                .exists()
        };
        let reached = || begun() || place(&folder, kill_number).exists();
        let moment = Duration::from_micros(microseconds);
        kill("killed::saving::process", &folder, reached, moment);

        let saved = (0..SAVES)
            .take_while(|&number| place(&folder, number).exists())
            .count();
        assert!(saved >= kill_number);
        for number in 0..saved {
            let opened = System::open(place(&folder, number), &Device::default()).unwrap();
            let weights = bits(sequence(&opened).model());
            assert!(weights == bits(sequence(&whole).model()), "system {number}");
            assert_eq!(changed(&whole.catalog, &opened.catalog), None);
        }
        // What the killed one left half is in nobody's way.
        let next = place(&folder, saved);
        whole.save(&next).unwrap();
        System::open(&next, &Device::default()).unwrap();
        assert!(!next.with_extension("partial").exists());
    }
}
