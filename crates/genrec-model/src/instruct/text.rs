//! Text and identifiers as tokens of one vocabulary.

use std::path::Path;

use genrec_decode::TokenId;
use genrec_identify::Vocabulary;
use tokenizers::models::bpe::BpeTrainer;
use tokenizers::models::{TrainerWrapper, bpe::BPE};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer};

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

/// Where the tokens of identifiers are.
#[derive(Clone, Debug)]
struct Identifiers {
    vocabulary: Vocabulary,
    /// The first of them: the token of the first code of the first level.
    first: u32,
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
        let inner = Tokenizer::from_bytes(&bytes).map_err(|error| Error::Malformed {
            path: path.to_path_buf(),
            reason: format!("not a text tokenizer: {error}"),
        })?;
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
        Ok(Self {
            inner,
            identifiers: None,
        })
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
            first,
        });
        Ok(self)
    }

    /// The number of tokens, those of identifiers included.
    pub fn len(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tokens of a text; identifiers within it are tokens of theirs.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the tokenizer refuses the text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.inner.encode(text, false);
        let encoding = encoding.map_err(|error| Error::Config {
            what: "text to tokenize",
            found: format!("{text:?}: {error}"),
            expected: String::from("one that the tokenizer can read"),
        })?;
        Ok(encoding.get_ids().to_vec())
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
        assert!(
            vocabulary.code(token).is_some(),
            "{} is no code",
            token.get()
        );
        // The levels follow one another in both.
        identifiers.first + (token.get() - vocabulary.level(0).start)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn trained() -> TextTokenizer {
        let texts = [
            "steel screw 20 mm",
            "brass screw 30 mm",
            "steel bolt",
            "screw and bolt",
        ];
        TextTokenizer::train(&texts, 280).unwrap()
    }

    #[test]
    fn every_text_comes_back_and_known_words_are_short() {
        let tokenizer = trained();
        for text in [
            "steel screw",
            "Ünïcode, 日本語 and \"quotes\"\n\ttabs",
            "<eos>not an end",
            "",
        ] {
            let tokens = tokenizer.encode(text).unwrap();
            assert_eq!(
                tokenizer.decode(&tokens).unwrap(),
                text.replace("<eos>", "")
            );
        }
        assert!(tokenizer.encode(" screw").unwrap().len() < 3);
        assert_eq!(
            (tokenizer.token("<pad>"), tokenizer.token("<eos>")),
            (Some(0), Some(1))
        );
        assert!(tokenizer.len() <= 280 && tokenizer.len() > 258);
        let again = trained();
        assert_eq!(
            again.inner.to_string(false).unwrap(),
            tokenizer.inner.to_string(false).unwrap()
        );
        assert!(TextTokenizer::train(&["a"], 257).is_err());
    }

    #[test]
    fn identifiers_are_single_tokens_behind_the_text() {
        let plain = trained();
        let vocabulary = Vocabulary::new(&[3, 4]);
        let tokenizer = plain.clone().with_identifiers(&vocabulary).unwrap();
        assert_eq!(tokenizer.len(), plain.len() + 7);
        let tokens = tokenizer.encode("steel <a_2><b_3> bolt").unwrap();
        let first = plain.len() as u32;
        assert!(
            tokens.windows(2).any(|pair| pair == [first + 2, first + 6]),
            "{tokens:?}"
        );
        for level in 0..2 {
            for token in vocabulary.level(level).map(TokenId::new) {
                let written = tokenizer.encode(&vocabulary.name(token)).unwrap();
                assert_eq!(written, [tokenizer.of_identifier(token, 1)]);
            }
        }
        assert_eq!(tokenizer.of_identifier(vocabulary.eos(), 1), 1);
        assert!(tokenizer.clone().with_identifiers(&vocabulary).is_err());

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        tokenizer.save(&path).unwrap();
        let opened = TextTokenizer::open(&path).unwrap();
        assert_eq!(
            opened.encode("a <b_1> bolt").unwrap(),
            tokenizer.encode("a <b_1> bolt").unwrap()
        );
        std::fs::write(&path, "{").unwrap();
        assert!(
            TextTokenizer::open(&path)
                .unwrap_err()
                .to_string()
                .contains("tokenizer.json")
        );
    }
}
