//! Samples as instructions and responses.

use genrec_data::{ItemId, UserId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::samples::{Ask, Instructions, Question};
use super::templates::filled;
use crate::{Error, Result};

/// Stands between the items of a whole history.
const SEPARATOR: &str = ",";

/// One instruction and its response, as tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What the model reads.
    pub prompt: Vec<u32>,
    /// What it is to write: its loss.
    pub response: Vec<u32>,
}

impl Instructions {
    /// A sample, its template (and what is mixed) drawn as a function of `seed`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the tokenizer refuses a text.
    pub fn exchange(&self, sample: usize, seed: u64) -> Result<Exchange> {
        let mut random = StdRng::seed_from_u64(seed);
        let templates = &self.templates;
        let mut one_of = |list: &[String]| list[random.random_range(0..list.len())].clone();
        match &self.asks[sample] {
            Ask::Next { user, end, mixed } => {
                let history = self.histories.history(UserId::new(*user));
                let (read, next) = (&history[..*end as usize], history[*end as usize]);
                let list = if *mixed {
                    &templates.mixed_history
                } else {
                    &templates.next_item
                };
                let template = one_of(list);
                let written = self.written(read, |item| {
                    let title = &self.titles[item.index()];
                    *mixed && !title.is_empty() && random.random_bool(0.5)
                })?;
                self.asked(&template, &written, self.identifier(next))
            }
            Ask::Whole { user, start, end } => {
                let template = one_of(&templates.whole_history);
                let history = self.histories.history(UserId::new(*user));
                let items = &history[*start as usize..*end as usize];
                let mut response = self.listed(&items[1..])?;
                let separator = self.text.encode(SEPARATOR)?.len();
                response.truncate(response.len() - separator);
                let prompt = self.whole(&template, &items[..1])?;
                Ok(Exchange { prompt, response })
            }
            Ask::TextToIdentifier(item) => {
                let template = one_of(&templates.text_to_identifier);
                let says = self.shortened(&self.texts[item.index()])?;
                self.asked(&template, &says, self.identifier(*item))
            }
            Ask::IdentifierToText(item) => {
                let template = one_of(&templates.identifier_to_text);
                let response = self.words(&self.texts[item.index()])?;
                self.asked(&template, &self.names[item.index()], response)
            }
            Ask::Search { item, intention } => {
                let template = one_of(&templates.search);
                let intention = self.shortened(intention)?;
                self.asked(&template, &intention, self.identifier(*item))
            }
            Ask::Preference { user, summary } => {
                let template = one_of(&templates.preference);
                let history = self.histories.history(UserId::new(*user));
                let written = self.written(history, |_| false)?;
                self.asked(&template, &written, self.words(summary)?)
            }
        }
    }

    /// The tokens of a history in the first wording of the next item: how a trained model is asked.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the tokenizer refuses a text.
    pub(super) fn asked_for_next(&self, history: &[ItemId]) -> Result<Vec<u32>> {
        if self.question == Question::WholeHistory {
            let last = history.len().saturating_sub(self.max_history);
            return self.whole(&self.templates.whole_history[0], &history[last..]);
        }
        let written = self.written(history, |_| false)?;
        self.prompt(&self.templates.next_item[0], &written)
    }

    /// Whether an item says anything.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    pub fn has_text(&self, item: ItemId) -> bool {
        !self.texts[item.index()].is_empty()
    }

    /// What the item says, asked for its identifier in the first wording.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the tokenizer refuses a text.
    pub fn text_question(&self, item: ItemId) -> Result<Vec<u32>> {
        let says = self.shortened(&self.texts[item.index()])?;
        self.prompt(&self.templates.text_to_identifier[0], &says)
    }

    /// The tokens that an item's identifier has for the language model.
    pub(super) fn identifier(&self, item: ItemId) -> Vec<u32> {
        let tokens = self.items.tokens(item).iter();
        tokens
            .map(|&token| self.text.of_identifier(token, self.eos))
            .collect()
    }

    /// Adds all that determines the samples to `bytes`.
    #[cfg(feature = "train")]
    pub(super) fn describe(&self, bytes: &mut Vec<u8>) {
        let settings = format!(
            "{:?} {:?} {} {} {}",
            self.templates, self.question, self.max_history, self.max_text, self.eos
        );
        bytes.extend(settings.into_bytes());
        for (sample, ask) in self.asks.iter().enumerate() {
            bytes.extend(format!("{ask:?}").into_bytes());
            // Tokens change where words, identifiers or histories do.
            if let Ok(exchange) = self.exchange(sample, 0) {
                let tokens = exchange.prompt.iter().chain(&exchange.response);
                bytes.extend(tokens.flat_map(|token| token.to_le_bytes()));
            }
        }
    }

    /// Words, and a history that goes on.
    fn whole(&self, template: &str, items: &[ItemId]) -> Result<Vec<u32>> {
        let mut tokens = self.prompt(template, "")?;
        tokens.extend(self.listed(items)?);
        Ok(tokens)
    }

    /// The tokens of identifiers as a model writes them, one after another, with what stands between them behind each.
    fn listed(&self, items: &[ItemId]) -> Result<Vec<u32>> {
        let separator = self.text.encode(SEPARATOR)?;
        let tokens = items.iter().map(|&item| self.identifier(item));
        Ok(tokens
            .flat_map(|tokens| [tokens, separator.clone()].concat())
            .collect())
    }

    /// The last items of a history, one after another, some of them by their titles.
    fn written(
        &self,
        history: &[ItemId],
        mut by_title: impl FnMut(ItemId) -> bool,
    ) -> Result<String> {
        let last = &history[history.len().saturating_sub(self.max_history)..];
        let items = last.iter().map(|&item| match by_title(item) {
            true => self.shortened(&self.titles[item.index()]),
            false => Ok(self.names[item.index()].clone()),
        });
        Ok(items.collect::<Result<Vec<_>>>()?.join(", "))
    }

    fn asked(&self, template: &str, with: &str, response: Vec<u32>) -> Result<Exchange> {
        let prompt = self.prompt(template, with)?;
        Ok(Exchange { prompt, response })
    }

    fn prompt(&self, template: &str, with: &str) -> Result<Vec<u32>> {
        let text = filled(template, with);
        let tokens = self.text.encode(&text)?;
        if tokens.is_empty() {
            return Err(Error::Config {
                what: "prompt",
                found: format!("{text:?}, which has no tokens"),
                expected: String::from("words, in the template or in what is put into it"),
            });
        }
        Ok([self.beginning.clone(), tokens].concat())
    }

    /// Words as a response, with the token that ends it.
    fn words(&self, text: &str) -> Result<Vec<u32>> {
        let mut tokens = self.text.encode(text)?;
        // What is cut does not end there.
        match tokens.len() > self.max_text {
            true => tokens.truncate(self.max_text),
            false => tokens.push(self.eos),
        }
        Ok(tokens)
    }

    /// As much of a text as may be read.
    fn shortened(&self, text: &str) -> Result<String> {
        let tokens = self.text.encode(text)?;
        match tokens.len() > self.max_text {
            true => self.text.decode(&tokens[..self.max_text]),
            false => Ok(text.to_owned()),
        }
    }
}
