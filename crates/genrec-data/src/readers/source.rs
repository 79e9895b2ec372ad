//! Opening a file, compressed or not, and taking it line by line with the line's number at hand for messages.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;

use crate::{Error, Result};

/// The first two bytes of every gzip file; no UTF-8 text begins with them.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const UTF8_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
const BUFFER: usize = 1 << 16;

/// A stream that may be handed to any parser.
pub(crate) type Source = Box<dyn BufRead>;

/// Opens a file for streaming. It is decompressed if it is named `.gz` or begins as gzip does; a UTF-8 byte order mark is skipped.
/// A file without a byte in it is refused: `expected` says what should be there.
pub(crate) fn open(path: &Path, expected: &str) -> Result<Source> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(read)?);
    let start = file.fill_buf().map_err(read)?;
    let compressed = start.starts_with(&GZIP_MAGIC) || is_named_gz(path);
    let mut source: Source = if compressed && !start.is_empty() {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    };
    let start = source.fill_buf().map_err(read)?;
    if start.is_empty() {
        return Err(Error::Unexpected {
            path: path.to_owned(),
            expected: expected.to_owned(),
            found: "an empty file".into(),
            remedy: "check that it was copied or downloaded whole".into(),
        });
    }
    if start.starts_with(&UTF8_MARK) {
        source.consume(UTF8_MARK.len());
    }
    Ok(source)
}

pub(crate) fn is_named_gz(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// What the system said, with the place where the stream broke off.
pub(crate) fn read_error(path: &Path, line: u64, source: &io::Error) -> Error {
    Error::Read {
        path: path.to_owned(),
        source: io::Error::new(source.kind(), format!("line {line}: {source}")),
    }
}

/// What stands in a line without anything on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    /// White space, or nothing.
    WhiteSpace,
    /// Nothing: white space may be cells.
    Nothing,
}

impl Blank {
    fn is(self, line: &[u8]) -> bool {
        match self {
            Self::WhiteSpace => line.trim_ascii().is_empty(),
            Self::Nothing => without_end(line).is_empty(),
        }
    }
}

/// The line without its end of line.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The start of a file that may be one long line.
pub(crate) enum Peek<'a> {
    /// The first line that is not blank.
    Line(Line<'a>),
    /// It is longer than asked for.
    Longer,
    /// All lines are blank.
    Nothing,
}

/// A file's lines, one at a time in one buffer; blank lines are passed over.
pub(crate) struct Lines {
    path: PathBuf,
    source: Source,
    buffer: Vec<u8>,
    number: u64,
    blank: Blank,
}

impl Lines {
    /// Lines of which those of nothing but white space are blank.
    pub(crate) fn open(path: &Path, expected: &str) -> Result<Self> {
        Self::with_blank(path, expected, Blank::WhiteSpace)
    }

    /// Lines of a table: only those with nothing on them are blank, because a row of empty cells may look like white space.
    pub(crate) fn open_table(path: &Path, expected: &str) -> Result<Self> {
        Self::with_blank(path, expected, Blank::Nothing)
    }

    fn with_blank(path: &Path, expected: &str, blank: Blank) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            source: open(path, expected)?,
            buffer: Vec::new(),
            number: 0,
            blank,
        })
    }

    /// The next line without its end of line.
    pub(crate) fn next_line(&mut self) -> Result<Option<Line<'_>>> {
        self.advance(u64::MAX)?;
        self.current()
    }

    /// The first line if it has fewer than `limit` bytes: for a look at a file that may be one long line.
    pub(crate) fn peek(&mut self, limit: u64) -> Result<Peek<'_>> {
        self.advance(limit)?;
        if self.buffer.len() as u64 >= limit {
            return Ok(Peek::Longer);
        }
        Ok(self.current()?.map_or(Peek::Nothing, Peek::Line))
    }

    /// Puts the next line that is not blank into the buffer, or nothing at the end of the file.
    fn advance(&mut self, limit: u64) -> Result<()> {
        loop {
            self.buffer.clear();
            self.number += 1;
            let read = (&mut self.source)
                .take(limit)
                .read_until(b'\n', &mut self.buffer)
                .map_err(|error| read_error(&self.path, self.number, &error))?;
            if read == 0 || !self.blank.is(&self.buffer) {
                return Ok(());
            }
        }
    }

    fn current(&self) -> Result<Option<Line<'_>>> {
        if self.buffer.is_empty() {
            return Ok(None);
        }
        let mut line = Line {
            path: &self.path,
            number: self.number,
            text: "",
        };
        let bytes = without_end(&self.buffer);
        line.text = std::str::from_utf8(bytes).map_err(|error| {
            let place = error.valid_up_to();
            line.malformed(
                "UTF-8 text",
                format!("byte 0x{:02x} at column {}", bytes[place], place + 1),
                "convert the file to UTF-8",
            )
        })?;
        Ok(Some(line))
    }
}

/// One line, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) path: &'a Path,
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) text: &'a str,
}

impl Line<'_> {
    pub(crate) fn malformed(
        &self,
        expected: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Error {
        Error::Malformed {
            path: self.path.to_owned(),
            line: self.number,
            expected: expected.into(),
            found: found.into(),
            remedy: remedy.into(),
        }
    }
}

/// A piece of input for a message: quoted, with escapes, cut to a readable length.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The file's name without folders and `.gz`.
pub(crate) fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = if is_named_gz(path) {
        name.len() - ".gz".len()
    } else {
        name.len()
    };
    name[..end].to_owned()
}

/// The name of the folder a file lies in, to call a data set by.
pub(crate) fn folder_name(path: &Path) -> String {
    path.canonicalize()
        .ok()
        .as_deref()
        .and_then(Path::parent)
        .and_then(Path::file_name)
        .map_or_else(
            || "dataset".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        )
}

#[cfg(test)]
mod tests;
