use std::collections::BTreeSet;
use std::ops::Range;

use proptest::prelude::*;

use super::{Filter, Selection, allowed};
use crate::{NodeId, TokenId, Trie};

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

#[test]
#[should_panic(expected = "made for identifiers with other nodes")]
fn a_selection_of_another_trie_is_refused() {
    let [small, large] = [2, 3].map(|items| {
        let identifiers = (0..items).map(|item| ([TokenId::new(item)], item));
        Trie::from_identifiers(identifiers).unwrap()
    });
    let selection = Selection::allow(&small, &[1]);
    let exclude = &[];
    allowed(
        (&large).into(),
        Filter::Within {
            selection: &selection,
            exclude,
        },
    );
}
