//! The files of a recommender that is asked in words.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use genrec_data::{Catalog, Interactions};
use genrec_metrics::Recommender;
use serde::{Deserialize, Serialize};

use super::sequence::{IDENTIFIERS, MODEL, index_json, read_tokens};
use crate::instruct::{
    Instructions, LanguageRecommender, Question, Templates, TextModel, TextTokenizer,
};
use crate::{Error, Result};

const TOKENIZER: &str = "tokenizer.json";
const TEMPLATES: &str = "templates.json";

#[derive(Serialize, Deserialize)]
pub(super) struct About {
    name: String,
    codebook_sizes: Vec<usize>,
    /// Whether items share identifiers, as in some published tables.
    collided: bool,
    /// Whether identifiers are words.
    in_words: bool,
    eos: u32,
    question: Question,
    beams: usize,
    max_history: usize,
    max_text: usize,
}

pub(super) fn save(recommender: &LanguageRecommender, folder: &Path) -> Result<About> {
    let instructions = recommender.instructions();
    let (tokens, text) = (instructions.items(), instructions.text());
    let path = folder.join(IDENTIFIERS);
    fs::write(&path, index_json(tokens)?).map_err(Error::io(&path))?;
    let path = folder.join(TEMPLATES);
    let templates = serde_json::to_vec_pretty(instructions.templates());
    let templates = templates.expect("texts can be written");
    fs::write(&path, templates).map_err(Error::io(&path))?;
    text.save(folder.join(TOKENIZER))?;
    recommender.model().save(folder.join(MODEL))?;
    Ok(About {
        name: recommender.name().to_owned(),
        codebook_sizes: tokens.vocabulary().codebook_sizes().to_vec(),
        collided: tokens.groups() < tokens.items(),
        in_words: text.in_words(),
        eos: instructions.eos(),
        question: instructions.question(),
        beams: recommender.beams(),
        max_history: instructions.max_history(),
        max_text: instructions.max_text(),
    })
}

pub(super) fn open(
    about: About,
    folder: &Path,
    catalog: &Catalog,
    device: &Device,
) -> Result<LanguageRecommender> {
    let tokens = read_tokens(folder, about.codebook_sizes, about.collided)?;
    let text = TextTokenizer::open(folder.join(TOKENIZER))?;
    let text = match about.in_words {
        true => text.with_identifiers_in_words(tokens.vocabulary())?,
        false => text.having_identifiers(tokens.vocabulary())?,
    };
    let model = TextModel::load(folder.join(MODEL), device)?;
    let templates = Templates::read(folder.join(TEMPLATES))?;
    // What it was tuned on is not kept.
    let nobody = Interactions::new(catalog.len(), Vec::new()).expect("nobody has no items");
    let text = Arc::new(text);
    let instructions = Instructions::new(templates, tokens, text, about.eos, catalog, &nobody)?
        .with_question(about.question)
        .with_max_history(about.max_history)
        .with_max_text(about.max_text);
    let (name, beams) = (about.name, about.beams);
    LanguageRecommender::new(name, model, instructions, beams)
}
