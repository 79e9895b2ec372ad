//! A round, and its folder.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use genrec_embed::Embeddings;
use genrec_identify::refine::{Refined, semantic_similarity};
use genrec_identify::{IdentifierTable, ItemTokens, Vocabulary};
use genrec_train::EpochSummary;
use genrec_train::sealed::{self, Format};
use serde::{Deserialize, Serialize};

use crate::instruct::{TextModel, TextTokenizer};
use crate::{Error, Result};

const FORMAT: Format = Format {
    name: "genrec-siit-round",
    version: 2,
};
const IDENTIFIERS: &str = "identifiers.json";
const TOKENIZER: &str = "tokenizer.json";
const MODEL: &str = "model";

/// What a regeneration came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// The collision rate before repair, if every item took its best proposal: `1 - distinct / items`, of the items for which something was written.
    pub collision_rate: f64,
    /// The share of items whose identifier is another than in the round before.
    pub changed: f64,
    /// The share of items whose identifier is another than that which the run began with.
    pub churn: f64,
    /// The share of items for which no proposal was left: they got a code more.
    pub extended: f64,
    /// The share of items for which no identifier was written, because they say nothing or the model wrote something else: they proposed the one that they had.
    pub kept: f64,
    /// The share of items that got one of their first 1, 2, ... proposals, of those for which something was written.
    pub coverage: Vec<f64>,
    /// The [semantic similarity](semantic_similarity) of the new identifiers, where the run was given rows of what items say and they tell.
    pub similarity: Option<f64>,
}

impl Diagnostics {
    pub(super) fn of(
        refined: &Refined,
        start: &IdentifierTable,
        proposals: usize,
        text: Option<&Embeddings>,
    ) -> Result<Self> {
        let items = start.len() as f64;
        let moved = |(before, after): &((_, &[_]), (_, &[_]))| before.1 != after.1;
        let moved = start.iter().zip(refined.table.iter()).filter(moved).count();
        let similarity = text.map(|text| semantic_similarity(&refined.table, text));
        Ok(Self {
            collision_rate: refined.collision_rate,
            changed: refined.changed,
            churn: moved as f64 / items,
            extended: refined.extended.len() as f64 / items,
            kept: refined.kept.len() as f64 / items,
            coverage: (1..=proposals).map(|k| refined.coverage(k)).collect(),
            similarity: similarity.transpose()?.flatten(),
        })
    }
}

/// Identifiers, and the model that was tuned on them.
#[derive(Clone, Debug)]
pub struct Round {
    /// 0 for the identifiers that a run began with.
    pub number: usize,
    /// The identifiers.
    pub table: IdentifierTable,
    /// The model, tuned on the next item.
    pub model: TextModel,
    /// Words and identifiers as tokens.
    pub text: TextTokenizer,
    /// How the identifiers came about; `None` in round 0.
    pub diagnostics: Option<Diagnostics>,
    /// The epochs of the training on the next item.
    pub epochs: Vec<EpochSummary>,
}

/// What the manifest says of a round.
#[derive(Serialize, Deserialize)]
struct About {
    round: usize,
    /// SHA-256 of all that the run began with.
    run: String,
    codebook_sizes: Vec<usize>,
    diagnostics: Option<Diagnostics>,
    epochs: Vec<EpochSummary>,
}

impl Round {
    /// The tokens of the identifiers.
    pub fn tokens(&self) -> Arc<ItemTokens> {
        Arc::new(Vocabulary::of(&self.table).tokenize(&self.table))
    }

    /// Writes the round into a new folder, whole or not at all.
    pub(super) fn save(&self, folder: &Path, run: &str) -> Result<()> {
        let partial = sealed::begin(folder)?;
        let path = partial.join(IDENTIFIERS);
        fs::write(&path, self.table.to_index_json()).map_err(Error::io(&path))?;
        self.text.save(partial.join(TOKENIZER))?;
        self.model.save(partial.join(MODEL))?;
        let about = About {
            round: self.number,
            run: run.to_owned(),
            codebook_sizes: self.table.codebook_sizes().to_vec(),
            diagnostics: self.diagnostics.clone(),
            epochs: self.epochs.clone(),
        };
        Ok(sealed::finish(&partial, folder, FORMAT, &about)?)
    }

    /// Opens the folder of a round, after checking every file against its manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Train`] with the file and the reason if the folder is not whole, was changed, or is of another version.
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self> {
        Ok(Self::open_of(folder.as_ref(), device)?.0)
    }

    /// A round, and the run that it belongs to.
    pub(super) fn open_of(folder: &Path, device: &Device) -> Result<(Self, String)> {
        let about: About = sealed::open(folder, FORMAT)?;
        let table = IdentifierTable::read_index_json(folder.join(IDENTIFIERS))?;
        let table = table.with_codebook_sizes(about.codebook_sizes)?;
        let text = TextTokenizer::open(folder.join(TOKENIZER))?;
        let round = Self {
            number: about.round,
            text: text.having_identifiers(&Vocabulary::of(&table))?,
            model: TextModel::load(folder.join(MODEL), device)?,
            table,
            diagnostics: about.diagnostics,
            epochs: about.epochs,
        };
        Ok((round, about.run))
    }
}
