//! A comparison as text.

use std::fmt;

use super::Comparison;
use crate::report::{grid, metrics, row};

impl fmt::Display for Comparison {
    /// A row for each metric and k: both means, the difference with its interval, the p-value; then how it was tested.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["", &self.first, &self.second, "difference", "p"];
        let mut grid = grid(head.map(str::to_owned));
        let shown = metrics(&self.protocol);
        let figures = self.differences.iter();
        for figure in figures.filter(|figure| shown.contains(&figure.metric)) {
            let difference = match figure.interval {
                Some(interval) => format!(
                    "{:+.4}\n{:+.4} to {:+.4}",
                    figure.difference, interval.low, interval.high
                ),
                None => format!("{:+.4}", figure.difference),
            };
            let cells = [
                format!("{:.4}", figure.first),
                format!("{:.4}", figure.second),
                difference,
                match figure.p_value < 5e-5 {
                    true => "< 0.0001".to_owned(),
                    false => format!("{:.4}", figure.p_value),
                },
            ];
            grid.add_row(row(
                format!("{}@{}", figure.metric.symbol(), figure.k),
                cells,
            ));
        }
        writeln!(formatter, "{grid}\n{}", self.protocol)?;
        if self.test.resamples > 0 {
            write!(
                formatter,
                "95 % bootstrap intervals of the difference over users; "
            )?;
        }
        write!(
            formatter,
            "p-values of a two-sided sign-flip test with {} permutations (exact where there are no more), not corrected for the number of rows",
            self.test.permutations
        )
    }
}
