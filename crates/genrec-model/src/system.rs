//! A trained system in one folder: identifiers, weights, catalogue, and how it came about.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use genrec_data::{Catalog, Ids, Item};
use genrec_identify::{CodeTable, IdentifierTable, ItemTokens, Vocabulary};
use genrec_metrics::{Recommender, SeenItems};
use genrec_train::sealed::{self, Format};
use serde::{Deserialize, Serialize};

use crate::sequence::{Retrieval, SequenceModel, SequenceModelConfig, SequenceRecommender};
use crate::t5::T5;
use crate::{Error, Result};

const FORMAT: Format = Format {
    name: "genrec-system",
    version: 1,
};
const IDENTIFIERS: &str = "identifiers.json";
const CATALOG: &str = "catalog.json";
const MODEL: &str = "model";

/// A recommender with the catalogue that it recommends from.
///
/// The folder of a system holds `manifest.json` (versions, settings, seeds, and the size and SHA-256 of every file), `identifiers.json` (in
/// LETTER's `index.json` format), `catalog.json` and `model/` (in Hugging Face's T5 layout).
#[derive(Clone, Debug)]
pub struct System {
    /// The recommender.
    pub recommender: SequenceRecommender,
    /// The items that it recommends, in the order of their numbers.
    pub catalog: Catalog,
    /// How it came about: settings, seeds and data, by name.
    pub provenance: BTreeMap<String, serde_json::Value>,
}

/// What the manifest says beside formats and checksums.
#[derive(Serialize, Deserialize)]
struct About {
    name: String,
    items: usize,
    model: SequenceModelConfig,
    codebook_sizes: Vec<usize>,
    /// Whether items share identifiers, as in some published tables.
    collided: bool,
    beams: usize,
    seen_items: SeenItems,
    provenance: BTreeMap<String, serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    id: String,
    #[serde(flatten)]
    item: Item,
}

impl System {
    /// Writes the system into a new folder, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Train`] if there is something at `folder` already, [`Error::Config`] if the catalogue has not one entry an item, and
    /// [`Error::Io`].
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let tokens = self.recommender.tokens();
        if self.catalog.len() != tokens.items() {
            return Err(Error::Config {
                what: "catalogue",
                found: format!("{} items", self.catalog.len()),
                expected: format!("the {} items that have identifiers", tokens.items()),
            });
        }
        let partial = sealed::begin(folder)?;
        let path = partial.join(IDENTIFIERS);
        fs::write(&path, index_json(tokens)?).map_err(Error::io(&path))?;

        let entries: Vec<Entry> = self
            .catalog
            .iter()
            .map(|(id, item)| Entry {
                id: self.catalog.ids().original(id.index()).to_owned(),
                item: item.clone(),
            })
            .collect();
        let path = partial.join(CATALOG);
        let text = serde_json::to_vec_pretty(&entries).map_err(|error| Error::Malformed {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        fs::write(&path, text).map_err(Error::io(&path))?;

        self.recommender.model().t5.save(partial.join(MODEL))?;
        let retrieval = self.recommender.retrieval();
        let about = About {
            name: self.recommender.name().to_owned(),
            items: tokens.items(),
            model: self.recommender.model().config().clone(),
            codebook_sizes: tokens.vocabulary().codebook_sizes().to_vec(),
            collided: tokens.groups() < tokens.items(),
            beams: retrieval.beams(),
            seen_items: retrieval.seen_items(),
            provenance: self.provenance.clone(),
        };
        Ok(sealed::finish(&partial, folder, FORMAT, &about)?)
    }

    /// Opens the folder of a system, after checking every file against the manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Train`] with the file and the reason if the folder is not whole, was changed, or is of another version.
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let folder = folder.as_ref();
        let about: About = sealed::open(folder, FORMAT)?;
        let path = folder.join(IDENTIFIERS);
        let tokens = if about.collided {
            let table =
                CodeTable::read_index_json(&path)?.with_codebook_sizes(about.codebook_sizes)?;
            Vocabulary::of(&table).tokenize_collided(&table)
        } else {
            let table = IdentifierTable::read_index_json(&path)?;
            Vocabulary::new(&about.codebook_sizes).tokenize(&table)
        };
        let tokens = Arc::new(tokens);

        let path = folder.join(CATALOG);
        let entries: Vec<Entry> = fs::read(&path)
            .map_err(Error::io(&path))
            .and_then(|bytes| {
                serde_json::from_slice(&bytes).map_err(|error| Error::Malformed {
                    path: path.clone(),
                    reason: error.to_string(),
                })
            })?;
        let (ids, items) = entries
            .into_iter()
            .map(|entry| (entry.id, entry.item))
            .unzip();
        let malformed = |error: genrec_data::Error| Error::Malformed {
            path: path.clone(),
            reason: error.to_string(),
        };
        let catalog = Catalog::new(Ids::new(ids).map_err(malformed)?, items).map_err(malformed)?;

        let t5 = T5::load(folder.join(MODEL), device)?;
        let model = SequenceModel::from_parts(t5, about.model, &tokens)?;
        let retrieval = Retrieval::new(tokens)
            .with_beams(about.beams)
            .with_seen_items(about.seen_items);
        Ok(Self {
            recommender: SequenceRecommender::new(about.name, model, retrieval),
            catalog,
            provenance: about.provenance,
        })
    }
}

/// The identifiers in LETTER's `index.json` format.
fn index_json(tokens: &ItemTokens) -> Result<String> {
    let vocabulary = tokens.vocabulary();
    let identifier = |item| {
        tokens
            .tokens(item)
            .iter()
            .filter_map(|&token| vocabulary.code(token).map(|(_, code)| code))
            .collect::<Vec<_>>()
    };
    let identifiers = (0..tokens.items() as u32).map(|item| identifier(item.into()));
    if tokens.groups() == tokens.items() {
        let table = IdentifierTable::new(identifiers.map(Into::into).collect())?;
        Ok(table.to_index_json())
    } else {
        let codes: Vec<_> = identifiers.flatten().collect();
        let table = CodeTable::new(
            tokens.items(),
            vocabulary.levels(),
            codes,
            vocabulary.codebook_sizes().to_vec(),
        )?;
        Ok(table.to_index_json())
    }
}
