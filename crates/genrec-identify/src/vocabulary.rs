//! The tokens a language model has for identifiers.

use std::ops::Range;

use genrec_decode::TokenId;
use serde::{Deserialize, Serialize};

use crate::{Code, CodeTable, IdentifierTable, ItemTokens};

/// The tokens of identifiers: the specials pad (0) and end-of-sequence (1), then the tokens of each level, contiguous,
/// level by level.
///
/// A code is another token at every level: `<a_7>` and `<b_7>` have nothing in common.
///
/// ```
/// use genrec_identify::{Code, Vocabulary};
///
/// let vocabulary = Vocabulary::new(&[256, 256]);
/// assert_eq!((vocabulary.pad().get(), vocabulary.eos().get()), (0, 1));
/// assert_eq!((vocabulary.level(0), vocabulary.level(1)), (2..258, 258..514));
/// let token = vocabulary.token(1, Code::new(7));
/// assert_eq!((token.get(), vocabulary.name(token).as_str()), (265, "<b_7>"));
/// assert_eq!(vocabulary.code(token), Some((1, Code::new(7))));
/// assert_eq!(vocabulary.len(), 514);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    codebook_sizes: Vec<usize>,
}

/// Pad and end-of-sequence.
const SPECIALS: u32 = 2;

impl Vocabulary {
    /// The vocabulary of levels with so many codewords.
    ///
    /// # Panics
    ///
    /// When the levels have 2^31 codewords or more together.
    pub fn new(codebook_sizes: &[usize]) -> Self {
        assert!(
            codebook_sizes.iter().sum::<usize>() <= 1 << 31,
            "the tokens of {codebook_sizes:?} codewords do not fit into 32 bits"
        );
        Self {
            codebook_sizes: codebook_sizes.to_vec(),
        }
    }

    /// The vocabulary of a table: an [`&IdentifierTable`](IdentifierTable) or a [`&CodeTable`](CodeTable).
    pub fn of(table: impl Into<Self>) -> Self {
        table.into()
    }

    /// The number of tokens, specials included.
    pub fn len(&self) -> usize {
        SPECIALS as usize + self.codebook_sizes.iter().sum::<usize>()
    }

    /// Never: there are always the specials.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The token that fills sequences up, 0.
    pub fn pad(&self) -> TokenId {
        TokenId::new(0)
    }

    /// The token that ends a sequence, 1.
    pub fn eos(&self) -> TokenId {
        TokenId::new(1)
    }

    /// The number of levels.
    pub fn levels(&self) -> usize {
        self.codebook_sizes.len()
    }

    /// The number of codewords of each level.
    pub fn codebook_sizes(&self) -> &[usize] {
        &self.codebook_sizes
    }

    /// The tokens of a level.
    ///
    /// # Panics
    ///
    /// When there is no such level.
    pub fn level(&self, level: usize) -> Range<u32> {
        let start = SPECIALS + self.codebook_sizes[..level].iter().sum::<usize>() as u32;
        start..start + self.codebook_sizes[level] as u32
    }

    /// The token of a code at a level.
    ///
    /// # Panics
    ///
    /// When there is no such level, or no such code in it.
    pub fn token(&self, level: usize, code: Code) -> TokenId {
        let tokens = self.level(level);
        assert!(
            code.get() < tokens.end - tokens.start,
            "level {level} has {} codewords, not {}",
            tokens.end - tokens.start,
            code.get()
        );
        TokenId::new(tokens.start + code.get())
    }

    /// The level and code of a token; `None` for the specials and what is beyond the vocabulary.
    pub fn code(&self, token: TokenId) -> Option<(usize, Code)> {
        (0..self.levels()).find_map(|level| {
            let tokens = self.level(level);
            tokens
                .contains(&token.get())
                .then(|| (level, Code::new(token.get() - tokens.start)))
        })
    }

    /// How a token is written: `<pad>`, `<eos>`, `<a_12>`.
    ///
    /// # Panics
    ///
    /// When there is no such token.
    pub fn name(&self, token: TokenId) -> String {
        match self.code(token) {
            Some((level, code)) => code.name(level),
            None if token == self.pad() => String::from("<pad>"),
            None if token == self.eos() => String::from("<eos>"),
            None => panic!(
                "token {} is beyond the vocabulary of {} tokens",
                token.get(),
                self.len()
            ),
        }
    }

    /// What a language model reads and writes for every item of a table.
    ///
    /// # Panics
    ///
    /// When the table has codes this vocabulary does not have; [`Vocabulary::of`] the same table always fits.
    pub fn tokenize(&self, table: &IdentifierTable) -> ItemTokens {
        ItemTokens::new(self.clone(), table.iter().map(|(_, codes)| codes))
    }

    /// What a language model reads and writes for every item of a table with collisions: items with the same codes
    /// share their tokens and form a group.
    ///
    /// # Panics
    ///
    /// As [`tokenize`](Self::tokenize).
    pub fn tokenize_collided(&self, table: &CodeTable) -> ItemTokens {
        ItemTokens::new(self.clone(), table.iter().map(|(_, codes)| codes))
    }
}

impl From<&IdentifierTable> for Vocabulary {
    fn from(table: &IdentifierTable) -> Self {
        Self::new(table.codebook_sizes())
    }
}

impl From<&CodeTable> for Vocabulary {
    fn from(table: &CodeTable) -> Self {
        Self::new(table.codebook_sizes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_one_code_of_one_level() {
        let vocabulary = Vocabulary::new(&[3, 1, 4]);
        let tokens: Vec<TokenId> = (0..3)
            .flat_map(|level| vocabulary.level(level))
            .map(TokenId::new)
            .collect();
        assert_eq!(
            tokens,
            (2..vocabulary.len() as u32)
                .map(TokenId::new)
                .collect::<Vec<_>>()
        );
        for token in tokens {
            let (level, code) = vocabulary.code(token).unwrap();
            assert_eq!(vocabulary.token(level, code), token);
            assert_eq!(Code::parse(&vocabulary.name(token), level), Some(code));
        }
        for special in [
            vocabulary.pad(),
            vocabulary.eos(),
            TokenId::new(vocabulary.len() as u32),
        ] {
            assert_eq!(vocabulary.code(special), None);
        }
        assert_eq!(
            [
                vocabulary.name(vocabulary.pad()),
                vocabulary.name(vocabulary.eos())
            ],
            ["<pad>", "<eos>"]
        );
    }

    #[test]
    #[should_panic(expected = "level 1 has 1 codewords, not 1")]
    fn a_code_of_the_next_level_is_no_code_of_this_one() {
        Vocabulary::new(&[3, 1, 4]).token(1, Code::new(1));
    }
}
