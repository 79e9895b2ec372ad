//! Codes that know everything, and codes that know nothing.

use genrec_data::{Interactions, ItemId};
use proptest::prelude::*;
use rand::seq::SliceRandom;

use super::*;
use crate::inspect::{InspectConfig, Inspector, Reference};

fn inspector(ks: &[usize]) -> Inspector<'static> {
    Inspector::new(InspectConfig::new(5).with_ks(ks.to_vec())).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn codes_that_name_the_neighbours_find_them_all(groups in 2_usize..6, size in 3_usize..8, seed in 0_u64..100) {
        let (embeddings, identifiers) = planted(groups, size, seed);
        let inspection = inspector(&[size - 1]).with_text(&embeddings).inspect("planted", &identifiers).unwrap();
        let known = &inspection.neighbours[0];
        prop_assert_eq!((known.reference, known.items), (Reference::Text, groups * size));
        prop_assert!((known.at[0].prefix.recall - 1.0).abs() < 1e-12 && (known.at[0].prefix.ndcg - 1.0).abs() < 1e-12);
        prop_assert_eq!(known.overlap.by_level[0], 1.0);
        prop_assert_eq!((known.overlap.any, known.overlap.all), (1.0, 0.0));
    }
}

#[test]
fn random_codes_are_near_chance() {
    let (embeddings, planted) = planted(40, 25, 3);
    let mut rows: Vec<Vec<u32>> = planted
        .rows()
        .iter()
        .map(|codes| codes.iter().map(|code| code.get()).collect())
        .collect();
    rows.shuffle(&mut StdRng::seed_from_u64(4));
    let names: Vec<String> = (0..1000).map(|item| (item / 25).to_string()).collect();
    let catalog = catalog(&names);
    let inspector = inspector(&[24])
        .with_text(&embeddings)
        .with_catalog(&catalog);
    let known = inspector.inspect("planted", &planted).unwrap();
    let random = inspector.inspect("random", &of_rows(&rows)).unwrap();

    let found = &random.neighbours[0];
    for agreement in [found.at[0].prefix, found.at[0].shared] {
        assert!(
            (agreement.recall - found.at[0].chance.recall).abs() < 0.005,
            "{agreement:?}"
        );
        assert!(
            (agreement.ndcg - found.at[0].chance.ndcg).abs() < 0.005,
            "{agreement:?}"
        );
    }
    assert!((found.at[0].chance.recall - 24.0 / 999.0).abs() < 1e-12);
    assert!((found.overlap.mean - found.overlap.chance).abs() < 0.02);
    let correlation = found.correlation.as_ref().unwrap();
    assert!(
        correlation.prefix.spearman.unwrap().abs() < 0.02
            && correlation.prefix.kendall.unwrap().abs() < 0.02
    );
    assert!(random.categories[0].at[0].adjusted.unwrap().abs() < 0.03);
    // The same codes in their places: everything is there to be found.
    assert_eq!(known.categories[0].at[0].adjusted, Some(1.0));
    assert!(
        known.neighbours[0]
            .correlation
            .as_ref()
            .unwrap()
            .prefix
            .spearman
            .unwrap()
            > 0.2
    );
    assert_eq!(
        (known.levels.clone(), known.first_codes.clone()),
        (random.levels, random.first_codes)
    );
}

#[test]
fn codes_of_items_taken_together_are_found_in_the_interactions() {
    let (_, identifiers) = planted(5, 4, 1);
    let history = |group: u32| (0..4).map(|place| ItemId::new(4 * group + place)).collect();
    let interactions = Interactions::new(20, (0..5).map(history).collect()).unwrap();
    let inspection = inspector(&[3])
        .with_interactions(&interactions)
        .inspect("table", &identifiers)
        .unwrap();
    let known = &inspection.neighbours[0];
    assert_eq!(
        (known.reference, known.at[0].prefix.recall),
        (Reference::CoOccurrence, 1.0)
    );
    assert!(known.correlation.is_none());
    let traffic = inspection.traffic.unwrap();
    assert_eq!((traffic.interactions, traffic.collided), (20, 0.0));
    assert_eq!(traffic.levels[0], inspection.levels[0].usage);
}

#[test]
fn reconstruction_is_what_the_rows_differ_by() {
    let (embeddings, identifiers) = planted(3, 2, 1);
    let inspection = inspector(&[1]).inspect("table", &identifiers).unwrap();
    let exact = inspection
        .clone()
        .with_reconstruction(&embeddings, &embeddings)
        .unwrap();
    let found = exact.reconstruction.unwrap();
    assert_eq!(
        (found.mean_squared_error, found.explained),
        (0.0, Some(1.0))
    );
    assert!((found.cosine - 1.0).abs() < 1e-6);
    let original = Embeddings::from_vec(6, 1, vec![0.0, 2.0, 0.0, 2.0, 0.0, 2.0]).unwrap();
    let decoded = Embeddings::from_vec(6, 1, vec![1.0; 6]).unwrap();
    let found = inspection
        .clone()
        .with_reconstruction(&original, &decoded)
        .unwrap()
        .reconstruction
        .unwrap();
    assert_eq!(
        (found.mean_squared_error, found.explained, found.cosine),
        (1.0, Some(0.0), 0.5)
    );
    let error = inspection
        .with_reconstruction(&original, &embeddings)
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("found [6, 1] and [6, 3]"), "{error}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let message = |config: InspectConfig| Inspector::new(config).err().unwrap().to_string();
    let config = || InspectConfig::new(1);
    assert_eq!(
        message(config().with_ks(vec![5, 0])),
        "ks: expected one or more numbers of at least 1, found [5, 0]"
    );
    assert_eq!(
        message(config().with_pairs(1)),
        "pairs: expected at least 2, found 1"
    );
    assert_eq!(
        message(config().with_permutations(0)),
        "permutations: expected at least 1, found 0"
    );
    assert_eq!(
        message(config().with_first_code_group(0)),
        "first_code_group: expected at least 1, found 0"
    );

    let (embeddings, identifiers) = planted(3, 2, 1);
    let small = of_rows(&[vec![0], vec![1]]);
    let catalog = catalog(&["a".to_owned()]);
    let nobody = Interactions::new(6, vec![Vec::new()]).unwrap();
    let lonely = Interactions::new(6, vec![vec![ItemId::new(1)]]).unwrap();
    let zeros = Embeddings::from_vec(6, 1, vec![0.0; 6]).unwrap();
    let message = |inspector: Inspector<'_>, table: &Identifiers| {
        inspector.inspect("T", table).unwrap_err().to_string()
    };
    let cases = [
        (
            message(inspector(&[1]).with_text(&embeddings), &small),
            "the text neighbours to be of the 2 items of the table T",
        ),
        (
            message(inspector(&[1]).with_catalog(&catalog), &small),
            "the catalogue to be of the 2 items",
        ),
        (
            message(inspector(&[1]).with_against("U", &identifiers), &small),
            "the table U to be of the 2 items",
        ),
        (
            message(inspector(&[1]).with_interactions(&nobody), &identifiers),
            "expected at least one interaction, found none",
        ),
        (
            message(inspector(&[1]).with_interactions(&lonely), &identifiers),
            "a neighbour (co-occurrence)",
        ),
        (
            message(inspector(&[1]).with_collaborative(&zeros), &identifiers),
            "a neighbour (collaborative)",
        ),
    ];
    for (message, expected) in cases {
        assert!(message.contains(expected), "{expected} in {message}");
    }
}
