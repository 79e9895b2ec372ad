use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// Writes a file whole: into a temporary neighbour, flushed to the disk, then renamed over `path`.
/// Whoever reads `path`, also after a crash in the middle, sees the old file or the new one.
pub(super) fn write(
    path: &Path,
    contents: impl FnOnce(&mut BufWriter<File>) -> Result<()>,
) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = (|| {
        let mut writer = BufWriter::new(File::create(&temporary).map_err(Error::io(path))?);
        contents(&mut writer)?;
        writer.flush().map_err(Error::io(path))?;
        writer.get_ref().sync_all().map_err(Error::io(path))?;
        fs::rename(&temporary, path).map_err(Error::io(path))
    })();
    if written.is_err() {
        // The first error is the one to report; a temporary file that cannot be removed does no harm.
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, |w| w.write_all(b"old").map_err(Error::io(&path))).unwrap();
        let failed = write(&path, |w| {
            w.write_all(b"new, but not all of it")
                .map_err(Error::io(&path))?;
            Err(Error::NoColumns { rows: 0 })
        });
        assert!(matches!(failed, Err(Error::NoColumns { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write(&path, |w| w.write_all(b"new").map_err(Error::io(&path))).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("absent").join("file"), |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("absent"), "{error}");
    }
}
