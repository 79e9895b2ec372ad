//! The sort against a plain one.

use proptest::prelude::*;

use super::*;

/// Small and huge tokens, short and long identifiers: with and without levels beyond the packed
/// ones.
fn some_identifiers() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let token = prop_oneof![0..3u32, 10..14u32, Just(u32::MAX), Just(u32::MAX - 1)];
    let small = proptest::collection::vec(proptest::collection::vec(0..3u32, 1..6), 0..60);
    let large = proptest::collection::vec(proptest::collection::vec(token, 1..9), 0..60);
    prop_oneof![small, large]
}

fn store(given: &[Vec<u32>]) -> Identifiers {
    let mut identifiers = Identifiers::default();
    for (value, tokens) in given.iter().enumerate() {
        let tokens: Vec<TokenId> = tokens.iter().copied().map(TokenId::new).collect();
        identifiers.push(&tokens, value as u32);
    }
    identifiers
}

proptest! {
    #[test]
    fn the_order_is_that_of_a_plain_sort(given in some_identifiers()) {
        let mut expected: Vec<(Vec<u32>, u32)> =
            given.iter().enumerate().map(|(value, tokens)| (tokens.clone(), value as u32)).collect();
        expected.sort();
        let same = expected.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let repeats = same.clone().count();
        let first_repeat = same.map(|pair| (pair[0].clone(), pair[1].1)).next();

        match (Sorted::new(store(&given)), first_repeat) {
            (Ok(sorted), None) => {
                prop_assert_eq!(sorted.len(), expected.len());
                for (position, (tokens, value)) in expected.iter().enumerate() {
                    prop_assert_eq!(sorted.length(position), tokens.len());
                    prop_assert_eq!(sorted.value(position), *value);
                    for (level, &token) in tokens.iter().enumerate() {
                        prop_assert_eq!(sorted.token(position, level).get(), token);
                    }
                    let shared = position.checked_sub(1).map_or(0, |before| {
                        tokens.iter().zip(&expected[before].0).take_while(|(a, b)| a == b).count()
                    });
                    prop_assert_eq!(sorted.shared(position), shared);
                }
            }
            (Err(error), Some(((tokens, first), second))) => {
                let tokens = tokens.into_iter().map(TokenId::new).collect();
                prop_assert_eq!(error, Error::DuplicateIdentifier { tokens, first, second, repeats });
            }
            (result, repeat) => prop_assert!(false, "{result:?} for {repeat:?}"),
        }
    }
}

#[test]
fn eight_levels_of_2048_tokens_are_sorted_by_their_keys_alone() {
    assert_eq!(fields(&[(5, 2_052); 8]).len(), 8);
    assert_eq!(fields(&[(0, u32::MAX); 8]).len(), 2);
}
