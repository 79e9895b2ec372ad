//! What a sequential model learns: the item after every item, or the items that are masked.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use genrec_data::{Interactions, ItemId, UserId};
use genrec_metrics::{Query, Ranked, Recommender};
use genrec_train::{Samples, Task, TrainingConfig, softmax_loss};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::config::{Architecture, Loss, SequentialConfig};
use super::inputs::Inputs;
use super::loss::{logistic_loss, sampled_softmax_loss};
use super::model::{SequentialModel, numbers};

/// The task of a [`SequentialModel`].
#[derive(Clone, Debug)]
pub(super) struct NextItem {
    config: SequentialConfig,
    samples: Samples,
    items: usize,
    users: usize,
    temperature: f64,
    label_smoothing: f64,
}

/// Histories, and what is predicted where.
pub(super) struct Batch {
    inputs: Inputs,
    /// The number of the place of every prediction among all, `[predictions]`.
    places: Tensor<1, Int>,
    /// `[predictions]`
    targets: Tensor<1, Int>,
    drawn: Option<Drawn>,
}

/// Items that were drawn.
#[expect(clippy::large_enum_variant, reason = "there is one a batch")]
enum Drawn {
    /// The same for all predictions, `[negatives]`, and where they are the target, `[predictions, negatives]`.
    Shared(Tensor<1, Int>, Tensor<2, Bool>),
    /// For every prediction, `[predictions, negatives]`: none is the target.
    Each(Tensor<2, Int>),
}

impl NextItem {
    pub(super) fn new(
        model: &SequentialModel,
        train: &Interactions,
        training: &TrainingConfig,
    ) -> Self {
        Self {
            config: model.config.clone(),
            samples: Samples::new(train, model.config.max_history, true),
            items: model.items,
            users: model.users,
            temperature: training.temperature,
            label_smoothing: training.label_smoothing,
        }
    }

    /// What a row reads, and the places and items that it predicts.
    fn row(&self, sample: usize, random: &mut StdRng) -> (Row, Vec<(usize, i64)>) {
        let (history, targets) = (self.samples.history(sample), self.samples.targets(sample));
        let user = Some(self.samples.user(sample));
        let Architecture::Bert4Rec { masked, .. } = self.config.architecture else {
            let predictions = numbers(targets).into_iter().enumerate().collect();
            return ((user, numbers(history)), predictions);
        };
        // The stretch with the item after it, each item hidden with probability `masked`; if none is, the last one, as when the model is asked.
        let last: &ItemId = targets.last().expect("a sample predicts an item");
        let mut items = numbers(history);
        items.push(i64::from(last.get()));
        let mut predictions = Vec::new();
        for (place, item) in items.iter_mut().enumerate() {
            if random.random_bool(masked) {
                predictions.push((place, std::mem::replace(item, self.items as i64)));
            }
        }
        if predictions.is_empty() {
            let place = items.len() - 1;
            predictions.push((
                place,
                std::mem::replace(&mut items[place], self.items as i64),
            ));
        }
        ((user, items), predictions)
    }

    fn draw(&self, targets: &[i64], random: &mut StdRng, device: &Device) -> Option<Drawn> {
        let negatives = self.config.loss.negatives()?;
        let items = self.items as i64;
        let predictions = targets.len();
        Some(match self.config.loss {
            Loss::SampledSoftmax { .. } => {
                let drawn: Vec<i64> = (0..negatives)
                    .map(|_| random.random_range(0..items))
                    .collect();
                let same: Vec<bool> = targets
                    .iter()
                    .flat_map(|target| drawn.iter().map(move |drawn| drawn == target))
                    .collect();
                Drawn::Shared(
                    Tensor::from_data(TensorData::new(drawn, [negatives]), device),
                    Tensor::from_data(TensorData::new(same, [predictions, negatives]), device),
                )
            }
            _ => {
                // Uniform over the items that are not the target.
                let mut other = |target: i64| {
                    let drawn = random.random_range(0..items - 1);
                    drawn + i64::from(drawn >= target)
                };
                let drawn: Vec<i64> = targets
                    .iter()
                    .flat_map(|&target| (0..negatives).map(|_| other(target)).collect::<Vec<_>>())
                    .collect();
                Drawn::Each(Tensor::from_data(
                    TensorData::new(drawn, [predictions, negatives]),
                    device,
                ))
            }
        })
    }
}

/// A user, and the numbers of the items that are read.
type Row = (Option<UserId>, Vec<i64>);

impl Task for NextItem {
    type Model = SequentialModel;
    type Batch = Batch;

    fn samples(&self) -> usize {
        self.samples.len()
    }

    fn length(&self, sample: usize) -> usize {
        self.samples.history(sample).len()
    }

    fn batch(&self, samples: &[usize], seed: u64, device: &Device) -> Batch {
        let mut random = StdRng::seed_from_u64(seed);
        let rows: Vec<(Row, Vec<(usize, i64)>)> = samples
            .iter()
            .map(|&sample| self.row(sample, &mut random))
            .collect();
        let length = rows.iter().map(|((_, items), _)| items.len()).max();
        let length = length.unwrap_or(1);
        let mut places = Vec::new();
        let mut targets = Vec::new();
        for (row, (_, predictions)) in rows.iter().enumerate() {
            places.extend(
                predictions
                    .iter()
                    .map(|&(place, _)| (row * length + place) as i64),
            );
            targets.extend(predictions.iter().map(|&(_, target)| target));
        }
        let histories: Vec<Row> = rows.into_iter().map(|(row, _)| row).collect();
        let drawn = self.draw(&targets, &mut random, device);
        let predictions = targets.len();
        Batch {
            inputs: Inputs::new(&histories, self.config.max_places(), self.users, device),
            places: Tensor::from_data(TensorData::new(places, [predictions]), device),
            targets: Tensor::from_data(TensorData::new(targets, [predictions]), device),
            drawn,
        }
    }

    fn predictions(&self, batch: &Batch) -> usize {
        batch.targets.dims()[0]
    }

    fn loss(
        &self,
        model: &SequentialModel,
        _shared: &[Tensor<2>],
        batch: &Batch,
        predictions: usize,
        seed: u64,
    ) -> Tensor<1> {
        model.dropout.seed(seed);
        let states = model.forward(&batch.inputs);
        let states = model.at(states, batch.places.clone()) / self.temperature;
        let items = model.item_rows();
        let rows = |numbers: Tensor<1, Int>| items.clone().select(0, numbers);
        match &batch.drawn {
            None => {
                let targets = batch.targets.clone();
                softmax_loss(states, items, targets, self.label_smoothing, predictions)
            }
            Some(Drawn::Shared(drawn, same)) => sampled_softmax_loss(
                states,
                rows(batch.targets.clone()),
                rows(drawn.clone()),
                same.clone(),
                predictions,
            ),
            Some(Drawn::Each(drawn)) => {
                let [n, negatives] = drawn.dims();
                let drawn = rows(drawn.clone().reshape([n * negatives]));
                let width = drawn.dims()[1];
                let drawn = drawn.reshape([n, negatives, width]);
                let pairwise = matches!(self.config.loss, Loss::Pairwise { .. });
                let targets = rows(batch.targets.clone());
                logistic_loss(states, targets, drawn, pairwise, predictions)
            }
        }
    }

    fn recommend(&self, model: &SequentialModel, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        let ranked = Recommender::recommend(model, queries, k);
        let numbers = |ranked: &Ranked| ranked.scores().iter().all(|score| score.is_finite());
        match ranked.iter().all(numbers) {
            true => ranked,
            false => vec![Ranked::default(); queries.len()],
        }
    }

    fn describe(&self, bytes: &mut Vec<u8>) {
        let settings = format!("{:?} {} {}", self.config, self.items, self.users);
        bytes.extend(settings.into_bytes());
        self.samples.describe(bytes);
    }
}
