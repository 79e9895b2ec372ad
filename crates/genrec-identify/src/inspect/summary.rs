use std::fmt;

use super::{
    AgreementAt, Inspection, Neighbourhood,
    display::grid,
    words::{Columns, maybe, percent},
};

/// One line a table: several inspections side by side.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a>(pub &'a [Inspection]);

impl Summary<'_> {
    /// The names of the columns, then one row a table; columns that no table fills are left out.
    pub(super) fn columns(&self) -> Columns {
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
                if let Some(k) = shown(known).map(|at| at.k) {
                    let recall = |inspection: &Inspection| {
                        let at = &inspection.neighbours_by(reference)?.at;
                        at.iter().find(|at| at.k == k).map(|at| at.prefix.recall)
                    };
                    add(format!("{reference} R@{k}"), &recall, 4);
                }
                let overlap = |inspection: &Inspection| {
                    Some(inspection.neighbours_by(reference)?.overlap.mean)
                };
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
fn shown(known: &Neighbourhood) -> Option<&AgreementAt> {
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
