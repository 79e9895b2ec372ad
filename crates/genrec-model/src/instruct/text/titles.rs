//! Titles as identifiers.

use std::collections::{HashMap, HashSet};

use genrec_data::Catalog;
use genrec_identify::{Identifier, IdentifierTable, Vocabulary};

use super::{Identifiers, TextTokenizer};
use crate::{Error, Result};

impl TextTokenizer {
    /// The titles of items as identifiers (TID; Hua et al. 2023, section 4.2): a code is a token of this tokenizer, the same at every level. At most `max_tokens` of a title are
    /// taken; of items with the same ones all but the first get a number behind, and an item without a title has its original id for one. Texts are told of such identifiers by
    /// [`with_identifiers_in_words`](Self::with_identifiers_in_words).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the tokenizer refuses a title; [`Error::Identify`] for a catalogue without items.
    pub fn titles(&self, catalog: &Catalog, max_tokens: usize) -> Result<IdentifierTable> {
        let mut taken = HashSet::new();
        // The first number that was not tried yet behind the same tokens.
        let mut next = HashMap::<Vec<u32>, usize>::new();
        let mut identifiers = Vec::with_capacity(catalog.len());
        for (item, entry) in catalog.iter() {
            let title = entry.title.as_deref().filter(|title| !title.is_empty());
            let title = title.unwrap_or_else(|| catalog.ids().original(item.index()));
            let mut tokens = self.encode(title)?;
            tokens.truncate(max_tokens);
            let next = next.entry(tokens.clone()).or_insert(1);
            let identifier = loop {
                let number = *next;
                *next += 1;
                let identifier = match number {
                    1 => tokens.clone(),
                    _ => [tokens.clone(), self.encode(&format!(" {number}"))?].concat(),
                };
                if !identifier.is_empty() && taken.insert(identifier.clone()) {
                    break identifier;
                }
            };
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
}
