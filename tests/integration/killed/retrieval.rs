//! The training of a model that answers by nearest neighbour, and of what makes its tokens.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use burn::tensor::Device;
use genrec::data::{Interactions, ItemId, Split, leave_one_out};
use genrec::embed::Embeddings;
use genrec::model::t5::T5Config;
use genrec::model::{
    Representations, RetrievalModel, RetrievalTrainer, TokenRecConfig, Tokenizers,
    TrainedRetrieval, TrainingConfig,
};
use genrec::quantize::{Callbacks, Checkpoints, MaskedVq, MaskedVqConfig, TrainerConfig};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{folder, kill};
use crate::fixture::bits;

const USERS: usize = 300;
const ITEMS: usize = 60;
const EPOCHS: usize = 12;

fn world() -> Split {
    let mut rng = StdRng::seed_from_u64(8);
    let histories = (0..USERS).map(|user| {
        let mut item = || ItemId::from_index((rng.random_range(0..20) * 3 + user % 3) % ITEMS);
        (0..8).map(|_| item()).collect()
    });
    leave_one_out(&Interactions::new(ITEMS, histories.collect()).unwrap()).unwrap()
}

fn config() -> TokenRecConfig {
    let mut config = TokenRecConfig::quick(8);
    for side in [&mut config.users, &mut config.items] {
        (side.codebook_sizes, side.hidden, side.d_code) = (vec![12; 2], vec![16, 12], 8);
    }
    config.users.kmeans_every = Some(7);
    config.tokenizing = TrainerConfig::new(40).with_batch(64).with_seed(2);
    config.model.t5 = T5Config::new(2)
        .with_d_model(32)
        .with_d_kv(8)
        .with_d_ff(64)
        .with_n_heads(2)
        .with_encoder_layers(1)
        .with_decoder_layers(1);
    config.model.targets = 2;
    config
}

fn train(folder: &Path) -> TrainedRetrieval {
    let (config, split, device) = (config(), world(), Device::default());
    let mut rng = StdRng::seed_from_u64(9);
    let mut draw = |rows: usize| {
        let values = (0..rows * 8)
            .map(|_| rng.random_range(-1.0..1.0_f32))
            .collect();
        Embeddings::from_vec(rows, 8, values).unwrap()
    };
    let (users, items) = (draw(USERS), draw(ITEMS));
    let rows = Representations::new(users, items).unwrap();
    let fit = |name: &str, config_: &MaskedVqConfig, rows: &Embeddings| -> MaskedVq {
        let checkpoints = Checkpoints::new(folder.join(name)).with_every(1);
        let trainer = config.tokenizing.init().with_checkpoints(checkpoints);
        let rows = rows.to_tensor(&device);
        let fitted = trainer.fit(config_.init(&device), &rows, Callbacks::new());
        fitted.unwrap().quantizer
    };
    let users = fit("users", &config.users, rows.users());
    let tokenizers = Tokenizers::new(users, fit("items", &config.items, rows.items())).unwrap();
    let tokens = Arc::new(tokenizers.tokens(&rows, &device).unwrap());
    let model = RetrievalModel::new(config.model.clone(), config.vocabulary(), 1, &device).unwrap();
    let training = TrainingConfig::new()
        .with_epochs(EPOCHS)
        .with_batch_size(16)
        .with_piece_rows(Some(8))
        .with_accumulation(2)
        .with_learning_rate(5e-3)
        .with_seed(5);
    RetrievalTrainer::new(training, folder.join("model"))
        .with_resume(true)
        .fit(
            model,
            &tokens,
            &rows,
            &split.train,
            &split.validation,
            |_| {},
        )
        .unwrap()
}

/// The last epoch of the model that has a whole checkpoint; 0 if none has.
fn last_checkpoint(folder: &Path) -> usize {
    let entries = fs::read_dir(folder.join("model"))
        .into_iter()
        .flatten()
        .flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter_map(|name| name.strip_prefix("epoch-")?.parse().ok())
        .max()
        .unwrap_or(0)
}

#[test]
#[ignore = "a process to be killed, started by the test beside it"]
fn process() {
    if let Some(folder) = folder() {
        train(&folder);
    }
}

#[test]
fn killed_tokenizers_and_model_end_in_the_same_weights() {
    let above = tempfile::tempdir().unwrap();
    let undisturbed = train(&above.path().join("undisturbed"));
    let folder = above.path().join("killed");
    let kill_at = |reached: &dyn Fn() -> bool, milliseconds| {
        let moment = Duration::from_millis(milliseconds);
        kill("killed::retrieval::process", &folder, reached, moment);
    };
    // While tokens of users are learnt, while those of items are, and in several epochs of the model.
    kill_at(&|| folder.join("users").exists(), 60);
    kill_at(&|| folder.join("items").exists(), 40);
    for (epoch, milliseconds) in [(1, 0), (2, 10), (5, 30)] {
        kill_at(&|| last_checkpoint(&folder) >= epoch, milliseconds);
    }
    assert!((5..EPOCHS).contains(&last_checkpoint(&folder)));
    let resumed = train(&folder);
    assert!(
        bits(&resumed.model) == bits(&undisturbed.model),
        "other weights"
    );
    assert_eq!(resumed.epochs, undisturbed.epochs);
}
