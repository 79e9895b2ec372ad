//! A training can be killed at any moment.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::{Bigrams, Trainer, TrainingEvent, fit, refusal, task, training, weights, world};
use crate::Error;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    // A folder may get its final name, or be removed, while it is copied.
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    for entry in entries.flatten() {
        let target = to.join(entry.file_name());
        // Files come and go while a training runs: as at a kill, a copy has some of them.
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            let _ = fs::copy(entry.path(), target);
        }
    }
}

#[test]
fn a_killed_training_resumes_to_the_same_bits() {
    let above = tempfile::tempdir().unwrap();
    let split = world(true, 3);
    // Killed while the learning rate rises, too, and with gradients of two batches added up.
    let training = || training().with_warmup(0.4).with_accumulation(2);
    // The folder as it is in the middle of epochs 2, 3 and 4: what a kill there leaves.
    let kills = Arc::new(Mutex::new(Vec::new()));
    let folder = above.path().join("undisturbed");
    let (seen, source, root) = (kills.clone(), folder.clone(), above.path().to_path_buf());
    let listener = move |event| {
        if let TrainingEvent::Step { epoch, samples, .. } = event
            && epoch > 1
        {
            let to = root.join(format!("killed-{epoch}-{samples}"));
            copy(&source, &to);
            seen.lock().unwrap().push(to);
        }
    };
    let undisturbed = Trainer::new(training(), &folder)
        .fit(Bigrams::new(), task(&split), &split.validation, listener)
        .unwrap();
    assert_eq!(undisturbed.epochs.len(), 4);
    let kills = kills.lock().unwrap();
    assert!(kills.len() >= 9);
    let mut resumptions = 0;
    for killed in kills.iter() {
        // A checkpoint that was copied while it was written is not whole; on a real kill it has its temporary name. Such copies are refused.
        match fit(&split, training(), killed) {
            Ok(resumed) => {
                assert_eq!(resumed.epochs, undisturbed.epochs);
                assert_eq!(weights(&resumed.model), weights(&undisturbed.model));
                resumptions += 1;
            }
            Err(error) => assert!(matches!(error, Error::Folder { .. }), "{error}"),
        }
    }
    assert!(resumptions >= 3, "{resumptions} copies of {}", kills.len());
    // Resuming what is finished changes nothing.
    assert_eq!(
        weights(&fit(&split, training(), &folder).unwrap().model),
        weights(&undisturbed.model)
    );
}

#[test]
fn what_does_not_fit_is_not_resumed() {
    let above = tempfile::tempdir().unwrap();
    let split = world(true, 4);
    let training = training().with_epochs(1);
    fit(&split, training.clone(), above.path()).unwrap();
    for (split, training) in [
        (&split, training.clone().with_seed(6)),
        (&world(true, 5), training.clone()),
    ] {
        let other = refusal(split, training, above.path());
        assert!(other.contains("other settings"), "{other}");
    }
    let fresh = Trainer::new(training.clone(), above.path())
        .fit(Bigrams::new(), task(&split), &split.validation, |_| {})
        .unwrap_err()
        .to_string();
    assert!(fresh.contains("ask to resume"), "{fresh}");
    let file = above.path().join("epoch-00001/optimizer.bpk");
    let mut bytes = fs::read(&file).unwrap();
    bytes[100] ^= 4;
    fs::write(&file, bytes).unwrap();
    let damaged = refusal(&split, training, above.path());
    assert!(damaged.contains("optimizer.bpk"), "{damaged}");
}
