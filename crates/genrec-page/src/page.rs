use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use crate::{Chart, Error, Result, Section, Table, html};

/// The style of all pages.
const STYLE: &str = include_str!("style.css");

/// From so many sections on a page begins with its contents.
const SECTIONS_WITH_CONTENTS: usize = 3;

/// A page: a title, an introduction, and sections.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What stands before the sections, under the page's title.
    start: Section,
    sections: Vec<Section>,
}

impl Page {
    /// A page without content.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            start: Section::new(title),
            sections: Vec::new(),
        }
    }

    /// Adds a paragraph to the introduction.
    #[must_use]
    pub fn with_paragraph(mut self, words: impl Into<String>) -> Self {
        self.start = self.start.with_paragraph(words);
        self
    }

    /// Adds names with their values to the introduction.
    #[must_use]
    pub fn with_facts<N: Into<String>, V: Into<String>>(
        mut self,
        facts: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.start = self.start.with_facts(facts);
        self
    }

    /// Adds a table to the introduction.
    #[must_use]
    pub fn with_table(mut self, table: Table) -> Self {
        self.start = self.start.with_table(table);
        self
    }

    /// Adds a chart to the introduction.
    #[must_use]
    pub fn with_chart(mut self, chart: impl Into<Chart>) -> Self {
        self.start = self.start.with_chart(chart);
        self
    }

    /// Adds a section; a page of three or more begins with its contents.
    #[must_use]
    pub fn with_section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The page as HTML.
    ///
    /// # Errors
    ///
    /// [`Error::Row`] for a table whose rows are not as long as its header, [`Error::Chart`] for data that cannot be drawn.
    pub fn to_html(&self) -> Result<String> {
        let mut out = String::from(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n",
        );
        html::element(&mut out, "title", self.start.title());
        out.push_str(&format!(
            "<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
        ));
        html::element(&mut out, "h1", self.start.title());
        if self.sections.len() >= SECTIONS_WITH_CONTENTS {
            self.write_contents(&mut out);
        }
        self.start.write_blocks(&mut out, 2)?;
        for (number, section) in (1..).zip(&self.sections) {
            section.write(&mut out, 2, Some(&anchor(number)))?;
        }
        out.push_str("</main>\n</body>\n</html>\n");
        Ok(out)
    }

    /// Writes the page to a temporary name beside `path`, flushes it to the disk and renames it: whoever opens `path` sees the old
    /// page or the new one.
    ///
    /// # Errors
    ///
    /// As [`to_html`](Self::to_html), and [`Error::Io`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let html = self.to_html()?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let attempt = || -> std::io::Result<()> {
            let mut file = File::create(&temporary)?;
            file.write_all(html.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, path)
        };
        attempt().map_err(|source| {
            // The first error is the one that matters; that the file is not there is no other.
            let _ = fs::remove_file(&temporary);
            Error::Io {
                path: path.to_owned(),
                source,
            }
        })
    }

    fn write_contents(&self, out: &mut String) {
        out.push_str("<nav aria-label=\"Contents\">\n<ul>\n");
        for (number, section) in (1..).zip(&self.sections) {
            out.push_str(&format!("<li><a href=\"#{}\">", anchor(number)));
            html::escape(out, section.title());
            out.push_str("</a></li>\n");
        }
        out.push_str("</ul>\n</nav>\n");
    }
}

fn anchor(number: usize) -> String {
    format!("section-{number}")
}

#[cfg(test)]
mod tests;
