//! What the sections of the page consist of.

use genrec_page::{BarChart, Cell, LineChart, Section, Table};

use crate::inspect::{
    Churn, Collided, Inspection, Level, Neighbourhood, Traffic,
    words::{churn_words, neighbour_columns, overlap_words, percent},
};

/// What several tables have in common, level by level.
pub(super) fn together(inspections: &[Inspection]) -> Section {
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
            "Neighbours found: {reference} neighbours among the items with the longest common prefix"
        ))
        .with_axes("k", "recall@k")
        .with_zero();
        for inspection in inspections {
            let known = inspection.neighbours_by(reference);
            let points: Vec<(f64, f64)> = known
                .iter()
                .flat_map(|known| &known.at)
                .map(|at| (at.k as f64, at.prefix.recall))
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
pub(super) fn frequencies(levels: &[Level]) -> LineChart {
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

pub(super) fn neighbours(known: &Neighbourhood) -> Section {
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

pub(super) fn with_traffic(traffic: &Traffic) -> Section {
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

pub(super) fn changes(churn: &Churn) -> Section {
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

pub(super) fn listed(groups: &[Collided], all: usize) -> Section {
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
pub(super) fn table(caption: &str, header: Vec<String>, rows: Vec<Vec<String>>) -> Table {
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

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

/// What the figures mean.
pub(super) fn definitions() -> Section {
    let meanings = [
        (
            "collision rate",
            "1 - different identifiers / items; after a number of codes, of the identifiers cut there.",
        ),
        ("dead", "Codewords that no item has."),
        (
            "perplexity",
            "How many evenly used codewords would be as diverse: the exponential of the entropy.",
        ),
        (
            "of maximum",
            "Entropy over the logarithm of the number of codewords: 1 when they are used evenly.",
        ),
        (
            "Gini",
            "Unevenness of the use of all codewords, dead ones included: 0 when even.",
        ),
        (
            "single next",
            "Share of the prefixes after which only one code can follow, so that a decoder has no choice.",
        ),
        (
            "recall@k, NDCG@k",
            "How many of an item's k nearest neighbours are among the k items its codes put nearest, the mean over the items. Where codes put \
             several items at the same distance, the expectation over their orders.",
        ),
        (
            "Spearman, Kendall",
            "Rank correlation of nearness in codes and cosine of the embeddings on a random sample of pairs (Kendall: tau-b).",
        ),
        (
            "code overlap",
            "Share of the places at which an item has the code of its nearest neighbour, the mean over the items.",
        ),
        (
            "purity",
            "Share of the items that have the most frequent category of their prefix; by chance: with categories permuted; adjusted: 0 by \
             chance, 1 when every prefix has one category.",
        ),
        (
            "adjusted Rand index",
            "Whether two tables group items alike by their first codes, whatever the codes are called: 1 alike, 0 by chance.",
        ),
    ];
    Section::new("What the figures mean").with_table(
        Table::new("Definitions", ["figure", "meaning"]).with_rows(meanings.map(<[&str; 2]>::from)),
    )
}
