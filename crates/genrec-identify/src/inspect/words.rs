//! What is shown of an inspection, as text and on a page alike: tables as columns, the rest as sentences.

use super::{AgreementAt, Churn, Inspection, Neighbourhood, RankCorrelation};

/// The names of the columns, and the rows: a name first, then numbers as they are to be read.
pub(super) type Columns = (Vec<String>, Vec<Vec<String>>);

impl Inspection {
    pub(super) fn level_columns(&self) -> Columns {
        let header = [
            "level",
            "codewords",
            "used",
            "dead",
            "perplexity",
            "entropy (nats)",
            "of maximum",
            "Gini",
        ];
        let row = |(number, level): (usize, &super::Level)| {
            vec![
                number.to_string(),
                level.codewords.to_string(),
                level.usage.used.to_string(),
                level.dead.to_string(),
                format!("{:.1}", level.usage.perplexity),
                format!("{:.3}", level.usage.entropy),
                format!("{:.3}", level.normalized_entropy),
                format!("{:.3}", level.usage.gini),
            ]
        };
        (
            header.map(str::to_owned).to_vec(),
            (1..).zip(&self.levels).map(row).collect(),
        )
    }

    pub(super) fn tree_columns(&self) -> Columns {
        let header = [
            "prefix",
            "different",
            "collision rate",
            "that lead on",
            "next codes",
            "at most",
            "single next",
        ];
        let row = |(number, level): (usize, &super::Level)| {
            let next = self.levels.get(number).map(|next| &next.branching);
            let of_next =
                |cell: fn(&super::Branching) -> String| next.map_or_else(|| "-".to_owned(), cell);
            vec![
                codes(number),
                level.prefixes.to_string(),
                percent(level.collision_rate),
                of_next(|next| next.nodes.to_string()),
                of_next(|next| format!("{:.2}", next.mean)),
                of_next(|next| next.max.to_string()),
                of_next(|next| percent(next.single)),
            ]
        };
        (
            header.map(str::to_owned).to_vec(),
            (1..).zip(&self.levels).map(row).collect(),
        )
    }

    pub(super) fn category_columns(&self) -> Columns {
        let mut header = ["category depth", "categories", "items"]
            .map(str::to_owned)
            .to_vec();
        header.extend((1..=self.levels.len()).map(codes));
        let row = |found: &super::CategoryPurity| {
            let counts =
                [found.depth, found.categories, found.items].map(|count| count.to_string());
            let purity = |at: &super::Purity| {
                format!(
                    "{:.3} ({:.3}) {}",
                    at.purity,
                    at.chance,
                    maybe(at.adjusted, 3)
                )
            };
            counts
                .into_iter()
                .chain(found.at.iter().map(purity))
                .collect()
        };
        (header, self.categories.iter().map(row).collect())
    }
}

pub(super) fn neighbour_columns(known: &Neighbourhood) -> Columns {
    let mut header = vec![format!("{} neighbours", known.reference)];
    header.extend(
        known
            .at
            .iter()
            .flat_map(|at| [format!("recall@{}", at.k), format!("NDCG@{}", at.k)]),
    );
    if known.correlation.is_some() {
        header.extend(["Spearman", "Kendall"].map(str::to_owned));
    }
    let row = |name: &str,
               which: fn(&AgreementAt) -> super::Agreement,
               ranks: Option<RankCorrelation>| {
        let mut row = vec![name.to_owned()];
        for at in &known.at {
            let found = which(at);
            row.extend([found.recall, found.ndcg].map(|figure| format!("{figure:.4}")));
        }
        if known.correlation.is_some() {
            let figures = ranks.map_or([None; 2], |ranks| [ranks.spearman, ranks.kendall]);
            row.extend(figures.map(|figure| maybe(figure, 4)));
        }
        row
    };
    let ranks = known.correlation.as_ref();
    let rows = vec![
        row(
            "by common prefix",
            |at| at.prefix,
            ranks.map(|ranks| ranks.prefix),
        ),
        row(
            "by codes in common",
            |at| at.shared,
            ranks.map(|ranks| ranks.shared),
        ),
        row("by chance", |at| at.chance, None),
    ];
    (header, rows)
}

/// What items have in common with their nearest neighbour, in words.
pub(super) fn overlap_words(known: &Neighbourhood) -> String {
    let overlap = &known.overlap;
    let levels: Vec<String> = overlap
        .by_level
        .iter()
        .map(|share| format!("{share:.4}"))
        .collect();
    format!(
        "code overlap with the nearest neighbour ({} items): {:.4} (by chance {:.4}), by level {}; common prefix {:.3} codes, at least one \
         code {:.4}, the whole identifier {:.4}",
        known.items,
        overlap.mean,
        overlap.chance,
        levels.join(" "),
        overlap.prefix,
        overlap.any,
        overlap.all
    )
}

/// How a table differs from another, in words.
pub(super) fn churn_words(churn: &Churn) -> String {
    let levels: Vec<String> = churn
        .changed_by_level
        .iter()
        .map(|&share| percent(share))
        .collect();
    let rand: Vec<String> = churn
        .adjusted_rand
        .iter()
        .map(|&index| maybe(index, 3))
        .collect();
    format!(
        "against {}: {} of the identifiers are others, by level {}; common prefix {:.3} codes; adjusted Rand index of the groups by \
         prefix {}",
        churn.against,
        percent(churn.changed),
        levels.join(" "),
        churn.mean_common_prefix,
        rand.join(" ")
    )
}

fn codes(number: usize) -> String {
    format!("{number} {}", if number == 1 { "code" } else { "codes" })
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

pub(super) fn maybe(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}
