//! Inspections as an HTML page.

use genrec_page::{BarChart, Cell, LineChart, Page, Section, Table};

use super::{
    CategoryPurity, Churn, Collided, Inspection, Level, Neighbourhood, Summary, Traffic,
    display::{churn_words, maybe, neighbour_columns, overlap_words, percent},
};

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
             among the k items with most codes in common, expected over ties. Overlap: the share of codes an item has in common with its \
             nearest neighbour.",
        )
        .with_table(table("All tables", header, rows));
    if inspections.len() > 1 && inspections.len() <= LINES {
        page = page.with_section(together(inspections));
    }
    inspections.iter().fold(page, |page, inspection| {
        page.with_section(inspection.section())
    })
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
        let (header, rows) = self.level_columns();
        let mut section = Section::new(&self.name)
            .with_facts(facts)
            .with_table(table(
                "Levels, and what leads into them from the prefixes before",
                header,
                rows,
            ))
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
            "Share of the items that have the most frequent category of their prefix, and by chance",
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

/// What several tables have in common, level by level.
fn together(inspections: &[Inspection]) -> Section {
    let lines = |caption: &str, axis: &str, value: fn(&Level) -> f64| {
        let chart = LineChart::new(caption).with_axes("level", axis).with_zero();
        inspections.iter().fold(chart, |chart, inspection| {
            let points = (1..).zip(&inspection.levels);
            chart.with_series(
                &inspection.name,
                points.map(|(number, level)| (f64::from(number), value(level))),
            )
        })
    };
    let mut section = Section::new("Level by level")
        .with_chart(lines(
            "Perplexity of the codes of a level",
            "perplexity",
            |level| level.usage.perplexity,
        ))
        .with_chart(lines(
            "Share of the prefixes with one way on only",
            "share",
            |level| level.branching.single,
        ));
    let references = inspections[0]
        .neighbours
        .iter()
        .map(|known| known.reference);
    for reference in references {
        let mut chart = LineChart::new(format!(
            "Neighbours found: {reference} neighbours among the items with most codes in common"
        ))
        .with_axes("k", "recall@k")
        .with_zero();
        for inspection in inspections {
            let known = inspection
                .neighbours
                .iter()
                .find(|known| known.reference == reference);
            let points: Vec<(f64, f64)> = known
                .iter()
                .flat_map(|known| &known.at)
                .map(|at| (at.k as f64, at.shared.recall))
                .collect();
            if !points.is_empty() {
                chart = chart.with_series(&inspection.name, points);
            }
        }
        let drawn = inspections[0]
            .neighbours
            .iter()
            .any(|known| known.at.len() > 1);
        if drawn {
            section = section.with_chart(chart);
        }
    }
    section
}

/// Counts of codewords, the most frequent first, level by level.
fn frequencies(levels: &[Level]) -> LineChart {
    let chart = LineChart::new("Items by codeword, most frequent first")
        .with_axes("rank of the codeword", "items")
        .with_zero();
    (1..).zip(levels).fold(chart, |chart, (number, level)| {
        let mut counts = level.usage.counts.clone();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let points = (1..)
            .zip(counts)
            .map(|(rank, count)| (f64::from(rank), f64::from(count)));
        chart.with_series(format!("level {number}"), points)
    })
}

fn neighbours(known: &Neighbourhood) -> Section {
    let (header, rows) = neighbour_columns(known);
    let levels = (1..=known.overlap.by_level.len()).map(|level| format!("level {level}"));
    Section::new(format!("Neighbours: {}", known.reference))
        .with_table(table("Neighbours found by codes", header, rows))
        .with_paragraph(sentence(&overlap_words(known)))
        .with_chart(
            BarChart::new(
                "Items that have the code of their nearest neighbour",
                levels,
            )
            .with_axes("", "share of the items")
            .with_series("share", known.overlap.by_level.iter().copied()),
        )
}

fn with_traffic(traffic: &Traffic) -> Section {
    let rows = (1..).zip(&traffic.levels).map(|(number, level)| {
        [
            Cell::from(format!("{number}")),
            Cell::from(level.used),
            Cell::decimal(level.perplexity, 1),
            Cell::decimal(level.gini, 3),
        ]
    });
    let groups = (1..=traffic.first_codes.len()).map(|group| group.to_string());
    Section::new("Weighted by interactions")
        .with_paragraph(format!(
            "{} of the {} interactions are with items that share their identifier.",
            percent(traffic.collided),
            traffic.interactions
        ))
        .with_table(Table::new("Levels, each item as often as it was taken", ["level", "used", "perplexity", "Gini"]).with_rows(rows))
        .with_chart(
            BarChart::new("Interactions by first code, the same number of codewords a bar, most frequent first", groups)
                .with_axes("bar", "share of the interactions")
                .with_series("share", traffic.first_codes.iter().copied()),
        )
}

fn changes(churn: &Churn) -> Section {
    let lengths = (0..churn.common_prefixes.len()).map(|length| length.to_string());
    Section::new(format!("Changes against {}", churn.against))
        .with_paragraph(sentence(&churn_words(churn)))
        .with_chart(
            BarChart::new(
                "Items by the length of the prefix that old and new identifier have in common",
                lengths,
            )
            .with_axes("codes in common", "items")
            .with_series(
                "items",
                churn.common_prefixes.iter().map(|&items| items as f64),
            ),
        )
}

fn listed(groups: &[Collided], all: usize) -> Section {
    let rows = groups.iter().map(|group| {
        let mut items: Vec<String> = group
            .items
            .iter()
            .map(|item| match &item.title {
                Some(title) => format!("{} {title}", item.item),
                None => item.item.to_string(),
            })
            .collect();
        if group.size > items.len() {
            items.push(format!("and {} more", group.size - items.len()));
        }
        [
            Cell::from(group.identifier.as_str()),
            Cell::from(group.size),
            Cell::from(items.join("; ")),
        ]
    });
    let title = format!(
        "Shared identifiers: {} of {all}, largest first",
        groups.len()
    );
    Section::new(&title).with_table(
        Table::new("Shared identifiers", ["identifier", "items", "which"]).with_rows(rows),
    )
}

/// Names in the first column, numbers in the others.
fn table(caption: &str, header: Vec<String>, rows: Vec<Vec<String>>) -> Table {
    let row = |row: Vec<String>| {
        let cells = row.into_iter().enumerate();
        cells.map(|(column, words)| {
            if column == 0 {
                Cell::Text(words)
            } else {
                Cell::Number(words)
            }
        })
    };
    Table::new(caption, header).with_rows(rows.into_iter().map(row))
}

fn lengths((shortest, longest): (usize, usize)) -> String {
    if shortest == longest {
        longest.to_string()
    } else {
        format!("{shortest} to {longest}")
    }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}
