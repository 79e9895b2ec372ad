//! Identifiers that a language model writes for what items say (SIIT, the regeneration step).

use burn::module::Module;
use genrec_data::ItemId;
use genrec_decode::{BeamSearchConfig, Lattice, Sequence, TokenId};
use genrec_identify::refine::{Proposal, Proposals};
use genrec_identify::{Code, Identifier, IdentifierTable};
use serde::{Deserialize, Serialize};

use super::model::TextModel;
use super::recommender::{in_batches, no_answers};
use super::samples::Instructions;
use crate::{Error, Result};

/// What a model may write when it proposes an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Regeneration {
    /// A code of the first level, then one of the second, and so on.
    PerLevel,
    /// Any tokens; what is no identifier is thrown away.
    Free,
}

/// The `k` most likely identifiers that a model writes for the text of every item, whether they are anybody's or not, best first, by a search that follows `k` prefixes; a `k` of 1
/// is a greedy search.
///
/// A proposal has as many codes as `lengths` allows, so that codes that only tell items apart are not proposed. An item that says nothing, or for which nothing but other
/// tokens was found, proposes the identifier that it has in `table`, and is one of those that were [kept](Proposals::kept).
///
/// # Errors
///
/// [`Error::Config`] for a `k` of 0; lengths that no identifier has; a table of other items or codebook sizes than those of the instructions; a model that has fewer tokens than
/// the instructions, another end, or two stacks for [whole histories](super::Question::WholeHistory); or if the answers are no numbers.
pub fn propose(
    model: &TextModel,
    instructions: &Instructions,
    table: &IdentifierTable,
    lengths: std::ops::RangeInclusive<usize>,
    k: usize,
    regeneration: Regeneration,
) -> Result<Proposals> {
    model.expect_fit(instructions)?;
    let levels = *lengths.end();
    let vocabulary = instructions.items().vocabulary();
    let sizes = vocabulary.codebook_sizes();
    let fits = table.len() == instructions.items().items() && table.codebook_sizes() == sizes;
    if k == 0 || !fits || lengths.is_empty() || !(1..=sizes.len()).contains(&levels) {
        return Err(Error::Config {
            what: "proposals of identifiers",
            found: format!(
                "{k} of {lengths:?} codes for each of {} items, out of {:?} codes a level",
                table.len(),
                table.codebook_sizes()
            ),
            expected: format!(
                "at least 1 for each of {} items, out of the {sizes:?} codes of the instructions",
                instructions.items().items()
            ),
        });
    }
    let model = model.valid();
    let text = instructions.text();
    let token = |level: usize, code: u32| {
        let token = vocabulary.token(level, Code::new(code));
        text.of_identifier(token, instructions.eos())
    };
    let all: Vec<TokenId> = (0..model.vocab_size() as u32).map(TokenId::new).collect();
    let level = |level: usize| match regeneration {
        Regeneration::PerLevel => (0..sizes[level] as u32)
            .map(|code| TokenId::new(token(level, code)))
            .collect(),
        Regeneration::Free => all.clone(),
    };
    let mut lattice = Lattice::new((0..levels).map(level).collect()).map_err(no_answers)?;
    if *lengths.start() < levels {
        let end = TokenId::new(instructions.eos());
        lattice = lattice.with_end(end, *lengths.start());
    }
    let search = BeamSearchConfig::new(k).init().map_err(no_answers)?;

    let asked: Vec<ItemId> = (0..table.len())
        .map(ItemId::from_index)
        .filter(|&item| instructions.has_text(item))
        .collect();
    let prompts = asked
        .iter()
        .map(|&item| instructions.text_question(item))
        .collect::<Result<Vec<_>>>()?;
    let found = in_batches(&prompts, &model.device(), |prompts| {
        let mut scorer = model.scorer(None, prompts);
        search
            .search_lattice(&lattice, prompts.len(), scorer.as_mut())
            .map_err(no_answers)
    })?;

    let first: Vec<u32> = (0..levels).map(|level| token(level, 0)).collect();
    let code = |level: usize, token: &TokenId| {
        let code = token.get().checked_sub(first[level])?;
        (code < sizes[level] as u32).then_some(Code::new(code))
    };
    let identifier = |sequence: &Sequence| {
        let codes = sequence.tokens.iter().enumerate();
        let codes: Option<Vec<Code>> = codes.map(|(level, token)| code(level, token)).collect();
        codes.filter(|codes| lengths.contains(&codes.len()))
    };
    let mut proposals: Vec<Vec<Proposal>> = vec![Vec::new(); table.len()];
    for (&item, found) in asked.iter().zip(&found) {
        let written = found.iter().filter(|sequence| sequence.score.is_finite());
        let written = written.filter_map(|sequence| {
            let identifier = Identifier::new(identifier(sequence)?);
            Some(Proposal::new(identifier, sequence.score))
        });
        proposals[item.index()] = written.collect();
    }
    Ok(Proposals::or_kept(proposals, table)?)
}
