//! What is refused, with its name, reason and remedy.

use redb::Database;

use super::*;

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let rows: Rows = (0..).zip(whole(5, 2, 1)).collect();
    let (above, store) = stored(&rows, 2, Similarity::Dot);
    let row = || tensor(&[vec![1.0, 2.0]], 2);
    let message = refusal(store.upsert(&ids(&[1, 2]), row()));
    assert!(
        message.contains("1 rows of 2 values, expected 2 of 2"),
        "{message}"
    );
    let message = refusal(store.upsert(&ids(&[1]), tensor(&[vec![1.0]], 1)));
    assert!(message.contains("1 rows of 1 values"), "{message}");
    let twice = tensor(&whole(2, 2, 1), 2);
    let message = refusal(store.upsert(&ids(&[9, 9]), twice));
    assert!(
        message.contains("item 9 comes at places 0 and 1"),
        "{message}"
    );
    assert!(refusal(store.remove(&ids(&[2, 2]))).contains("item 2"));
    let message = refusal(store.upsert(&ids(&[9]), tensor(&[vec![0.0, f32::NAN]], 2)));
    assert!(message.contains("row 0, column 1 is NaN"), "{message}");
    let message = refusal(store.nearest(tensor(&[vec![1.0]], 1), 1, &[]));
    assert!(message.contains("1 values, expected 2"), "{message}");
    assert!(refusal(store.nearest(row(), 1, &[&[], &[]])).contains("2 lists"));
    store
        .upsert(&ids(&[7]), tensor(&[vec![1e30, 0.0]], 2))
        .unwrap();
    let message = refusal(store.nearest(tensor(&[vec![0.0, 1e9]], 2), 1, &[]));
    assert!(message.contains("1.00e30"), "{message}");
    store.remove(&ids(&[7])).unwrap();
    assert_eq!((store.len().unwrap(), store.items()), (5, 5));

    let folder = above.path().join("rows");
    let message = refusal(VectorStore::open(&folder));
    assert!(
        message.contains(FILE) && message.contains("open already"),
        "{message}"
    );
    assert!(refusal(VectorStore::create(&folder, 2, Similarity::Dot)).contains("exists already"));
    assert!(
        refusal(VectorStore::create(
            above.path().join("no"),
            0,
            Similarity::Dot
        ))
        .contains("0 values")
    );
    assert!(refusal(VectorStore::open(above.path())).contains("has no vectors.redb"));
    let message = refusal(store.expect(3, Similarity::Dot));
    assert!(
        message.contains("rows of 2 values") && message.contains("expected 3"),
        "{message}"
    );
}

#[test]
fn other_versions_and_other_files_are_refused() {
    let above = tempdir().unwrap();
    let folder = above.path().join("rows");
    drop(VectorStore::create(&folder, 2, Similarity::Dot).unwrap());
    let path = folder.join(FILE);
    let change = |work: &dyn Fn(&redb::WriteTransaction)| {
        let file = Database::open(&path).unwrap();
        let write = file.begin_write().unwrap();
        work(&write);
        write.commit().unwrap();
    };
    const ABOUT: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("about");
    let say = |json: &str| {
        change(&|write| {
            let mut about = write.open_table(ABOUT).unwrap();
            about.insert("", json.as_bytes()).unwrap();
        });
    };
    say(r#"{"format": "genrec vector store", "version": 2, "new": true}"#);
    let message = refusal(VectorStore::open(&folder));
    assert!(
        message.contains("version 2") && message.contains("version 1"),
        "{message}"
    );
    say(r#"{"format": "some other", "version": 1}"#);
    assert!(refusal(VectorStore::open(&folder)).contains("some other"));
    say("{");
    assert!(refusal(VectorStore::open(&folder)).contains("is damaged"));
    change(&|write| assert!(write.delete_table(ABOUT).unwrap()));
    assert!(refusal(VectorStore::open(&folder)).contains("no table"));
    fs::write(&path, "text").unwrap();
    let message = refusal(VectorStore::open(&folder));
    assert!(message.contains("restore it"), "{message}");
}

/// Every page is changed, and the file cut at every page: either it is refused, or what changed was no part of what is stored.
#[test]
fn damage_is_refused_or_does_not_matter() {
    let rows = grouped(6, 40, 8);
    let (above, store) = stored(&rows, 8, Similarity::Dot);
    store.cluster(1, &Device::flex()).unwrap();
    store.remove(&ids(&[0, 1])).unwrap();
    drop(store);
    let folder = above.path().join("rows");
    let path = folder.join(FILE);
    let good = fs::read(&path).unwrap();
    let query = || tensor(&[vec![1.0; 8]], 8);
    let answer = |store: &VectorStore| store.nearest(query(), 1_000, &[]).unwrap().remove(0);
    let whole = answer(&VectorStore::open(&folder).unwrap());
    assert_eq!(whole.len(), 238);
    let mut refused = 0;
    let places = (0..good.len()).step_by(509).chain(0..320);
    for place in places {
        let mut bad = good.clone();
        bad[place] ^= 0x55;
        fs::write(&path, &bad).unwrap();
        match VectorStore::open(&folder) {
            Ok(store) => assert_eq!(answer(&store), whole, "byte {place}"),
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains(FILE), "{error}");
            }
        }
    }
    assert!(refused > 20, "{refused} were refused");
    for pages in 0..good.len() / 4096 {
        fs::write(&path, &good[..pages * 4096]).unwrap();
        match VectorStore::open(&folder) {
            Ok(store) => assert_eq!(answer(&store), whole, "{pages} pages"),
            Err(error) => assert!(error.to_string().contains(FILE), "{error}"),
        }
    }
}
