use crate::{Chart, Result, Table, html};

/// A part of a page under a heading: paragraphs, facts, tables, charts, folded parts and further sections, in the order they were
/// added.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    title: String,
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq)]
enum Block {
    Paragraph(String),
    Facts(Vec<(String, String)>),
    Table(Table),
    Chart(Chart),
    Folded(Section),
    Section(Section),
}

impl Section {
    /// A section without content.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            blocks: Vec::new(),
        }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn with_paragraph(self, words: impl Into<String>) -> Self {
        self.with(Block::Paragraph(words.into()))
    }

    /// Adds a list of names with their values.
    #[must_use]
    pub fn with_facts<N: Into<String>, V: Into<String>>(
        self,
        facts: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let facts = facts
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        self.with(Block::Facts(facts))
    }

    /// Adds a table.
    #[must_use]
    pub fn with_table(self, table: Table) -> Self {
        self.with(Block::Table(table))
    }

    /// Adds a chart.
    #[must_use]
    pub fn with_chart(self, chart: impl Into<Chart>) -> Self {
        self.with(Block::Chart(chart.into()))
    }

    /// Adds a part that is folded away until the reader opens it by its title; on paper it is open.
    #[must_use]
    pub fn with_folded(self, part: Section) -> Self {
        self.with(Block::Folded(part))
    }

    /// Adds a section within this one.
    #[must_use]
    pub fn with_section(self, section: Section) -> Self {
        self.with(Block::Section(section))
    }

    fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// The section with its heading of `level`, at most 6 as HTML has it; `id` is what the contents refer to.
    pub(crate) fn write(&self, out: &mut String, level: usize, id: Option<&str>) -> Result<()> {
        match id {
            Some(id) => out.push_str(&format!("<section id=\"{id}\">\n")),
            None => out.push_str("<section>\n"),
        }
        html::element(out, &format!("h{}", level.min(6)), &self.title);
        self.write_blocks(out, level + 1)?;
        out.push_str("</section>\n");
        Ok(())
    }

    /// Everything but the heading; headings within are of `level`.
    pub(crate) fn write_blocks(&self, out: &mut String, level: usize) -> Result<()> {
        for block in &self.blocks {
            match block {
                Block::Paragraph(words) => html::element(out, "p", words),
                Block::Facts(facts) => write_facts(out, facts),
                Block::Table(table) => table.write(out)?,
                Block::Chart(chart) => chart.write(out)?,
                Block::Folded(part) => {
                    out.push_str("<details>\n");
                    html::element(out, "summary", &part.title);
                    part.write_blocks(out, level)?;
                    out.push_str("</details>\n");
                }
                Block::Section(section) => section.write(out, level, None)?,
            }
        }
        Ok(())
    }
}

fn write_facts(out: &mut String, facts: &[(String, String)]) {
    out.push_str("<dl>\n");
    for (name, value) in facts {
        out.push_str("<div>");
        html::element(out, "dt", name);
        html::element(out, "dd", value);
        out.push_str("</div>\n");
    }
    out.push_str("</dl>\n");
}
