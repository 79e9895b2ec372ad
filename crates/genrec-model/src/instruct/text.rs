//! Text and identifiers as tokens of one vocabulary.

#[cfg(test)]
mod tests;
mod titles;

use std::path::Path;

use genrec_data::Catalog;
use genrec_decode::TokenId;
use genrec_identify::Vocabulary;
use tokenizers::models::bpe::BpeTrainer;
use tokenizers::models::{ModelWrapper, TrainerWrapper, bpe::BPE};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Encoding, Tokenizer};

use super::templates::Templates;
use crate::{Error, Result};

/// The words of a small tokenizer that mean something to models: padding, and the end of a sequence.
const PAD: &str = "<pad>";
const EOS: &str = "<eos>";

/// A text tokenizer, and the tokens of identifiers behind those of the text.
#[derive(Clone, Debug)]
pub struct TextTokenizer {
    inner: Tokenizer,
    identifiers: Option<Identifiers>,
}

/// The tokens of identifiers.
#[derive(Clone, Debug)]
struct Identifiers {
    vocabulary: Vocabulary,
    /// The token of the first code of the first level, which the others follow; `None` where codes are tokens of the text at every level.
    first: Option<u32>,
}

impl TextTokenizer {
    /// Reads a `tokenizer.json`, as in the folder of any Hugging Face model.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if it cannot be read as one.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let malformed = |error| Error::Malformed {
            path: path.to_path_buf(),
            reason: format!("not a text tokenizer: {error}"),
        };
        let mut inner = Tokenizer::from_bytes(&bytes).map_err(malformed)?;
        // Some files keep what a training of theirs cut and filled up to; here nothing is cut unseen.
        inner.with_padding(None);
        inner.with_truncation(None).map_err(malformed)?;
        // `</s>` in the text of an item is text: see `encode`, too.
        inner.set_encode_special_tokens(true);
        Ok(Self {
            inner,
            identifiers: None,
        })
    }

    /// Trains a byte-level BPE of at most `tokens` tokens on texts, with `<pad>` (0) and `<eos>` (1): for models that start from nothing. The same texts give the same
    /// tokenizer; every text can be written with it.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for fewer tokens than the two and the 256 bytes need.
    pub fn train<T: AsRef<str> + Sync>(texts: &[T], tokens: usize) -> Result<Self> {
        const FEWEST: usize = 2 + 256;
        let wrong = |found: String, expected: String| Error::Config {
            what: "text tokenizer",
            found,
            expected,
        };
        if tokens < FEWEST {
            let expected = format!("at least {FEWEST}, for all bytes");
            return Err(wrong(format!("{tokens} tokens"), expected));
        }
        let specials = [PAD, EOS].map(|word| AddedToken::from(word, true));
        let trainer = BpeTrainer::builder()
            .show_progress(false)
            .vocab_size(tokens)
            .special_tokens(specials.to_vec())
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build();
        let mut inner = Tokenizer::new(BPE::default());
        inner.with_pre_tokenizer(Some(ByteLevel::default().add_prefix_space(false)));
        inner.with_decoder(Some(ByteLevel::default()));
        // Whatever order the threads count in, the merges are those of the sums.
        inner
            .train(
                &mut TrainerWrapper::from(trainer),
                texts.iter().map(AsRef::as_ref),
            )
            .map_err(|error| wrong(error.to_string(), String::from("texts to learn from")))?;
        inner.set_encode_special_tokens(true);
        Ok(Self {
            inner,
            identifiers: None,
        })
    }

    /// A small tokenizer for the texts of a catalogue and the words of instructions: [`train`](Self::train) with at most `tokens` tokens.
    ///
    /// # Errors
    ///
    /// As [`train`](Self::train).
    pub fn for_catalog(catalog: &Catalog, templates: &Templates, tokens: usize) -> Result<Self> {
        let mut texts = catalog.texts();
        texts.extend(templates.all().cloned());
        Self::train(&texts, tokens)
    }

    /// Adds a token for every code of every level, `<a_0>`, `<a_1>`, ..., in this order, behind all others.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there are identifiers already, or a text token is written like one of theirs.
    pub fn with_identifiers(mut self, vocabulary: &Vocabulary) -> Result<Self> {
        let wrong = |found: String| Error::Config {
            what: "text tokenizer",
            found,
            expected: String::from("one without identifiers"),
        };
        if self.identifiers.is_some() {
            return Err(wrong(String::from("one that has some already")));
        }
        let names = names(vocabulary);
        if let Some(name) = names
            .iter()
            .find(|name| self.inner.token_to_id(name).is_some())
        {
            return Err(wrong(format!("the token {name} in it")));
        }
        let added = names
            .iter()
            .map(|name| AddedToken::from(name.clone(), false).normalized(false));
        self.inner
            .add_tokens(added)
            .map_err(|error| wrong(error.to_string()))?;
        self.having_identifiers(vocabulary)
    }

    /// The tokenizer with the tokens of identifiers that it has already, as [`with_identifiers`](Self::with_identifiers) added them before it was saved.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a token of theirs is missing, or they do not follow one another.
    pub fn having_identifiers(mut self, vocabulary: &Vocabulary) -> Result<Self> {
        let names = names(vocabulary);
        let first = names.first().and_then(|name| self.token(name)).unwrap_or(0);
        for (place, name) in names.iter().enumerate() {
            if self.token(name) != Some(first + place as u32) {
                return Err(Error::Config {
                    what: "text tokenizer",
                    found: format!("{name} as token {:?}", self.token(name)),
                    expected: format!("token {}, as the levels follow", first as usize + place),
                });
            }
        }
        self.identifiers = Some(Identifiers {
            vocabulary: vocabulary.clone(),
            first: Some(first),
        });
        Ok(self)
    }

    /// The codes that its identifiers are made of, if it has any.
    pub fn vocabulary(&self) -> Option<&Vocabulary> {
        self.identifiers
            .as_ref()
            .map(|identifiers| &identifiers.vocabulary)
    }

    /// Whether identifiers are written in words.
    pub fn in_words(&self) -> bool {
        self.identifiers
            .as_ref()
            .is_some_and(|identifiers| identifiers.first.is_none())
    }

    /// The number of tokens, those of identifiers included.
    pub fn len(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tokens of a text; identifiers within it are tokens of theirs. What is written like a special token (`</s>`) is text: where the tokenizer knows no other way to write
    /// it, a space stands behind its first character.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.encoding(text, false)?;
        // The pieces of a Unigram hold the special tokens, and these score best; the merges of a BPE do not lead to them.
        if !matches!(self.inner.get_model(), ModelWrapper::Unigram(_)) {
            return Ok(encoding.get_ids().to_vec());
        }
        let added = self.inner.get_added_vocabulary();
        let pieces = encoding.get_tokens().iter().zip(encoding.get_offsets());
        let special: Vec<usize> = pieces
            .filter(|(piece, _)| added.is_special_token(piece))
            .map(|(_, &(start, _))| start)
            .collect();
        if special.is_empty() {
            return Ok(encoding.get_ids().to_vec());
        }
        let mut apart = text.to_owned();
        for start in special.into_iter().rev() {
            let first = text[start..].chars().next().map_or(0, char::len_utf8);
            apart.insert(start + first, ' ');
        }
        Ok(self.encoding(&apart, false)?.get_ids().to_vec())
    }

    fn encoding(&self, text: &str, special: bool) -> Result<Encoding> {
        let encoding = self.inner.encode(text, special);
        encoding.map_err(|error| Error::Config {
            what: "text to tokenize",
            found: format!("{text:?}: {error}"),
            expected: String::from("one that the tokenizer can read"),
        })
    }

    /// The text of tokens, without padding and ends.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if they cannot be put together.
    pub fn decode(&self, tokens: &[u32]) -> Result<String> {
        self.inner
            .decode(tokens, true)
            .map_err(|error| Error::Config {
                what: "tokens to write as text",
                found: format!("{tokens:?}: {error}"),
                expected: String::from("tokens of this tokenizer"),
            })
    }

    /// The tokens that stand before every text, as the tokenizer's file says: `<s>` for LLaMA, none for T5, Qwen2 and what was trained here.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the tokenizer refuses a text.
    pub fn beginning(&self) -> Result<Vec<u32>> {
        // With and without what is added around it: what is before the word.
        let word = "a";
        let plain = self.encode(word)?;
        let encoding = self.encoding(word, true)?;
        let around = encoding.get_ids();
        let place = around
            .windows(plain.len().max(1))
            .position(|part| part == plain);
        Ok(around[..place.unwrap_or(0)].to_vec())
    }

    /// The token that is written so, if there is one.
    pub fn token(&self, text: &str) -> Option<u32> {
        self.inner.token_to_id(text)
    }

    /// The token for a token of an identifier; `end` stands for the end of identifiers that are shorter than others.
    ///
    /// # Panics
    ///
    /// If there are no identifiers, or the token is none of theirs.
    pub fn of_identifier(&self, token: TokenId, end: u32) -> u32 {
        let identifiers = self
            .identifiers
            .as_ref()
            .expect("tokens of identifiers were added");
        let vocabulary = &identifiers.vocabulary;
        if token == vocabulary.eos() {
            return end;
        }
        let code = vocabulary.code(token);
        let (_, code) = code.unwrap_or_else(|| panic!("{} is no code", token.get()));
        match identifiers.first {
            // The levels follow one another in both.
            Some(first) => first + (token.get() - vocabulary.level(0).start),
            None => code.get(),
        }
    }

    /// Writes `tokenizer.json`, identifiers included, as other programs read it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        std::fs::write(path, self.to_json()).map_err(Error::io(path))
    }

    /// The content of `tokenizer.json`.
    pub(crate) fn to_json(&self) -> String {
        self.inner.to_string(true).expect("a tokenizer is JSON")
    }
}

/// How the codes of identifiers are written, level by level.
fn names(vocabulary: &Vocabulary) -> Vec<String> {
    let tokens = (0..vocabulary.levels()).flat_map(|level| vocabulary.level(level));
    tokens
        .map(|token| vocabulary.name(TokenId::new(token)))
        .collect()
}
