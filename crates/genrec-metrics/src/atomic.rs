//! Files that appear whole or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter},
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// Writes to a temporary name in the same folder, flushes to the disk and renames. What was there before stays until then, and
/// nothing is left behind on an error.
pub(crate) fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<()> {
    let temporary = temporary_name(path);
    let attempt = || -> io::Result<()> {
        let mut out = BufWriter::new(File::create(&temporary)?);
        write(&mut out)?;
        out.into_inner()?.sync_all()?;
        fs::rename(&temporary, path)
    };
    attempt().map_err(|source| {
        // The first error is the one that matters; that the file is not there is no other.
        let _ = fs::remove_file(&temporary);
        write_error(path, source)
    })
}

/// Beside the file, since a rename is atomic only within one file system; with the process, since two may save at once.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

pub(crate) fn read_error(path: &Path, source: io::Error) -> Error {
    Error::File {
        action: "cannot read",
        path: path.to_owned(),
        source,
    }
}

fn write_error(path: &Path, source: io::Error) -> Error {
    Error::File {
        action: "cannot write",
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write_atomically(&path, |out| out.write_all(b"old")).unwrap();
        let error = write_atomically(&path, |out| {
            out.write_all(b"half of the n")?;
            Err(io::Error::other("disk on fire"))
        })
        .unwrap_err();
        assert!(error.to_string().contains("disk on fire"), "{error}");
        assert!(error.to_string().contains("report.json"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_atomically(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("report.json");
        let error = write_atomically(&path, |_| Ok(())).unwrap_err();
        assert!(error.to_string().starts_with("cannot write"), "{error}");
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
