//! What a language model is asked, in natural language.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// One way to say what is asked for, with `{slots}` for what differs from sample to sample.
pub type Template = String;

/// Instructions for every task, several wordings of each, of which one is drawn at random a sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Templates {
    /// The identifiers of a history to the next one: `{history}`.
    pub next_item: Vec<Template>,
    /// What stands before a history that goes on item by item: `{history}`, at the end.
    pub whole_history: Vec<Template>,
    /// What an item says to its identifier: `{text}`.
    pub text_to_identifier: Vec<Template>,
    /// An identifier to what the item says: `{item}`.
    pub identifier_to_text: Vec<Template>,
    /// A history of titles and identifiers, mixed, to the next identifier: `{history}`.
    pub mixed_history: Vec<Template>,
    /// What somebody looks for to an identifier: `{intention}`.
    pub search: Vec<Template>,
    /// The identifiers of a history to what its owner likes, in words: `{history}`.
    pub preference: Vec<Template>,
}

impl Templates {
    /// For shops: things that people buy.
    pub fn shopping() -> Self {
        Self::built_in(include_str!("templates/shopping.json"))
    }

    /// For places: where people go.
    pub fn places() -> Self {
        Self::built_in(include_str!("templates/places.json"))
    }

    fn built_in(text: &str) -> Self {
        let templates: Self = serde_json::from_str(text).expect("checked by a test");
        templates.check().expect("checked by a test");
        templates
    }

    /// Reads templates of one's own, as JSON with one list for each task.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] for a file of another form, a task without a template, or a template that has not exactly the slot of its task.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let malformed = |reason: String| Error::Malformed {
            path: path.to_path_buf(),
            reason,
        };
        let templates: Self =
            serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        templates.check().map_err(malformed)?;
        Ok(templates)
    }

    /// All wordings of all tasks.
    pub fn all(&self) -> impl Iterator<Item = &Template> {
        let tasks = [
            &self.next_item,
            &self.whole_history,
            &self.text_to_identifier,
            &self.identifier_to_text,
            &self.mixed_history,
            &self.search,
            &self.preference,
        ];
        tasks.into_iter().flatten()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let tasks = [
            ("next_item", &self.next_item, "{history}"),
            ("whole_history", &self.whole_history, "{history}"),
            ("text_to_identifier", &self.text_to_identifier, "{text}"),
            ("identifier_to_text", &self.identifier_to_text, "{item}"),
            ("mixed_history", &self.mixed_history, "{history}"),
            ("search", &self.search, "{intention}"),
            ("preference", &self.preference, "{history}"),
        ];
        for (task, templates, slot) in tasks {
            if templates.is_empty() {
                return Err(format!("{task} has no template, expected at least one"));
            }
            for template in templates {
                if template.matches('{').count() != 1 || !template.contains(slot) {
                    return Err(format!(
                        "a template of {task} is {template:?}, expected one slot, {slot}"
                    ));
                }
                if template.trim() == slot {
                    return Err(format!(
                        "a template of {task} is {template:?}, expected words beside the slot: there may be nothing to put into it"
                    ));
                }
                if task == "whole_history" && !template.ends_with(slot) {
                    return Err(format!(
                        "a template of {task} is {template:?}, expected {slot} at its end: the history goes on"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// A template with something in the place of its slot.
pub(super) fn filled(template: &str, with: &str) -> String {
    let (before, rest) = template.split_once('{').unwrap_or((template, ""));
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    format!("{before}{with}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_domain_has_fifteen_wordings_of_the_next_item() {
        for templates in [Templates::shopping(), Templates::places()] {
            let mut wordings = templates.next_item.clone();
            wordings.sort();
            wordings.dedup();
            assert_eq!(wordings.len(), 15);
        }
        assert_ne!(Templates::shopping(), Templates::places());
    }

    #[test]
    fn slots_are_filled_with_anything() {
        assert_eq!(
            filled("after {history}, what?", "<a_1> {x}"),
            "after <a_1> {x}, what?"
        );
        assert_eq!(filled("{text}", ""), "");
    }

    #[test]
    fn templates_of_another_form_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("templates.json");
        let mut templates = Templates::shopping();
        std::fs::write(&path, serde_json::to_vec(&templates).unwrap()).unwrap();
        assert_eq!(Templates::read(&path).unwrap(), templates);
        templates.search[0] = String::from("find {text}");
        std::fs::write(&path, serde_json::to_vec(&templates).unwrap()).unwrap();
        let message = Templates::read(&path).unwrap_err().to_string();
        assert!(
            message.contains("templates.json") && message.contains("{intention}"),
            "{message}"
        );
        templates = Templates::shopping();
        templates.whole_history[0].push('.');
        std::fs::write(&path, serde_json::to_vec(&templates).unwrap()).unwrap();
        let message = Templates::read(&path).unwrap_err().to_string();
        assert!(message.contains("at its end"), "{message}");
        templates = Templates::shopping();
        templates.search.clear();
        std::fs::write(&path, serde_json::to_vec(&templates).unwrap()).unwrap();
        assert!(
            Templates::read(&path)
                .unwrap_err()
                .to_string()
                .contains("search has no template")
        );
    }
}
