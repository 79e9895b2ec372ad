//! What a retrieval model learns: to answer near the rows of the items that a user takes.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use genrec_data::{Interactions, ItemId};
use genrec_identify::token::Prompt;
use genrec_metrics::{Query, Ranked, SeenItems};
use genrec_retrieve::{ExactSearch, Similarity};
use genrec_train::{Task, mixed};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::batch::{Batch, Sample, Targets, negative, samples};
use super::loss::{pairwise_loss, softmax_loss};
use crate::Result;
use crate::retrieval::reader::Asked;
use crate::retrieval::recommender::check;
use crate::retrieval::{
    Asking, Reader, Representations, RetrievalConfig, RetrievalLoss, RetrievalModel, Tokens,
};

/// The task of a [`RetrievalModel`].
#[derive(Clone, Debug)]
pub(crate) struct NearItems {
    config: RetrievalConfig,
    asking: Asking,
    search: ExactSearch,
    train: Interactions,
    samples: Arc<Vec<Sample>>,
    /// The items of training: what negatives are drawn from.
    candidates: Arc<Vec<ItemId>>,
    /// The place of each item among them.
    places: Arc<Vec<usize>>,
    /// Rows of the items, of unit length.
    rows: Arc<Vec<f32>>,
}

impl NearItems {
    pub(crate) fn new(
        model: &RetrievalModel,
        tokens: &Arc<Tokens>,
        rows: &Representations,
        train: &Interactions,
        seen_items: SeenItems,
    ) -> Result<Self> {
        check(model, tokens, rows)?;
        let config = model.config().clone();
        let reader = Reader::new(model.vocabulary().clone(), tokens.clone(), config.positions)?;
        let mut asking = Asking::new(model, reader);
        asking.seen_items = seen_items;
        let popularity = train.popularity();
        let mut places = vec![0; popularity.len()];
        let mut candidates = Vec::new();
        for (item, place) in places.iter_mut().enumerate() {
            if popularity[item] > 0 {
                *place = candidates.len();
                candidates.push(ItemId::from_index(item));
            }
        }
        let items = rows.items().to_tensor(&model.device().inner());
        Ok(Self {
            search: ExactSearch::new(items, Similarity::Cosine)?,
            samples: Arc::new(samples(train, config.order, config.targets)),
            rows: Arc::new(rows.items().normalized().as_slice().to_vec()),
            train: train.clone(),
            candidates: Arc::new(candidates),
            places: Arc::new(places),
            asking,
            config,
        })
    }

    fn prompt(&self, history: &[ItemId], random: &mut StdRng) -> &Prompt {
        let prompts = &self.config.prompts;
        if history.is_empty() || random.random_bool(self.config.user_only) {
            return &prompts.user_only;
        }
        &prompts.seen[random.random_range(0..prompts.seen.len())]
    }

    /// Rows of items as `[batch, targets, d]`; zeros for `None`.
    fn gathered(&self, items: &[Option<ItemId>], targets: usize, device: &Device) -> Tensor<3> {
        let d = self.config.d_row;
        let mut values = vec![0.0; items.len() * d];
        for (row, item) in values.chunks_exact_mut(d).zip(items) {
            if let Some(item) = item {
                row.copy_from_slice(&self.rows[item.index() * d..][..d]);
            }
        }
        let shape = [items.len() / targets, targets, d];
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// Rows of all candidates, `[candidates, d]`.
    fn candidate_rows(&self, device: &Device) -> Tensor<2> {
        let items: Vec<Option<ItemId>> = self.candidates.iter().copied().map(Some).collect();
        let rows = self.gathered(&items, 1, device);
        rows.reshape([items.len(), self.config.d_row])
    }
}

impl Task for NearItems {
    type Model = RetrievalModel;
    type Batch = Batch;

    fn samples(&self) -> usize {
        self.samples.len()
    }

    fn length(&self, sample: usize) -> usize {
        let (order, most) = (self.config.order, self.config.max_history);
        self.samples[sample].length(&self.train, order, most)
    }

    fn batch(&self, samples: &[usize], seed: u64, device: &Device) -> Batch {
        let (order, most) = (self.config.order, self.config.max_history);
        let mut random = StdRng::seed_from_u64(mixed(seed, 1));
        let targets = self.config.targets;
        let mut read = Vec::with_capacity(samples.len());
        let (mut positives, mut negatives) = (Vec::new(), Vec::new());
        for &sample in samples {
            let sample = &self.samples[sample];
            let history = sample.history(&self.train, order, most, &mut random);
            let prompt = self.prompt(&history, &mut random);
            read.push((prompt, sample.user.index(), history));
            let (found, taken) = (sample.targets(&self.train), self.train.history(sample.user));
            for place in 0..targets {
                positives.push(found.get(place).copied());
                negatives.push(
                    found
                        .get(place)
                        .map(|_| negative(&self.candidates, taken, &mut random)),
                );
            }
        }
        let asked: Vec<Asked<'_>> = read
            .iter()
            .map(|(prompt, user, history)| Asked {
                prompt,
                user: Some(*user),
                history,
            })
            .collect();
        let weights: Vec<f32> = positives
            .iter()
            .map(|item| f32::from(u8::from(item.is_some())))
            .collect();
        let shape = [samples.len(), targets];
        Batch {
            inputs: self.asking.reader.inputs(&asked, device),
            targets: match self.config.loss {
                RetrievalLoss::Pairwise { .. } => Targets::Rows([
                    self.gathered(&positives, targets, device),
                    self.gathered(&negatives, targets, device),
                ]),
                RetrievalLoss::Softmax { .. } => {
                    let place = |item: &Option<ItemId>| {
                        item.map_or(0, |item| self.places[item.index()] as i64)
                    };
                    let places: Vec<i64> = positives.iter().map(place).collect();
                    Targets::Numbers(Tensor::from_data(TensorData::new(places, shape), device))
                }
            },
            predictions: positives.iter().flatten().count(),
            weights: Tensor::from_data(TensorData::new(weights, shape), device),
        }
    }

    fn predictions(&self, batch: &Batch) -> usize {
        batch.predictions
    }

    fn loss(
        &self,
        model: &RetrievalModel,
        _shared: &[Tensor<2>],
        batch: &Batch,
        predictions: usize,
        seed: u64,
    ) -> Tensor<1> {
        model.t5.seed_dropout(seed);
        let answers = model.forward(&batch.inputs);
        let weights = batch.weights.clone();
        match (self.config.loss, &batch.targets) {
            (RetrievalLoss::Pairwise { margin }, Targets::Rows(rows)) => {
                let [positives, negatives] = rows.clone();
                pairwise_loss(answers, positives, negatives, weights, margin, predictions)
            }
            (RetrievalLoss::Softmax { temperature }, Targets::Numbers(targets)) => {
                let candidates = self.candidate_rows(&answers.device());
                softmax_loss(
                    answers,
                    candidates,
                    targets.clone(),
                    weights,
                    temperature,
                    predictions,
                )
            }
            _ => unreachable!("batches are made for the loss of the configuration"),
        }
    }

    // A model whose weights are no longer numbers answers nothing, which gains nothing; its loss is what ends the training.
    fn recommend(&self, model: &RetrievalModel, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        self.asking
            .recommend(model, &self.search, queries, k)
            .unwrap_or_else(|_| vec![Ranked::default(); queries.len()])
    }

    fn describe(&self, bytes: &mut Vec<u8>) {
        let settings = (
            &self.config,
            self.asking.reader.vocabulary(),
            self.asking.seen_items,
        );
        bytes.extend(serde_json::to_vec(&settings).expect("plain data is serializable"));
        let tokens = self.asking.reader.tokens();
        for table in [tokens.users(), tokens.items()] {
            let codes = table.table().as_slice().iter();
            bytes.extend(codes.flat_map(|code| code.get().to_le_bytes()));
            bytes.extend(u32::MAX.to_le_bytes());
        }
        for (_, history) in self.train.iter() {
            bytes.extend((history.len() as u64).to_le_bytes());
            bytes.extend(history.iter().flat_map(|item| item.get().to_le_bytes()));
        }
        bytes.extend(self.rows.iter().flat_map(|value| value.to_le_bytes()));
    }
}
