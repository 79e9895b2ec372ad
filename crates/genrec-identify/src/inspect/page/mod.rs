//! Inspections as an HTML page.

use genrec_page::{BarChart, LineChart, Page, Section};

mod parts;

use super::{
    CategoryPurity, Inspection, Summary,
    words::{maybe, percent},
};
use parts::{changes, definitions, frequencies, listed, neighbours, table, together, with_traffic};

/// More lines than this are no help in a plot of several tables.
const LINES: usize = 7;

/// One page about several tables: what they have in common first, then a section each.
///
/// ```
/// use genrec_identify::inspect::{self, Identifiers, InspectConfig, Inspector};
///
/// let identifiers = Identifiers::from_index_json(r#"{"0": ["<a_0>"], "1": ["<a_1>"]}"#)?;
/// let inspector = Inspector::new(InspectConfig::new(1))?;
/// let inspections = [inspector.inspect("one", &identifiers)?, inspector.inspect("two", &identifiers)?];
/// assert!(inspect::page("Two tables", &inspections).to_html()?.contains("Two tables"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn page(title: &str, inspections: &[Inspection]) -> Page {
    let (header, rows) = Summary(inspections).columns();
    let mut page = Page::new(title)
        .with_paragraph(
            "Collision rate: 1 - identifiers / items. Codes used and perplexity are those of the first level; where a file does not say how \
             many codewords a level has, it is one more than its largest code. R@k: the share of an item's k nearest neighbours that are \
             among the k items with the longest common prefix, expected over ties. Overlap: the share of codes an item has in common with its \
             nearest neighbour.",
        )
        .with_table(table("All tables", header, rows));
    if inspections.len() > 1 && inspections.len() <= LINES {
        page = page.with_section(together(inspections));
    }
    inspections
        .iter()
        .fold(page, |page, inspection| {
            page.with_section(inspection.section())
        })
        .with_section(definitions())
}

impl Inspection {
    /// A page about this table alone.
    pub fn page(&self) -> Page {
        page(&self.name, std::slice::from_ref(self))
    }

    /// The part of a page about this table.
    pub fn section(&self) -> Section {
        let collisions = &self.collisions;
        let mut facts = vec![
            ("items", self.items.to_string()),
            ("identifiers", self.distinct.to_string()),
            ("collision rate", percent(self.collision_rate)),
            ("items that share theirs", collisions.items.to_string()),
            ("shared identifiers", collisions.groups.to_string()),
            ("largest group", collisions.largest.to_string()),
            ("codes an item", lengths(self.lengths)),
        ];
        if let Some(found) = &self.reconstruction {
            facts.push((
                "reconstruction error (mean square)",
                format!("{:.6}", found.mean_squared_error),
            ));
            facts.push(("variance explained", maybe(found.explained, 4)));
            facts.push(("reconstruction cosine", format!("{:.4}", found.cosine)));
        }
        let (header, rows) = self.tree_columns();
        let tree = table(
            "The tree of prefixes: how many there are, and how many next codes those have that lead on",
            header,
            rows,
        );
        let (header, rows) = self.level_columns();
        let mut section = Section::new(&self.name)
            .with_facts(facts)
            .with_table(table("Use of the codewords, level by level", header, rows))
            .with_table(tree)
            .with_chart(frequencies(&self.levels))
            .with_chart(self.first_codes());
        section = self.neighbours.iter().fold(section, |section, known| {
            section.with_section(neighbours(known))
        });
        if !self.categories.is_empty() {
            section = section.with_section(self.purity());
        }
        if let Some(traffic) = &self.traffic {
            section = section.with_section(with_traffic(traffic));
        }
        if let Some(churn) = &self.churn {
            section = section.with_section(changes(churn));
        }
        if !collisions.listed.is_empty() {
            section = section.with_folded(listed(&collisions.listed, collisions.groups));
        }
        section
    }

    fn first_codes(&self) -> BarChart {
        let group = self.first_codes.group;
        let names = (0..self.first_codes.items.len()).map(|place| (place * group + 1).to_string());
        BarChart::new(
            format!("Items by first code, {group} codewords a bar, most frequent first"),
            names,
        )
        .with_axes("rank of the first codeword of the bar", "items")
        .with_series(
            "items",
            self.first_codes.items.iter().map(|&items| f64::from(items)),
        )
    }

    fn purity(&self) -> Section {
        let (header, rows) = self.category_columns();
        let adjusted = |found: &CategoryPurity| {
            let points = (1..).zip(&found.at);
            let points = points.filter_map(|(codes, at)| Some((f64::from(codes), at.adjusted?)));
            points.collect::<Vec<_>>()
        };
        let mut chart = LineChart::new(
            "Purity above chance (0: as permuted categories, 1: one category a prefix)",
        )
        .with_axes("codes of the prefix", "adjusted purity")
        .with_zero();
        let mut drawn = false;
        for found in &self.categories {
            let points = adjusted(found);
            if !points.is_empty() {
                drawn = true;
                chart = chart.with_series(
                    format!(
                        "category depth {} ({} categories)",
                        found.depth, found.categories
                    ),
                    points,
                );
            }
        }
        let section = Section::new("Categories").with_table(table(
            "Purity: share of the items that have the most frequent category of their prefix (by chance), adjusted",
            header,
            rows,
        ));
        if drawn {
            section.with_chart(chart)
        } else {
            section
        }
    }
}

fn lengths((shortest, longest): (usize, usize)) -> String {
    if shortest == longest {
        longest.to_string()
    } else {
        format!("{shortest} to {longest}")
    }
}
