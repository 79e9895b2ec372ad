//! Rules that give collided items identifiers of their own.

mod append;
mod next_best;
mod occupancy;
mod sinkhorn;
mod space;

use serde::{Deserialize, Serialize};

pub use sinkhorn::{Remainder, SinkhornRule};
pub use space::ResidualSpace;

use crate::{Code, CodeTable, Error, IdentifierTable, Result};

/// How collided items get identifiers of their own.
///
/// Every rule leaves the codes of items that did not collide as they are (unless [`SinkhornRule::keep_unique`] is off),
/// is deterministic, and ends without collisions whatever it is given. Where the items are more than the identifiers
/// (or a rule gives up), the remaining collisions are resolved as [`AppendToken`](Self::AppendToken) does, so the table
/// has one more level than the codes had.
///
/// | rule | needs | length of identifiers | what it gives up |
/// | --- | --- | --- | --- |
/// | [`AppendToken`](Self::AppendToken) | codes only | one longer, for all items | a decoding step; the last token says nothing about the item |
/// | [`NextBest`](Self::NextBest) | latents and codebooks | unchanged | a little closeness of the moved items to their codewords |
/// | [`Sinkhorn`](Self::Sinkhorn) | latents and codebooks | unchanged | closeness: see [`SinkhornRule`] |
///
/// ```
/// use genrec_data::ItemId;
/// use genrec_identify::{Code, CodeTable, Disambiguate};
///
/// let codes = CodeTable::new(3, 2, [0, 1, 3, 1, 0, 1].map(Code::new).to_vec(), vec![4, 2])?;
/// let table = Disambiguate::AppendToken.apply(&codes, None)?;
/// assert_eq!(table.identifier(ItemId::new(0)), [0, 1, 0].map(Code::new));
/// assert_eq!(table.identifier(ItemId::new(2)), [0, 1, 1].map(Code::new));
/// # Ok::<(), genrec_identify::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Disambiguate {
    /// Every item gets one more code: its number among the items with the same codes, in the order of items, 0 for the
    /// first (TIGER, section 3.1). The added level has as many codewords as the largest group has items.
    AppendToken,
    /// The collided items are assigned anew on the last level by balanced optimal transport, in rounds (LC-Rec,
    /// and LETTER's released code).
    Sinkhorn(SinkhornRule),
    /// Of the items of a group the one nearest to its codewords keeps them, and the others, from near to far, get the
    /// nearest identifier that is free: first another code on the last level, nearest codeword to the item's residual
    /// first; where all of those are taken, another code on the last level but one, again nearest first, and below it
    /// the nearest free one; and so on up to the first level.
    NextBest,
}

impl Disambiguate {
    /// The identifiers that this rule makes of the codes.
    ///
    /// `space` has the latents and the codebooks that the codes come from; [`AppendToken`](Self::AppendToken) does
    /// without.
    ///
    /// # Errors
    ///
    /// A rule that needs `space` did not get it, or `space` is not that of the codes (number of items, levels,
    /// codewords).
    pub fn apply(
        &self,
        codes: &CodeTable,
        space: Option<&ResidualSpace>,
    ) -> Result<IdentifierTable> {
        let fitting = |rule| {
            let space = space.ok_or(Error::MissingGeometry { rule })?;
            space.expect_fit(codes)?;
            Ok::<_, Error>(space)
        };
        let resolved = match self {
            Self::AppendToken => append::append(codes)?,
            Self::NextBest => next_best::resolve(codes, fitting("next best")?, |_| false)?,
            Self::Sinkhorn(rule) => {
                let space = fitting("Sinkhorn")?;
                let unique = rule.unique(codes);
                let moved = rule.resolve(codes, space, &unique)?;
                match rule.remainder {
                    Remainder::NextBest => {
                        next_best::resolve(&moved, space, |item| unique[item.index()])?
                    }
                    Remainder::AppendToken => moved,
                }
            }
        };
        if resolved.collisions().is_empty() {
            resolved.try_into()
        } else {
            append::append(&resolved)?.try_into()
        }
    }
}

/// The table with other codes.
fn with_codes(table: &CodeTable, codes: Vec<Code>) -> Result<CodeTable> {
    CodeTable::new(
        table.items(),
        table.levels(),
        codes,
        table.codebook_sizes().to_vec(),
    )
}

#[cfg(test)]
mod tests {
    use genrec_data::ItemId;
    use ndarray::Array2;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Codes out of small codebooks, more items than identifiers in many cases, and a space of random latents and
    /// codewords behind them.
    fn worlds() -> impl Strategy<Value = (CodeTable, ResidualSpace)> {
        (vec(1_usize..5, 1..4), 1_usize..60).prop_flat_map(|(sizes, items)| {
            let levels = sizes.len();
            let codewords: usize = sizes.iter().sum();
            (
                vec(0_u32..1000, items * levels),
                vec(-8_i8..8, items * 2),
                vec(-8_i8..8, codewords * 2),
            )
                .prop_map(move |(codes, latents, words)| {
                    let codes = codes
                        .iter()
                        .enumerate()
                        .map(|(place, code)| Code::new(code % sizes[place % levels] as u32))
                        .collect();
                    let latents = Array2::from_shape_vec(
                        (items, 2),
                        latents.into_iter().map(f32::from).collect(),
                    )
                    .unwrap();
                    let mut words = words.into_iter().map(f32::from);
                    let codebooks = sizes
                        .iter()
                        .map(|&size| Array2::from_shape_fn((size, 2), |_| words.next().unwrap()));
                    let space = ResidualSpace::new(latents, codebooks.collect()).unwrap();
                    (
                        CodeTable::new(items, levels, codes, sizes.clone()).unwrap(),
                        space,
                    )
                })
        })
    }

    fn rules() -> [Disambiguate; 4] {
        let sinkhorn = SinkhornRule::default().with_rounds(3);
        [
            Disambiguate::AppendToken,
            Disambiguate::NextBest,
            Disambiguate::Sinkhorn(sinkhorn.clone()),
            Disambiguate::Sinkhorn(sinkhorn.with_remainder(Remainder::AppendToken)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn no_rule_leaves_a_collision_or_touches_an_item_without_one((codes, space) in worlds()) {
            let collisions = codes.collisions();
            let collided: Vec<ItemId> = collisions.groups().concat();
            for rule in rules() {
                let table = rule.apply(&codes, Some(&space)).unwrap();
                prop_assert_eq!(table.len(), codes.items());
                for (item, identifier) in table.iter() {
                    prop_assert_eq!(table.item(identifier), Some(item), "{:?}", rule);
                    if !collided.contains(&item) {
                        prop_assert_eq!(&identifier[..codes.levels()], codes.codes(item), "{:?}", rule);
                    }
                }
                let grows = rule == Disambiguate::AppendToken || table.levels() > codes.levels();
                prop_assert_eq!(table.levels(), codes.levels() + usize::from(grows));
                prop_assert_eq!(rule.apply(&codes, Some(&space)).unwrap(), table, "the same input must give the same table");
            }
        }

        #[test]
        fn the_released_rule_ends_without_collisions_too((codes, space) in worlds()) {
            for remainder in [Remainder::NextBest, Remainder::AppendToken] {
                let rule = SinkhornRule::default().with_rounds(3).with_keep_unique(false).with_remainder(remainder);
                let table = Disambiguate::Sinkhorn(rule).apply(&codes, Some(&space)).unwrap();
                prop_assert!(table.iter().all(|(item, identifier)| table.item(identifier) == Some(item)));
            }
        }

        #[test]
        fn next_best_does_not_grow_where_the_identifiers_suffice((codes, space) in worlds()) {
            let identifiers: usize = codes.codebook_sizes().iter().product();
            let table = Disambiguate::NextBest.apply(&codes, Some(&space)).unwrap();
            prop_assert_eq!(table.levels() > codes.levels(), codes.items() > identifiers);
        }
    }

    #[test]
    fn rules_that_need_the_geometry_ask_for_it_and_check_it() {
        let codes = CodeTable::new(2, 1, vec![Code::new(0); 2], vec![2]).unwrap();
        for rule in &rules()[1..] {
            let message = rule.apply(&codes, None).unwrap_err().to_string();
            assert!(
                message.contains("expected a `ResidualSpace`")
                    && message.contains("`Disambiguate::AppendToken`"),
                "{message}"
            );
        }
        let space =
            |items, codewords| ResidualSpace::new(Array2::zeros((items, 3)), codewords).unwrap();
        let message = |space| {
            Disambiguate::NextBest
                .apply(&codes, Some(&space))
                .unwrap_err()
                .to_string()
        };
        assert!(message(space(3, vec![Array2::zeros((2, 3))])).contains("latents of 2 items"));
        assert!(
            message(space(2, vec![Array2::zeros((2, 3)), Array2::zeros((2, 3))]))
                .contains("found codebooks of [2, 2]")
        );
        assert!(message(space(2, vec![Array2::zeros((1, 3))])).contains("found codebooks of [1]"));
    }
}
