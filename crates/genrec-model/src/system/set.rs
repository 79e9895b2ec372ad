//! The files of a recommender that answers with sets.

use std::fs;
use std::path::Path;

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};
use genrec_embed::Embeddings;
use genrec_identify::set::SetTable;
use genrec_metrics::{Recommender, SeenItems};
use serde::{Deserialize, Serialize};

use super::malformed;
use crate::set::{SetRecConfig, SetRecommender};
use crate::{Error, Result};

const MODEL: &str = "model.record";
const TOKENS: &str = "tokens.safetensors";

#[derive(Serialize, Deserialize)]
pub(super) struct About {
    name: String,
    model: SetRecConfig,
    /// Widths of the frozen rows, of those that the tokens are made of.
    d_collaborative: Option<usize>,
    d_text: Option<usize>,
    beta: f64,
    seen_items: SeenItems,
}

pub(super) fn save(recommender: &SetRecommender, folder: &Path) -> Result<About> {
    let model = recommender.model();
    let path = folder.join(MODEL);
    let record = model.clone().into_record().into_bytes();
    let record = record.map_err(|error| malformed(&path, error))?;
    fs::write(&path, &*record).map_err(Error::io(&path))?;
    recommender.table().rows().write(folder.join(TOKENS))?;
    let tokenizer = &model.tokenizer;
    let width = |linear: &burn::nn::Linear| linear.weight.dims()[0];
    Ok(About {
        name: recommender.name().to_owned(),
        model: model.config().clone(),
        d_collaborative: tokenizer.collaborative.as_ref().map(width),
        d_text: tokenizer
            .encoder
            .as_ref()
            .and_then(|mlp| mlp.layers.first().map(width)),
        beta: recommender.beta(),
        seen_items: recommender.seen_items(),
    })
}

pub(super) fn open(about: About, folder: &Path, device: &Device) -> Result<SetRecommender> {
    let path = folder.join(MODEL);
    let bytes = fs::read(&path).map_err(Error::io(&path))?;
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes));
    let record = record.map_err(|error| malformed(&path, error))?;
    let model = about
        .model
        .init_for(about.d_collaborative, about.d_text, device)?;
    let model = model.try_load_record(record);
    let model = model.map_err(|error| malformed(&path, error))?;
    let config = &about.model.tokenizer;
    let rows = Embeddings::read(folder.join(TOKENS))?;
    let table = SetTable::new(rows, config.collaborative, config.semantic)?;
    if !(0.0..=1.0).contains(&about.beta) {
        return Err(malformed(
            folder,
            format!("beta is {}, expected 0 to 1", about.beta),
        ));
    }
    let recommender = SetRecommender::new(about.name, model, table)?;
    Ok(recommender
        .with_beta(about.beta)
        .with_seen_items(about.seen_items))
}
