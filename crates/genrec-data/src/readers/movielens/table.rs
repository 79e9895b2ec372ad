//! Comma-separated tables with a first line of names, read line by line.
//!
//! Cells are split here and not by the csv crate: it takes the rest of a file for a cell when a quote is not closed, and counts
//! lines wrongly where they end in CR LF, as MovieLens's do. A property test holds the two together where neither matters.

use std::{borrow::Cow, path::Path};

use crate::{
    Result,
    readers::source::{Line, Lines, quote},
};

/// A table with `N` named columns.
pub(super) struct Table<const N: usize> {
    lines: Lines,
    columns: [usize; N],
    width: usize,
}

impl<const N: usize> Table<N> {
    /// The columns may be in any order, and others among them.
    pub(super) fn open(path: &Path, names: [&str; N]) -> Result<Self> {
        let shape = format!("a table with the columns {}", names.join(", "));
        let mut lines = Lines::open_table(path, &shape)?;
        let Some(header) = lines.next_line()? else {
            let line = Line {
                path,
                number: 1,
                text: "",
            };
            return Err(line.malformed(
                shape,
                "only blank lines",
                "check that it is the right file and whole",
            ));
        };
        let cells = split(&header)?;
        let mut columns = [0; N];
        for (column, name) in columns.iter_mut().zip(names) {
            let mut places = (0..cells.len()).filter(|&place| cells[place] == name);
            *column = match (places.next(), places.next()) {
                (Some(place), None) => place,
                _ => {
                    return Err(header.malformed(
                        shape,
                        quote(header.text),
                        format!("give one column the name {name}"),
                    ));
                }
            };
        }
        let width = cells.len();
        Ok(Self {
            lines,
            columns,
            width,
        })
    }

    /// The next row's cells in the order of the names asked for.
    pub(super) fn next_row(&mut self) -> Result<Option<(Line<'_>, [Cow<'_, str>; N])>> {
        let Some(line) = self.lines.next_line()? else {
            return Ok(None);
        };
        let mut cells = split(&line)?;
        if cells.len() != self.width {
            return Err(line.malformed(
                format!("{} cells, as in the first line", self.width),
                cells.len().to_string(),
                "quote cells that hold commas",
            ));
        }
        Ok(Some((
            line,
            self.columns
                .map(|column| std::mem::take(&mut cells[column])),
        )))
    }
}

/// The cells of a line. A cell that begins with a quote ends with one, and two quotes within it are one; anywhere else a quote is a
/// character like others.
fn split<'a>(line: &Line<'a>) -> Result<Vec<Cow<'a, str>>> {
    let mut cells = Vec::new();
    let mut start = 0;
    loop {
        let rest = &line.text[start..];
        let length = if rest.starts_with('"') {
            let (cell, length) = quoted(line, start)?;
            cells.push(cell);
            length
        } else {
            let length = rest.find(',').unwrap_or(rest.len());
            cells.push(Cow::Borrowed(&rest[..length]));
            length
        };
        match rest.as_bytes().get(length) {
            None => return Ok(cells),
            Some(b',') => start += length + 1,
            Some(_) => {
                return Err(line.malformed(
                    "a comma after a closing quote",
                    format!(
                        "{} at column {}",
                        quote(&rest[length..]),
                        start + length + 1
                    ),
                    "double the quotes within a cell",
                ));
            }
        }
    }
}

/// The cell whose opening quote is at `start`, and its length with the quotes.
fn quoted<'a>(line: &Line<'a>, start: usize) -> Result<(Cow<'a, str>, usize)> {
    let rest = &line.text[start..];
    let mut cell = Cow::Borrowed("");
    let mut at = 1;
    loop {
        let Some(run) = rest[at..].find('"') else {
            return Err(line.malformed(
                "a closing quote",
                format!("the end of the line after column {}", start + 1),
                "close the quote; cells cannot hold ends of lines",
            ));
        };
        cell += &rest[at..at + run];
        at += run + 1;
        if !rest[at..].starts_with('"') {
            return Ok((cell, at));
        }
        cell += "\"";
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::readers::fixture::refused;

    fn cells(text: &str) -> Result<Vec<Cow<'_, str>>> {
        split(&Line {
            path: Path::new("t.csv"),
            number: 5,
            text,
        })
    }

    #[test]
    fn cells_are_plain_or_quoted() {
        assert_eq!(
            cells("a,,\"b, \"\"c\"\"\",d\"e").unwrap(),
            ["a", "", "b, \"c\"", "d\"e"]
        );
        assert_eq!(cells(",").unwrap(), ["", ""]);
        assert_eq!(cells("\"\"").unwrap(), [""]);
        refused(
            cells("a,\"b"),
            &["t.csv:5: expected a closing quote", "after column 3"],
        );
        refused(
            cells("\"a\"b,c"),
            &["t.csv:5: expected a comma after a closing quote, found \"b,c\" at column 4"],
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn splits_as_the_csv_crate_does(text in "[ab\", \u{e9}]{1,12}") {
            let mut twin = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            let record = twin.records().next().unwrap().unwrap();
            if let Ok(cells) = cells(&text) {
                prop_assert_eq!(cells, record.iter().collect::<Vec<_>>());
            }
        }

        #[test]
        fn what_the_csv_crate_writes_is_read_back(row in prop::collection::vec("[ab\", \u{e9}]{0,5}", 1..5)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&row).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(cells(text.trim_end_matches('\n')).unwrap(), row);
        }
    }
}
