//! Full-ranking evaluation, and epochs of LightGCN.

use std::path::Path;
use std::time::{Duration, Instant};

use genrec::collaborative::{LightGcn, LightGcnConfig};
use genrec::data::{leave_one_out, open};
use genrec::embed::Embeddings;
use genrec::metrics::{EvaluateConfig, Metric, SeenItems, evaluate};
use serde_json::json;

use crate::{Answer, Result, numbers};

const WIDTH: usize = 64;

pub(crate) fn evaluation(folder: &Path, data: &Path) -> Result<Answer> {
    let split = leave_one_out(&open(data)?.interactions)?;
    let rows = numbers(&folder.join("rows.f32"), f32::from_le_bytes)?;
    let (users, items) = rows.split_at(split.train.users() * WIDTH);
    let rows =
        |numbers: &[f32]| Embeddings::from_vec(numbers.len() / WIDTH, WIDTH, numbers.to_vec());
    let model = LightGcn::from_layer0(rows(users)?, rows(items)?, 0, &split.train)?;
    let model = model.with_seen_items(SeenItems::Removed);
    Ok(Box::new(move |_| {
        let report = evaluate(&model, &split.test, &EvaluateConfig::new(1))?;
        Ok(json!(
            [Metric::Recall, Metric::Ndcg].map(|metric| report.value(metric, 10))
        ))
    }))
}

pub(crate) fn light_gcn(data: &Path) -> Result<Answer> {
    let split = leave_one_out(&open(data)?.interactions)?;
    Ok(Box::new(move |_| {
        // From the end of the first epoch to the end of the second: neither graph nor model is made in between.
        let mut first = None;
        let mut elapsed = Duration::ZERO;
        let config = LightGcnConfig::new().with_epochs(2);
        config.fit(&split.train, 0, |_| {
            elapsed = first.get_or_insert_with(Instant::now).elapsed();
        })?;
        Ok(json!({ "seconds": elapsed.as_secs_f64() }))
    }))
}
