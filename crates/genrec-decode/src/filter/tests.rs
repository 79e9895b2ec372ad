use std::collections::BTreeSet;
use std::ops::Range;

use proptest::prelude::*;

use super::{Filter, Selection, allowed};
use crate::{NodeId, Overlay, TokenId, Trie, View};

fn values_below(trie: &Trie, node: NodeId) -> BTreeSet<u32> {
    let below = trie
        .children(node)
        .nodes()
        .flat_map(|child| values_below(trie, child));
    below.chain(trie.item(node)).collect()
}

fn check(trie: &Trie, filter: Filter<'_>, expected: &BTreeSet<u32>) {
    let ([mask, _], remaining) = allowed(trie.into(), filter);
    let allowed = expected;
    assert_eq!(remaining, allowed.len());
    let mut nodes = vec![trie.root()];
    while let Some(node) = nodes.pop() {
        let expected: BTreeSet<u32> = values_below(trie, node)
            .intersection(allowed)
            .copied()
            .collect();
        if let Some(value) = trie.item(node) {
            assert_eq!(mask.allows(value), allowed.contains(&value));
        }
        // What is below a dead node is never asked for.
        if expected.is_empty() {
            continue;
        }
        let mut found = BTreeSet::new();
        mask.values_below(trie, node.index() as u32, |value| {
            found.insert(value);
            true
        });
        assert_eq!(found, expected);
        let runs: Vec<Range<u32>> = mask.runs(trie.child_range(node.index() as u32)).collect();
        assert!(runs.iter().all(|run| !run.is_empty()));
        assert!(runs.windows(2).all(|pair| pair[0].end <= pair[1].start));
        let entered: Vec<u32> = runs.into_iter().flatten().collect();
        let alive = |child: &NodeId| !values_below(trie, *child).is_disjoint(allowed);
        let expected: Vec<NodeId> = trie.children(node).nodes().filter(alive).collect();
        assert_eq!(
            entered,
            expected
                .iter()
                .map(|child| child.index() as u32)
                .collect::<Vec<_>>()
        );
        nodes.extend(expected);
    }
}

proptest! {
    #[test]
    fn a_mask_enters_exactly_the_subtrees_that_hold_an_allowed_value(
        keys in proptest::collection::btree_set(proptest::collection::vec(0..3u32, 1..5), 0..40),
        shared in 1..40u32,
        filtered in proptest::collection::vec(0..45u32, 0..60),
        exclude in proptest::collection::vec(0..45u32, 0..60),
    ) {
        let identifiers = keys.iter().zip(0u32..).map(|(key, value)| {
            (key.iter().copied().map(TokenId::new).collect::<Vec<_>>(), value * 7 % shared)
        });
        let trie = Trie::from_identifiers(identifiers).unwrap();
        let all = values_below(&trie, trie.root());
        let filtered_set: BTreeSet<u32> = filtered.iter().copied().collect();
        check(&trie, Filter::All, &all);
        let without: BTreeSet<u32> = all.difference(&filtered_set).copied().collect();
        let only: BTreeSet<u32> = all.intersection(&filtered_set).copied().collect();
        check(&trie, Filter::Exclude(&filtered), &without);
        check(&trie, Filter::Allow(&filtered), &only);
        for (selection, values) in [
            (Selection::allow(&trie, &filtered), only),
            (Selection::exclude(&trie, &filtered), without),
        ] {
            prop_assert_eq!(selection.len(), values.len());
            prop_assert_eq!(selection.is_empty(), values.is_empty());
            let values = values.iter().filter(|value| !exclude.contains(value)).copied().collect();
            check(&trie, Filter::Within { selection: &selection, exclude: &exclude }, &values);
        }
    }
}

fn trie(values: [u32; 2]) -> Trie {
    let identifiers = [[0, 0], [0, 1]].map(|tokens| tokens.map(TokenId::new));
    Trie::from_identifiers(identifiers.into_iter().zip(values)).unwrap()
}

/// How many values are left within a selection.
fn left<'a>(identifiers: impl Into<View<'a>>, selection: &'a Selection) -> usize {
    let exclude = &[];
    allowed(identifiers.into(), Filter::Within { selection, exclude }).1
}

#[test]
#[should_panic(expected = "made for other identifiers")]
fn a_selection_of_another_trie_of_the_same_shape_is_refused() {
    let selection = Selection::allow(&trie([10, 11]), &[10]);
    left(&trie([11, 10]), &selection);
}

#[test]
#[should_panic(expected = "made for other identifiers")]
fn a_selection_made_before_an_update_is_refused() {
    let before = Overlay::new(trie([10, 11]).into());
    let selection = Selection::allow(&before, &[10, 11]);
    let nothing = std::iter::empty::<([TokenId; 1], u32)>();
    left(&before.update(&[10], nothing).unwrap(), &selection);
}

#[test]
fn a_selection_is_good_for_clones_of_what_it_was_made_for() {
    let trie = trie([10, 11]);
    let selection = Selection::allow(&trie, &[10]);
    assert_eq!(left(&trie.clone(), &selection), 1);
    let overlay = Overlay::new(trie.into());
    assert_eq!(left(&overlay, &selection), 1);
    let new = [([TokenId::new(7)], 12)];
    let updated = overlay.update(&[10], new).unwrap();
    let selection = Selection::exclude(&updated, &[11]);
    assert_eq!(left(&updated.clone(), &selection), 1);
}
