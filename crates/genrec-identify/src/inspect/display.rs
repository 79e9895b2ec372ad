use std::fmt;

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::{AgreementAt, Churn, Inspection, Neighbourhood, RankCorrelation};

/// One line a table: several inspections side by side.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a>(pub &'a [Inspection]);

impl Summary<'_> {
    /// The names of the columns, then one row a table; columns that no table fills are left out.
    pub(super) fn columns(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let Self(inspections) = self;
        let mut header: Vec<String> = [
            "table",
            "items",
            "identifiers",
            "collision rate",
            "largest group",
            "codes used",
            "perplexity",
        ]
        .map(str::to_owned)
        .to_vec();
        let mut rows: Vec<Vec<String>> = inspections.iter().map(fixed).collect();
        let mut add = |name: String, value: &dyn Fn(&Inspection) -> Option<f64>, digits: usize| {
            let values: Vec<Option<f64>> = inspections.iter().map(value).collect();
            if values.iter().all(Option::is_none) {
                return;
            }
            header.push(name);
            for (row, value) in rows.iter_mut().zip(values) {
                row.push(maybe(value, digits));
            }
        };
        if let Some(first) = inspections.first() {
            for known in &first.neighbours {
                let reference = known.reference;
                let found = move |inspection: &Inspection| -> Option<Neighbourhood> {
                    inspection
                        .neighbours
                        .iter()
                        .find(|known| known.reference == reference)
                        .cloned()
                };
                if let Some(k) = widest(known).map(|at| at.k) {
                    let recall = |inspection: &Inspection| {
                        let known = found(inspection)?;
                        known
                            .at
                            .iter()
                            .find(|at| at.k == k)
                            .map(|at| at.shared.recall)
                    };
                    add(format!("{reference} R@{k}"), &recall, 4);
                }
                let overlap = |inspection: &Inspection| Some(found(inspection)?.overlap.mean);
                add(format!("{reference} overlap"), &overlap, 4);
            }
        }
        add(
            "changed".to_owned(),
            &|inspection| Some(inspection.churn.as_ref()?.changed),
            4,
        );
        add(
            "reconstruction error".to_owned(),
            &|inspection| Some(inspection.reconstruction?.mean_squared_error),
            5,
        );
        (header, rows)
    }
}

/// The cut that summaries show: 10 where it was asked for, or the middle one.
pub(super) fn widest(known: &Neighbourhood) -> Option<&AgreementAt> {
    known
        .at
        .iter()
        .find(|at| at.k == 10)
        .or_else(|| known.at.get(known.at.len() / 2))
}

fn fixed(inspection: &Inspection) -> Vec<String> {
    let first = &inspection.levels[0];
    vec![
        inspection.name.clone(),
        inspection.items.to_string(),
        inspection.distinct.to_string(),
        percent(inspection.collision_rate),
        inspection.collisions.largest.to_string(),
        format!("{}/{}", first.usage.used, first.codewords),
        format!("{:.1}", first.usage.perplexity),
    ]
}

impl fmt::Display for Summary<'_> {
    /// A table; codes used and perplexity are those of the first level.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (header, rows) = self.columns();
        write!(f, "{}", grid(header, rows))
    }
}

impl fmt::Display for Inspection {
    /// All parts but the listed collisions, of which the first three are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} identifiers for {} items",
            self.name, self.distinct, self.items
        )?;
        let collisions = &self.collisions;
        if collisions.groups == 0 {
            writeln!(f, ", no collisions")?;
        } else {
            let rate = percent(self.collision_rate);
            writeln!(
                f,
                ", collision rate {rate}, {} items in {} groups, at most {} together",
                collisions.items, collisions.groups, collisions.largest
            )?;
        }
        for group in collisions.listed.iter().take(3) {
            let title = group.items.iter().find_map(|item| item.title.as_deref());
            writeln!(
                f,
                "  {}: {} items{}",
                group.identifier,
                group.size,
                title
                    .map(|title| format!(", such as {title:.60}"))
                    .unwrap_or_default()
            )?;
        }
        let (header, rows) = self.level_columns();
        writeln!(f, "{}", grid(header, rows))?;
        for known in &self.neighbours {
            fmt_neighbours(f, known)?;
        }
        if !self.categories.is_empty() {
            let (header, rows) = self.category_columns();
            writeln!(f, "{}", grid(header, rows))?;
        }
        if let Some(traffic) = &self.traffic {
            writeln!(
                f,
                "{} of {} interactions are with items that share their identifier; first codes weighted by them: perplexity {:.1}",
                percent(traffic.collided),
                traffic.interactions,
                traffic.levels[0].perplexity
            )?;
        }
        if let Some(churn) = &self.churn {
            fmt_churn(f, churn)?;
        }
        if let Some(found) = &self.reconstruction {
            writeln!(
                f,
                "reconstruction: mean squared error {:.6}, explained {}, cosine {:.4}",
                found.mean_squared_error,
                maybe(found.explained, 4),
                found.cosine
            )?;
        }
        let groups: Vec<String> = self.first_codes.items.iter().map(u32::to_string).collect();
        write!(
            f,
            "items by first code, {} codewords a group: {}",
            self.first_codes.group,
            groups.join(" ")
        )
    }
}

impl Inspection {
    pub(super) fn level_columns(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let header = [
            "level",
            "codewords",
            "used",
            "dead",
            "perplexity",
            "entropy (nats)",
            "of most",
            "Gini",
            "prefixes",
            "collision rate",
            "children",
            "at most",
            "single child",
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
                level.prefixes.to_string(),
                percent(level.collision_rate),
                format!("{:.2}", level.branching.mean),
                level.branching.max.to_string(),
                percent(level.branching.single),
            ]
        };
        (
            header.map(str::to_owned).to_vec(),
            (1..).zip(&self.levels).map(row).collect(),
        )
    }

    pub(super) fn category_columns(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let mut header = ["category depth", "categories", "items"]
            .map(str::to_owned)
            .to_vec();
        for codes in 1..=self.levels.len() {
            header.push(format!("purity, {codes} codes"));
            header.push("chance".to_owned());
            header.push("adjusted".to_owned());
        }
        let row = |found: &super::CategoryPurity| {
            let mut row = vec![
                found.depth.to_string(),
                found.categories.to_string(),
                found.items.to_string(),
            ];
            for at in &found.at {
                row.push(format!("{:.3}", at.purity));
                row.push(format!("{:.3}", at.chance));
                row.push(maybe(at.adjusted, 3));
            }
            row
        };
        (header, self.categories.iter().map(row).collect())
    }
}

pub(super) fn neighbour_columns(known: &Neighbourhood) -> (Vec<String>, Vec<Vec<String>>) {
    let mut header = vec![format!("{} neighbours", known.reference)];
    header.extend(
        known
            .at
            .iter()
            .flat_map(|at| [format!("recall@{}", at.k), format!("NDCG@{}", at.k)]),
    );
    header.extend(["Spearman", "Kendall"].map(str::to_owned));
    let row = |name: &str,
               which: fn(&AgreementAt) -> super::Agreement,
               ranks: Option<RankCorrelation>| {
        let mut row = vec![name.to_owned()];
        for at in &known.at {
            let found = which(at);
            row.extend([found.recall, found.ndcg].map(|figure| format!("{figure:.4}")));
        }
        row.push(maybe(ranks.and_then(|ranks| ranks.spearman), 4));
        row.push(maybe(ranks.and_then(|ranks| ranks.kendall), 4));
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

fn fmt_neighbours(f: &mut fmt::Formatter<'_>, known: &Neighbourhood) -> fmt::Result {
    let (header, rows) = neighbour_columns(known);
    writeln!(f, "{}\n{}", grid(header, rows), overlap_words(known))
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

fn fmt_churn(f: &mut fmt::Formatter<'_>, churn: &Churn) -> fmt::Result {
    writeln!(f, "{}", churn_words(churn))
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

pub(super) fn maybe(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// A table in the style of all reports: names on the left, numbers on the right.
fn grid(header: Vec<String>, rows: Vec<Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(header);
    for row in rows {
        let cells = row
            .into_iter()
            .enumerate()
            .map(|(column, words)| match column {
                0 => Cell::new(words),
                _ => Cell::new(words).set_alignment(CellAlignment::Right),
            });
        table.add_row(cells);
    }
    table
}
