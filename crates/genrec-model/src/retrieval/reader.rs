//! From a prompt, a user and a history to tensors.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use genrec_data::ItemId;
use genrec_identify::token::{Part, Prompt, PromptVocabulary, Side};

use super::Tokens;
use crate::sequence::{HistoryPositions, Inputs};
use crate::{Error, Result};

/// What one row of a batch says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) prompt: &'a Prompt,
    /// Its place is left out for somebody unknown.
    pub(crate) user: Option<usize>,
    pub(crate) history: &'a [ItemId],
}

/// Writes prompts as the tokens of a vocabulary.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    vocabulary: PromptVocabulary,
    tokens: Arc<Tokens>,
    positions: HistoryPositions,
}

impl Reader {
    pub(crate) fn new(
        vocabulary: PromptVocabulary,
        tokens: Arc<Tokens>,
        positions: HistoryPositions,
    ) -> Result<Self> {
        for table in [tokens.users(), tokens.items()] {
            let (found, expected) = (
                table.table().codebook_sizes(),
                vocabulary.codebook_sizes(table.side()),
            );
            if found != expected {
                return Err(Error::Config {
                    what: "codebook sizes of the tokens",
                    found: format!("{found:?} for {}s", table.side()),
                    expected: format!("{expected:?}, as the vocabulary has them"),
                });
            }
        }
        Ok(Self {
            vocabulary,
            tokens,
            positions,
        })
    }

    #[cfg(feature = "train")]
    pub(crate) fn vocabulary(&self) -> &PromptVocabulary {
        &self.vocabulary
    }

    pub(crate) fn tokens(&self) -> &Arc<Tokens> {
        &self.tokens
    }

    /// The tokens of each position; those of a user or item together, or each a position of its own.
    fn positions(&self, asked: &Asked<'_>) -> Vec<Vec<i64>> {
        let mut positions: Vec<Vec<i64>> = Vec::new();
        let push = |positions: &mut Vec<Vec<i64>>, side, index| {
            let table = match side {
                Side::User => self.tokens.users(),
                Side::Item => self.tokens.items(),
            };
            let codes = table.codes(index).iter().enumerate();
            let tokens =
                codes.map(|(level, &code)| number(self.vocabulary.token(side, level, code)));
            match self.positions {
                HistoryPositions::Items => positions.push(tokens.collect()),
                HistoryPositions::Tokens => positions.extend(tokens.map(|token| vec![token])),
            }
        };
        for part in asked.prompt.parts() {
            match part {
                Part::Word(word) => {
                    let token = self.vocabulary.word(word);
                    positions.push(vec![number(token.expect("checked: the words are known"))]);
                }
                Part::User => {
                    if let Some(user) = asked.user {
                        push(&mut positions, Side::User, user);
                    }
                }
                Part::Items => {
                    for item in asked.history {
                        push(&mut positions, Side::Item, item.index());
                    }
                }
            }
        }
        positions
    }

    /// A batch as tensors on `device`, padded at the end to the longest.
    pub(crate) fn inputs(&self, asked: &[Asked<'_>], device: &Device) -> Inputs {
        let rows: Vec<Vec<Vec<i64>>> = asked.iter().map(|asked| self.positions(asked)).collect();
        let length = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        // The same for every batch: what a position is divided by depends on it.
        let width = match self.positions {
            HistoryPositions::Tokens => 1,
            HistoryPositions::Items => self
                .tokens
                .users()
                .levels()
                .max(self.tokens.items().levels()),
        };
        let pad = number(self.vocabulary.pad());
        let mut ids = vec![pad; rows.len() * length * width];
        let mut real = vec![false; rows.len() * length];
        let mut real_tokens = vec![false; rows.len() * length * width];
        for (row, positions) in rows.iter().enumerate() {
            for (place, tokens) in positions.iter().enumerate() {
                let at = row * length + place;
                real[at] = true;
                ids[at * width..][..tokens.len()].copy_from_slice(tokens);
                real_tokens[at * width..][..tokens.len()].fill(true);
            }
            // A prompt of a place that is left out, and nothing else: something to attend to.
            real[row * length] = true;
        }
        let shape = [rows.len(), length, width];
        Inputs {
            tokens: Tensor::from_data(TensorData::new(ids, shape), device),
            mask: Tensor::from_data(TensorData::new(real, [rows.len(), length]), device),
            token_mask: (width > 1)
                .then(|| Tensor::from_data(TensorData::new(real_tokens, shape), device)),
        }
    }
}

fn number(token: genrec_decode::TokenId) -> i64 {
    i64::from(token.get())
}

/// That a vocabulary has all words of a prompt.
pub(super) fn expect_words(vocabulary: &PromptVocabulary, prompt: &Prompt) -> Result<()> {
    let unknown = prompt.parts().iter().find_map(|part| match part {
        Part::Word(word) if vocabulary.word(word).is_none() => Some(word),
        _ => None,
    });
    match unknown {
        None => Ok(()),
        Some(word) => Err(Error::Config {
            what: "prompt",
            found: format!("the word {word:?}"),
            expected: "words of the prompts that the vocabulary was made with".into(),
        }),
    }
}
