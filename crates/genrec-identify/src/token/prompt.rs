//! Prompts: words with places for a user and for the items of a history.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// A word or a mark, in small letters.
    Word(String),
    /// Where the tokens of the user stand.
    User,
    /// Where the tokens of the items of the history stand, in order.
    Items,
}

/// What a model is asked, as data: `What will {user} want after {items}?`.
///
/// Words are separated by spaces; a mark (`.`, `,`, `:`, `;`, `?`, `!`) at the end of one is a word of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prompt {
    text: String,
    parts: Vec<Part>,
}

impl Prompt {
    /// Reads a prompt from its text.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a place that is neither `{user}` nor `{items}`, one that stands twice, or a prompt without any.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let mut parts = Vec::new();
        for spaced in text.split_whitespace() {
            let word = spaced.trim_end_matches(['.', ',', ':', ';', '?', '!']);
            match word {
                "" => {}
                "{user}" => parts.push(Part::User),
                "{items}" => parts.push(Part::Items),
                _ if word.contains(['{', '}']) => return Err(refused(&text)),
                _ => parts.push(Part::Word(word.to_lowercase())),
            }
            let marks = spaced[word.len()..].chars();
            parts.extend(marks.map(|mark| Part::Word(mark.into())));
        }
        let count = |part: Part| parts.iter().filter(|&found| *found == part).count();
        let (users, items) = (count(Part::User), count(Part::Items));
        if users > 1 || items > 1 || users + items == 0 {
            return Err(refused(&text));
        }
        Ok(Self { text, parts })
    }

    /// The prompt as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Words and places, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether the history is read.
    pub fn has_items(&self) -> bool {
        self.parts.contains(&Part::Items)
    }
}

fn refused(text: &str) -> Error {
    Error::Config {
        option: "Prompt",
        expected: "words with {user}, {items} or both, each at most once".into(),
        found: format!("{text:?}"),
    }
}

impl TryFrom<String> for Prompt {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<Prompt> for String {
    fn from(prompt: Prompt) -> Self {
        prompt.text
    }
}

/// The prompts of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompts {
    /// Those that it is trained with, one drawn for each sample.
    pub seen: Vec<Prompt>,
    /// One that it is never trained with; its words are known from the others.
    pub unseen: Prompt,
    /// One that says who it is, and nothing of the history.
    pub user_only: Prompt,
}

/// Ten that are trained with, in our own words.
const SEEN: [&str; 10] = [
    "{user} has taken {items}. What will come next?",
    "So far {user} has chosen {items}. Which item follows?",
    "The history of {user} is {items}. Name the next item.",
    "After {items}, what should we show to {user}?",
    "{items} are what {user} liked. Find one more item for this user.",
    "Which item will {user} want, who has already seen {items}?",
    "We know that {user} likes {items}. What else will this user like?",
    "Given {items} in the history of {user}, choose the next item.",
    "Look at {items}. They belong to {user}. What should follow?",
    "Recommend an item to {user}, whose items so far are {items}.",
];
const UNSEEN: &str = "What else should we recommend to {user}, who has already chosen {items}?";
const USER_ONLY: &str = "Which item will {user} like next?";

impl Default for Prompts {
    /// Ten seen ones, one unseen, one with the tokens of the user only.
    fn default() -> Self {
        let prompt = |text: &str| Prompt::new(text).expect("our own prompts are well formed");
        Self {
            seen: SEEN.map(prompt).to_vec(),
            unseen: prompt(UNSEEN),
            user_only: prompt(USER_ONLY),
        }
    }
}

impl Prompts {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Prompt> {
        self.seen.iter().chain([&self.unseen, &self.user_only])
    }
}
