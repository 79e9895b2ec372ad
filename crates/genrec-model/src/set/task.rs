//! What a SETRec model learns: the tokens of the next item, and to say again what the items say.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use genrec_data::{Interactions, ItemId, Validation};
use genrec_embed::Embeddings;
use genrec_metrics::{Query, Ranked};
use genrec_train::{Samples, Task, Trained, Trainer, TrainingConfig, TrainingEvent, softmax_loss};

use super::config::Reconstruction;
use super::model::{Histories, SetModel, by_slot};
use super::recommender::SetRecommender;
use super::rows::ItemRows;
use crate::Result;
use crate::train::expect_same_items;

/// Trains a [`SetModel`], with checkpoints in a folder; a [`Trainer`] that measures the recommender on a sample of the validation users by NDCG@10, with beta at 0.5.
///
/// The loss is the mean over the tokens of an answer of the cross-entropy over all items that [take part](super::SetRecConfig::unmet_items), plus alpha times the error of the reconstruction (SETRec, equation 7). Their
/// tokens are worked out once a step, however many pieces its batch has ([`piece_rows`](TrainingConfig::piece_rows)).
#[derive(Clone, Debug)]
pub struct SetTrainer(Trainer);

impl SetTrainer {
    /// A trainer that keeps its checkpoints in `folder`.
    pub fn new(config: TrainingConfig, folder: impl AsRef<Path>) -> Self {
        Self(Trainer::new(config, folder))
    }

    /// Whether to go on from the last checkpoint in the folder, if there is one. Without it a folder with checkpoints is refused.
    pub fn with_resume(self, resume: bool) -> Self {
        Self(self.0.with_resume(resume))
    }

    /// Trains on the histories of `train`, measured on `validation`; `listener` hears of every batch and epoch.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) if there is not one row an item, and those of [`Trainer::fit`].
    pub fn fit(
        &self,
        model: SetModel,
        rows: &ItemRows,
        train: &Interactions,
        validation: &Validation,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<Trained<SetModel>> {
        rows.expect_items(train.items())?;
        expect_same_items(train, validation)?;
        // Refuses rows that the model does not read.
        model.table(rows)?;
        let config = model.config();
        let samples = Samples::new(train, config.max_history, config.whole_sequences);
        let popularity = train.popularity();
        let part = |item: usize| config.unmet_items || popularity[item] > 0;
        let task = NextSet {
            settings: format!("{config}"),
            temperature: self.0.config().temperature,
            label_smoothing: self.0.config().label_smoothing,
            ..NextSet::of(samples, rows, (0..train.items()).filter(|&item| part(item)))
        };
        Ok(self.0.fit(model, task, validation, listener)?)
    }
}

/// The task of a [`SetModel`].
#[derive(Clone, Debug)]
pub(super) struct NextSet {
    samples: Samples,
    /// Of all items.
    all: Arc<ItemRows>,
    /// Of those that take part in training.
    rows: Arc<ItemRows>,
    /// The number of an item among these.
    numbers: Arc<Vec<Option<i64>>>,
    settings: String,
    temperature: f64,
    label_smoothing: f64,
}

/// Histories, and what follows them.
pub(super) struct Batch {
    pub(super) histories: Histories,
    /// True where a group may look at an item, `[batch, groups, history]`: one group a predicted item.
    visible: Tensor<3, Bool>,
    /// The numbers, among all groups of the batch, of those that predict an item, `[predictions]`.
    places: Tensor<1, Int>,
    /// `[predictions]`
    targets: Tensor<1, Int>,
}

impl NextSet {
    /// A task with neither temperature nor smoothing, in which these items take part: all that are in the samples, at least.
    pub(super) fn of(samples: Samples, rows: &ItemRows, part: impl Iterator<Item = usize>) -> Self {
        let part: Vec<usize> = part.collect();
        let items = part.last().map_or(0, |last| last + 1);
        let mut numbers = vec![None; items];
        for (number, &item) in part.iter().enumerate() {
            numbers[item] = Some(number as i64);
        }
        let select = |rows: &Option<Embeddings>| rows.as_ref().map(|rows| rows.select(&part));
        Self {
            samples,
            all: Arc::new(rows.clone()),
            rows: Arc::new(ItemRows {
                collaborative: select(&rows.collaborative),
                text: select(&rows.text),
            }),
            numbers: Arc::new(numbers),
            settings: String::new(),
            temperature: 1.0,
            label_smoothing: 0.0,
        }
    }

    /// Frozen rows of the items that take part, on a device.
    fn rows(&self, device: &Device) -> (Option<Tensor<2>>, Option<Tensor<2>>) {
        let tensor = |rows: &Option<Embeddings>| rows.as_ref().map(|rows| rows.to_tensor(device));
        (tensor(&self.rows.collaborative), tensor(&self.rows.text))
    }
}

impl Task for NextSet {
    type Model = SetModel;
    type Batch = Batch;

    fn samples(&self) -> usize {
        self.samples.len()
    }

    fn length(&self, sample: usize) -> usize {
        self.samples.history(sample).len()
    }

    fn batch(&self, samples: &[usize], _seed: u64, device: &Device) -> Batch {
        let read: Vec<_> = samples
            .iter()
            .map(|&sample| self.samples.history(sample))
            .collect();
        let number =
            |item: ItemId| self.numbers[item.index()].expect("somebody met what is in a sample");
        let histories = Histories::new(&read, number, device);
        let [rows, length] = histories.items.dims();
        let found = || samples.iter().map(|&sample| self.samples.targets(sample));
        let groups = found().map(<[_]>::len).max().unwrap_or(1);
        let mut visible = vec![false; rows * groups * length];
        let (mut places, mut targets) = (Vec::new(), Vec::new());
        for (row, (history, found)) in read.iter().zip(found()).enumerate() {
            for (group, target) in found.iter().enumerate() {
                // The last target follows the whole history, the one before it all but the last item, and so on.
                let seen = history.len() - (found.len() - 1 - group);
                visible[(row * groups + group) * length..][..seen].fill(true);
                places.push((row * groups + group) as i64);
                targets.push(number(*target));
            }
        }
        let predictions = targets.len();
        let shape = [rows, groups, length];
        Batch {
            histories,
            visible: Tensor::from_data(TensorData::new(visible, shape), device),
            places: Tensor::from_data(TensorData::new(places, [predictions]), device),
            targets: Tensor::from_data(TensorData::new(targets, [predictions]), device),
        }
    }

    fn predictions(&self, batch: &Batch) -> usize {
        batch.targets.dims()[0]
    }

    /// The tokens of the items that take part, `[items, d_model]` for every slot, and the error of the reconstruction, `[1, 1]`, where there is one.
    fn shared(&self, model: &SetModel, pieces: &[&Batch]) -> Vec<Tensor<2>> {
        let (collaborative, text) = self.rows(&model.queries.val().device());
        let made = model
            .tokenizer
            .forward(collaborative.as_ref(), text.as_ref());
        let histories: Vec<_> = pieces.iter().map(|piece| &piece.histories).collect();
        let over = model.config().reconstruction;
        let errors = made.reconstructed.zip(text);
        let error = errors.map(|(again, text)| reconstruction(over, again - text, &histories));
        let mut shared = by_slot(&made.tokens);
        shared.extend(error.map(Tensor::unsqueeze));
        shared
    }

    fn loss(
        &self,
        model: &SetModel,
        shared: &[Tensor<2>],
        batch: &Batch,
        predictions: usize,
        seed: u64,
    ) -> Tensor<1> {
        model.t5.seed_dropout(seed);
        let config = model.config();
        let (tokens, error) = shared.split_at(config.tokenizer.slots());
        let answers = model.answers(tokens, &batch.histories, &batch.visible);
        let [rows, groups, slots, d_model] = answers.dims();
        let answers = answers
            .reshape([rows * groups, slots, d_model])
            .select(0, batch.places.clone())
            / self.temperature;
        let mut loss = Tensor::zeros([1], &answers.device());
        for (k, items) in tokens.iter().enumerate() {
            let states = answers.clone().narrow(1, k, 1).squeeze_dim::<2>(1);
            let (items, targets) = (items.clone(), batch.targets.clone());
            loss = loss + softmax_loss(states, items, targets, self.label_smoothing, predictions);
        }
        loss = loss / slots as f64;
        let Some(error) = error.first() else {
            return loss;
        };
        // The reconstruction counts once a step, however many pieces the step has.
        let share = self.predictions(batch) as f64 / predictions as f64;
        loss + error.clone().reshape([1]) * (config.alpha * share)
    }

    fn recommend(&self, model: &SetModel, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        let made = model
            .table(&self.all)
            .and_then(|table| SetRecommender::new("", model.clone(), table))
            .and_then(|recommender| recommender.try_recommend(queries, k));
        // A model that has diverged finds nothing; the loss says so too.
        made.unwrap_or_else(|_| vec![Ranked::default(); queries.len()])
    }

    fn describe(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.settings.as_bytes());
        self.samples.describe(bytes);
        for rows in [&self.all.collaborative, &self.all.text] {
            let values = rows.iter().flat_map(Embeddings::as_slice);
            bytes.extend(values.flat_map(|value| value.to_le_bytes()));
            bytes.push(u8::MAX);
        }
    }
}

/// The mean of the squared errors, `[items, d_x]`, over all items (each its squared norm), or over the items of the histories and all their elements.
pub(super) fn reconstruction(
    over: Reconstruction,
    errors: Tensor<2>,
    histories: &[&Histories],
) -> Tensor<1> {
    let [items, d_text] = errors.dims();
    match over {
        Reconstruction::Items => errors.square().sum() / items as f64,
        Reconstruction::History => {
            let norms = errors.square().sum_dim(1);
            let sums = histories.iter().map(|histories| {
                let [batch, length] = histories.items.dims();
                let ids = histories.items.clone().reshape([batch * length]);
                let real = histories.mask.clone().float().reshape([batch * length, 1]);
                (
                    (norms.clone().select(0, ids) * real.clone()).sum(),
                    real.sum(),
                )
            });
            let sums = sums.reduce(|(sum, count), (more, real)| (sum + more, count + real));
            let (sum, count) = sums.expect("a batch has at least one piece");
            sum / (count * d_text as f64)
        }
    }
}
