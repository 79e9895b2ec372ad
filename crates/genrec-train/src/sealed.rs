//! Folders that are there whole or not at all, and that tell when they have changed.
//!
//! A folder is written under a temporary name. Its `manifest.json` is written last, with the size and SHA-256 of every file, and then the folder
//! is renamed. So a folder under its final name is complete, whenever the writer was killed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

const MANIFEST: &str = "manifest.json";
/// Stands in the manifest's place for its own checksum while that is computed.
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[derive(Serialize, Deserialize)]
struct Manifest<T> {
    format: String,
    version: u32,
    written_by: String,
    about: T,
    files: BTreeMap<String, Entry>,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    bytes: u64,
    sha256: String,
}

/// What kind of folder it is.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name in the manifest.
    pub name: &'static str,
    /// The version of its layout.
    pub version: u32,
}

/// Makes an empty folder to write into, beside `target`; what an earlier, killed writer left there goes.
///
/// # Errors
///
/// [`Error::Folder`] if `target` exists: nothing is overwritten.
pub fn begin(target: &Path) -> Result<PathBuf> {
    let name = target.file_name().ok_or_else(|| Error::Folder {
        path: target.to_path_buf(),
        reason: "is no name for a folder; give one that ends in a name".into(),
    })?;
    vacant(target)?;
    let mut partial = name.to_os_string();
    partial.push(".partial");
    let partial = target.with_file_name(partial);
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(Error::io(&partial))?;
    }
    fs::create_dir_all(&partial).map_err(Error::io(&partial))?;
    Ok(partial)
}

/// Adds the manifest to a folder made by [`begin`], flushes everything to disk, and gives the folder its name.
///
/// # Errors
///
/// [`Error::Folder`] if `target` exists: nothing is overwritten.
pub fn finish<T: Serialize>(
    partial: &Path,
    target: &Path,
    format: Format,
    about: &T,
) -> Result<()> {
    let mut files = BTreeMap::new();
    for name in files_below(partial)? {
        let path = partial.join(&name);
        let (bytes, sha256) = digest(&path)?;
        sync(&path)?;
        files.insert(name, Entry { bytes, sha256 });
    }
    let manifest = Manifest {
        format: format.name.to_owned(),
        version: format.version,
        written_by: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        about,
        files,
        sha256: BLANK.to_owned(),
    };
    let path = partial.join(MANIFEST);
    let blank = serde_json::to_string_pretty(&manifest).map_err(|error| Error::Malformed {
        path: path.clone(),
        reason: format!("cannot be written as JSON: {error}"),
    })?;
    let text = blank.replacen(BLANK, &hex(Sha256::digest(blank.as_bytes()).as_slice()), 1);
    let mut file = File::create(&path).map_err(Error::io(&path))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(Error::io(&path))?;

    // Names last only when the folders that hold them are flushed.
    for folder in folders_below(partial)? {
        sync(&folder)?;
    }
    vacant(target)?;
    fs::rename(partial, target).map_err(Error::io(target))?;
    match target.parent() {
        Some(above) if !above.as_os_str().is_empty() => sync(above)?,
        _ => {}
    }
    Ok(())
}

fn vacant(target: &Path) -> Result<()> {
    if !target.exists() {
        return Ok(());
    }
    Err(Error::Folder {
        path: target.to_path_buf(),
        reason: "exists already, and is not overwritten; remove it or choose another name".into(),
    })
}

/// Checks every file of a folder against its manifest, and returns what the manifest says about it.
///
/// # Errors
///
/// [`Error::Folder`] with the file and the reason if one is missing, truncated, changed, or not in the manifest, or if the folder is of another
/// format or version.
pub fn open<T: DeserializeOwned>(folder: &Path, format: Format) -> Result<T> {
    let path = folder.join(MANIFEST);
    let refuse = |path: &Path, reason: String| {
        Err(Error::Folder {
            path: path.to_path_buf(),
            reason,
        })
    };
    if !path.is_file() {
        return refuse(
            folder,
            format!(
                "has no {MANIFEST}: it is no {} folder, or was not written to its end",
                format.name
            ),
        );
    }
    let bytes = fs::read(&path).map_err(Error::io(&path))?;
    let Ok(text) = String::from_utf8(bytes) else {
        return refuse(
            &path,
            "is not UTF-8: it has been changed; restore it from a copy".into(),
        );
    };
    // Look at the kind of folder before its content, which another version may lay out in another way.
    let manifest: Manifest<serde_json::Value> = match serde_json::from_str(&text) {
        Ok(manifest) => manifest,
        Err(error) => {
            return refuse(
                &path,
                format!("is no manifest of a {} folder: {error}", format.name),
            );
        }
    };
    if (manifest.format.as_str(), manifest.version) != (format.name, format.version) {
        return refuse(
            &path,
            format!(
                "found format {:?} version {}, expected {:?} version {}",
                manifest.format, manifest.version, format.name, format.version
            ),
        );
    }
    let blank = text.replacen(&manifest.sha256, BLANK, 1);
    if hex(Sha256::digest(blank.as_bytes()).as_slice()) != manifest.sha256 {
        return refuse(
            &path,
            "does not have the checksum that it names: it has been changed; restore it from a copy"
                .into(),
        );
    }
    for name in files_below(folder)? {
        if name != MANIFEST && !manifest.files.contains_key(&name) {
            return refuse(
                &folder.join(name),
                format!("is not in {MANIFEST}: it is foreign to this folder; remove it"),
            );
        }
    }
    for (name, entry) in &manifest.files {
        let path = folder.join(name);
        if !path.is_file() {
            return refuse(
                &path,
                format!("is missing, though {MANIFEST} names it; restore it from a copy"),
            );
        }
        let found = fs::metadata(&path).map_err(Error::io(&path))?.len();
        if found != entry.bytes {
            return refuse(
                &path,
                format!(
                    "has {found} bytes, expected {}; restore it from a copy",
                    entry.bytes
                ),
            );
        }
        let (_, sha256) = digest(&path)?;
        if sha256 != entry.sha256 {
            return refuse(
                &path,
                format!(
                    "has SHA-256 {sha256}, expected {}: it has been changed; restore it from a copy",
                    entry.sha256
                ),
            );
        }
    }
    serde_json::from_str::<Manifest<T>>(&text)
        .map(|manifest| manifest.about)
        .or_else(|error| {
            refuse(
                &path,
                format!("says of the folder what this version does not understand: {error}"),
            )
        })
}

/// Flushes a file or folder to disk.
fn sync(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(Error::io(path))
}

/// A folder and all folders below it, the inner ones first.
fn folders_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = entry.map_err(Error::io(folder))?.path();
        if path.is_dir() {
            folders.extend(folders_below(&path)?);
        }
    }
    folders.push(folder.to_path_buf());
    Ok(folders)
}

/// All files below a folder, by their paths relative to it with `/` between the parts, sorted.
fn files_below(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut open = vec![String::new()];
    while let Some(relative) = open.pop() {
        let path = folder.join(&relative);
        for entry in fs::read_dir(&path).map_err(Error::io(&path))? {
            let entry = entry.map_err(Error::io(&path))?;
            let name = format!("{relative}{}", entry.file_name().to_string_lossy());
            if entry.file_type().map_err(Error::io(entry.path()))?.is_dir() {
                open.push(format!("{name}/"));
            } else {
                files.push(name);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Size and SHA-256 of a file.
fn digest(path: &Path) -> Result<(u64, String)> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(Error::io(path))?;
        if read == 0 {
            return Ok((bytes, hex(hasher.finalize().as_slice())));
        }
        bytes += read as u64;
        hasher.update(&buffer[..read]);
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).as_slice())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format {
        name: "test",
        version: 3,
    };

    fn written(above: &Path) -> PathBuf {
        let target = above.join("folder");
        let partial = begin(&target).unwrap();
        fs::create_dir(partial.join("model")).unwrap();
        fs::write(partial.join("model/weights"), b"some weights").unwrap();
        fs::write(partial.join("names"), b"a\nb\n").unwrap();
        finish(&partial, &target, FORMAT, &vec![0.1_f64, 1.0 / 3.0]).unwrap();
        target
    }

    fn refusal(folder: &Path) -> String {
        open::<Vec<f64>>(folder, FORMAT).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let above = tempfile::tempdir().unwrap();
        let folder = written(above.path());
        assert_eq!(open::<Vec<f64>>(&folder, FORMAT).unwrap(), [0.1, 1.0 / 3.0]);
        assert!(!above.path().join("folder.partial").exists());
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_is_refused_with_the_file() {
        let above = tempfile::tempdir().unwrap();
        let folder = written(above.path());
        for name in ["names", "model/weights", MANIFEST] {
            let path = folder.join(name);
            let good = fs::read(&path).unwrap();
            for place in 0..good.len() {
                let names_it = |message: String| {
                    assert!(
                        message.contains(&*path.to_string_lossy()),
                        "byte {place}: {message}"
                    );
                };
                for bit in 0..8 {
                    let mut bad = good.clone();
                    bad[place] ^= 1 << bit;
                    fs::write(&path, &bad).unwrap();
                    names_it(refusal(&folder));
                }
                fs::write(&path, &good[..place]).unwrap();
                names_it(refusal(&folder));
            }
            fs::write(&path, &good).unwrap();
        }
        assert!(open::<Vec<f64>>(&folder, FORMAT).is_ok());
    }

    #[test]
    fn missing_foreign_and_other_folders_are_refused() {
        let above = tempfile::tempdir().unwrap();
        let folder = written(above.path());
        fs::write(folder.join("model/extra"), b"").unwrap();
        assert!(refusal(&folder).contains("foreign"));
        fs::remove_file(folder.join("model/extra")).unwrap();
        let other = Format {
            name: "test",
            version: 4,
        };
        let message = open::<Vec<f64>>(&folder, other).unwrap_err().to_string();
        assert!(
            message.contains("version 3") && message.contains("version 4"),
            "{message}"
        );
        assert!(
            open::<String>(&folder, FORMAT)
                .unwrap_err()
                .to_string()
                .contains("does not understand")
        );
        fs::remove_file(folder.join("names")).unwrap();
        assert!(refusal(&folder).contains("missing"));
        assert!(refusal(above.path()).contains("no manifest.json"));
    }

    #[test]
    fn nothing_is_overwritten_and_leftovers_do_not_matter() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("folder");
        // A writer that was killed.
        fs::write(begin(&folder).unwrap().join("half"), b"").unwrap();
        let partial = begin(&folder).unwrap();
        assert!(!partial.join("half").exists());
        assert_eq!(written(above.path()), folder);
        let other = begin(&above.path().join("other")).unwrap();
        for error in [
            begin(&folder).unwrap_err(),
            finish(&other, &folder, FORMAT, &vec![0.0]).unwrap_err(),
        ] {
            assert!(error.to_string().contains("exists already"), "{error}");
        }
        assert!(open::<Vec<f64>>(&folder, FORMAT).is_ok());
    }
}
