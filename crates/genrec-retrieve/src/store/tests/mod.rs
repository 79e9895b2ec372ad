//! Against a map of rows, and against damage.

mod refused;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::AtomicBool;
use std::thread;

use burn::tensor::{Device, TensorData};
use proptest::prelude::*;
use tempfile::{TempDir, tempdir};

use super::file::FILE;
use super::*;

type Rows = BTreeMap<u32, Vec<f32>>;

fn tensor(rows: &[Vec<f32>], dim: usize) -> Tensor<2> {
    let data = TensorData::new(rows.concat(), [rows.len(), dim]);
    Tensor::from_data(data, &Device::flex())
}

fn ids(items: &[u32]) -> Vec<ItemId> {
    items.iter().copied().map(ItemId::new).collect()
}

/// Small whole numbers, whose dot products are exact; the same for the same seed.
fn whole(rows: usize, dim: usize, mut seed: u64) -> Vec<Vec<f32>> {
    let mut draw = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 33) % 9) as f32 - 4.0
    };
    (0..rows)
        .map(|_| (0..dim).map(|_| draw()).collect())
        .collect()
}

/// The naive twin.
fn naive(rows: &Rows, query: &[f32], k: usize, wanted: impl Fn(ItemId) -> bool) -> Ranked {
    let score = |row: &Vec<f32>| row.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
    let scored = rows
        .iter()
        .map(|(&item, row)| (ItemId::new(item), score(row)));
    Ranked::from_candidates(scored.filter(|&(item, _)| wanted(item)).collect(), k)
}

fn refusal<T>(result: Result<T>) -> String {
    result.err().expect("to be refused").to_string()
}

/// A store of `rows`, in a folder that goes with the first of the two.
fn stored(rows: &Rows, dim: usize, similarity: Similarity) -> (TempDir, VectorStore) {
    let above = tempdir().unwrap();
    let store = VectorStore::create(above.path().join("rows"), dim, similarity).unwrap();
    let items: Vec<u32> = rows.keys().copied().collect();
    let values: Vec<Vec<f32>> = rows.values().cloned().collect();
    store.upsert(&ids(&items), tensor(&values, dim)).unwrap();
    (above, store)
}

/// `clusters` groups of `each` rows around random centres.
fn grouped(clusters: usize, each: usize, dim: usize) -> Rows {
    let centres = whole(clusters, dim, 3);
    let noise = whole(clusters * each, dim, 4);
    let rows = noise.iter().enumerate().map(|(number, noise)| {
        let centre = &centres[number % clusters];
        centre
            .iter()
            .zip(noise)
            .map(|(c, n)| c * 3.0 + n * 0.25)
            .collect()
    });
    (0..).zip(rows).collect()
}

#[test]
fn a_new_store_is_empty_and_reopens_as_it_was() {
    let above = tempdir().unwrap();
    let folder = above.path().join("a/b");
    let store = VectorStore::create(&folder, 3, Similarity::Cosine).unwrap();
    let query = || tensor(&[vec![1.0, 0.0, 0.0]], 3);
    assert!(store.is_empty().unwrap() && store.items() == 0 && store.lists() == 1);
    assert!(store.nearest(query(), 4, &[]).unwrap()[0].is_empty());
    store.cluster(1, &Device::flex()).unwrap();
    assert_eq!(store.remove(&ids(&[5])).unwrap(), 0);
    store
        .upsert(&[], Tensor::empty([0, 3], &Device::flex()))
        .unwrap();

    let rows = [
        vec![0.0, 0.0, 0.0],
        vec![2.0, 0.0, 0.0],
        vec![0.0, 1e-30, 0.0],
    ];
    store.upsert(&ids(&[8, 3, 6]), tensor(&rows, 3)).unwrap();
    let found = store.nearest(query(), 4, &[]).unwrap().remove(0);
    assert_eq!(
        (found.items(), found.ranks()),
        (&ids(&[3, 6, 8])[..], &[1, 3, 3][..])
    );
    let one = store.nearest(query(), 2, &[]).unwrap().remove(0);
    assert_eq!((one.ranks(), one.beyond()), (&[1, 3][..], &ids(&[8])[..]));
    assert!(store.nearest(query(), 0, &[]).unwrap()[0].is_empty());

    drop(store);
    let store = VectorStore::open(&folder)
        .unwrap()
        .expect(3, Similarity::Cosine)
        .unwrap();
    assert_eq!(store.nearest(query(), 4, &[]).unwrap()[0], found);
    assert_eq!((store.len().unwrap(), store.items()), (3, 9));
    assert_eq!(store.remove(&ids(&[8, 4])).unwrap(), 1);
    assert_eq!((store.len().unwrap(), store.items()), (2, 7));
    assert!(store.contains(3.into()).unwrap() && !store.contains(8.into()).unwrap());
}

#[test]
fn lists_find_planted_groups_and_the_same_seed_gives_the_same_lists() {
    let rows = grouped(30, 60, 16);
    let queries: Vec<Vec<f32>> = rows.values().step_by(37).cloned().collect();
    for similarity in [Similarity::Dot, Similarity::Cosine] {
        let (_above, store) = stored(&rows, 16, similarity);
        let exact = store.nearest(tensor(&queries, 16), 10, &[]).unwrap();
        store.cluster(5, &Device::flex()).unwrap();
        assert_eq!(store.lists(), 42);
        let store = store.with_probes(4);
        let found = store.nearest(tensor(&queries, 16), 10, &[]).unwrap();
        let hits = exact.iter().zip(&found).map(|(exact, found)| {
            let hit = |item: &&ItemId| found.items().contains(item);
            exact.items().iter().filter(hit).count()
        });
        let recall = hits.sum::<usize>() as f64 / (10 * queries.len()) as f64;
        assert!(recall > 0.95, "{similarity:?}: {recall}");
        store.cluster(5, &Device::flex()).unwrap();
        let again = store.nearest(tensor(&queries, 16), 10, &[]).unwrap();
        assert_eq!(found, again);
        let store = store.with_probes(1_000);
        let all = store.nearest(tensor(&queries, 16), 10, &[]).unwrap();
        assert_eq!(exact, all, "all lists are all rows");
    }
}

#[test]
fn equal_rows_can_be_clustered() {
    let rows: Rows = (0..500).map(|item| (item, vec![1.0, 2.0])).collect();
    let (_above, store) = stored(&rows, 2, Similarity::Cosine);
    store.cluster(1, &Device::flex()).unwrap();
    let found = store
        .nearest(tensor(&[vec![1.0, 0.0]], 2), 3, &[])
        .unwrap()
        .remove(0);
    assert_eq!((found.items(), found.len()), (&ids(&[0, 1, 2])[..], 3));
}

#[test]
fn space_comes_back() {
    let rows: Rows = (0..).zip(whole(20_000, 8, 2)).collect();
    let (above, mut store) = stored(&rows, 8, Similarity::Dot);
    store.cluster(1, &Device::flex()).unwrap();
    let bytes = || {
        fs::metadata(above.path().join("rows").join(FILE))
            .unwrap()
            .len()
    };
    let before = bytes();
    store
        .remove(&ids(&(100..20_000).collect::<Vec<_>>()))
        .unwrap();
    store.cluster(2, &Device::flex()).unwrap();
    store.shrink().unwrap();
    assert!(bytes() * 4 < before, "{} of {before}", bytes());
    assert_eq!(store.len().unwrap(), 100);
}

/// One thread changes the store, others search it: each answer is that of one commit.
#[test]
fn searches_see_whole_commits() {
    let (_above, store) = stored(&Rows::new(), 1, Similarity::Dot);
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0.0;
                while !ended.load(Ordering::Acquire) {
                    let found = store
                        .nearest(tensor(&[vec![1.0]], 1), 300, &[])
                        .unwrap()
                        .remove(0);
                    // Every commit gives all its 200 rows one value, greater than the one before.
                    let values: BTreeSet<u32> =
                        found.scores().iter().map(|&score| score as u32).collect();
                    assert!(
                        values.len() <= 1 && (found.is_empty() || found.len() == 200),
                        "{values:?}, {}",
                        found.len()
                    );
                    let now = found.scores().first().copied().unwrap_or(last);
                    assert!(now >= last, "{now} after {last}");
                    last = now;
                }
            });
        }
        for value in 1..40 {
            let rows = vec![vec![value as f32]; 200];
            store
                .upsert(&ids(&(0..200).collect::<Vec<_>>()), tensor(&rows, 1))
                .unwrap();
            if value % 10 == 0 {
                store.cluster(value, &Device::flex()).unwrap();
            }
        }
        ended.store(true, Ordering::Release);
    });
}

/// What is done to a store.
#[derive(Clone, Debug)]
enum Step {
    Upsert(Vec<u32>, u64),
    Remove(Vec<u32>),
    Cluster(u64),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let items = || prop::collection::btree_set(0_u32..400, 0..120);
    let items = || items().prop_map(|items| items.into_iter().collect::<Vec<_>>());
    let step = prop_oneof![
        4 => (items(), any::<u64>()).prop_map(|(items, seed)| Step::Upsert(items, seed)),
        2 => items().prop_map(Step::Remove),
        1 => any::<u64>().prop_map(Step::Cluster),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// With all lists looked into a store answers as a map of rows does, whatever was done to both; with some of them it still fills its list with what is wanted.
    #[test]
    fn a_store_is_a_map(steps in steps(), dim in 1_usize..40, k in 1_usize..40, seed in any::<u64>()) {
        let above = tempdir().unwrap();
        let folder = above.path().join("rows");
        let mut store = VectorStore::create(&folder, dim, Similarity::Dot).unwrap().with_probes(usize::MAX);
        let mut rows = Rows::new();
        for step in &steps {
            match step {
                Step::Upsert(items, seed) => {
                    let values = whole(items.len(), dim, *seed);
                    if !items.is_empty() {
                        store.upsert(&ids(items), tensor(&values, dim)).unwrap();
                    }
                    rows.extend(items.iter().copied().zip(values));
                }
                Step::Remove(items) => {
                    let known = items.iter().filter(|&item| rows.remove(item).is_some()).count();
                    prop_assert_eq!(store.remove(&ids(items)).unwrap(), known);
                }
                Step::Cluster(seed) => store.cluster(*seed, &Device::flex()).unwrap(),
                Step::Reopen => {
                    drop(store);
                    store = VectorStore::open(&folder).unwrap().with_probes(usize::MAX);
                }
            }
            prop_assert_eq!(store.len().unwrap(), rows.len());
            prop_assert_eq!(store.items(), rows.keys().next_back().map_or(0, |&last| last as usize + 1));
        }
        let queries = whole(3, dim, seed);
        let without: Vec<Vec<ItemId>> = (0..3).map(|q| (0..q * 90).map(|i| ItemId::new(i * 7 % 500)).collect()).collect();
        let lists: Vec<&[ItemId]> = without.iter().map(Vec::as_slice).collect();
        let asked = || tensor(&queries, dim);
        let all = store.nearest(asked(), k, &lists).unwrap();
        for (query, found) in all.iter().enumerate() {
            let wanted = |item| !without[query].contains(&item);
            prop_assert_eq!(found, &naive(&rows, &queries[query], k, wanted));
        }
        for step in [2, 3, 50] {
            let allowed = ItemSet::from_fn(350, |item| item.get() % step == 0);
            let among = store.nearest_among(asked(), k, &lists, &allowed).unwrap();
            for (query, found) in among.iter().enumerate() {
                let wanted = |item: ItemId| !without[query].contains(&item) && item.get() < 350 && allowed.contains(item);
                prop_assert_eq!(found, &naive(&rows, &queries[query], k, wanted));
            }
        }
        let store = store.with_probes(1);
        for (query, found) in store.nearest(asked(), k, &lists).unwrap().iter().enumerate() {
            prop_assert_eq!(found.len(), all[query].len());
            prop_assert!(found.items().iter().all(|item| rows.contains_key(&item.get()) && !without[query].contains(item)));
        }
        let allowed = ItemSet::from_fn(400, |item| item.get() % 5 != 0);
        for (query, found) in store.nearest_among(asked(), k, &[], &allowed).unwrap().iter().enumerate() {
            let full = naive(&rows, &queries[query], k, |item| allowed.contains(item));
            prop_assert_eq!(found.len(), full.len());
            prop_assert!(found.items().iter().all(|&item| allowed.contains(item)));
        }
    }
}
