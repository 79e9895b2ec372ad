//! The files that were published with LETTER and by others, where they are at hand.

use std::{fs, path::PathBuf};

use super::{CodeTable, IdentifierTable};
use crate::Disambiguate;

/// File, items, different identifiers.
const FILES: [(&str, usize, usize); 6] = [
    ("instruments/Instruments.index.json", 9_922, 9_897),
    ("beauty/Beauty.index.json", 12_101, 12_088),
    ("scientific/index/letter_native.json", 4_344, 4_317),
    ("scientific/index/quasid_native.json", 4_344, 4_222),
    ("scientific/index/rqvae_native.json", 4_344, 3_790),
    ("scientific/index/rkmeans_native.json", 4_344, 3_469),
];

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
fn published_files_come_out_of_reading_and_writing_with_the_same_bytes() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    for (file, items, distinct) in FILES {
        let path = data.join(file);
        let Ok(bytes) = fs::read(&path) else {
            eprintln!("skipped: there is no {}", path.display());
            continue;
        };
        let table = CodeTable::read_index_json(&path).unwrap();
        assert_eq!((table.items(), table.levels()), (items, 4), "{file}");
        assert!(
            table.to_index_json().into_bytes() == bytes,
            "{file} is written with other bytes"
        );
        let collisions = table.collisions();
        assert_eq!(collisions.distinct(), distinct, "{file}");

        let message = IdentifierTable::read_index_json(&path)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains(&format!("shared by {} items", collisions.collided_items())),
            "{file}: {message}"
        );
        let unique = Disambiguate::AppendToken.apply(&table, None).unwrap();
        let again = IdentifierTable::from_index_json(&unique.to_index_json()).unwrap();
        assert!(again.iter().eq(unique.iter()), "{file}");
    }
}
