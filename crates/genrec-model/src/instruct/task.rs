//! The tuning of a language model.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use genrec_data::Validation;
use genrec_metrics::{Query, Ranked};
use genrec_train::{Task, Trained, Trainer, TrainingConfig, TrainingEvent, mixed, softmax_loss};

use super::batch::Batch;
use super::exchange::Exchange;
use super::model::{Layout, TextModel};
use super::recommender::Decoding;
use super::samples::Instructions;
use crate::Result;

/// Tunes a [`TextModel`] on [`Instructions`], with checkpoints in a folder; the loss is on the responses only.
///
/// A [`Trainer`] that measures the recommender on a sample of the validation users by NDCG@10 of its constrained beam search.
#[derive(Clone, Debug)]
pub struct InstructionTrainer(Trainer);

impl InstructionTrainer {
    /// A trainer that keeps its checkpoints in `folder`.
    pub fn new(config: TrainingConfig, folder: impl AsRef<Path>) -> Self {
        Self(Trainer::new(config, folder))
    }

    /// Whether to go on from the last checkpoint in the folder, if there is one. Without it a folder with checkpoints is refused.
    pub fn with_resume(self, resume: bool) -> Self {
        Self(self.0.with_resume(resume))
    }

    /// Trains on `instructions`, measured on `validation`; `listener` hears of every batch and epoch. A model with [adapters](crate::lora::Adapters::adapt) is trained in these, its
    /// embeddings and its head.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) if the model has fewer tokens than the instructions, another end, or two stacks for
    /// [whole histories](super::Question::WholeHistory), and those of [`Trainer::fit`].
    pub fn fit(
        &self,
        model: impl Into<TextModel>,
        instructions: &Instructions,
        validation: &Validation,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<Trained<TextModel>> {
        let model = model.into();
        model.expect_fit(instructions)?;
        let config = self.0.config();
        let lengths = (0..instructions.len())
            .map(|sample| {
                let Exchange { prompt, response } = instructions.exchange(sample, 0)?;
                Ok((prompt.len() + response.len()) as u32)
            })
            .collect::<Result<Vec<_>>>()?;
        let task = Tuning {
            decoding: Decoding::new(instructions.clone(), config.validation_beams),
            lengths,
            settings: model.settings().to_string(),
            layout: model.layout(),
            temperature: config.temperature,
            label_smoothing: config.label_smoothing,
        };
        Ok(self.0.fit(model, task, validation, listener)?)
    }
}

/// The task of a language model.
#[derive(Clone, Debug)]
struct Tuning {
    decoding: Decoding,
    /// About how many tokens each sample has; how many exactly depends on the wording.
    lengths: Vec<u32>,
    /// What the model is besides its weights.
    settings: String,
    layout: Layout,
    temperature: f64,
    label_smoothing: f64,
}

impl Task for Tuning {
    type Model = TextModel;
    type Batch = Batch;

    fn samples(&self) -> usize {
        self.lengths.len()
    }

    fn length(&self, sample: usize) -> usize {
        self.lengths[sample] as usize
    }

    fn batch(&self, samples: &[usize], seed: u64, device: &Device) -> Batch {
        let instructions = &self.decoding.instructions;
        let exchange = |&sample: &usize| {
            instructions
                .exchange(sample, mixed(seed, sample as u64))
                .expect("all texts were tokenized before")
        };
        let exchanges: Vec<Exchange> = samples.iter().map(exchange).collect();
        Batch::new(&exchanges, self.layout, device)
    }

    fn predictions(&self, batch: &Batch) -> usize {
        batch.targets.dims()[0]
    }

    fn loss(
        &self,
        model: &TextModel,
        _shared: &[Tensor<2>],
        batch: &Batch,
        predictions: usize,
        seed: u64,
    ) -> Tensor<1> {
        model.seed_dropout(seed);
        let (states, tokens) = model.factors(batch);
        let states = match self.temperature == 1.0 {
            true => states,
            false => states / self.temperature,
        };
        let targets = batch.targets.clone();
        softmax_loss(states, tokens, targets, self.label_smoothing, predictions)
    }

    fn recommend(&self, model: &TextModel, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        self.decoding
            .recommend(model, queries, k)
            .unwrap_or_else(|_| vec![Ranked::default(); queries.len()])
    }

    fn describe(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.settings.as_bytes());
        self.decoding.instructions.describe(bytes);
    }
}
