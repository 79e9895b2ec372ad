//! Identifiers that a model proposes itself, made unique (SIIT, the regeneration step of a round).
//!
//! **In**: the table that the items have, and for every item identifiers that a model wrote for it, with their scores, best first. **Out**: a new
//! [`IdentifierTable`], and how far it went.
//!
//! ```
//! use genrec_identify::refine::{Assignment, Proposal, Proposals, refine};
//! use genrec_identify::{Identifier, IdentifierTable};
//!
//! let table = IdentifierTable::new(vec![Identifier::from_iter([0, 0]), Identifier::from_iter([1, 1])])?;
//! let propose = |list: &[([u32; 2], f32)]| {
//!     let proposal = |&(codes, score): &([u32; 2], f32)| Proposal::new(Identifier::from_iter(codes), score);
//!     list.iter().map(proposal).collect::<Vec<_>>()
//! };
//! // Both items would rather be (0, 1).
//! let proposals = Proposals::new(vec![
//!     propose(&[([0, 1], -0.7), ([0, 0], -0.8)]),
//!     propose(&[([0, 1], -0.1), ([1, 1], -3.0)]),
//! ])?;
//! let listed = refine(&table, &proposals, &Assignment::AsListed)?;
//! assert_eq!(&*listed.table.identifier(0.into()), &*Identifier::from_iter([0, 1]));
//! let best = refine(&table, &proposals, &Assignment::Optimal)?;
//! assert_eq!(&*best.table.identifier(1.into()), &*Identifier::from_iter([0, 1]));
//! assert_eq!((best.collision_rate, best.changed), (0.5, 0.5));
//! # Ok::<(), genrec_identify::Error>(())
//! ```

mod assign;
mod optimal;
mod proposals;
mod similarity;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use genrec_data::ItemId;
use serde::{Deserialize, Serialize};

pub use proposals::{Proposal, Proposals};
pub use similarity::semantic_similarity;

use crate::table::check_sizes;
use crate::{Code, Error, Identifier, IdentifierTable, ItemTokens, Result, Vocabulary};

/// Who gets an identifier that several items want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Assignment {
    /// The items choose one after another, in the order of their numbers.
    AsListed,
    /// The most interacted-with items choose first; items with as many interactions in the order of their numbers. One count an item.
    ByPopularity(Vec<u64>),
    /// The proposal with the best score of all that are still possible is taken, again and again.
    ByScore,
    /// As many items as possible get one of their proposals, and among all ways to do so the scores add up to the most (min-cost matching).
    Optimal,
}

/// What a round of regeneration came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Refined {
    /// The new identifiers.
    pub table: IdentifierTable,
    /// The collision rate if every item took its best proposal: see [`Proposals::collision_rate`].
    pub collision_rate: f64,
    /// The share of items whose identifier is another than before.
    pub changed: f64,
    /// The items for which no proposal was left: they have their best one, with a code more.
    pub extended: Vec<ItemId>,
    /// The items for which [nothing was written](Proposals::kept): they proposed the identifier that they had.
    pub kept: Vec<ItemId>,
    /// The place, among its proposals, of the one that each item got.
    pub places: Vec<Option<usize>>,
}

impl Refined {
    /// The share of items that got one of their first `k` proposals, of those for which something was written; 0 if nothing was for any.
    pub fn coverage(&self, k: usize) -> f64 {
        let written = self.places.len() - self.kept.len();
        let places = self.places.iter().enumerate();
        let within = places.filter(|(item, place)| {
            place.is_some_and(|place| place < k) && !proposals::is_kept(&self.kept, *item)
        });
        within.count() as f64 / written.max(1) as f64
    }
}

/// Gives every item the identifier that a model proposes for it, as far as nobody else has it.
///
/// An item for which nothing is left has its best proposal with one more code, counted from 0 for each such proposal, so that no collision is left. The levels of the table stay
/// as they are, but the last one may get more codes, or others may follow it: where a proposal is shorter than others, and the codes of the next level do not suffice to tell
/// its items apart, they go on with code 0 and a code of the level behind it, and so on.
///
/// # Errors
///
/// Proposals or popularities for another number of items than the table has, or a proposal with a code that its level does not have.
pub fn refine(
    table: &IdentifierTable,
    proposals: &Proposals,
    assignment: &Assignment,
) -> Result<Refined> {
    let chosen = chosen(table, proposals, assignment)?;
    let (identifiers, extended) = complete(proposals, &chosen, table.codebook_sizes());
    let changed = table
        .iter()
        .zip(&identifiers)
        .filter(|((_, before), after)| *before != &***after)
        .count();
    let items = identifiers.len() as f64;
    Ok(Refined {
        collision_rate: proposals.collision_rate(),
        changed: changed as f64 / items,
        table: sized(identifiers, table.codebook_sizes())?,
        extended,
        kept: proposals.kept().to_vec(),
        places: chosen,
    })
}

/// As [`refine`], but without the repair: an item for which nothing is left shares its best proposal with the item that has it, as a group of the tokens. For comparison.
///
/// The tokens have the levels of the table, and one behind them where proposals have a code there.
///
/// # Errors
///
/// As [`refine`].
pub fn refine_collided(
    table: &IdentifierTable,
    proposals: &Proposals,
    assignment: &Assignment,
) -> Result<ItemTokens> {
    let chosen = chosen(table, proposals, assignment)?;
    let identifiers: Vec<&Identifier> = chosen
        .into_iter()
        .enumerate()
        .map(|(item, place)| &proposals.of(item)[place.unwrap_or(0)].identifier)
        .collect();
    let mut sizes = table.codebook_sizes().to_vec();
    let behind = identifiers
        .iter()
        .filter_map(|codes| codes.get(sizes.len()));
    let behind = behind.map(|code| code.index() + 1).max();
    sizes.extend(behind);
    check_sizes(identifiers.len(), &sizes)?;
    let rows = identifiers.into_iter().map(|identifier| &**identifier);
    Ok(ItemTokens::new(Vocabulary::new(&sizes), rows))
}

/// The place of the proposal that each item gets, if any.
fn chosen(
    table: &IdentifierTable,
    proposals: &Proposals,
    assignment: &Assignment,
) -> Result<Vec<Option<usize>>> {
    proposals.expect_fit(table)?;
    Ok(match assignment {
        Assignment::AsListed => assign::in_order(proposals, 0..proposals.items()),
        Assignment::ByPopularity(counts) => {
            if counts.len() != proposals.items() {
                return Err(Error::Shape {
                    expected: format!("one popularity for each of {} items", proposals.items()),
                    found: format!("{} popularities", counts.len()),
                });
            }
            let mut order: Vec<usize> = (0..counts.len()).collect();
            order.sort_by_key(|&item| std::cmp::Reverse(counts[item]));
            assign::in_order(proposals, order)
        }
        Assignment::ByScore => assign::by_score(proposals),
        Assignment::Optimal => optimal::assign(proposals),
    })
}

/// The chosen proposals as identifiers; where none was chosen, the best one with a code more, which nobody else has.
fn complete(
    proposals: &Proposals,
    chosen: &[Option<usize>],
    sizes: &[usize],
) -> (Vec<Identifier>, Vec<ItemId>) {
    let choices = || chosen.iter().enumerate();
    let mut taken: HashSet<Identifier> = choices()
        .filter_map(|(item, choice)| Some(proposals.of(item)[(*choice)?].identifier.clone()))
        .collect();
    // Tokens of levels that others stand behind would move if they got more codes.
    let deepest = choices().map(|(item, choice)| match choice {
        Some(place) => proposals.of(item)[*place].identifier.len() - 1,
        None => proposals.of(item)[0].identifier.len(),
    });
    let fixed = sizes.len() - usize::from(deepest.max() < Some(sizes.len()));
    let mut extended = Vec::new();
    // For every proposal that is shared, what the next code stands behind, and that code.
    let mut next = HashMap::<Identifier, (Vec<Code>, u32)>::new();
    let identifiers = choices()
        .map(|(item, choice)| {
            if let Some(choice) = *choice {
                return proposals.of(item)[choice].identifier.clone();
            }
            extended.push(ItemId::from_index(item));
            let best = &proposals.of(item)[0].identifier;
            let (before, number) = next
                .entry(best.clone())
                .or_insert_with(|| (best.to_vec(), 0));
            loop {
                if before.len() < fixed && *number as usize == sizes[before.len()] {
                    before.push(Code::new(0));
                    *number = 0;
                }
                let codes = before.iter().copied().chain([Code::new(*number)]);
                let longer = Identifier::new(codes.collect::<Vec<_>>());
                *number += 1;
                if taken.insert(longer.clone()) {
                    return longer;
                }
            }
        })
        .collect();
    (identifiers, extended)
}

/// A table whose levels have at least the codewords that they had.
fn sized(identifiers: Vec<Identifier>, sizes: &[usize]) -> Result<IdentifierTable> {
    let table = IdentifierTable::new(identifiers)?;
    let levels = sizes.len().max(table.levels());
    let size = |sizes: &[usize], level: usize| sizes.get(level).copied().unwrap_or(0);
    let sizes =
        (0..levels).map(|level| size(sizes, level).max(size(table.codebook_sizes(), level)));
    let sizes = sizes.collect();
    table.with_codebook_sizes(sizes)
}
