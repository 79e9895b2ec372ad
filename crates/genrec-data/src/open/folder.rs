//! The names in a folder.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A folder's files by name. A name counts with and without `.gz`.
pub(super) struct Folder {
    path: PathBuf,
    files: Vec<String>,
    /// Everything else, for the message when nothing is recognised.
    others: Vec<String>,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let read = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let mut folder = Self {
            path: path.to_owned(),
            files: Vec::new(),
            others: Vec::new(),
        };
        for entry in path.read_dir().map_err(read)? {
            let entry = entry.map_err(read)?;
            match entry.file_name().into_string() {
                Ok(name) if entry.path().is_file() => folder.files.push(name),
                Ok(name) => folder.others.push(format!("{name}/")),
                Err(name) => folder.others.push(name.to_string_lossy().into_owned()),
            }
        }
        // The system's order is any.
        folder.files.sort();
        folder.others.sort();
        Ok(folder)
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// The file of this name; with and without `.gz` side by side are an error, since they may differ.
    pub(super) fn named(&self, name: &str) -> Result<Option<&str>> {
        let mut files = self
            .files
            .iter()
            .map(String::as_str)
            .filter(|file| plain(file) == name);
        match (files.next(), files.next()) {
            (Some(one), Some(other)) => Err(self.unexpected(
                format!("one file {name}"),
                format!("{one} and {other}"),
                "remove one of them",
            )),
            (file, _) => Ok(file),
        }
    }

    /// The files whose names end so, each with the part before the ending.
    pub(super) fn ending<'a>(
        &'a self,
        ending: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter_map(move |file| Some((file.as_str(), plain(file).strip_suffix(ending)?)))
    }

    /// What is in the folder, for messages.
    pub(super) fn listing(&self) -> String {
        const LONGEST: usize = 20;
        let all: Vec<&str> = self
            .files
            .iter()
            .chain(&self.others)
            .map(String::as_str)
            .collect();
        match all.len() {
            0 => "an empty folder".into(),
            count if count <= LONGEST => all.join(", "),
            count => format!("{} and {} more", all[..LONGEST].join(", "), count - LONGEST),
        }
    }

    pub(super) fn unexpected(
        &self,
        expected: impl Into<String>,
        found: String,
        remedy: &str,
    ) -> Error {
        Error::Unexpected {
            path: self.path.clone(),
            expected: expected.into(),
            found,
            remedy: remedy.to_owned(),
        }
    }
}

fn plain(file: &str) -> &str {
    file.strip_suffix(".gz").unwrap_or(file)
}
