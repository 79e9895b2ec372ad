use crate::{Error, Result, html};

/// A table with a caption, a header, and rows that begin with their names.
///
/// A column whose first cell is a number is aligned to the right, its header with it. A table that is wider than the page scrolls by
/// itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    caption: String,
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// A cell of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Words, on the left.
    Text(String),
    /// A number as it is to be read, on the right.
    Number(String),
}

impl Cell {
    /// A number with so many digits after the point; a dash where it is not finite.
    pub fn decimal(value: f64, digits: usize) -> Self {
        if value.is_finite() {
            Self::Number(format!("{value:.digits$}"))
        } else {
            Self::missing()
        }
    }

    /// A share of one in percent, with so many digits after the point; a dash where it is not finite.
    pub fn percent(share: f64, digits: usize) -> Self {
        if share.is_finite() {
            Self::Number(format!("{:.digits$} %", 100.0 * share))
        } else {
            Self::missing()
        }
    }

    /// A number that is not there: a dash.
    pub fn missing() -> Self {
        Self::Number("–".to_owned())
    }

    fn parts(&self) -> (bool, &str) {
        match self {
            Self::Text(words) => (false, words),
            Self::Number(digits) => (true, digits),
        }
    }
}

impl From<&str> for Cell {
    fn from(words: &str) -> Self {
        Self::Text(words.to_owned())
    }
}

impl From<String> for Cell {
    fn from(words: String) -> Self {
        Self::Text(words)
    }
}

impl From<usize> for Cell {
    /// A count, its digits in groups of three.
    fn from(count: usize) -> Self {
        let digits = count.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        Self::Number(grouped)
    }
}

impl Table {
    /// A table without rows.
    pub fn new<S: Into<String>>(
        caption: impl Into<String>,
        header: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            caption: caption.into(),
            header: header.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, which must have as many cells as the header: [`Page::to_html`](crate::Page::to_html) checks it.
    #[must_use]
    pub fn with_row<C: Into<Cell>>(mut self, cells: impl IntoIterator<Item = C>) -> Self {
        self.rows.push(cells.into_iter().map(Into::into).collect());
        self
    }

    /// Adds rows.
    #[must_use]
    pub fn with_rows<C: Into<Cell>, R: IntoIterator<Item = C>>(
        self,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        rows.into_iter().fold(self, Self::with_row)
    }

    pub(crate) fn write(&self, out: &mut String) -> Result<()> {
        let uneven = (1..)
            .zip(&self.rows)
            .find(|(_, row)| row.len() != self.header.len());
        if let Some((row, cells)) = uneven {
            return Err(Error::Row {
                caption: self.caption.clone(),
                row,
                expected: self.header.len(),
                found: cells.len(),
            });
        }
        out.push_str("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
        html::escape(out, &self.caption);
        out.push_str("\">\n<table>\n");
        html::element(out, "caption", &self.caption);
        out.push_str("<thead><tr>");
        for (column, name) in self.header.iter().enumerate() {
            let number = self.rows.first().is_some_and(|row| row[column].parts().0);
            out.push_str(&format!("<th scope=\"col\"{}>", class(number)));
            html::escape(out, name);
            out.push_str("</th>");
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            out.push_str("<tr>");
            for (column, cell) in row.iter().enumerate() {
                let (number, words) = cell.parts();
                let (tag, scope) = if column == 0 {
                    ("th", " scope=\"row\"")
                } else {
                    ("td", "")
                };
                out.push_str(&format!("<{tag}{scope}{}>", class(number)));
                html::escape(out, words);
                out.push_str(&format!("</{tag}>"));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n</div>\n");
        Ok(())
    }
}

fn class(number: bool) -> &'static str {
    if number { " class=\"number\"" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_on_the_right() {
        let table = Table::new("T", ["name", "count"])
            .with_row([Cell::from("a"), Cell::from(1234567_usize)]);
        let mut out = String::new();
        table.write(&mut out).unwrap();
        assert!(
            out.contains("<th scope=\"col\" class=\"number\">count</th>"),
            "{out}"
        );
        assert!(
            out.contains("<th scope=\"row\">a</th><td class=\"number\">1,234,567</td>"),
            "{out}"
        );
        assert_eq!(Cell::from(999_usize), Cell::Number("999".into()));
        assert_eq!(Cell::decimal(0.12345, 3), Cell::Number("0.123".into()));
        assert_eq!(Cell::percent(0.12345, 1), Cell::Number("12.3 %".into()));
        assert_eq!(Cell::decimal(f64::NAN, 3), Cell::missing());
    }

    #[test]
    fn a_row_of_another_length_is_named() {
        let table = Table::new("T", ["a", "b"]).with_rows([vec!["1", "2"], vec!["3"]]);
        let error = table.write(&mut String::new()).unwrap_err().to_string();
        assert_eq!(
            error,
            "table \"T\", row 2: expected 2 cells, as the header has, found 1"
        );
    }
}
