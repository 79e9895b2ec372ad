//! The training of a model.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use genrec::data::{Interactions, ItemId, Split, leave_one_out};
use genrec::identify::{IdentifierTable, ItemTokens, Vocabulary};
use genrec::model::{SequenceTrainer, Trained, TrainingConfig};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{folder, kill};
use crate::fixture::{bits, model};

const ITEMS: u32 = 64;
const EPOCHS: usize = 16;

fn tokens() -> Arc<ItemTokens> {
    let identifiers = (0..ITEMS).map(|i| [i % 8, i / 8].into_iter().collect());
    let table = IdentifierTable::new(identifiers.collect()).unwrap();
    Arc::new(Vocabulary::of(&table).tokenize(&table))
}

/// Users who mostly walk through the items by a fixed step.
fn world() -> Split {
    let mut rng = StdRng::seed_from_u64(8);
    let histories = (0..400)
        .map(|_| {
            let mut item = rng.random_range(0..ITEMS);
            (0..rng.random_range(4..12))
                .map(|_| {
                    item = if rng.random_bool(0.7) {
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

fn train(folder: &Path) -> Trained {
    let (tokens, split) = (tokens(), world());
    let training = TrainingConfig::new()
        .with_epochs(EPOCHS)
        .with_batch_size(16)
        .with_accumulation(2)
        .with_learning_rate(5e-3)
        .with_validation_users(200)
        .with_seed(5);
    SequenceTrainer::new(training, folder)
        .with_resume(true)
        .fit(
            model(&tokens, 1),
            &tokens,
            &split.train,
            &split.validation,
            |_| {},
        )
        .unwrap()
}

/// The last epoch that has a whole checkpoint; 0 if none has.
fn last_checkpoint(folder: &Path) -> usize {
    let names = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
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
fn a_killed_training_ends_in_the_same_weights() {
    let above = tempfile::tempdir().unwrap();
    let undisturbed = train(&above.path().join("undisturbed"));
    assert_eq!(undisturbed.epochs.len(), EPOCHS);
    assert!(undisturbed.epochs[EPOCHS - 1].loss < undisturbed.epochs[0].loss);

    let folder = above.path().join("killed");
    let kill_at = |reached: &dyn Fn() -> bool, milliseconds| {
        let moment = Duration::from_millis(milliseconds);
        kill("killed::sequence::process", &folder, reached, moment);
    };
    // Before there is any checkpoint.
    kill_at(&|| folder.exists(), 10);
    // While one is written: its folder has its temporary name. Where that was too quick to be seen, right after.
    for epoch in [1, 3, 4] {
        let partial = folder.join(format!("epoch-{epoch:05}.partial"));
        kill_at(&|| partial.exists() || last_checkpoint(&folder) >= epoch, 0);
    }
    // Somewhere in the epoch after.
    for (epoch, milliseconds) in [(5, 0), (6, 10), (7, 30), (8, 60)] {
        kill_at(&|| last_checkpoint(&folder) >= epoch, milliseconds);
    }
    let last = last_checkpoint(&folder);
    assert!((8..EPOCHS).contains(&last), "{last} epochs were saved");

    let resumed = train(&folder);
    assert_eq!(resumed.best.epoch, undisturbed.best.epoch);
    assert!(
        bits(&resumed.model) == bits(&undisturbed.model),
        "other weights"
    );
    // To the last bit, too, as the best epoch is chosen by these numbers.
    assert_eq!(resumed.best, undisturbed.best);
    assert_eq!(resumed.epochs, undisturbed.epochs);
}
