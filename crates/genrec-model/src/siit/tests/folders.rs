//! Runs that were killed, and folders that were changed.

use std::fs;
use std::path::PathBuf;

use super::*;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // Files come and go while a training runs: as at a kill, a copy has some of them.
            let _ = fs::copy(entry.path(), target);
        }
    }
}

#[test]
fn a_round_killed_anywhere_resumes_to_the_same_bits() {
    let (world, above) = (World::new(), tempfile::tempdir().unwrap());
    let folder = above.path().join("undisturbed");
    let kills = Arc::new(Mutex::new(Vec::<PathBuf>::new()));
    let undisturbed = Siit::new(config(), &folder)
        .run(&world.model, &world.start, world.data(), |round, stage| {
            let (kills, folder, above) =
                (kills.clone(), folder.clone(), above.path().to_path_buf());
            move |event| {
                // In the middle of the third epoch.
                if let TrainingEvent::Step {
                    epoch: 3,
                    samples,
                    total,
                    ..
                } = event
                    && samples * 2 >= total
                {
                    let to = above.join(format!("{round}-{stage:?}"));
                    if !to.exists() {
                        copy(&folder, &to);
                        kills.lock().unwrap().push(to);
                    }
                }
            }
        })
        .unwrap();
    let kills = kills.lock().unwrap();
    assert_eq!(kills.len(), 3);
    let weights = |folder: &Path| fs::read(folder.join("round-1/model/model.safetensors")).unwrap();
    for killed in kills.iter() {
        assert!(!killed.join("round-1").exists());
        let resumed = world.run(config(), killed).unwrap();
        assert_eq!(resumed[1].table, undisturbed[1].table);
        assert_eq!(resumed[1].diagnostics, undisturbed[1].diagnostics);
        assert_eq!(weights(killed), weights(&folder));
    }
    // More rounds may be asked for.
    let more = world.run(config().with_rounds(2), &folder).unwrap();
    assert_eq!(more[1].table, undisturbed[1].table);
    assert_eq!(more.len(), 3);
    // What changed is told from the round before, churn from the start.
    let found = more[2].diagnostics.as_ref().unwrap();
    let moved = |from: usize| {
        share(|item| more[from].table.identifier(item) != more[2].table.identifier(item))
    };
    assert_eq!((found.changed, found.churn), (moved(1), moved(0)));
    assert!(moved(1) > 0.0, "{found:?}");
}

#[test]
fn other_runs_and_changed_folders_are_refused() {
    let (world, above) = (World::new(), tempfile::tempdir().unwrap());
    let short = |config: SiitConfig| {
        let warm_up = config.warm_up.clone().with_epochs(1);
        SiitConfig { warm_up, ..config }.with_rounds(0)
    };
    world.run(short(config()), above.path()).unwrap();
    let refusal = |config| world.run(config, above.path()).unwrap_err().to_string();
    assert!(refusal(short(config()).with_proposals(9)).contains("other settings"));
    let mut other = World::new();
    other.templates.next_item[0].push('?');
    let error = other.run(short(config()), above.path()).unwrap_err();
    assert!(error.to_string().contains("other settings"), "{error}");
    assert!(refusal(config().with_proposals(0)).contains("SIIT"));
    other = World::new();
    other.rows = other.rows.slice(0..5);
    let error = other.run(short(config()), above.path()).unwrap_err();
    assert!(error.to_string().contains("5 rows"), "{error}");

    for file in [
        "identifiers.json",
        "model/model.safetensors",
        "tokenizer.json",
    ] {
        let path = above.path().join("round-0").join(file);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&path, bad).unwrap();
        let error = refusal(short(config()));
        assert!(error.contains(file) && error.contains("SHA-256"), "{error}");
        fs::write(&path, good).unwrap();
    }
    assert_eq!(world.run(short(config()), above.path()).unwrap().len(), 1);
}
