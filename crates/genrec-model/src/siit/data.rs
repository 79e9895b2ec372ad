//! What a run learns from.

use genrec_data::{Catalog, Interactions, Validation};
use genrec_embed::Embeddings;
use genrec_identify::IdentifierTable;
use genrec_train::{describe_weights, sealed};

use super::config::SiitConfig;
use crate::instruct::{Templates, TextModel, TextTokenizer};
use crate::{Error, Result};

/// What a run learns from.
#[derive(Clone, Copy, Debug)]
pub struct SiitData<'a> {
    /// What the items say.
    pub catalog: &'a Catalog,
    /// Training histories.
    pub train: &'a Interactions,
    /// What the trainings are measured on.
    pub validation: &'a Validation,
    /// How things are asked.
    pub templates: &'a Templates,
    /// Words as tokens, without identifiers.
    pub text: &'a TextTokenizer,
    /// What the items say as rows, `[items, d]`, to measure the semantic similarity of identifiers with. Nothing else depends on them.
    pub embeddings: Option<&'a Embeddings>,
}

impl SiitData<'_> {
    /// Refuses what would come to nothing after a training.
    pub(super) fn check(&self) -> Result<()> {
        if self.catalog.texts().iter().all(String::is_empty) {
            return Err(Error::Config {
                what: "SIIT",
                found: String::from("a catalogue in which no item says anything"),
                expected: String::from(
                    "titles, brands, categories or descriptions: proposals are made of them",
                ),
            });
        }
        let (rows, items) = (self.embeddings.map(Embeddings::rows), self.catalog.len());
        if let Some(rows) = rows.filter(|&rows| rows != items) {
            return Err(Error::Config {
                what: "SIIT",
                found: format!("{rows} rows of what items say"),
                expected: format!("one for each of {items} items, or none at all"),
            });
        }
        Ok(())
    }

    /// SHA-256 of all that determines a run.
    pub(super) fn fingerprint(
        &self,
        config: &SiitConfig,
        model: &TextModel,
        start: &IdentifierTable,
    ) -> String {
        // More rounds may be asked for later.
        let config = config.clone().with_rounds(0);
        let settings = (
            config,
            self.templates,
            start.codebook_sizes(),
            model.settings(),
        );
        let mut bytes = serde_json::to_vec(&settings).expect("plain data is serializable");
        bytes.extend(start.to_index_json().into_bytes());
        bytes.extend(self.text.to_json().into_bytes());
        for text in self.catalog.texts() {
            bytes.extend(text.into_bytes());
            bytes.push(0);
        }
        for (_, history) in self.train.iter() {
            bytes.extend((history.len() as u64).to_le_bytes());
            bytes.extend(history.iter().flat_map(|item| item.get().to_le_bytes()));
        }
        for case in self.validation.cases().iter() {
            let items = case.history.iter().chain(case.targets);
            bytes.extend(items.flat_map(|item| item.get().to_le_bytes()));
            bytes.push(0);
        }
        describe_weights(model, &mut bytes);
        sealed::sha256(&bytes)
    }
}
