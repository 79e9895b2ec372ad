//! Text and identifiers as tokens of one vocabulary.

use std::collections::HashSet;
use std::path::Path;

use genrec_data::Catalog;
use genrec_decode::TokenId;
use genrec_identify::{Identifier, IdentifierTable, Vocabulary};
use tokenizers::models::bpe::BpeTrainer;
use tokenizers::models::{TrainerWrapper, bpe::BPE};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer};

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
        // `</s>` in the text of an item is text.
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

    /// The titles of items as identifiers (TID; Hua et al. 2023, section 4.2): a code is a token of this tokenizer, the same at every level. At most `max_tokens` of a title are
    /// taken; of items with the same ones all but the first get a number behind, and an item without a title has its original id for one. Texts are told of such identifiers by
    /// [`with_identifiers_in_words`](Self::with_identifiers_in_words).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the tokenizer refuses a title; [`Error::Identify`] for a catalogue without items.
    pub fn titles(&self, catalog: &Catalog, max_tokens: usize) -> Result<IdentifierTable> {
        let mut taken = HashSet::new();
        let mut identifiers = Vec::with_capacity(catalog.len());
        for (item, entry) in catalog.iter() {
            let title = entry.title.as_deref().filter(|title| !title.is_empty());
            let title = title.unwrap_or_else(|| catalog.ids().original(item.index()));
            let mut tokens = self.encode(title)?;
            tokens.truncate(max_tokens);
            let mut identifier = tokens.clone();
            for number in 1_usize.. {
                if number > 1 {
                    identifier = [tokens.clone(), self.encode(&format!(" {number}"))?].concat();
                }
                if !identifier.is_empty() && taken.insert(identifier.clone()) {
                    break;
                }
            }
            identifiers.push(Identifier::from_iter(identifier));
        }
        let table = IdentifierTable::new(identifiers)?;
        let sizes = vec![self.len(); table.levels()];
        Ok(table.with_codebook_sizes(sizes)?)
    }

    /// Takes the codes of [`titles`](Self::titles) for what they are, tokens of the text.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there are identifiers already, or codes that are no tokens.
    pub fn with_identifiers_in_words(mut self, vocabulary: &Vocabulary) -> Result<Self> {
        let tokens = self.len();
        let fits = |&size: &usize| size <= tokens;
        if self.identifiers.is_some() || !vocabulary.codebook_sizes().iter().all(fits) {
            return Err(Error::Config {
                what: "text tokenizer",
                found: format!(
                    "{tokens} tokens for levels of {:?}",
                    vocabulary.codebook_sizes()
                ),
                expected: String::from("one without identifiers, whose tokens the codes are"),
            });
        }
        self.identifiers = Some(Identifiers {
            vocabulary: vocabulary.clone(),
            first: None,
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

    /// The tokens that stand before every text, as the tokenizer's file says: `<s>` for LLaMA, none for T5, Qwen2 and what was trained here.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the tokenizer refuses a text.
    pub fn beginning(&self) -> Result<Vec<u32>> {
        // With and without what is added around it: what is before the word.
        let word = "a";
        let plain = self.encode(word)?;
        let encoding = self
            .inner
            .encode(word, true)
            .map_err(|error| Error::Config {
                what: "text to tokenize",
                found: format!("{word:?}: {error}"),
                expected: String::from("one that the tokenizer can read"),
            })?;
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
            assert_eq!(tokenizer.decode(&tokens).unwrap(), text);
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
        let again = opened.clone().having_identifiers(&vocabulary).unwrap();
        let token = TokenId::new(vocabulary.level(1).start);
        assert_eq!(again.of_identifier(token, 1), first + 3);
        let error = opened.having_identifiers(&Vocabulary::new(&[4, 4]));
        assert!(error.unwrap_err().to_string().contains("<a_3>"));
        std::fs::write(&path, "{").unwrap();
        assert!(
            TextTokenizer::open(&path)
                .unwrap_err()
                .to_string()
                .contains("tokenizer.json")
        );
    }

    #[test]
    fn titles_are_identifiers_in_words() {
        let titles = [
            "steel screw 20 mm",
            "steel screw 30 mm",
            "steel screw 20 mm",
            "",
        ];
        let items = titles.map(|title| genrec_data::Item {
            title: Some(title.to_owned()),
            ..genrec_data::Item::default()
        });
        let ids = genrec_data::Ids::new(["x", "y", "z", "bolt"].map(String::from).to_vec());
        let catalog = Catalog::new(ids.unwrap(), items.to_vec()).unwrap();
        let plain = trained();
        let table = plain.titles(&catalog, 32).unwrap();
        let vocabulary = Vocabulary::of(&table);
        let text = plain
            .clone()
            .with_identifiers_in_words(&vocabulary)
            .unwrap();
        assert!(text.in_words() && !plain.in_words() && text.len() == plain.len());
        let items = vocabulary.tokenize(&table);
        let written = |item: u32| {
            let tokens = items.tokens(item.into()).iter();
            let tokens: Vec<u32> = tokens.map(|&token| text.of_identifier(token, 1)).collect();
            text.decode(&tokens).unwrap()
        };
        let expected = [
            "steel screw 20 mm",
            "steel screw 30 mm",
            "steel screw 20 mm 2",
            "bolt",
        ];
        assert_eq!([0, 1, 2, 3].map(written), expected);
        // Cut before they differ, the second gets a number too.
        let cut = plain.titles(&catalog, 2).unwrap();
        assert_eq!(cut.len(), 4);
        assert!(text.with_identifiers_in_words(&vocabulary).is_err());
        assert!(
            plain
                .with_identifiers_in_words(&Vocabulary::new(&[9999]))
                .is_err()
        );
    }
}
