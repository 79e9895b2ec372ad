//! The training of a tokenizer.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, SystemTime};

use burn::tensor::Device;
use genrec::embed::Embeddings;
use genrec::identify::letter::{Letter, LetterConfig};
use genrec::quantize::Checkpoints;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{folder, kill};
use crate::fixture::bits;

const EPOCHS: usize = 120;

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
    // At its start, maybe before the first checkpoint; then after some more of them.
    kill(process, &folder, || folder.exists(), Duration::ZERO);
    for (checkpoints, milliseconds) in [(1, 0), (2, 3), (3, 7), (5, 0), (2, 11), (8, 5)] {
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
