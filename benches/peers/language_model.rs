//! Prefill and constrained decoding of a decoder-only model.

use std::path::Path;

use burn::tensor::Device;
use genrec::decode::BeamSearchConfig;
use genrec::model::SoftmaxOver;
use genrec::model::lm::{LanguageModel, LanguageScorer};
use serde_json::json;

use crate::{Answer, Asked, Result, tensor, values};

pub(crate) fn work(folder: &Path) -> Result<Answer> {
    let model = LanguageModel::load(folder, &Device::default())?;
    let asked = Asked::read(folder)?;
    let (long, short) = (asked.rows("prefill")?, asked.rows("prompts")?);
    let lengths = |rows: &[Vec<u32>]| rows.iter().map(Vec::len).collect::<Vec<_>>();
    let trie = asked.trie()?;
    let search = BeamSearchConfig::new(asked.beams()?).init()?;
    Ok(Box::new(move |what| match what {
        "prefill" => {
            let (_, last) = model.read(tensor(&long), &lengths(&long));
            let logits = model.logits(last, 0..model.config().vocab_size);
            let sums: Vec<f32> = logits.sum_dim(1).into_data().iter().collect();
            Ok(json!(sums))
        }
        "decode" => {
            let over = SoftmaxOver::Vocabulary;
            let (tokens, lengths) = (tensor(&short), lengths(&short));
            let mut scorer = LanguageScorer::new(&model, None, tokens, &lengths, over);
            let found = search.search(&trie, lengths.len(), &mut scorer, None)?;
            Ok(values(&found))
        }
        other => Err(format!("{other}: expected prefill or decode").into()),
    }))
}
