use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::View;

type Twin = BTreeMap<Vec<TokenId>, u32>;

fn tokens(numbers: &[u32]) -> Vec<TokenId> {
    numbers.iter().copied().map(TokenId::new).collect()
}

fn agree(overlay: &Overlay, twin: &Twin) {
    let view = View::from(overlay);
    let trie = Trie::from_identifiers(twin.clone()).unwrap();
    assert_eq!(view.values(), trie.values());
    let mut places = vec![(view.root(), trie.root())];
    let mut depth = 0;
    while !places.is_empty() {
        let mut below = Vec::new();
        for &(place, node) in &places {
            assert_eq!(view.item(place), trie.item(node));
            assert_eq!(&*view.children(place), trie.children(node).tokens());
            for token in 0..8 {
                let token = TokenId::new(token);
                let (place, node) = (view.step(place, token), trie.step(node, token));
                assert_eq!(place.is_some(), node.is_some());
                below.extend(place.zip(node));
            }
        }
        let candidates = view.tokens_at(depth);
        assert!(
            trie.tokens_at(depth)
                .iter()
                .all(|token| candidates.contains(token))
        );
        places = below;
        depth += 1;
    }
    for (tokens, &value) in twin {
        assert_eq!(view.get(tokens), Some(value));
    }
    let rebuilt: Twin = overlay.to_trie().unwrap().identifiers().collect();
    assert_eq!(&rebuilt, twin);
}

proptest! {
    /// Any sequence of updates, beside a sorted map of strings.
    #[test]
    fn an_overlay_is_a_trie_of_what_is_left(
        base in proptest::collection::btree_set(proptest::collection::vec(0..5u32, 1..5), 0..40),
        shared in 1..40u32,
        updates in proptest::collection::vec(
            (
                proptest::collection::vec(0..60u32, 0..6),
                proptest::collection::btree_map(proptest::collection::vec(0..6u32, 1..6), 0..80u32, 0..8),
            ),
            0..5,
        ),
    ) {
        let mut twin: Twin = base.iter().map(|key| tokens(key)).zip((0..).map(|value: u32| value % shared)).collect();
        let mut overlay = Overlay::new(Trie::from_identifiers(twin.clone()).unwrap().into());
        agree(&overlay, &twin);
        for (removed, added) in updates {
            // Only what is there can go, and only what is not can come.
            let removed: Vec<u32> = removed.into_iter().filter(|value| twin.values().any(|other| other == value)).collect();
            let before = twin.clone();
            twin.retain(|_, value| !removed.contains(value));
            let kept = twin.clone();
            let added: Vec<(Vec<TokenId>, u32)> = added
                .into_iter()
                .map(|(key, value)| (tokens(&key), value))
                .filter(|(key, value)| !kept.contains_key(key) && !kept.values().any(|other| other == value))
                .collect();
            twin.extend(added.iter().cloned());
            let updated = overlay.update(&removed, added).unwrap();
            agree(&overlay, &before);
            agree(&updated, &twin);
            overlay = updated;
        }
    }
}

fn overlay() -> Overlay {
    let trie = Trie::from_identifiers([(tokens(&[1, 2]), 10), (tokens(&[1, 3]), 11)]).unwrap();
    let new = [(tokens(&[4]), 12), (tokens(&[4, 5]), 13)];
    Overlay::new(trie.into()).update(&[10], new).unwrap()
}

#[test]
fn what_is_not_there_cannot_go() {
    let nothing = std::iter::empty::<([TokenId; 1], u32)>;
    assert_eq!(overlay().changes(), (1, 2));
    for value in [10, 77] {
        let error = overlay().update(&[11, value], nothing()).unwrap_err();
        assert_eq!(error, Error::UnknownValue { value });
    }
    // Nor twice, but the same list may name it twice.
    let without = overlay().update(&[11, 12, 12, 11], nothing()).unwrap();
    assert_eq!(without.changes(), (2, 1));
    assert!(without.update(&[12], nothing()).is_err());
}

#[test]
fn what_is_there_cannot_come() {
    for value in [11, 13] {
        let error = overlay().update(&[], [(tokens(&[7]), value)]).unwrap_err();
        assert_eq!(error, Error::ValueThere { value });
    }
    for (identifier, first) in [(tokens(&[1, 3]), 11), (tokens(&[4]), 12)] {
        let error = overlay()
            .update(&[], [(identifier.clone(), 99)])
            .unwrap_err();
        let expected = Error::DuplicateIdentifier {
            tokens: identifier,
            first,
            second: 99,
            repeats: 1,
        };
        assert_eq!(error, expected);
    }
    // In the place of what goes it can.
    let swapped = overlay().update(&[11, 12], [(tokens(&[1, 3]), 12), (tokens(&[4]), 11)]);
    let swapped = swapped.unwrap();
    let view = View::from(&swapped);
    assert_eq!(view.get(&tokens(&[1, 3])), Some(12));
    assert_eq!(view.get(&tokens(&[4])), Some(11));
    assert_eq!(view.get(&tokens(&[4, 5])), Some(13));
    assert_eq!(view.get(&tokens(&[1, 2])), None);
}

#[test]
fn tokens_are_copied_only_where_new_ones_come() {
    let trie = Trie::from_identifiers([(tokens(&[1, 2]), 10), (tokens(&[1, 3]), 11)]).unwrap();
    let overlay = Overlay::new(trie.into());
    let changed = overlay.update(&[10], [(tokens(&[1, 5]), 12), (tokens(&[1]), 13)]);
    let changed = changed.unwrap();
    let shared = |overlay: &Overlay, depth| {
        let base = overlay.base().level(depth);
        Arc::ptr_eq(&overlay.level(depth).tokens, &base.tokens)
    };
    assert!(shared(&overlay, 0) && shared(&overlay, 1));
    assert!(shared(&changed, 0) && !shared(&changed, 1));
    assert_eq!(changed.level(0).terminals, 1);
    // What only goes stays among the tokens.
    assert_eq!(View::from(&changed).tokens_at(1), tokens(&[2, 3, 5]));
}
