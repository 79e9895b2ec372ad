//! Trainings that run in a process of their own, are killed by SIGKILL again and again, and end as if nothing had happened.
//!
//! The process is this test binary: it runs one of the ignored tests below, which trains in the folder that the environment names.
#![cfg(unix)]

use std::ops::ControlFlow;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs};

use burn::tensor::Device;
use genrec::data::{Interactions, ItemId, Split, leave_one_out};
use genrec::embed::Embeddings;
use genrec::identify::letter::{Letter, LetterConfig};
use genrec::identify::{IdentifierTable, ItemTokens, Vocabulary};
use genrec::model::{SequenceTrainer, Trained, TrainingConfig};
use genrec::quantize::Checkpoints;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::fixture::{bits, model};

/// Where the process that will be killed trains.
const FOLDER: &str = "GENREC_TEST_KILLED_FOLDER";

/// Starts the ignored test `name`, trains in `folder` until `reached`, waits a moment more, and kills it.
fn kill(name: &str, folder: &Path, mut reached: impl FnMut() -> bool, moment: Duration) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !reached() {
        if let Some(status) = child.try_wait().unwrap() {
            panic!("{name} ended by itself, {status}, before it could be killed");
        }
        if start.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{name} did not get far enough in two minutes");
        }
        sleep(Duration::from_micros(200));
    }
    sleep(moment);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(9), "{name} ended before: {status}");
}

/// The folder to train in, if this is a process to be killed.
fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

mod sequence {
    use super::*;

    const ITEMS: u32 = 64;
    const EPOCHS: usize = 8;

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

        let folder = above.path().join("killed");
        let kill_at = |reached: &dyn Fn() -> bool, milliseconds| {
            let moment = Duration::from_millis(milliseconds);
            kill("killed::sequence::process", &folder, reached, moment);
        };
        // Before there is any checkpoint.
        kill_at(&|| folder.exists(), 10);
        // While one is written: its folder has its temporary name. Where that was too quick to be seen, right after.
        for epoch in [1, 3] {
            let partial = folder.join(format!("epoch-{epoch:05}.partial"));
            kill_at(&|| partial.exists() || last_checkpoint(&folder) >= epoch, 0);
        }
        // Somewhere in the epoch after.
        for (epoch, milliseconds) in [(4, 0), (5, 25)] {
            kill_at(&|| last_checkpoint(&folder) >= epoch, milliseconds);
        }
        let last = last_checkpoint(&folder);
        assert!((5..EPOCHS).contains(&last), "{last} epochs were saved");

        let resumed = train(&folder);
        assert_eq!(resumed.epochs, undisturbed.epochs);
        assert_eq!(resumed.best, undisturbed.best);
        assert_eq!(bits(&resumed.model), bits(&undisturbed.model));
    }
}

mod letter {
    use super::*;

    const EPOCHS: usize = 40;

    fn rows(seed: u64, dim: usize) -> Embeddings {
        let mut rng = StdRng::seed_from_u64(seed);
        let values = (0..300 * dim).map(|_| rng.random_range(-1.0..1.0_f32));
        Embeddings::from_vec(300, dim, values.collect()).unwrap()
    }

    fn train(folder: &Path) -> Letter {
        let mut config = LetterConfig::quick(32).with_seed(6);
        config.rqvae.hidden = vec![64];
        config.rqvae.quantizer.d_code = 16;
        config.rqvae.quantizer.codebook_sizes = vec![32; 3];
        config.training.epochs = EPOCHS;
        config.training.batch = 32;
        config.training.evaluate_every = 5;
        if let Some(diversity) = &mut config.diversity {
            (diversity.clusters, diversity.min_size, diversity.max_size) = (4, 2, 16);
        }
        config
            .init()
            .with_checkpoints(Checkpoints::new(folder).with_every(1))
            .fit(&rows(1, 32), Some(&rows(2, 24)), &Device::default(), |_| {
                ControlFlow::Continue(())
            })
            .unwrap()
    }

    #[test]
    #[ignore = "a process to be killed, started by the test beside it"]
    fn process() {
        if let Some(folder) = folder() {
            train(&folder);
        }
    }

    #[test]
    fn a_killed_tokenizer_ends_in_the_same_codes() {
        let above = tempfile::tempdir().unwrap();
        let undisturbed = train(&above.path().join("undisturbed"));
        assert_eq!(undisturbed.history.len(), EPOCHS);

        let folder = above.path().join("killed");
        let file = Checkpoints::new(&folder).file();
        let written = || fs::metadata(&file).and_then(|file| file.modified()).ok();
        let process = "killed::letter::process";
        // At its start, maybe before the first checkpoint; then after one to three more of them.
        kill(process, &folder, || folder.exists(), Duration::ZERO);
        for (checkpoints, milliseconds) in [(1, 0), (2, 3), (3, 7)] {
            let mut last: Option<SystemTime> = written();
            let mut seen = 0;
            let reached = || {
                let now = written();
                seen += usize::from(now != last);
                last = now;
                seen >= checkpoints
            };
            let moment = Duration::from_millis(milliseconds);
            kill(process, &folder, reached, moment);
        }

        let resumed = train(&folder);
        let again = resumed.history.len();
        assert!((1..EPOCHS).contains(&again), "{again} epochs were left");
        assert_eq!(
            resumed.history[..],
            undisturbed.history[EPOCHS - again..],
            "the epochs since the last kill"
        );
        assert_eq!(resumed.codes, undisturbed.codes);
        assert_eq!(resumed.projection, undisturbed.projection);
        assert_eq!(bits(&resumed.model), bits(&undisturbed.model));
    }
}
