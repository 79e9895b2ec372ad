//! Published tables, where they are at hand.

use std::path::PathBuf;

use super::*;
use crate::inspect::{InspectConfig, Inspector};

struct Published {
    file: &'static str,
    items: usize,
    distinct: usize,
    /// First codes used, and their perplexity.
    used: usize,
    perplexity: f64,
    /// Collaborative embeddings, and the code overlap that PyTorch finds by them.
    overlap: Option<(&'static str, f64)>,
}

const fn table(
    file: &'static str,
    [items, distinct, used]: [usize; 3],
    perplexity: f64,
    overlap: Option<(&'static str, f64)>,
) -> Published {
    Published {
        file,
        items,
        distinct,
        used,
        perplexity,
        overlap,
    }
}

const TABLES: [Published; 6] = [
    table(
        "scientific/index/letter_native.json",
        [4_344, 4_317, 129],
        81.3,
        None,
    ),
    table(
        "scientific/index/quasid_native.json",
        [4_344, 4_222, 192],
        152.8,
        None,
    ),
    table(
        "scientific/index/rqvae_native.json",
        [4_344, 3_790, 32],
        29.1,
        None,
    ),
    table(
        "scientific/index/rkmeans_native.json",
        [4_344, 3_469, 256],
        201.6,
        None,
    ),
    table(
        "instruments/Instruments.index.json",
        [9_922, 9_897, 150],
        71.6,
        Some((
            "instruments/Instruments-32d-sasrec.safetensors",
            0.082_367_5,
        )),
    ),
    table(
        "beauty/Beauty.index.json",
        [12_101, 12_088, 197],
        82.7,
        Some(("beauty/Beauty-32d-sasrec.safetensors", 0.079_745_5)),
    ),
];

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
fn published_tables_are_as_they_are_known() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    for Published {
        file,
        items,
        distinct,
        used,
        perplexity,
        overlap,
    } in TABLES
    {
        let path = data.join(file);
        if !path.exists() {
            eprintln!("skipped: there is no {}", path.display());
            continue;
        }
        let table = Identifiers::read_index_json(&path).unwrap();
        let mut inspector = Inspector::new(InspectConfig::new(1)).unwrap();
        if let Some((embeddings, _)) = overlap {
            let rows = Embeddings::read_rows(data.join(embeddings), items).unwrap();
            inspector = inspector.with_collaborative(&rows);
        }
        let found = inspector.inspect(file, &table).unwrap();
        assert_eq!(
            (found.items, found.distinct, found.lengths),
            (items, distinct, (4, 4)),
            "{file}"
        );
        let first = &found.levels[0].usage;
        assert_eq!(first.used, used, "{file}");
        assert!(
            (first.perplexity - perplexity).abs() < 0.05,
            "{file}: {}",
            first.perplexity
        );
        if let Some((_, overlap)) = overlap {
            // Neighbours at nearly the same distance may change places.
            let mean = found.neighbours[0].overlap.mean;
            assert!((mean - overlap).abs() < 1e-4, "{file}: {mean}");
        }
    }
}
