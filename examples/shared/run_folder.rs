//! Where a run keeps what it makes.

use std::io;
use std::path::{Path, PathBuf};

/// The folder of a run: the one that was asked for, or under `runs/` the first that is free, or with `resume` the last that is not.
pub(crate) fn choose(asked: Option<PathBuf>, name: &str, resume: bool) -> io::Result<PathBuf> {
    if let Some(folder) = asked {
        return Ok(folder);
    }
    let numbered = |number: usize| Path::new("runs").join(format!("{name}-{number}"));
    let free = (1..)
        .find(|&number| !numbered(number).exists())
        .unwrap_or(1);
    match (resume, free) {
        (false, _) => Ok(numbered(free)),
        (true, 1) => {
            let missing = format!(
                "{}: there is no such run to resume; give its folder with --out",
                numbered(1).display()
            );
            Err(io::Error::new(io::ErrorKind::NotFound, missing))
        }
        (true, _) => Ok(numbered(free - 1)),
    }
}
