//! A vector store that is being changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use burn::tensor::{Device, Tensor, TensorData};
use genrec::data::ItemId;
use genrec::retrieve::{NearestItems, Similarity, VectorStore};

use super::{folder, kill};

const DIM: usize = 4;
/// Items that every commit gives new rows.
const ITEMS: u32 = 300;
const COMMITS: u32 = 100_000;

fn stored(folder: &Path) -> PathBuf {
    folder.join("rows")
}

/// How many commits have returned.
fn journal(folder: &Path) -> PathBuf {
    folder.join("committed")
}

fn committed(folder: &Path) -> u32 {
    let text = fs::read_to_string(journal(folder)).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

/// Rows that tell the commit that wrote them.
fn rows(commit: u32) -> Tensor<2> {
    let values = vec![commit as f32; ITEMS as usize * DIM];
    let data = TensorData::new(values, [ITEMS as usize, DIM]);
    Tensor::from_data(data, &Device::default())
}

/// Commit `n` gives all items rows of `n`, removes item `n`, counted around, and clusters now and then.
fn change(store: &VectorStore, commit: u32) {
    let items: Vec<ItemId> = (0..ITEMS).map(ItemId::new).collect();
    store.upsert(&items, rows(commit)).unwrap();
    store.remove(&[ItemId::new(commit % ITEMS)]).unwrap();
    if commit.is_multiple_of(7) {
        store
            .cluster(u64::from(commit), &Device::default())
            .unwrap();
    }
}

#[test]
#[ignore = "a process to be killed, started by the test beside it"]
fn process() {
    if let Some(folder) = folder() {
        let store = VectorStore::open(stored(&folder)).unwrap();
        for commit in committed(&folder) + 1..COMMITS {
            change(&store, commit);
            let partial = folder.join("committed.partial");
            fs::write(&partial, commit.to_string()).unwrap();
            fs::rename(&partial, journal(&folder)).unwrap();
        }
    }
}

#[test]
fn a_killed_store_has_all_that_was_committed() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path();
    drop(VectorStore::create(stored(folder), DIM, Similarity::Dot).unwrap());
    for (commits, microseconds) in [
        (1, 0),
        (2, 900),
        (1, 2_300),
        (6, 400),
        (3, 5_100),
        (7, 0),
        (1, 7_700),
        (4, 3_300),
        (9, 1_500),
        (2, 12_000),
    ] {
        let before = committed(folder);
        let reached = || committed(folder) >= before + commits;
        let moment = Duration::from_micros(microseconds);
        kill("killed::store::process", folder, reached, moment);

        let returned = committed(folder);
        let store = VectorStore::open(stored(folder)).unwrap();
        let query = Tensor::<2>::from_floats([[1.0, 0.0, 0.0, 0.0]], &Device::default());
        let found = store
            .nearest(query, 2 * ITEMS as usize, &[])
            .unwrap()
            .remove(0);
        assert_eq!(found.len(), store.len().unwrap());
        // All rows are of one commit: the last that returned, or the one that was under way.
        let commit = found.scores()[0] as u32;
        assert!(found.scores().iter().all(|&score| score == commit as f32));
        assert!(
            commit == returned || commit == returned + 1,
            "{commit} after {returned}"
        );
        let removed = ItemId::new(commit % ITEMS);
        if commit == returned {
            assert!(!store.contains(removed).unwrap(), "{removed} came back");
        }
        let missing = usize::from(!store.contains(removed).unwrap());
        assert_eq!(found.len(), ITEMS as usize - missing);
    }
}
