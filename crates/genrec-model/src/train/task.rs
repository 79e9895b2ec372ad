//! What a sequence model learns: to write the identifier of the next item.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use genrec_data::Interactions;
use genrec_identify::ItemTokens;
use genrec_metrics::{Query, Ranked};
use genrec_train::{Samples, Task, TrainingConfig};

use super::batch::{Batch, Layout};
use super::loss::ranking_loss;
use crate::sequence::{Retrieval, SequenceModel, SequenceModelConfig};

/// The task of a [`SequenceModel`].
#[derive(Clone, Debug)]
pub(crate) struct NextIdentifier {
    model: SequenceModelConfig,
    samples: Samples,
    retrieval: Retrieval,
    layout: Layout,
    temperature: f64,
    label_smoothing: f64,
}

impl NextIdentifier {
    pub(crate) fn new(
        model: &SequenceModel,
        tokens: &Arc<ItemTokens>,
        train: &Interactions,
        config: &TrainingConfig,
    ) -> Self {
        let whole_sequences = model.config().t5.causal_encoder;
        Self {
            model: model.config().clone(),
            samples: Samples::new(train, model.config().max_history, whole_sequences),
            retrieval: Retrieval::new(tokens.clone()).with_beams(config.validation_beams),
            layout: Layout::of(model),
            temperature: config.temperature,
            label_smoothing: config.label_smoothing,
        }
    }
}

impl Task for NextIdentifier {
    type Model = SequenceModel;
    type Batch = Batch;

    fn samples(&self) -> usize {
        self.samples.len()
    }

    fn length(&self, sample: usize) -> usize {
        self.samples.history(sample).len()
    }

    fn batch(&self, samples: &[usize], _seed: u64, device: &Device) -> Batch {
        Batch::new(
            &self.samples,
            samples,
            &self.retrieval,
            &self.layout,
            device,
        )
    }

    fn predictions(&self, batch: &Batch) -> usize {
        batch.tokens
    }

    fn loss(
        &self,
        model: &SequenceModel,
        _shared: &[Tensor<2>],
        batch: &Batch,
        tokens: usize,
        seed: u64,
    ) -> Tensor<1> {
        model.t5.seed_dropout(seed);
        ranking_loss(model, batch, tokens, self.temperature, self.label_smoothing)
    }

    // A model whose weights are no longer numbers answers nothing, which gains nothing; its loss is what ends the training.
    fn recommend(&self, model: &SequenceModel, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        self.retrieval
            .try_recommend(model, queries, k)
            .unwrap_or_else(|_| vec![Ranked::default(); queries.len()])
    }

    fn describe(&self, bytes: &mut Vec<u8>) {
        let tokens = self.retrieval.tokens();
        let settings = serde_json::to_vec(&(&self.model, tokens.vocabulary()));
        bytes.extend(settings.expect("plain data is serializable"));
        self.samples.describe(bytes);
        let mut push = |values: &mut dyn Iterator<Item = u32>| {
            bytes.extend(values.flat_map(u32::to_le_bytes));
            bytes.extend(u32::MAX.to_le_bytes());
        };
        for group in 0..tokens.groups() {
            push(&mut tokens.group_tokens(group).iter().map(|token| token.get()));
            push(&mut tokens.group_items(group).iter().map(|item| item.get()));
        }
    }
}
