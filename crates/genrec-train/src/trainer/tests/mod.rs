//! A training learns what there is to learn, and says what is wrong.

mod resume;

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn::train::TrainStep;
use genrec_data::{Interactions, ItemId, Split, leave_one_out};
use genrec_metrics::{Query, Ranked};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::learner::Piece;
use super::*;
use crate::{Draw, Dropout, Samples};

const ITEMS: u32 = 16;

/// What follows an item: the simplest recommender that has something to learn.
#[derive(Module, Debug)]
struct Bigrams {
    /// `[items, items]`
    logits: Param<Tensor<2>>,
    #[module(skip)]
    dropout: Dropout,
}

impl Bigrams {
    fn new() -> Self {
        let items = ITEMS as usize;
        Self {
            logits: Param::from_tensor(
                Draw::new(1, &Device::default()).normal([items, items], 0.1),
            ),
            dropout: Dropout::new(0.1),
        }
    }

    fn rows(&self, items: &[u32], device: &Device) -> Tensor<2> {
        self.dropout
            .apply(self.logits.val())
            .select(0, indices(items, device))
    }
}

fn indices(items: &[u32], device: &Device) -> Tensor<1, Int> {
    let items: Vec<i32> = items.iter().map(|&item| item as i32).collect();
    Tensor::from_data(TensorData::from(items.as_slice()), device)
}

#[derive(Clone, Debug)]
struct NextItem {
    samples: Samples,
    /// Whether the pieces of a batch share the logits of all items.
    shares: bool,
}

/// Items, and what followed each.
struct Pairs(Vec<u32>, Vec<u32>);

impl Task for NextItem {
    type Model = Bigrams;
    type Batch = Pairs;

    fn samples(&self) -> usize {
        self.samples.len()
    }

    fn length(&self, sample: usize) -> usize {
        self.samples.history(sample).len()
    }

    fn batch(&self, samples: &[usize], _seed: u64, _device: &Device) -> Pairs {
        let all =
            |items: &dyn Fn(usize) -> Vec<u32>| samples.iter().flat_map(|&s| items(s)).collect();
        let numbers = |items: &[ItemId]| items.iter().map(|item| item.get()).collect();
        Pairs(
            all(&|sample| numbers(self.samples.history(sample))),
            all(&|sample| numbers(self.samples.targets(sample))),
        )
    }

    fn predictions(&self, batch: &Pairs) -> usize {
        batch.1.len()
    }

    fn shared(&self, model: &Bigrams, _pieces: &[&Pairs]) -> Vec<Tensor<2>> {
        match self.shares {
            // The second is read by nobody.
            true => vec![log_softmax(model.logits.val(), 1), model.logits.val()],
            false => Vec::new(),
        }
    }

    fn loss(
        &self,
        model: &Bigrams,
        shared: &[Tensor<2>],
        batch: &Pairs,
        predictions: usize,
        seed: u64,
    ) -> Tensor<1> {
        model.dropout.seed(seed);
        let device = model.logits.val().device();
        let rows = match shared.first() {
            Some(all) => all.clone().select(0, indices(&batch.0, &device)),
            None => log_softmax(model.rows(&batch.0, &device), 1),
        };
        let targets = indices(&batch.1, &device).reshape([-1, 1]);
        rows.gather(1, targets).sum() / -(predictions as f64)
    }

    fn recommend(&self, model: &Bigrams, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        let answer = |query: &Query<'_>| {
            let last = query.history.last().expect("nobody is new here").get();
            let row = model.rows(&[last], &Device::default()).into_data();
            Ranked::from_scores(&row.iter::<f32>().collect::<Vec<_>>(), k)
        };
        queries.iter().map(answer).collect()
    }

    fn describe(&self, bytes: &mut Vec<u8>) {
        self.samples.describe(bytes);
    }
}

fn training() -> TrainingConfig {
    TrainingConfig::new()
        .with_epochs(4)
        .with_batch_size(32)
        .with_piece_rows(Some(12))
        .with_accumulation(1)
        .with_learning_rate(2e-2)
        .with_averaging(Some(0.8))
        .with_validation_users(50)
        .with_seed(5)
}

/// Users who walk through the items by a fixed step, or anyhow.
fn world(planted: bool, seed: u64) -> Split {
    let mut rng = StdRng::seed_from_u64(seed);
    let histories = (0..200)
        .map(|_| {
            let mut item = rng.random_range(0..ITEMS);
            (0..rng.random_range(4..9))
                .map(|_| {
                    item = if planted {
                        (item * 5 + 3) % ITEMS
                    } else {
                        rng.random_range(0..ITEMS)
                    };
                    ItemId::new(item)
                })
                .collect()
        })
        .collect();
    leave_one_out(&Interactions::new(ITEMS as usize, histories).unwrap()).unwrap()
}

fn task(split: &Split) -> NextItem {
    NextItem {
        samples: Samples::new(&split.train, 20, true),
        shares: false,
    }
}

fn fit(split: &Split, training: TrainingConfig, folder: &Path) -> crate::Result<Trained<Bigrams>> {
    fit_from(Bigrams::new(), split, training, folder)
}

fn fit_from(
    model: Bigrams,
    split: &Split,
    training: TrainingConfig,
    folder: &Path,
) -> crate::Result<Trained<Bigrams>> {
    Trainer::new(training, folder).with_resume(true).fit(
        model,
        task(split),
        &split.validation,
        |_| {},
    )
}

fn refusal(split: &Split, training: TrainingConfig, folder: &Path) -> String {
    fit(split, training, folder).unwrap_err().to_string()
}

fn weights(model: &Bigrams) -> Vec<f32> {
    model.logits.val().into_data().iter().collect()
}

#[test]
fn planted_structure_is_learnt_and_noise_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let training = training().with_epochs(20).with_learning_rate(0.1);
    let planted = fit(
        &world(true, 1),
        training.clone(),
        &folder.path().join("planted"),
    )
    .unwrap();
    assert!(
        planted.best.validation.unwrap() > 0.99,
        "{:?}",
        planted.best
    );
    let noise = fit(&world(false, 1), training, &folder.path().join("noise")).unwrap();
    // Guessing at 16 items: the mean of 1 / log2(rank + 1) over ranks up to 10 is 0.28.
    assert!(noise.best.validation.unwrap() < 0.45, "{:?}", noise.best);
}

struct Gradients<'a>(&'a GradientsParams, Vec<f32>);

impl ModuleVisitor for Gradients<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = self.0.get::<D>(param.id).expect("every weight takes part");
        self.1.extend(gradient.into_data().iter::<f32>());
    }
}

#[test]
fn pieces_of_a_batch_have_the_gradients_of_the_whole() {
    let task = task(&world(false, 6));
    let model = Bigrams {
        dropout: Dropout::new(0.0),
        ..Bigrams::new()
    };
    let gradients = |shares: bool, rows: usize| {
        let task = NextItem {
            shares,
            ..task.clone()
        };
        let learner = Trainer::new(training(), "unused").learner(model.clone(), task.clone());
        let all: Vec<usize> = (0..40).collect();
        let pieces = all
            .chunks(rows)
            .map(|rows| Piece {
                batch: task.batch(rows, 0, &Device::default()),
                seed: 0,
            })
            .collect();
        let output = TrainStep::step(&learner, pieces);
        let mut gradients = Gradients(&output.grads, Vec::new());
        learner.model.visit(&mut gradients);
        (output.item.0.into_scalar::<f32>(), gradients.1)
    };
    let (loss, whole) = gradients(false, 40);
    for (shares, rows) in [false, true]
        .into_iter()
        .flat_map(|shares| [1, 7, 16, 40].map(|rows| (shares, rows)))
    {
        let (other, pieces) = gradients(shares, rows);
        assert!((loss - other).abs() < 1e-5, "{loss} and {other}");
        for (a, b) in whole.iter().zip(&pieces) {
            assert!((a - b).abs() < 1e-6, "{a} and {b} in pieces of {rows}");
        }
        for cores in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(cores).build();
            let again = pool.unwrap().install(|| gradients(shares, rows).1);
            assert_eq!(pieces, again, "the same bits on {cores} cores");
        }
    }
}

#[test]
fn the_average_follows_the_weights() {
    let split = world(true, 7);
    let folder = tempfile::tempdir().unwrap();
    let one_step = training()
        .with_epochs(1)
        .with_batch_size(1000)
        .with_piece_rows(None);
    let fit = |averaging: Option<f64>, name: &str| {
        let training = one_step.clone().with_averaging(averaging);
        let trained = fit(&split, training, &folder.path().join(name)).unwrap();
        weights(&trained.model)
    };
    let (start, end) = (weights(&Bigrams::new()), fit(None, "none"));
    assert_ne!(start, end);
    let average = fit(Some(0.75), "average");
    for ((start, end), average) in start.iter().zip(&end).zip(&average) {
        assert!((0.75 * start + 0.25 * end - average).abs() < 1e-6);
    }
}

#[test]
fn a_training_that_diverges_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let split = world(true, 5);
    let mut model = Bigrams::new();
    model.logits = model.logits.map(|logits| logits * f32::NAN);
    for attempt in 0..2 {
        let error = fit_from(model.clone(), &split, training(), folder.path())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("the loss is NaN"),
            "attempt {attempt}: {error}"
        );
    }
}

#[test]
fn impossible_settings_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let split = world(true, 5);
    for (training, name) in [
        (training().with_epochs(0), "epochs"),
        (training().with_learning_rate(0.0), "learning_rate"),
        (training().with_warmup(1.5), "warmup"),
        (training().with_temperature(f64::NAN), "temperature"),
        (training().with_weight_decay(-0.1), "weight_decay"),
        (training().with_averaging(Some(1.0)), "averaging"),
        (training().with_label_smoothing(1.0), "label_smoothing"),
        (
            training().with_max_gradient_norm(Some(0.0)),
            "max_gradient_norm",
        ),
    ] {
        let error = refusal(&split, training, folder.path());
        assert!(error.contains(name) && error.len() < 100, "{error}");
    }
}

#[test]
fn a_batch_alone_is_not_taken_for_several() {
    let split = world(true, 8);
    let folder = tempfile::tempdir().unwrap();
    let one_batch = training().with_epochs(1).with_batch_size(1000);
    let fit = |accumulation: usize| {
        // The gradient is clipped, so that its size matters.
        let training = one_batch
            .clone()
            .with_accumulation(accumulation)
            .with_max_gradient_norm(Some(1e-3));
        let folder = folder.path().join(accumulation.to_string());
        weights(&fit(&split, training, &folder).unwrap().model)
    };
    for (one, four) in fit(1).iter().zip(&fit(4)) {
        assert!((one - four).abs() < 1e-7, "{one} {four}");
    }
}

#[test]
fn an_epoch_draws_as_many_samples_as_asked() {
    let split = world(true, 9);
    let above = tempfile::tempdir().unwrap();
    let total = task(&split).samples();
    let training = || training().with_samples_per_epoch(Some(100));
    let folder = above.path().join("whole");
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = seen.clone();
    let listener = move |event| {
        if let TrainingEvent::Step {
            epoch,
            samples,
            total,
            ..
        } = event
        {
            heard.lock().unwrap().push((epoch, samples, total));
        }
    };
    let whole = Trainer::new(training(), &folder)
        .fit(Bigrams::new(), task(&split), &split.validation, listener)
        .unwrap();
    let seen = seen.lock().unwrap();
    assert!(total > 100, "{total}");
    assert!(
        seen.iter()
            .all(|&(_, samples, total)| samples <= 100 && total == 100)
    );
    assert!(seen.contains(&(4, 100, 100)), "{seen:?}");
    // Another seed draws others.
    let four = weights(&whole.model);
    let other = above.path().join("other");
    let other = fit(&split, training().with_seed(77), &other).unwrap();
    assert_ne!(weights(&other.model), four);
    assert!(
        fit(
            &split,
            training().with_samples_per_epoch(Some(0)),
            &above.path().join("none")
        )
        .is_err()
    );
}
