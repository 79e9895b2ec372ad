//! A table whose first line is `name:type<tab>name:type...`.

use std::path::Path;

use crate::{
    Result,
    readers::source::{Line, Lines, quote},
};

const SHAPE: &str = "a table separated by tabs with a first line such as \"user_id:token\titem_id:token\ttimestamp:float\"";

/// RecBole's types of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Token,
    TokenSequence,
    Float,
    FloatSequence,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Token,
        Self::TokenSequence,
        Self::Float,
        Self::FloatSequence,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::TokenSequence => "token_seq",
            Self::Float => "float",
            Self::FloatSequence => "float_seq",
        }
    }
}

/// The place of a column, and its type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    place: usize,
    pub(super) kind: Kind,
}

pub(super) struct Table {
    lines: Lines,
    path: std::path::PathBuf,
    header_line: u64,
    columns: Vec<(String, Kind)>,
}

pub(super) struct Row<'a> {
    pub(super) line: Line<'a>,
    cells: Vec<&'a str>,
}

impl<'a> Row<'a> {
    pub(super) fn cell(&self, column: Column) -> &'a str {
        self.cells[column.place]
    }
}

impl Table {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut lines = Lines::open_table(path, SHAPE)?;
        let Some(header) = lines.next_line()? else {
            let line = Line {
                path,
                number: 1,
                text: "",
            };
            return Err(line.malformed(
                SHAPE,
                "only blank lines",
                "check that it is the right file and whole",
            ));
        };
        let mut columns: Vec<(String, Kind)> = Vec::new();
        for cell in header.text.split('\t') {
            let parts = cell.rsplit_once(':').and_then(|(name, kind)| {
                let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
                Some((name.to_owned(), kind))
            });
            let Some((name, kind)) = parts else {
                let types = Kind::ALL.map(Kind::name).join(", ");
                return Err(header.malformed(
                    format!("a column as name:type, the type one of {types}"),
                    quote(cell),
                    "name and type the columns in the first line, separated by tabs",
                ));
            };
            if columns.iter().any(|(other, _)| *other == name) {
                return Err(header.malformed(
                    "each column once",
                    format!("{} a second time", quote(&name)),
                    "rename one of them",
                ));
            }
            columns.push((name, kind));
        }
        Ok(Self {
            path: path.to_owned(),
            header_line: header.number,
            lines,
            columns,
        })
    }

    /// The column of this name, which must be there and have this type.
    pub(super) fn required(&self, name: &str, kind: Kind) -> Result<Column> {
        match self.typed(&[name], &[kind])? {
            Some(column) => Ok(column),
            None => Err(self.header().malformed(
                format!("a column {name}:{}", kind.name()),
                self.found(),
                "rename a column or say which it is (with_columns)",
            )),
        }
    }

    /// The first of these columns that is there; it must have one of these types.
    pub(super) fn typed(&self, names: &[&str], kinds: &[Kind]) -> Result<Option<Column>> {
        let place = names
            .iter()
            .find_map(|name| self.columns.iter().position(|(column, _)| column == name));
        let Some(place) = place else {
            return Ok(None);
        };
        let (name, kind) = &self.columns[place];
        if !kinds.contains(kind) {
            let wanted: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            return Err(self.header().malformed(
                format!("column {name} of type {}", wanted.join(" or ")),
                format!("{name}:{}", kind.name()),
                "change the type or rename the column",
            ));
        }
        Ok(Some(Column { place, kind: *kind }))
    }

    /// RecBole's benchmark files carry whole histories in every row: as rows of single interactions they would be read wrongly.
    pub(super) fn refuse_augmented(&self, item: &str) -> Result<()> {
        let list = format!("{item}_list");
        if self.columns.iter().any(|(name, _)| *name == list) {
            return Err(self.header().malformed(
                "one interaction a row",
                format!("a column {list}, whole histories in every row"),
                "use the atomic file that this one was made from",
            ));
        }
        Ok(())
    }

    pub(super) fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        let Some(line) = self.lines.next_line()? else {
            return Ok(None);
        };
        let cells: Vec<&str> = line.text.split('\t').collect();
        if cells.len() != self.columns.len() {
            return Err(line.malformed(
                format!(
                    "{} columns separated by tabs, as in the first line",
                    self.columns.len()
                ),
                format!("{}", cells.len()),
                "put the row right or leave it out",
            ));
        }
        Ok(Some(Row { line, cells }))
    }

    fn header(&self) -> Line<'_> {
        Line {
            path: &self.path,
            number: self.header_line,
            text: "",
        }
    }

    fn found(&self) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|(name, kind)| format!("{name}:{}", kind.name()))
            .collect();
        columns.join(", ")
    }
}
