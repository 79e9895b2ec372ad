//! A trained system in one folder: recommender, catalogue, and how it came about.

mod language;
mod recommender;
mod retrieval;
mod sequence;
mod set;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::tensor::Device;
use genrec_data::{Catalog, Ids, Item};
use genrec_metrics::Recommender;
use genrec_train::sealed::{self, Format};
use serde::{Deserialize, Serialize};

pub use recommender::SystemRecommender;

use crate::{Error, Result};

const FORMAT: Format = Format {
    name: "genrec-system",
    version: 4,
};
const CATALOG: &str = "catalog.json";

/// A recommender with the catalogue that it recommends from.
///
/// The folder of a system holds `manifest.json` (versions, settings, seeds, and the size and SHA-256 of every file), `catalog.json`, and the files of the
/// recommender: for one that writes identifiers `identifiers.json` (in LETTER's `index.json` format) and `model/` (in Hugging Face's T5 layout); for one
/// that answers by nearest neighbour `model/`, its projection, the rows and tokens of users and items, what made the tokens, and the ids of users; for one that answers
/// with sets `model.record` and the tokens of all items; for one that is asked in words `identifiers.json`, `model/`, `tokenizer.json` and `templates.json`.
#[derive(Clone, Debug)]
pub struct System {
    /// The recommender.
    pub recommender: SystemRecommender,
    /// The items that it recommends, in the order of their numbers.
    pub catalog: Catalog,
    /// How it came about: settings, seeds and data, by name.
    pub provenance: BTreeMap<String, serde_json::Value>,
}

/// What the manifest says beside formats and checksums.
#[derive(Serialize, Deserialize)]
struct About {
    items: usize,
    recommender: recommender::About,
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
        let items = self.recommender.items();
        if self.catalog.len() != items {
            return Err(Error::Config {
                what: "catalogue",
                found: format!("{} items", self.catalog.len()),
                expected: format!("the {items} items that are recommended"),
            });
        }
        let partial = sealed::begin(folder)?;
        write_catalog(&self.catalog, &partial.join(CATALOG))?;
        let about = About {
            items,
            recommender: self.recommender.save(&partial)?,
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
        let catalog = read_catalog(&folder.join(CATALOG))?;
        Ok(Self {
            recommender: SystemRecommender::open(about.recommender, folder, &catalog, device)?,
            catalog,
            provenance: about.provenance,
        })
    }
}

fn write_catalog(catalog: &Catalog, path: &Path) -> Result<()> {
    let entries: Vec<Entry> = catalog
        .iter()
        .map(|(id, item)| Entry {
            id: catalog.ids().original(id.index()).to_owned(),
            item: item.clone(),
        })
        .collect();
    let text = serde_json::to_vec_pretty(&entries).map_err(|error| malformed(path, error))?;
    fs::write(path, text).map_err(Error::io(path))
}

fn read_catalog(path: &Path) -> Result<Catalog> {
    let bytes = fs::read(path).map_err(Error::io(path))?;
    let entries: Vec<Entry> =
        serde_json::from_slice(&bytes).map_err(|error| malformed(path, error))?;
    let (ids, items) = entries
        .into_iter()
        .map(|entry| (entry.id, entry.item))
        .unzip();
    let ids = Ids::new(ids).map_err(|error| malformed(path, error))?;
    Catalog::new(ids, items).map_err(|error| malformed(path, error))
}

fn malformed(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::Malformed {
        path: path.to_path_buf(),
        reason: error.to_string(),
    }
}
