//! What a language model is tuned on.

use std::sync::Arc;

use genrec_data::{Catalog, Interactions, ItemId, UserId};
use genrec_identify::{ItemTokens, Vocabulary};
use serde::{Deserialize, Serialize};

use super::templates::Templates;
use super::text::TextTokenizer;
use crate::{Error, Result};

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
pub(super) enum Ask {
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
    pub(super) templates: Templates,
    pub(super) items: Arc<ItemTokens>,
    pub(super) text: Arc<TextTokenizer>,
    /// The tokens before every prompt.
    pub(super) beginning: Vec<u32>,
    /// How each item's identifier is written in a prompt.
    pub(super) names: Vec<String>,
    /// What each item is called.
    pub(super) titles: Vec<String>,
    /// What each item says.
    pub(super) texts: Vec<String>,
    pub(super) histories: Interactions,
    pub(super) asks: Vec<Ask>,
    pub(super) question: Question,
    pub(super) max_history: usize,
    pub(super) max_text: usize,
    /// Ends responses in words, and identifiers that are shorter than others.
    pub(super) eos: u32,
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
    /// If `max_history` is 0, or if it is another than before and the next item of [whole histories](Question::WholeHistory) was added already: they were cut to the old length.
    #[must_use]
    pub fn with_max_history(mut self, max_history: usize) -> Self {
        assert!(max_history > 0, "a history is read with at least one item");
        let whole = |ask: &Ask| matches!(ask, Ask::Whole { .. });
        assert!(
            max_history == self.max_history || !self.asks.iter().any(whole),
            "whole histories were cut to {} items already: call `with_max_history` before `with_next_item`",
            self.max_history
        );
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

    /// Asks for the next item in this way.
    ///
    /// # Panics
    ///
    /// If the next item was added already, in another way: what is trained would not be what is asked.
    #[must_use]
    pub fn with_question(mut self, question: Question) -> Self {
        let next = |ask: &Ask| matches!(ask, Ask::Whole { .. } | Ask::Next { mixed: false, .. });
        assert!(
            question == self.question || !self.asks.iter().any(next),
            "the next item was added as {:?} already: call `with_question` before `with_next_item`",
            self.question
        );
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
}
