use genrec_data::ItemId;

use super::{ResidualSpace, occupancy::Occupancy, with_codes};
use crate::{Code, CodeTable, Result};

/// Gives collided items the nearest free identifiers; those for which none is left keep theirs.
///
/// Of a group, the first of the items that `stay`, or else the nearest to the codewords, is not moved.
pub(super) fn resolve(
    table: &CodeTable,
    space: &ResidualSpace,
    stay: impl Fn(ItemId) -> bool,
) -> Result<CodeTable> {
    let levels = table.levels();
    let mut codes = table.as_slice().to_vec();
    let mut occupancy = Occupancy::of(table);
    for group in table.collisions().groups() {
        let mut items = from_near_to_far(table, space, group);
        items.sort_by_key(|&item| !stay(item));
        for item in items.into_iter().skip(1) {
            let Some(free) = nearest_free(space, &occupancy, item, table.codes(item)) else {
                break;
            };
            occupancy.take(&free);
            codes[item.index() * levels..][..levels].copy_from_slice(&free);
        }
    }
    with_codes(table, codes)
}

/// The items of a group by the distance of their latents to the codewords they share; of equally near ones the lowest
/// first.
fn from_near_to_far(table: &CodeTable, space: &ResidualSpace, group: &[ItemId]) -> Vec<ItemId> {
    let distance = |item: ItemId| {
        space
            .residual(item, table.codes(item))
            .iter()
            .map(|&rest| f64::from(rest).powi(2))
            .sum::<f64>()
    };
    let mut items: Vec<(f64, ItemId)> = group.iter().map(|&item| (distance(item), item)).collect();
    items.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    items.into_iter().map(|(_, item)| item).collect()
}

/// The nearest identifier below the longest prefix of `codes` that has one left.
fn nearest_free(
    space: &ResidualSpace,
    occupancy: &Occupancy,
    item: ItemId,
    codes: &[Code],
) -> Option<Vec<Code>> {
    let kept = (0..codes.len())
        .rev()
        .find(|&kept| !occupancy.is_full(&codes[..kept]))?;
    let mut prefix = codes[..kept].to_vec();
    let mut residual = space.residual(item, &prefix);
    for level in kept..codes.len() {
        // A prefix with room has a child with room, so this goes down without ever coming back.
        let code = space
            .nearest_first(level, &residual)
            .into_iter()
            .find(|&code| {
                prefix.push(code);
                let full = occupancy.is_full(&prefix);
                prefix.pop();
                !full
            })?;
        space.subtract(&mut residual, level, code);
        prefix.push(code);
    }
    Some(prefix)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ndarray::{Array2, array};
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// The twin: lists all identifiers and takes, of the free ones, that with the longest prefix kept, then the nearest
    /// level by level.
    fn nearest_free_of_all(
        space: &ResidualSpace,
        taken: &HashSet<Vec<Code>>,
        item: ItemId,
        codes: &[Code],
    ) -> Option<Vec<Code>> {
        let mut all = vec![vec![]];
        for codebook in space.codebooks() {
            let codes = (0..codebook.nrows() as u32).map(Code::new);
            all = codes
                .flat_map(|code| {
                    all.iter()
                        .map(move |prefix: &Vec<Code>| [&prefix[..], &[code]].concat())
                })
                .collect();
        }
        let changed = |identifier: &[Code]| {
            codes.len()
                - codes
                    .iter()
                    .zip(identifier)
                    .take_while(|(a, b)| a == b)
                    .count()
        };
        let ranks = |identifier: &[Code]| -> Vec<usize> {
            let rank = |level: usize| {
                let order = space.nearest_first(level, &space.residual(item, &identifier[..level]));
                order
                    .iter()
                    .position(|&code| code == identifier[level])
                    .unwrap()
            };
            (codes.len() - changed(identifier)..codes.len())
                .map(rank)
                .collect()
        };
        all.into_iter()
            .filter(|identifier| !taken.contains(identifier))
            .min_by_key(|identifier| (changed(identifier), ranks(identifier)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_item_gets_what_the_search_through_all_identifiers_finds(
            codes in vec((0_u32..3, 0_u32..2, 0_u32..3), 1..24),
            latents in vec(-5.0_f32..5.0, 48),
            words in vec(-5.0_f32..5.0, 16),
        ) {
            let sizes = vec![3, 2, 3];
            let items = codes.len();
            let codes: Vec<Code> = codes.into_iter().flat_map(|(a, b, c)| [a, b, c]).map(Code::new).collect();
            let table = CodeTable::new(items, 3, codes.clone(), sizes.clone()).unwrap();
            let mut words = words.into_iter();
            let codebooks = sizes.iter().map(|&size| Array2::from_shape_fn((size, 2), |_| words.next().unwrap())).collect();
            let latents = Array2::from_shape_fn((items, 2), |(item, column)| latents[item * 2 + column]);
            let space = ResidualSpace::new(latents, codebooks).unwrap();

            let mut expected: Vec<Vec<Code>> = codes.chunks(3).map(<[Code]>::to_vec).collect();
            let mut taken: HashSet<Vec<Code>> = expected.iter().cloned().collect();
            for group in table.collisions().groups() {
                for item in from_near_to_far(&table, &space, group).into_iter().skip(1) {
                    if let Some(free) = nearest_free_of_all(&space, &taken, item, table.codes(item)) {
                        taken.insert(free.clone());
                        expected[item.index()] = free;
                    }
                }
            }
            let resolved = resolve(&table, &space, |_| false).unwrap();
            prop_assert_eq!(resolved.as_slice(), expected.concat());
        }
    }

    #[test]
    fn the_nearest_item_keeps_the_codes_and_the_others_move_first_on_the_last_level() {
        // One dimension: codewords 0 and 10, then -1, 0 and 1 around them.
        let codebooks = vec![array![[0.0], [10.0]], array![[-1.0], [0.0], [1.0]]];
        let latents = array![[0.4], [0.1], [-0.2], [0.3], [4.0]];
        let space = ResidualSpace::new(latents, codebooks).unwrap();
        let codes = |codes: &[u32]| codes.iter().copied().map(Code::new).collect::<Vec<_>>();
        let table = CodeTable::new(5, 2, codes(&[0, 1].repeat(5)), vec![2, 3]).unwrap();
        // From near to far: item 1 keeps (0, 1); item 2 at -.2 gets (0, 0); item 3 at .3 gets (0, 2), the last below 0;
        // item 0, at -9.6 from codeword 10, gets (1, 0), and item 4, at -6 from it, the next, (1, 1).
        assert_eq!(
            resolve(&table, &space, |_| false).unwrap().as_slice(),
            codes(&[1, 0, 0, 1, 0, 0, 0, 2, 1, 1])
        );
    }
}
