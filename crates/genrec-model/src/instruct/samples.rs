//! What a language model is tuned on.

use std::sync::Arc;

use genrec_data::{Catalog, Interactions, ItemId, UserId};
use genrec_identify::{ItemTokens, Vocabulary};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::templates::{Templates, filled};
use super::text::TextTokenizer;
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

/// How a model is asked for the next item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// An instruction around the history; every prefix of every history is a sample.
    Instruction,
    /// A few words, then the history, item by item, and the model goes on with it. A sample predicts every item of a history but the first, so that a decoder-only model learns from
    /// all prefixes in one pass; nothing can stand behind the history.
    WholeHistory,
}

/// What one sample is made of.
#[derive(Clone, Debug)]
enum Ask {
    /// The item after the first `end` of a history; in `mixed` histories, items stand there by identifier or by title.
    Next {
        user: u32,
        end: u32,
        mixed: bool,
    },
    /// The items `start + 1..end` of a history, each after those before it.
    Whole {
        user: u32,
        start: u32,
        end: u32,
    },
    TextToIdentifier(ItemId),
    IdentifierToText(ItemId),
    Search {
        item: ItemId,
        intention: String,
    },
    Preference {
        user: u32,
        summary: String,
    },
}

/// The instructions that a model is tuned on. Made with the identifiers; tasks are added one by one.
#[derive(Clone, Debug)]
pub struct Instructions {
    templates: Templates,
    items: Arc<ItemTokens>,
    text: Arc<TextTokenizer>,
    /// The tokens before every prompt.
    beginning: Vec<u32>,
    /// How each item's identifier is written in a prompt.
    names: Vec<String>,
    /// What each item is called.
    titles: Vec<String>,
    /// What each item says.
    texts: Vec<String>,
    histories: Interactions,
    asks: Vec<Ask>,
    question: Question,
    max_history: usize,
    max_text: usize,
    /// Ends responses in words, and identifiers that are shorter than others.
    eos: u32,
}

impl Instructions {
    /// No tasks yet. `text` has the tokens of the identifiers, and `eos` is its token that ends a sequence. At most the last 10 items of a history are read and 64 tokens of what
    /// an item says: see [`with_max_history`](Self::with_max_history) and [`with_max_text`](Self::with_max_text).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if catalogue, histories and identifiers are not of as many items, the text has not the tokens of the identifiers, or a task has no
    /// template.
    pub fn new(
        templates: Templates,
        items: Arc<ItemTokens>,
        text: Arc<TextTokenizer>,
        eos: u32,
        catalog: &Catalog,
        histories: &Interactions,
    ) -> Result<Self> {
        if text.vocabulary() != Some(items.vocabulary()) {
            let levels = |vocabulary: &Vocabulary| format!("{:?}", vocabulary.codebook_sizes());
            return Err(Error::Config {
                what: "text tokenizer",
                found: text.vocabulary().map_or_else(
                    || String::from("one without identifiers"),
                    |vocabulary| format!("identifiers of levels {}", levels(vocabulary)),
                ),
                expected: format!(
                    "those of levels {}: see `TextTokenizer::with_identifiers`",
                    levels(items.vocabulary())
                ),
            });
        }
        templates.check().map_err(|found| Error::Config {
            what: "templates",
            found,
            expected: String::from("wordings for every task, with its slot"),
        })?;
        for (what, found) in [
            ("items of the catalogue", catalog.len()),
            ("items of the histories", histories.items()),
        ] {
            if found != items.items() {
                return Err(Error::Config {
                    what,
                    found: found.to_string(),
                    expected: format!("the {} that have identifiers", items.items()),
                });
            }
        }
        let titles = catalog
            .iter()
            .map(|(_, item)| item.title.clone().unwrap_or_default());
        let names = (0..items.items()).map(ItemId::from_index).map(|item| {
            if !text.in_words() {
                return Ok(items.name(item));
            }
            let tokens = items.tokens(item).iter();
            let tokens: Vec<u32> = tokens
                .map(|&token| text.of_identifier(token, eos))
                .collect();
            text.decode(&tokens)
        });
        Ok(Self {
            templates,
            beginning: text.beginning()?,
            names: names.collect::<Result<_>>()?,
            titles: titles.collect(),
            texts: catalog.texts(),
            items,
            text,
            histories: histories.clone(),
            asks: Vec::new(),
            question: Question::Instruction,
            max_history: 10,
            max_text: 64,
            eos,
        })
    }

    /// Reads so many items of a history at most, the last ones.
    ///
    /// # Panics
    ///
    /// If `max_history` is 0.
    #[must_use]
    pub fn with_max_history(mut self, max_history: usize) -> Self {
        assert!(max_history > 0, "a history is read with at least one item");
        self.max_history = max_history;
        self
    }

    /// Reads and writes so many tokens at most of what an item says or somebody wants; a response that is cut ends without the token that ends a sequence.
    ///
    /// # Panics
    ///
    /// If `max_text` is 0.
    #[must_use]
    pub fn with_max_text(mut self, max_text: usize) -> Self {
        assert!(max_text > 0, "a text is read with at least one token");
        self.max_text = max_text;
        self
    }

    /// Asks for the next item in this way; for the tasks that are added from here on, too.
    #[must_use]
    pub fn with_question(mut self, question: Question) -> Self {
        self.question = question;
        self
    }

    /// Adds the next item after every prefix of every history: see [`Question`]. Histories that are longer than [`max_history`](Self::with_max_history) items are cut into
    /// several whole ones, none of which predicts an item again.
    #[must_use]
    pub fn with_next_item(mut self) -> Self {
        if self.question == Question::Instruction {
            return self.with_prefixes(false);
        }
        for (user, history) in self.histories.iter() {
            let mut end = history.len();
            while end > 1 {
                let start = end.saturating_sub(self.max_history + 1);
                self.asks.push(Ask::Whole {
                    user: user.get(),
                    start: start as u32,
                    end: end as u32,
                });
                end = start + 1;
            }
        }
        self
    }

    /// Adds the next item after every prefix of every history, in which each item stands by its identifier or, with the same probability and if it has one, by its title.
    #[must_use]
    pub fn with_mixed_histories(self) -> Self {
        self.with_prefixes(true)
    }

    fn with_prefixes(mut self, mixed: bool) -> Self {
        for (user, history) in self.histories.iter() {
            let user = user.get();
            let prefixes = 1..history.len() as u32;
            self.asks
                .extend(prefixes.map(|end| Ask::Next { user, end, mixed }));
        }
        self
    }

    /// Adds what every item says to its identifier, and back; items that say nothing are left out.
    #[must_use]
    pub fn with_alignment(mut self) -> Self {
        for item in (0..self.texts.len()).map(ItemId::from_index) {
            if !self.texts[item.index()].is_empty() {
                self.asks.push(Ask::TextToIdentifier(item));
                self.asks.push(Ask::IdentifierToText(item));
            }
        }
        self
    }

    /// Adds searches: what somebody wanted, and the item that they found.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for an item that is not there.
    pub fn with_searches(
        mut self,
        searches: impl IntoIterator<Item = (ItemId, String)>,
    ) -> Result<Self> {
        for (item, intention) in searches {
            if item.index() >= self.items.items() {
                return Err(Error::Config {
                    what: "searches",
                    found: format!("item {}", item.get()),
                    expected: format!("items below {}", self.items.items()),
                });
            }
            self.asks.push(Ask::Search { item, intention });
        }
        Ok(self)
    }

    /// Adds summaries of what users like, in words.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a user who is not there or has no history.
    pub fn with_preferences(
        mut self,
        summaries: impl IntoIterator<Item = (UserId, String)>,
    ) -> Result<Self> {
        for (user, summary) in summaries {
            if user.index() >= self.histories.users() || self.histories.history(user).is_empty() {
                return Err(Error::Config {
                    what: "preferences",
                    found: format!("user {}", user.get()),
                    expected: format!("users below {} with a history", self.histories.users()),
                });
            }
            let user = user.get();
            self.asks.push(Ask::Preference { user, summary });
        }
        Ok(self)
    }

    /// How it is asked for the next item.
    pub fn question(&self) -> Question {
        self.question
    }

    /// The wordings.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// The most items of a history that are read.
    pub fn max_history(&self) -> usize {
        self.max_history
    }

    /// The most tokens of a text that are read or written.
    pub fn max_text(&self) -> usize {
        self.max_text
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.asks.len()
    }

    /// Whether no task was added.
    pub fn is_empty(&self) -> bool {
        self.asks.is_empty()
    }

    /// The identifiers.
    pub fn items(&self) -> &Arc<ItemTokens> {
        &self.items
    }

    /// How the identifier of an item is written in a prompt.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    pub fn identifier_name(&self, item: ItemId) -> String {
        self.names[item.index()].clone()
    }

    /// Words and identifiers as tokens.
    pub fn text(&self) -> &Arc<TextTokenizer> {
        &self.text
    }

    /// The token that ends a sequence.
    pub fn eos(&self) -> u32 {
        self.eos
    }

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
                    let by_title = *mixed && !title.is_empty() && random.random_bool(0.5);
                    by_title.then(|| title.clone())
                });
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
                let written = self.written(history, |_| None);
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
        let written = self.written(history, |_| None);
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

    /// The last items of a history, one after another.
    fn written(
        &self,
        history: &[ItemId],
        mut title: impl FnMut(ItemId) -> Option<String>,
    ) -> String {
        let last = &history[history.len().saturating_sub(self.max_history)..];
        let items = last
            .iter()
            .map(|&item| title(item).unwrap_or_else(|| self.names[item.index()].clone()));
        items.collect::<Vec<_>>().join(", ")
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
