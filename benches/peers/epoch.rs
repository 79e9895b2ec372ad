//! Epochs of LETTER-TIGER on published identifiers.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use burn::tensor::Device;
use genrec::data::{leave_one_out, open};
use genrec::identify::{CodeTable, Vocabulary};
use genrec::model::{
    SequenceModel, SequenceModelConfig, SequenceTrainer, TrainingConfig, TrainingEvent,
};
use serde_json::json;

use crate::{Answer, Result};

/// Every question is how many samples an epoch of its own has.
pub(crate) fn work(data: &Path, identifiers: &Path, folder: &Path) -> Result<Answer> {
    let split = leave_one_out(&open(data)?.interactions)?;
    let codes = CodeTable::read_index_json(identifiers)?;
    let tokens = Arc::new(Vocabulary::of(&codes).tokenize_collided(&codes));
    let device = Device::default();
    let config = SequenceModelConfig::paper(tokens.vocabulary());
    let model = SequenceModel::new(config, &tokens, 1, &device)?;
    let asked = AtomicU64::new(0);
    let folder = folder.to_owned();
    Ok(Box::new(move |samples| {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        let config = TrainingConfig::new()
            .with_epochs(1)
            .with_accumulation(1)
            .with_samples_per_epoch(Some(samples.parse()?))
            .with_validation_users(1)
            .with_seed(number);
        // All that is done before the first batch counts, the evaluation and the checkpoint after the last one do not.
        let start = Instant::now();
        let last = Arc::new(Mutex::new((0.0, None)));
        let heard = last.clone();
        SequenceTrainer::new(config, folder.join(number.to_string())).fit(
            model.clone(),
            &tokens,
            &split.train,
            &split.validation,
            move |event| {
                if let TrainingEvent::Step { loss, .. } = event {
                    let mut last = heard.lock().expect("nobody panics with it");
                    *last = (start.elapsed().as_secs_f64(), loss);
                }
            },
        )?;
        let (seconds, loss) = *last.lock().expect("nobody panics with it");
        Ok(json!({ "seconds": seconds, "loss": loss }))
    }))
}
