//! A training learns what there is to learn. (That it can be killed is tested where the trainer is, and in tests/integration with this task.)

use std::path::Path;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use genrec_data::{Interactions, ItemId, Split, leave_one_out};
use genrec_identify::{Identifier, IdentifierTable, ItemTokens, Vocabulary};
use genrec_train::{Samples, Task};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::batch::{Batch, Layout};
use super::loss::ranking_loss;
use super::task::NextIdentifier;
use super::*;
use crate::sequence::{
    DecoderInput, HistoryPositions, Retrieval, SequenceModel, SequenceModelConfig, SoftmaxOver,
};
use crate::t5::T5Config;

const ITEMS: u32 = 16;

fn tokens() -> Arc<ItemTokens> {
    let identifiers = (0..ITEMS)
        .map(|i| Identifier::from_iter([i % 4, i / 4]))
        .collect();
    let table = IdentifierTable::new(identifiers).unwrap();
    Arc::new(Vocabulary::of(&table).tokenize(&table))
}

fn config(tokens: &ItemTokens) -> SequenceModelConfig {
    let t5 = T5Config::new(tokens.vocabulary().len())
        .with_d_model(32)
        .with_d_kv(8)
        .with_d_ff(64)
        .with_n_heads(2)
        .with_encoder_layers(1)
        .with_decoder_layers(1)
        .with_causal_encoder(true);
    SequenceModelConfig::new(t5)
        .with_max_history(6)
        .with_positions(HistoryPositions::Items)
        .with_decoder_input(DecoderInput::TokenAndState)
}

fn training() -> TrainingConfig {
    TrainingConfig::new()
        .with_epochs(4)
        .with_batch_size(32)
        .with_piece_rows(Some(12))
        .with_accumulation(1)
        .with_learning_rate(5e-3)
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

fn model(tokens: &ItemTokens) -> SequenceModel {
    SequenceModel::new(config(tokens), tokens, 1, &Device::default()).unwrap()
}

fn fit(split: &Split, training: TrainingConfig, folder: &Path) -> crate::Result<Trained> {
    let tokens = tokens();
    SequenceTrainer::new(training, folder)
        .with_resume(true)
        .fit(
            model(&tokens),
            &tokens,
            &split.train,
            &split.validation,
            |_| {},
        )
}

#[test]
fn planted_structure_is_learnt_and_noise_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let training = training().with_epochs(40).with_batch_size(16);
    let planted = fit(
        &world(true, 1),
        training.clone(),
        &folder.path().join("planted"),
    )
    .unwrap();
    assert!(
        planted.best.validation.unwrap() > 0.95,
        "{:?}",
        planted.best
    );
    let noise = fit(&world(false, 1), training, &folder.path().join("noise")).unwrap();
    // Guessing at 16 items: mean of 1 / log2(rank + 1) over ranks up to 10 is 0.28.
    assert!(noise.best.validation.unwrap() < 0.45, "{:?}", noise.best);
}

#[test]
fn whole_sequences_teach_what_prefixes_teach() {
    let tokens = tokens();
    let split = world(true, 2);
    let retrieval = Retrieval::new(tokens.clone());
    for (positions, softmax, decoder_input) in [
        (
            HistoryPositions::Items,
            SoftmaxOver::Level,
            DecoderInput::TokenAndState,
        ),
        (
            HistoryPositions::Items,
            SoftmaxOver::Children,
            DecoderInput::Token,
        ),
        (
            HistoryPositions::Tokens,
            SoftmaxOver::Vocabulary,
            DecoderInput::TokenAndState,
        ),
    ] {
        let config = config(&tokens)
            .with_positions(positions)
            .with_softmax(softmax)
            .with_decoder_input(decoder_input);
        let model = SequenceModel::new(config, &tokens, 1, &Device::default()).unwrap();
        let loss = |whole_sequences| {
            let samples = Samples::new(&split.train, 20, whole_sequences);
            let all: Vec<usize> = (0..samples.len()).collect();
            let batch = Batch::new(
                &samples,
                &all,
                &retrieval,
                &Layout::of(&model),
                &model.device(),
            );
            (
                ranking_loss(&model, &batch, batch.tokens, 0.7, 0.1).into_scalar::<f32>(),
                batch.tokens,
            )
        };
        let ((whole, whole_tokens), (prefixes, prefix_tokens)) = (loss(true), loss(false));
        assert_eq!(whole_tokens, prefix_tokens);
        assert!(
            (whole - prefixes).abs() < 1e-4,
            "{whole} and {prefixes}, {positions:?}"
        );
    }
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
    let tokens = tokens();
    let split = world(false, 6);
    let config = config(&tokens);
    let config = SequenceModelConfig {
        t5: config.t5.with_dropout(0.0),
        ..config
    };
    let device = Device::default().autodiff();
    let model = SequenceModel::new(config, &tokens, 1, &device).unwrap();
    let task = NextIdentifier::new(&model, &tokens, &split.train, &training());
    let gradients = |rows: usize| {
        let all: Vec<usize> = (0..40).collect();
        let pieces: Vec<Batch> = all
            .chunks(rows)
            .map(|rows| task.batch(rows, 0, &device))
            .collect();
        let predictions = pieces.iter().map(|piece| task.predictions(piece)).sum();
        let loss = pieces
            .iter()
            .map(|piece| task.loss(&model, &[], piece, predictions, 0))
            .reduce(|sum, loss| sum + loss)
            .unwrap();
        let found = GradientsParams::from_grads(loss.backward(), &model);
        let mut gradients = Gradients(&found, Vec::new());
        model.visit(&mut gradients);
        (loss.into_scalar::<f32>(), gradients.1)
    };
    let (loss, whole) = gradients(40);
    let norm: f32 = whole.iter().map(|g| g * g).sum::<f32>().sqrt();
    for rows in [1, 7, 16] {
        let (other, pieces) = gradients(rows);
        assert!((loss - other).abs() < 1e-5, "{loss} and {other}");
        let apart = whole.iter().zip(&pieces).map(|(a, b)| (a - b) * (a - b));
        let apart: f32 = apart.sum::<f32>().sqrt();
        assert!(apart < 1e-5 * norm, "{apart} of {norm} in pieces of {rows}");
    }
}

#[test]
fn identifiers_of_another_catalogue_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let histories = vec![vec![ItemId::new(0); 5]; 3];
    let split = leave_one_out(&Interactions::new(20, histories).unwrap()).unwrap();
    let error = fit(&split, training(), folder.path())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("16 items") && error.contains("20 items"),
        "{error}"
    );
}
