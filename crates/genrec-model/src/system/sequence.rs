//! The files of a recommender that writes identifiers.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use genrec_identify::{CodeTable, IdentifierTable, ItemTokens, Vocabulary};
use genrec_metrics::{Recommender, SeenItems};
use serde::{Deserialize, Serialize};

use crate::sequence::{Retrieval, SequenceModel, SequenceModelConfig, SequenceRecommender};
use crate::t5::T5;
use crate::{Error, Result};

pub(super) const IDENTIFIERS: &str = "identifiers.json";
pub(super) const MODEL: &str = "model";

#[derive(Serialize, Deserialize)]
pub(super) struct About {
    name: String,
    model: SequenceModelConfig,
    codebook_sizes: Vec<usize>,
    /// Whether items share identifiers, as in some published tables.
    collided: bool,
    beams: usize,
    seen_items: SeenItems,
}

pub(super) fn save(recommender: &SequenceRecommender, folder: &Path) -> Result<About> {
    let tokens = recommender.tokens();
    let path = folder.join(IDENTIFIERS);
    fs::write(&path, index_json(tokens)?).map_err(Error::io(&path))?;
    recommender.model().t5.save(folder.join(MODEL))?;
    let retrieval = recommender.retrieval();
    Ok(About {
        name: recommender.name().to_owned(),
        model: recommender.model().config().clone(),
        codebook_sizes: tokens.vocabulary().codebook_sizes().to_vec(),
        collided: tokens.groups() < tokens.items(),
        beams: retrieval.beams(),
        seen_items: retrieval.seen_items(),
    })
}

pub(super) fn open(about: About, folder: &Path, device: &Device) -> Result<SequenceRecommender> {
    let tokens = read_tokens(folder, about.codebook_sizes, about.collided)?;
    let t5 = T5::load(folder.join(MODEL), device)?;
    let model = SequenceModel::from_parts(t5, about.model, &tokens)?;
    let retrieval = Retrieval::new(tokens)
        .with_beams(about.beams)
        .with_seen_items(about.seen_items);
    Ok(SequenceRecommender::new(about.name, model, retrieval))
}

/// The tokens of the identifiers in a folder.
pub(super) fn read_tokens(
    folder: &Path,
    codebook_sizes: Vec<usize>,
    collided: bool,
) -> Result<Arc<ItemTokens>> {
    let path = folder.join(IDENTIFIERS);
    let tokens = if collided {
        let table = CodeTable::read_index_json(&path)?.with_codebook_sizes(codebook_sizes)?;
        Vocabulary::of(&table).tokenize_collided(&table)
    } else {
        let table = IdentifierTable::read_index_json(&path)?.with_codebook_sizes(codebook_sizes)?;
        Vocabulary::of(&table).tokenize(&table)
    };
    Ok(Arc::new(tokens))
}

/// The identifiers in LETTER's `index.json` format.
pub(super) fn index_json(tokens: &ItemTokens) -> Result<String> {
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
