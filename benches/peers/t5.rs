//! Constrained beams and training steps of a T5.

use std::path::Path;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Bool, Device, Int, Tensor};
use genrec::decode::BeamSearchConfig;
use genrec::model::SoftmaxOver;
use genrec::model::t5::{T5, T5Scorer};
use serde_json::{Value, json};

use crate::training::Training;
use crate::{Answer, Asked, Result, tensor, values};

/// Rows, tokens read and tokens written of a step.
const STEP: [usize; 3] = [64, 80, 5];

pub(crate) fn work(folder: &Path) -> Result<Answer> {
    let device = Device::default();
    let model = T5::load(folder, &device)?;
    let asked = Asked::read(folder)?;
    let prompts = asked.rows("prompts")?;
    let trie = asked.trie()?;
    let search = BeamSearchConfig::new(asked.beams()?).init()?;
    let vocabulary = model.config().vocab_size;
    let [rows, read, written] = STEP;
    let device = device.autodiff();
    let mut training = Training::new(model.clone().train(), &device);
    // Nothing is to be learnt: any tokens do.
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
            training.step(|t5| {
                let logits = t5.forward(read.clone(), &real, written.clone());
                let logits = logits.reshape([-1, vocabulary as i32]);
                cross_entropy.forward(logits, written.clone().reshape([-1]))
            });
            Ok(Value::Null)
        }
        Some(("beams", batch)) => {
            let prompts = tensor(&prompts[..batch.parse()?]);
            let requests = prompts.dims()[0];
            let mask = Tensor::full(prompts.dims(), true, &prompts.device());
            let over = SoftmaxOver::Vocabulary;
            let mut scorer = T5Scorer::new(&model, None, prompts, mask, over);
            let found = search.search(&trie, requests, &mut scorer, None)?;
            Ok(json!(values(&found)))
        }
        _ => Err(format!("{what}: expected step, or beams and how many").into()),
    }))
}
