use std::fmt;

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::{
    Inspection, Neighbourhood,
    words::{churn_words, maybe, neighbour_columns, overlap_words, percent},
};

impl fmt::Display for Inspection {
    /// All parts; of the listed collisions the titles, as far as a line reaches.
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
        for group in &collisions.listed {
            let titles = group.items.iter().filter_map(|item| item.title.as_deref());
            let titles: Vec<String> = titles.map(|title| format!("{title:.40}")).take(3).collect();
            write!(f, "  {}: {} items", group.identifier, group.size)?;
            if !titles.is_empty() {
                write!(f, ": {}", titles.join(" | "))?;
            }
            writeln!(f)?;
        }
        let (header, rows) = self.level_columns();
        writeln!(f, "{}", grid(header, rows))?;
        let (header, rows) = self.tree_columns();
        writeln!(f, "{}", grid(header, rows))?;
        for known in &self.neighbours {
            fmt_neighbours(f, known)?;
        }
        if !self.categories.is_empty() {
            let (header, rows) = self.category_columns();
            writeln!(
                f,
                "purity of prefixes (by chance) adjusted\n{}",
                grid(header, rows)
            )?;
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
            writeln!(f, "{}", churn_words(churn))?;
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

fn fmt_neighbours(f: &mut fmt::Formatter<'_>, known: &Neighbourhood) -> fmt::Result {
    let (header, rows) = neighbour_columns(known);
    writeln!(f, "{}\n{}", grid(header, rows), overlap_words(known))
}

/// A table in the style of all reports: names on the left, numbers on the right.
pub(super) fn grid(header: Vec<String>, rows: Vec<Vec<String>>) -> Table {
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
