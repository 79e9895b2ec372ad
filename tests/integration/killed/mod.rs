//! Work that runs in a process of its own, is killed by SIGKILL again and again, and ends as if nothing had happened.
//!
//! The process is this test binary: it runs one of the ignored tests below, which works in the folder that the environment names.
#![cfg(unix)]

mod letter;
mod retrieval;
mod saving;
mod sequence;
#[cfg(feature = "store")]
mod store;

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where the process that will be killed works.
const FOLDER: &str = "GENREC_TEST_KILLED_FOLDER";

/// Starts the ignored test `name`, which works in `folder`, waits until `reached` and a moment more, and kills it.
pub(super) fn kill(name: &str, folder: &Path, mut reached: impl FnMut() -> bool, moment: Duration) {
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

/// The folder to work in, if this is a process to be killed.
pub(super) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}
