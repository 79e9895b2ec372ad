//! Constrained beams and training steps of a T5.

use std::path::Path;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Bool, Device, Int, Tensor};
use genrec::cores::{on_cores, side_by_side};
use genrec::decode::BeamSearchConfig;
use genrec::model::SoftmaxOver;
use genrec::model::t5::{T5, T5Scorer};
use serde_json::Value;

use crate::training::Training;
use crate::{Answer, Asked, Result, tensor, values};

/// Rows, tokens read and tokens written of a step.
const STEP: [usize; 3] = [64, 80, 5];

/// Pieces of a step's batch on the host; an accelerator has it whole.
const PIECES: usize = 4;

/// The most prompts in a batch on the host; an accelerator has all.
const BATCH: usize = 16;

pub(crate) fn work(folder: &Path) -> Result<Answer> {
    let device = Device::default();
    let model = T5::load(folder, &device)?;
    let asked = Asked::read(folder)?;
    let prompts = asked.rows("prompts")?;
    let trie = asked.trie()?;
    let search = BeamSearchConfig::new(asked.beams()?).init()?;
    let vocabulary = model.config().vocab_size;
    let [rows, read, written] = STEP;
    let host = on_cores(&device);
    let pieces = if host { PIECES } else { 1 };
    let device = device.autodiff();
    let mut training = Training::new(model.clone().train(), &device);
    // Nothing is to be learnt: any tokens do.
    let rows = rows / pieces;
    let tokens = |columns: usize| {
        let all = Tensor::<1, Int>::arange(0..(rows * columns) as i64, &device);
        all.remainder_scalar(vocabulary as i64)
            .reshape([rows, columns])
    };
    let (read, written) = (tokens(read), tokens(written));
    let real = Tensor::<2, Bool>::full(read.dims(), true, &device);
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    Ok(Box::new(move |what| match what.split_once(' ') {
        None if what == "step" => {
            training.step_in_pieces(pieces, |t5| {
                let logits = t5.forward(read.clone(), &real, written.clone());
                let logits = logits.reshape([-1, vocabulary as i32]);
                let loss = cross_entropy.forward(logits, written.clone().reshape([-1]));
                loss / pieces as f32
            });
            Ok(Value::Null)
        }
        Some(("beams", batch)) => {
            let prompts = &prompts[..batch.parse()?];
            // As the recommenders do it: batches side by side.
            let batch = match host {
                true => prompts
                    .len()
                    .div_ceil(rayon::current_num_threads())
                    .min(BATCH),
                false => prompts.len(),
            };
            let chunks = prompts.chunks(batch).collect();
            let found: std::result::Result<Vec<_>, genrec::decode::Error> =
                side_by_side(chunks, |prompts: &[Vec<u32>]| {
                    let tokens = tensor(prompts);
                    let mask = Tensor::full(tokens.dims(), true, &tokens.device());
                    let over = SoftmaxOver::Vocabulary;
                    let mut scorer = T5Scorer::new(&model, None, tokens, mask, over);
                    search.search(&trie, prompts.len(), &mut scorer, None)
                })
                .into_iter()
                .collect();
            Ok(values(&found?.concat()))
        }
        _ => Err(format!("{what}: expected step, or beams and how many").into()),
    }))
}
