//! The trie against its naive twin: a sorted map of whole identifiers.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{NodeId, Trie};
use crate::TokenId;

type Twin = BTreeMap<Vec<TokenId>, u32>;

fn tokens(numbers: &[u32]) -> Vec<TokenId> {
    numbers.iter().copied().map(TokenId::new).collect()
}

fn through_a_file(trie: &Trie) -> Trie {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trie");
    trie.save(&path).unwrap();
    assert!(
        Trie::open_unread(&path)
            .unwrap()
            .identifiers()
            .eq(trie.identifiers())
    );
    let opened = Trie::open(&path).unwrap();
    assert!(opened.bytes() > 0 && opened.bytes() <= trie.bytes());
    opened
}

/// All prefixes of all identifiers, the empty one included.
fn prefixes(twin: &Twin) -> BTreeSet<Vec<TokenId>> {
    let all = twin
        .keys()
        .flat_map(|key| (0..=key.len()).map(|length| key[..length].to_vec()));
    all.chain([Vec::new()]).collect()
}

fn agree(trie: &Trie, twin: &Twin) {
    let prefixes = prefixes(twin);
    assert_eq!(trie.len(), twin.len());
    assert_eq!(trie.is_empty(), twin.is_empty());
    assert_eq!(trie.nodes(), prefixes.len());
    assert_eq!(trie.depth(), twin.keys().map(Vec::len).max().unwrap_or(0));
    assert_eq!(trie.values(), twin.values().collect::<BTreeSet<_>>().len());

    let mut nodes = BTreeMap::from([(Vec::new(), trie.root())]);
    for prefix in &prefixes {
        let node = nodes[prefix];
        let children: Vec<TokenId> = prefixes
            .iter()
            .filter(|other| other.len() == prefix.len() + 1 && other.starts_with(prefix))
            .map(|other| other[prefix.len()])
            .collect();
        assert_eq!(trie.children(node).tokens(), children);
        assert_eq!(trie.children(node).is_empty(), children.is_empty());
        assert_eq!(trie.children(node).len(), children.len());
        assert_eq!(trie.item(node), twin.get(prefix).copied());
        assert_eq!(trie.get(prefix), twin.get(prefix).copied());
        assert_eq!(&trie.prefix(node), prefix);
        for (token, child) in trie.children(node).iter() {
            assert_eq!(trie.step(node, token), Some(child));
            assert_eq!(trie.parent(child), Some(node));
            nodes.insert([&prefix[..], &[token]].concat(), child);
        }
        for &token in children
            .iter()
            .chain([TokenId::new(0), TokenId::new(u32::MAX)].iter())
        {
            for token in [
                token.get().wrapping_sub(1),
                token.get(),
                token.get().wrapping_add(1),
            ] {
                let token = TokenId::new(token);
                let found = trie.step(node, token).is_some();
                assert_eq!(found, children.contains(&token), "{prefix:?} {token:?}");
            }
        }
    }
    for depth in 0..=trie.depth() {
        let expected: BTreeSet<TokenId> = twin
            .keys()
            .filter_map(|key| key.get(depth).copied())
            .collect();
        assert_eq!(
            trie.tokens_at(depth),
            expected.into_iter().collect::<Vec<_>>()
        );
    }
    for value in twin.values().chain([&0, &1_000_000]) {
        let mut expected: Vec<NodeId> = twin
            .iter()
            .filter(|(_, other)| *other == value)
            .map(|(key, _)| nodes[key])
            .collect();
        expected.sort();
        assert_eq!(trie.nodes_of(*value), expected);
    }
}

proptest! {
    #[test]
    fn a_trie_is_a_map_of_identifiers(
        keys in prop_oneof![
            proptest::collection::btree_set(proptest::collection::vec(0..4u32, 1..6), 0..80),
            proptest::collection::btree_set(proptest::collection::vec(0..3u32, 4), 0..80),
            proptest::collection::btree_set(
                proptest::collection::vec(prop_oneof![0..2u32, Just(1 << 20), Just(u32::MAX)], 1..8), 0..60),
        ],
        values in 1..100u32,
    ) {
        let mut given: Vec<(Vec<TokenId>, u32)> =
            keys.iter().zip(0u32..).map(|(key, i)| (tokens(key), i * 7 % values)).collect();
        // The order in which identifiers are given is not that of the trie.
        given.sort_by_key(|(key, value)| (value.wrapping_mul(2_654_435_761), key.len()));
        let trie = Trie::from_identifiers(given.clone()).unwrap();
        let twin = given.into_iter().collect();
        agree(&trie, &twin);
        agree(&through_a_file(&trie), &twin);
    }
}

#[test]
fn levels_with_and_without_a_step_table_agree_with_the_twin() {
    // 300 tokens a level: the first level has a table, the second, 300 x 300 entries for 2,000
    // nodes, has none.
    let mut rng = StdRng::seed_from_u64(3);
    let twin: Twin = (0..2_000)
        .map(|value| {
            (
                (0..3)
                    .map(|_| TokenId::new(rng.random_range(0..300)))
                    .collect(),
                value,
            )
        })
        .collect();
    let trie = Trie::from_identifiers(twin.clone()).unwrap();
    assert_eq!(trie.step_tables.len(), 1);
    assert!(trie.children(trie.root()).len() > super::SCANNED_CHILDREN);
    for (key, &value) in &twin {
        assert_eq!(trie.get(key), Some(value));
        for token in 0..301 {
            let other = [&key[..2], &[TokenId::new(token)]].concat();
            assert_eq!(trie.get(&other), twin.get(&other).copied());
        }
    }
}

#[test]
fn a_level_with_many_children_and_no_table_is_searched() {
    // Tokens 2^20 apart: no table fits.
    let twin: Twin = (0..100).map(|i| (tokens(&[i << 20, i]), i)).collect();
    let trie = Trie::from_identifiers(twin.clone()).unwrap();
    assert!(trie.step_tables.is_empty());
    agree(&trie, &twin);
    agree(&through_a_file(&trie), &twin);
}

#[test]
fn an_empty_trie_is_a_root() {
    agree(
        &Trie::from_identifiers(Vec::<(Vec<TokenId>, u32)>::new()).unwrap(),
        &Twin::new(),
    );
}

#[test]
fn the_same_identifiers_in_any_order_on_any_number_of_threads_give_the_same_trie() {
    let mut rng = StdRng::seed_from_u64(4);
    let twin: Twin = (0..5_000)
        .map(|value| {
            let length = rng.random_range(1..6);
            (
                (0..length)
                    .map(|_| TokenId::new(rng.random_range(0..20)))
                    .collect(),
                value,
            )
        })
        .collect();
    let forwards: Vec<_> = twin.clone().into_iter().collect();
    let backwards = forwards.iter().cloned().rev();
    let a = Trie::from_identifiers(forwards.clone()).unwrap();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let b = pool.install(|| Trie::from_identifiers(backwards).unwrap());
    assert_eq!(a.tokens[..], b.tokens[..]);
    assert_eq!(a.first_child[..], b.first_child[..]);
    assert_eq!(a.values[..], b.values[..]);
    assert_eq!(a.by_value[..], b.by_value[..]);
    assert!(a.bytes() > 4 * a.nodes());
}
