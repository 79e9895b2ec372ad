//! A trained model as a folder.

use std::path::Path;

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Device;
use genrec_metrics::SeenItems;
use genrec_train::sealed::{self, Format};
use serde::{Deserialize, Serialize};

use super::config::SequentialConfig;
use super::model::SequentialModel;
use crate::error::Result;

const FORMAT: Format = Format {
    name: "genrec-sequential",
    version: 2,
};
const WEIGHTS: &str = "model.bpk";

#[derive(Serialize, Deserialize)]
struct About {
    config: SequentialConfig,
    items: usize,
    users: usize,
    seen: SeenItems,
}

impl SequentialModel {
    /// Writes the model into a new folder, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Train`](crate::Error::Train) if there is something at `folder` already, or it cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let partial = sealed::begin(folder)?;
        let path = partial.join(WEIGHTS);
        self.valid()
            .into_record()
            .save(&path)
            .map_err(|error| genrec_train::Error::Malformed {
                path,
                reason: format!("cannot be written: {error}"),
            })?;
        let about = About {
            config: self.config.clone(),
            items: self.items,
            users: self.users,
            seen: self.seen,
        };
        Ok(sealed::finish(&partial, folder, FORMAT, &about)?)
    }

    /// Opens a folder that [`save`](Self::save) wrote, after checking every file against its manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Train`](crate::Error::Train) with the file and the reason if the folder is not whole, was changed, or is of another version.
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let folder = folder.as_ref();
        let about: About = sealed::open(folder, FORMAT)?;
        let model = about.config.init(about.items, about.users, 0, device)?;
        let path = folder.join(WEIGHTS);
        let malformed = |reason: String| genrec_train::Error::Malformed {
            path: path.clone(),
            reason,
        };
        let record = ModuleRecord::load(&path).map_err(|error| malformed(error.to_string()))?;
        let model = model
            .try_load_record(record)
            .map_err(|error| malformed(error.to_string()))?;
        Ok(model.with_seen_items(about.seen))
    }
}
