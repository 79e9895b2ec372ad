//! Sentence embeddings.

use std::path::Path;

use burn::tensor::Device;
use genrec::embed::SentenceEncoder;
use serde_json::json;

use crate::{Answer, Result};

pub(crate) fn work(folder: &Path, texts: &Path) -> Result<Answer> {
    let encoder = SentenceEncoder::open(folder, &Device::default())?;
    let texts = std::fs::read_to_string(texts)?;
    Ok(Box::new(move |_| {
        let lines: Vec<&str> = texts.lines().collect();
        let rows = encoder.encode(&lines)?;
        let sums: Vec<f32> = rows
            .view()
            .columns()
            .into_iter()
            .map(|column| column.sum())
            .collect();
        Ok(json!(sums))
    }))
}

pub(crate) fn texts(data: &Path) -> Result<()> {
    for text in genrec::data::open(data)?.catalog.texts() {
        println!("{}", text.replace('\n', " "));
    }
    Ok(())
}
