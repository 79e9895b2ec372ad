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

/// A file's lines, one at a time in one buffer; lines of nothing but white space are passed over.
pub(crate) struct Lines {
    path: PathBuf,
    source: Source,
    buffer: Vec<u8>,
    number: u64,
}

impl Lines {
    pub(crate) fn open(path: &Path, expected: &str) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            source: open(path, expected)?,
            buffer: Vec::new(),
            number: 0,
        })
    }

    /// The next line without its end of line.
    pub(crate) fn next_line(&mut self) -> Result<Option<Line<'_>>> {
        self.advance(u64::MAX)?;
        self.current()
    }

    /// The first line if it has at most `limit` bytes: for a look at a file that may be one long line.
    pub(crate) fn peek(&mut self, limit: u64) -> Result<Option<Line<'_>>> {
        self.advance(limit)?;
        if self.buffer.len() as u64 >= limit {
            return Ok(None);
        }
        self.current()
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
            if read == 0 || !self.buffer.trim_ascii().is_empty() {
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
        let bytes = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
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
mod tests {
    use super::*;
    use crate::readers::fixture::{Folder, gzip};

    fn all(path: &Path) -> Result<Vec<(u64, String)>> {
        let mut lines = Lines::open(path, "lines")?;
        let mut all = Vec::new();
        while let Some(line) = lines.next_line()? {
            all.push((line.number, line.text.to_owned()));
        }
        Ok(all)
    }

    #[test]
    fn lines_are_the_same_plain_compressed_in_members_or_under_another_name() {
        let text = "\u{feff}a b\r\n\n  \nc\n\u{e9}";
        let expected = [(1, "a b".into()), (4, "c".into()), (5, "\u{e9}".into())];
        let folder = Folder::new();
        let members = [
            gzip(&text.as_bytes()[..5]),
            gzip(b""),
            gzip(&text.as_bytes()[5..]),
        ]
        .concat();
        for (name, bytes) in [
            ("plain.txt", text.as_bytes().to_vec()),
            ("one.txt.gz", gzip(text.as_bytes())),
            ("several.txt.gz", members.clone()),
            ("disguised.txt", members),
        ] {
            assert_eq!(all(&folder.file(name, bytes)).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn a_gz_file_cut_anywhere_is_an_error_and_never_a_shorter_file() {
        let folder = Folder::new();
        let text: String = (0..200).map(|n| format!("line {}\n", n * n)).collect();
        let whole = [gzip(text.as_bytes()), gzip(text.as_bytes())].concat();
        let first = gzip(text.as_bytes()).len();
        // A cut exactly between two members leaves a whole file, and nothing in it can tell.
        for cut in (1..whole.len()).filter(|&cut| cut != first) {
            let path = folder.file("cut.gz", whole[..cut].to_vec());
            let error = all(&path).expect_err(&format!("cut at {cut} of {}", whole.len()));
            assert!(matches!(error, Error::Read { .. }), "cut at {cut}: {error}");
            assert!(error.to_string().contains("cut.gz"), "{error}");
        }
    }

    #[test]
    fn a_text_file_named_gz_is_refused() {
        let folder = Folder::new();
        let error = all(&folder.file("text.gz", "no gzip here")).unwrap_err();
        assert!(error.to_string().contains("text.gz"), "{error}");
    }

    #[test]
    fn broken_utf8_is_reported_with_line_and_column() {
        let folder = Folder::new();
        let error = all(&folder.file("x.txt", b"good\nb\xffd\n".to_vec())).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("x.txt:2: expected UTF-8 text, found byte 0xff at column 2"),
            "{error}"
        );
    }

    #[test]
    fn an_empty_file_and_a_missing_one_are_told_apart() {
        let folder = Folder::new();
        for (name, bytes) in [
            ("empty", Vec::new()),
            ("empty.gz", gzip(b"")),
            ("nothing.gz", Vec::new()),
        ] {
            let error = all(&folder.file(name, bytes)).unwrap_err();
            assert!(error.to_string().contains("found an empty file"), "{error}");
        }
        let error = all(&folder.path().join("absent")).unwrap_err();
        assert!(matches!(error, Error::Read { .. }), "{error}");
    }

    #[test]
    fn a_peek_gives_a_short_line_and_not_a_long_one() {
        let folder = Folder::new();
        let path = folder.file("x", "\n0123456789\n");
        let mut lines = Lines::open(&path, "lines").unwrap();
        assert_eq!(lines.peek(20).unwrap().unwrap().text, "0123456789");
        let mut lines = Lines::open(&path, "lines").unwrap();
        assert!(lines.peek(5).unwrap().is_none());
    }

    #[test]
    fn long_finds_are_cut_for_messages() {
        assert_eq!(quote("a\tb"), r#""a\tb""#);
        assert!(quote(&"\u{e9}".repeat(10_000)).len() < 200);
    }
}
