use std::collections::BTreeSet;

use genrec_decode::TokenId;
use serde::{Deserialize, Serialize};

use super::{Part, Prompt, Side};
use crate::Code;

/// Pad and end.
const SPECIALS: usize = 2;

/// The tokens of a model that reads prompts: pad (0), end (1), the words of the prompts in the order of the alphabet, then the tokens of
/// users level by level, then those of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptVocabulary {
    words: Vec<String>,
    users: Vec<usize>,
    items: Vec<usize>,
}

impl PromptVocabulary {
    /// The vocabulary of prompts, and of users and items with codebooks of these sizes.
    pub fn new<'a>(
        prompts: impl IntoIterator<Item = &'a Prompt>,
        user_codebooks: impl Into<Vec<usize>>,
        item_codebooks: impl Into<Vec<usize>>,
    ) -> Self {
        let parts = prompts.into_iter().flat_map(Prompt::parts);
        let words: BTreeSet<&String> = parts
            .filter_map(|part| match part {
                Part::Word(word) => Some(word),
                Part::User | Part::Items => None,
            })
            .collect();
        Self {
            words: words.into_iter().cloned().collect(),
            users: user_codebooks.into(),
            items: item_codebooks.into(),
        }
    }

    /// The number of tokens.
    pub fn len(&self) -> usize {
        self.first(Side::Item) + self.items.iter().sum::<usize>()
    }

    /// Never: there are always pad and end.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The token that fills sequences up, 0; the decoder starts from it.
    pub fn pad(&self) -> TokenId {
        TokenId::new(0)
    }

    /// The sizes of the codebooks of a side.
    pub fn codebook_sizes(&self, side: Side) -> &[usize] {
        match side {
            Side::User => &self.users,
            Side::Item => &self.items,
        }
    }

    /// The first token of a side.
    fn first(&self, side: Side) -> usize {
        let users = SPECIALS + self.words.len();
        match side {
            Side::User => users,
            Side::Item => users + self.users.iter().sum::<usize>(),
        }
    }

    /// The token of a word, in small letters; `None` if no prompt has it.
    pub fn word(&self, word: &str) -> Option<TokenId> {
        let place = self
            .words
            .binary_search_by(|known| known.as_str().cmp(word));
        place
            .ok()
            .map(|place| TokenId::new((SPECIALS + place) as u32))
    }

    /// The token of a code at a level.
    ///
    /// # Panics
    ///
    /// If the side has no such level, or no such code in it.
    pub fn token(&self, side: Side, level: usize, code: Code) -> TokenId {
        let sizes = self.codebook_sizes(side);
        assert!(
            code.index() < sizes[level],
            "level {level} of a {side} has {} codewords, not {}",
            sizes[level],
            code.get()
        );
        let start = self.first(side) + sizes[..level].iter().sum::<usize>();
        TokenId::new((start + code.index()) as u32)
    }

    /// How a token is written.
    ///
    /// # Panics
    ///
    /// If there is no such token.
    pub fn name(&self, token: TokenId) -> String {
        let number = token.index();
        assert!(
            number < self.len(),
            "token {number} is beyond the vocabulary of {} tokens",
            self.len()
        );
        for side in [Side::Item, Side::User] {
            let Some(mut rest) = number.checked_sub(self.first(side)) else {
                continue;
            };
            for (level, &size) in self.codebook_sizes(side).iter().enumerate() {
                if rest < size {
                    return side.name(level, Code::new(rest as u32));
                }
                rest -= size;
            }
        }
        match number {
            0 => "<pad>".into(),
            1 => "<eos>".into(),
            _ => self.words[number - SPECIALS].clone(),
        }
    }
}
