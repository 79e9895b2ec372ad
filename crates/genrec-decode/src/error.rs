//! What can go wrong, with the values and the remedy.

use std::path::PathBuf;

use crate::TokenId;

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong in this crate.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// An identifier without tokens: it would be the root of the trie, and every search would begin
    /// with it finished.
    #[error(
        "the identifier of value {value} (number {position} given) has no tokens; every identifier needs at least one"
    )]
    EmptyIdentifier {
        /// The value the identifier was given for.
        value: u32,
        /// How many identifiers were given before it.
        position: usize,
    },

    /// Two values with the same identifier. Of all such identifiers the first in lexicographic
    /// order is reported, with its two smallest values.
    #[error(
        "identifier {} belongs to both value {first} and value {second} ({repeats} identifiers in all are repetitions); give \
         every identifier once: disambiguate the values that share one, or give their group a single value",
        show(.tokens)
    )]
    DuplicateIdentifier {
        /// The shared identifier.
        tokens: Vec<TokenId>,
        /// One value it was given for.
        first: u32,
        /// Another, or the same again.
        second: u32,
        /// How many of all identifiers are repetitions.
        repeats: usize,
    },

    /// More identifiers, or more nodes, than 32 bits can number.
    #[error(
        "the trie would need {found} {what}; at most {limit} are supported: split the catalogue into several tries"
    )]
    TooLarge {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },

    /// A value to remove that is not there.
    #[error(
        "value {value} cannot be removed: no identifier has it, or it was removed before; leave it out of the list"
    )]
    UnknownValue {
        /// The value.
        value: u32,
    },

    /// A value to add that is there.
    #[error(
        "value {value} cannot be added: it has an identifier; remove it in the same update to give it another"
    )]
    ValueThere {
        /// The value.
        value: u32,
    },

    /// The file of a trie that cannot be read or written, or is not one.
    #[error("{} {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A beam search that is asked for no results.
    #[error("a beam search must return at least 1 result; found results = 0")]
    ZeroResults,

    /// A beam search without a width.
    #[error("the list of beam widths is empty; give one width for all levels, or one per level")]
    NoWidths,

    /// A beam search that would keep nothing.
    #[error("the beam width of level {level} is 0; every width must be at least 1")]
    ZeroWidth {
        /// The level, counted from 0.
        level: usize,
    },

    /// A lattice with a level that nothing can be taken from, or without levels.
    #[error("level {level} of the lattice has no tokens; every sequence needs one there")]
    EmptyLevel {
        /// The level, counted from 0.
        level: usize,
    },

    /// A scorer wrote something that is no log-probability, or did not write at all (scores are NaN
    /// until they are written).
    #[error(
        "the scorer gave token {token} the score {score} at depth {depth} of request {request}; it must write a log-probability \
         (at most 0, -inf allowed) for every beam and candidate: check the model's weights for NaN, and that it ends in a log-softmax"
    )]
    NotALogProbability {
        /// The request, counted from 0.
        request: usize,
        /// The depth, counted from 0.
        depth: usize,
        /// The token that was scored.
        token: TokenId,
        /// What the scorer wrote.
        score: f32,
    },

    /// A score table whose length is not the product of its dimensions.
    #[error(
        "the score table has {found} numbers, but {requests} requests x {levels} levels x {tokens} tokens are {}; give one number for each",
        .requests * .levels * .tokens
    )]
    TableLength {
        /// The table's requests.
        requests: usize,
        /// The table's levels.
        levels: usize,
        /// The table's tokens.
        tokens: usize,
        /// The numbers given.
        found: usize,
    },
}

/// `[3, 1, 4]`, as short as an identifier is usually written.
fn show(tokens: &[TokenId]) -> String {
    let tokens: Vec<String> = tokens.iter().map(TokenId::to_string).collect();
    format!("[{}]", tokens.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_names_the_identifier_and_both_values() {
        let error = Error::DuplicateIdentifier {
            tokens: vec![TokenId::new(3), TokenId::new(1)],
            first: 7,
            second: 9,
            repeats: 1,
        };
        let message = error.to_string();
        for part in ["[3, 1]", "value 7", "value 9", "disambiguate"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
