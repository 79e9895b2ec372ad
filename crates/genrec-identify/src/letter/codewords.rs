use genrec_embed::Embeddings;
use genrec_page::{LineChart, Section};

use super::Letter;
use crate::Result;

impl Letter {
    /// The codewords of all levels in their first two principal components, a chart a level: where they lie (LETTER, section 4.3, the distribution of code embeddings).
    ///
    /// # Errors
    ///
    /// [`Error::Embed`](crate::Error::Embed) for codewords one value wide, which have no second component.
    pub fn codewords_section(&self, name: &str) -> Result<Section> {
        let mut section = Section::new(format!("Codewords of {name}"));
        for level in 0..self.space.codebooks().len() {
            let codebook = Embeddings::new(self.codebook(level).to_owned())?;
            let found = codebook.principal_components(2)?;
            let axis = |number: usize| {
                let share = 100.0 * found.explained[number];
                format!("component {} ({share:.0} % of the variance)", number + 1)
            };
            let points = (0..codebook.rows())
                .map(|row| found.rows.row(row))
                .map(|row| (f64::from(row[0]), f64::from(row[1])));
            section = section.with_chart(
                LineChart::new(format!("Level {}", level + 1))
                    .without_lines()
                    .with_axes(axis(0), axis(1))
                    .with_series("codewords", points),
            );
        }
        Ok(section)
    }
}
