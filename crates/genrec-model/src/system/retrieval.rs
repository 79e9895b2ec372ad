//! The files of a recommender that answers by nearest neighbour.

use std::fs;
use std::path::Path;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};
use genrec_data::Ids;
use genrec_embed::Embeddings;
use genrec_identify::token::{Prompt, PromptVocabulary, TokenTable};
use genrec_metrics::{Recommender, SeenItems};
use genrec_quantize::{MaskedVq, MaskedVqConfig};
use serde::{Deserialize, Serialize};

use super::malformed;
use crate::retrieval::{
    Representations, RetrievalConfig, RetrievalModel, RetrievalRecommender, Tokenizers, Tokens,
};
use crate::t5::T5;
use crate::{Error, Result};

const MODEL: &str = "model";
const PROJECTION: &str = "projection.safetensors";
const ROWS: &str = "representations.safetensors";
const TOKENS: [&str; 2] = ["user-tokens.json", "item-tokens.json"];
const TOKENIZERS: [&str; 2] = ["user-tokenizer.record", "item-tokenizer.record"];
const USERS: &str = "users.json";

#[derive(Serialize, Deserialize)]
pub(super) struct About {
    name: String,
    model: RetrievalConfig,
    vocabulary: PromptVocabulary,
    prompt: Prompt,
    seen_items: SeenItems,
    /// Those of users and of items.
    tokenizers: Option<[MaskedVqConfig; 2]>,
    /// Whether it is known what the data call the users.
    user_ids: bool,
}

pub(super) fn save(recommender: &RetrievalRecommender, folder: &Path) -> Result<About> {
    let model = recommender.model();
    model.t5.save(folder.join(MODEL))?;
    let [d_model, d_row] = model.projection.weight.dims();
    let bias = model.projection.bias.as_ref().map(Param::val);
    let bias = bias.unwrap_or_else(|| burn::tensor::Tensor::zeros([d_row], &model.device()));
    let values = |data: burn::tensor::TensorData| data.iter::<f32>().collect::<Vec<f32>>();
    let weight = Embeddings::from_vec(
        d_model,
        d_row,
        values(model.projection.weight.val().into_data()),
    )?;
    let bias = Embeddings::from_vec(1, d_row, values(bias.into_data()))?;
    let parts = [("weight", &weight), ("bias", &bias)];
    Embeddings::write_safetensors_tensors(folder.join(PROJECTION), &parts)?;
    let rows = recommender.representations();
    let parts = [("users", rows.users()), ("items", rows.items())];
    Embeddings::write_safetensors_tensors(folder.join(ROWS), &parts)?;
    let tokens = recommender.tokens();
    tokens.users().write(folder.join(TOKENS[0]))?;
    tokens.items().write(folder.join(TOKENS[1]))?;
    if let Some(tokenizers) = recommender.tokenizers() {
        for (name, quantizer) in TOKENIZERS
            .iter()
            .zip([tokenizers.users(), tokenizers.items()])
        {
            let path = folder.join(name);
            let record = quantizer.clone().into_record().into_bytes();
            let record = record.map_err(|error| malformed(&path, error))?;
            fs::write(&path, &*record).map_err(Error::io(&path))?;
        }
    }
    if let Some(ids) = recommender.user_ids() {
        let path = folder.join(USERS);
        let text = serde_json::to_vec(&ids.iter().collect::<Vec<_>>()).expect("names are JSON");
        fs::write(&path, text).map_err(Error::io(&path))?;
    }
    Ok(About {
        name: recommender.name().to_owned(),
        model: model.config().clone(),
        vocabulary: model.vocabulary().clone(),
        prompt: recommender.prompt().clone(),
        seen_items: recommender.seen_items(),
        tokenizers: recommender
            .tokenizers()
            .map(|both| [both.users().config().clone(), both.items().config().clone()]),
        user_ids: recommender.user_ids().is_some(),
    })
}

pub(super) fn open(about: About, folder: &Path, device: &Device) -> Result<RetrievalRecommender> {
    let path = folder.join(PROJECTION);
    let part = |name| Embeddings::read_safetensors_tensor(&path, name);
    let bias = part("bias")?.to_tensor(device);
    let d_row = bias.dims()[1];
    let projection = Linear {
        weight: Param::from_tensor(part("weight")?.to_tensor(device)),
        bias: Some(Param::from_tensor(bias.reshape([d_row]))),
    };
    let t5 = T5::load(folder.join(MODEL), device)?;
    let model = RetrievalModel::from_parts(t5, projection, about.model, about.vocabulary)?;
    let tokens = Tokens::new(
        TokenTable::read(folder.join(TOKENS[0]))?,
        TokenTable::read(folder.join(TOKENS[1]))?,
    )?;
    let path = folder.join(ROWS);
    let rows = |side| Embeddings::read_safetensors_tensor(&path, side);
    let rows = Representations::new(rows("users")?, rows("items")?)?;
    let mut recommender = RetrievalRecommender::new(about.name, model, tokens, rows)?
        .with_prompt(about.prompt)?
        .with_seen_items(about.seen_items);
    if let Some([users, items]) = about.tokenizers {
        let tokenizers = Tokenizers::new(
            quantizer(&users, &folder.join(TOKENIZERS[0]), device)?,
            quantizer(&items, &folder.join(TOKENIZERS[1]), device)?,
        )?;
        recommender = recommender.with_tokenizers(tokenizers)?;
    }
    if about.user_ids {
        let path = folder.join(USERS);
        let text = fs::read(&path).map_err(Error::io(&path))?;
        let names: Vec<String> =
            serde_json::from_slice(&text).map_err(|error| malformed(&path, error))?;
        let ids = Ids::new(names).map_err(|error| malformed(&path, error))?;
        recommender = recommender.with_user_ids(ids)?;
    }
    Ok(recommender)
}

fn quantizer(config: &MaskedVqConfig, path: &Path, device: &Device) -> Result<MaskedVq> {
    config.check().map_err(|error| malformed(path, error))?;
    let bytes = fs::read(path).map_err(Error::io(path))?;
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes));
    let record = record.map_err(|error| malformed(path, error))?;
    let quantizer = config.init(device).try_load_record(record);
    quantizer.map_err(|error| malformed(path, error))
}
