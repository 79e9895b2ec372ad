//! What a reader gets: text, JSON, a page.

use genrec_data::{Interactions, ItemId};

use super::*;
use crate::inspect::{InspectConfig, Inspection, Inspector, Summary, page};

/// Two tables with everything known about their items.
fn inspections() -> Vec<Inspection> {
    let (embeddings, identifiers) = planted(4, 5, 2);
    let names: Vec<String> = (0..20)
        .map(|item| format!("category {}", item / 5))
        .collect();
    let catalog = catalog(&names);
    let history = |user: u32| {
        (0..4)
            .map(|step| ItemId::new((5 * user + step) % 20))
            .collect()
    };
    let interactions = Interactions::new(20, (0..8).map(history).collect()).unwrap();
    let rows: Vec<Vec<u32>> = (0..20)
        .map(|item| vec![item % 3; 1 + (item as usize % 2)])
        .collect();
    let mixed = of_rows(&rows);
    let inspector = Inspector::new(InspectConfig::new(1).with_ks(vec![2, 10]))
        .unwrap()
        .with_catalog(&catalog)
        .with_text(&embeddings)
        .with_collaborative(&embeddings)
        .with_interactions(&interactions)
        .with_against("<before>", &identifiers);
    let inspect = |name: &str, table| inspector.inspect(name, table).unwrap();
    let first = inspect("planted & good", &identifiers);
    vec![
        first.with_reconstruction(&embeddings, &embeddings).unwrap(),
        inspect("mixed", &mixed),
    ]
}

#[test]
fn lengths_may_differ() {
    let mixed = &inspections()[1];
    assert_eq!((mixed.lengths, mixed.distinct), ((1, 2), 6));
    // Items 0, 6, 12, 18 have <a_0>; 3, 9, 15 have <a_0><b_0>.
    assert_eq!(mixed.collisions.largest, 4);
    assert_eq!(mixed.collisions.listed[0].identifier, "<a_0>");
    assert_eq!(
        mixed.collisions.listed[0].items[1].title.as_deref(),
        Some("<item> 6")
    );
    assert_eq!(
        mixed
            .collisions
            .sizes
            .iter()
            .map(|(size, groups)| size * groups)
            .sum::<usize>(),
        20
    );
    assert_eq!(mixed.levels[1].usage.counts.iter().sum::<u32>(), 10);
    assert_eq!(mixed.levels[1].prefixes, 6);
    // After <a_0>, <a_1> and <a_2> an identifier ends or goes on.
    assert_eq!(
        (
            mixed.levels[1].branching.nodes,
            mixed.levels[1].branching.mean
        ),
        (3, 2.0)
    );
}

#[test]
fn json_comes_back_as_it_was() {
    let inspections = inspections();
    let text = serde_json::to_string(&inspections).unwrap();
    assert_eq!(
        serde_json::from_str::<Vec<Inspection>>(&text).unwrap(),
        inspections
    );
    for name in [
        "\"normalized_entropy\"",
        "\"adjusted_rand\"",
        "\"co_occurrence\"",
        "\"spearman\"",
        "\"gini\"",
    ] {
        assert!(text.contains(name), "{name}");
    }
}

#[test]
fn text_has_every_part() {
    let inspections = inspections();
    let text = inspections
        .iter()
        .map(Inspection::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    let expected = [
        "planted & good: 20 identifiers for 20 items, no collisions",
        "mixed: 6 identifiers for 20 items, collision rate 70.00 %, 20 items in 6 groups, at most 4 together",
        "<a_0>: 4 items: <item> 0 | ",
        "perplexity",
        "text neighbours",
        "collaborative neighbours",
        "co-occurrence neighbours",
        "recall@10",
        "Kendall",
        "code overlap with the nearest neighbour",
        "category depth",
        "interactions are with items that share",
        "against <before>: 100.00 %",
        "reconstruction: mean squared error 0.000000",
        "items by first code, 15 codewords a group: 20",
    ];
    for expected in expected {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    // Only embeddings have distances to correlate with.
    assert_eq!(text.matches("Kendall").count(), 2 * 2);
    let summary = Summary(&inspections).to_string();
    for expected in [
        "planted & good",
        "mixed",
        "text R@10",
        "co-occurrence overlap",
        "changed",
        "70.00 %",
    ] {
        assert!(summary.contains(expected), "{expected} in\n{summary}");
    }
}

#[test]
fn a_page_has_a_section_for_every_table() {
    let inspections = inspections();
    let html = page("Tables", &inspections).to_html().unwrap();
    let expected = [
        "<h2>Level by level</h2>",
        "<h2>planted &amp; good</h2>",
        "<h2>mixed</h2>",
        "<h3>Neighbours: text</h3>",
        "<h3>Changes against &lt;before&gt;</h3>",
        "<h3>Categories</h3>",
        "<h3>Weighted by interactions</h3>",
        "0 &lt;item&gt; 0; 6 &lt;item&gt; 6",
        "variance explained",
    ];
    for expected in expected {
        assert!(html.contains(expected), "{expected}");
    }
    assert!(!html.contains("<item>") && !html.contains("http"));
    let alone = inspections[1].page().to_html().unwrap();
    assert!(alone.contains("<h1>mixed</h1>") && !alone.contains("Level by level"));
}

/// A table alone, of one item and of few, and a catalogue without categories are enough.
#[test]
fn little_is_enough() {
    let inspector = Inspector::new(InspectConfig::new(1)).unwrap();
    for rows in [
        vec![vec![0]],
        vec![vec![0, 0], vec![0, 0]],
        vec![vec![0], vec![0, 1], vec![2]],
    ] {
        let inspection = inspector.inspect("few", &of_rows(&rows)).unwrap();
        assert!(!inspection.to_string().is_empty());
        inspection.page().to_html().unwrap();
    }
    let two = Embeddings::from_vec(3, 1, vec![1.0, -1.0, 0.0]).unwrap();
    let inspector = inspector.with_text(&two);
    let inspection = inspector
        .inspect("three", &of_rows(&[vec![0], vec![0], vec![1]]))
        .unwrap();
    let known = &inspection.neighbours[0];
    // Of three items two have rows, and no k is below the number of the others.
    assert_eq!(
        (known.items, known.at.len(), known.overlap.mean),
        (2, 0, 1.0)
    );
    assert_eq!(known.correlation.as_ref().unwrap().prefix.spearman, None);
    inspection.page().to_html().unwrap();
    assert!(inspection.to_string().contains("text neighbours"));
}
