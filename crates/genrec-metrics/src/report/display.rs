//! A report as text.

use std::fmt;

use comfy_table::{Cell, CellAlignment, Table as Grid, presets};

use super::{Figure, Report};
use crate::{EvaluationSet, Metric, Protocol, Ties};

/// An empty table of numbers in the style of all reports.
pub(crate) fn grid(header: impl IntoIterator<Item = String>) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(presets::UTF8_FULL_CONDENSED);
    grid.set_header(header.into_iter().map(Cell::new));
    grid
}

/// A row: a name on the left, numbers on the right.
pub(crate) fn row(name: impl Into<String>, numbers: impl IntoIterator<Item = String>) -> Vec<Cell> {
    let numbers = numbers
        .into_iter()
        .map(|number| Cell::new(number).set_alignment(CellAlignment::Right));
    std::iter::once(Cell::new(name.into()))
        .chain(numbers)
        .collect()
}

/// A mean with its interval on a second line.
pub(crate) fn with_interval(figure: Option<&Figure>) -> String {
    match figure {
        None => "-".to_owned(),
        Some(Figure {
            value,
            interval: Some(interval),
            ..
        }) => format!("{value:.4}\n{:.4}-{:.4}", interval.low, interval.high),
        Some(Figure { value, .. }) => format!("{value:.4}"),
    }
}

/// The metrics worth a column: with one target a user, the hit rate is the recall.
pub(crate) fn metrics(protocol: &Protocol) -> Vec<Metric> {
    let one_target = protocol.cases == protocol.targets;
    Metric::ALL
        .into_iter()
        .filter(|&metric| metric != Metric::HitRate || !one_target)
        .collect()
}

/// What a reader should know of the recommender's own way with ties, if there is anything.
pub(crate) fn tie_note<S: EvaluationSet>(report: &Report<S>) -> Option<String> {
    let tied = report.tied_lists();
    match report.ties() {
        Ties::Declared if tied == 0 => None,
        Ties::Declared => Some(format!("equal scores at different ranks in {tied} lists")),
        Ties::Broken => Some(format!(
            "ties {}, equal scores at different ranks in {tied} lists",
            Ties::Broken
        )),
    }
}

/// Users a second, with as many digits as mean something.
pub(crate) fn speed(users_per_second: f64) -> String {
    if users_per_second < 10.0 {
        format!("{users_per_second:.2}")
    } else {
        format!("{users_per_second:.0}")
    }
}

impl<S: EvaluationSet> fmt::Display for Report<S> {
    /// Metrics by k with intervals, what is recommended, slices, and the protocol.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ks = &self.protocol().ks;
        let head = |first: &str| -> Vec<String> {
            let cuts = ks.iter().map(|k| format!("@{k}"));
            std::iter::once(first.to_owned()).chain(cuts).collect()
        };
        let mut grid = grid(head(self.recommender()));
        for metric in metrics(self.protocol()) {
            let figures = ks.iter().map(|&k| with_interval(self.figure(metric, k)));
            grid.add_row(row(metric.name(), figures));
        }
        let spread = self.spread();
        grid.add_row(row(
            "coverage",
            spread
                .iter()
                .map(|spread| format!("{:.4}", spread.coverage)),
        ));
        grid.add_row(row(
            "Gini",
            spread.iter().map(|spread| format!("{:.4}", spread.gini)),
        ));
        if self
            .measured
            .spread
            .iter()
            .any(|spread| spread.mean_popularity.is_some())
        {
            let popularity =
                |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
            let cells = spread
                .iter()
                .map(|spread| popularity(spread.mean_popularity));
            grid.add_row(row("mean popularity", cells));
        }
        writeln!(formatter, "{grid}")?;
        self.fmt_slices(formatter)?;
        writeln!(formatter, "{}", self.protocol())?;
        writeln!(formatter, "audit: {}", self.audit())?;
        if let Some(note) = tie_note(self) {
            writeln!(formatter, "{note}")?;
        }
        if self.short_lists() > 0 {
            writeln!(
                formatter,
                "{} users got fewer items than asked for",
                self.short_lists()
            )?;
        }
        write!(formatter, "{} users/s", speed(self.users_per_second()))
    }
}

impl<S: EvaluationSet> Report<S> {
    fn fmt_slices(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.slices().is_empty() {
            return Ok(());
        }
        let k = self.protocol().ks.last().copied().unwrap_or_default();
        let mut header = ["targets that are", "items", "users"]
            .map(str::to_owned)
            .to_vec();
        let metrics = [Metric::Recall, Metric::Ndcg];
        header.extend(metrics.map(|metric| format!("{}@{k}", metric.symbol())));
        let mut grid = grid(header);
        for slice in self.slices() {
            let mut cells = vec![slice.items.to_string(), slice.users.to_string()];
            cells.extend(metrics.map(|metric| with_interval(slice.figure(metric, k))));
            grid.add_row(row(slice.slice.to_string(), cells));
        }
        writeln!(formatter, "{grid}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EvaluateConfig, ItemKnn, ItemSlices, evaluate, fixture};

    #[test]
    fn shows_figures_slices_and_protocol() {
        let split = fixture::split();
        let config = EvaluateConfig::new(1)
            .with_resamples(10)
            .with_slices(ItemSlices::of(&split.train));
        let report = evaluate(&ItemKnn::fit(&split.train), &split.test, &config).unwrap();
        let text = report.to_string();
        let expected = [
            "item kNN",
            "@5",
            "@10",
            "recall",
            "NDCG",
            "MRR",
            "coverage",
            "Gini",
            "mean popularity",
            "warm",
            "cold",
            "popularity 1/5 (most)",
            "R@10",
            "test, leave-one-out",
            "users/s",
            "ties counted against",
            "audit: ",
            "no users with a target in their own history",
            "what training gives away was not looked for",
            "ties broken by a rule of its own, equal scores at different ranks in ",
        ];
        for expected in expected {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
        assert!(
            text.contains(&format!("{:.4}", report.value(Metric::Ndcg, 10).unwrap())),
            "{text}"
        );
        assert!(!text.contains("hit rate"), "{text}");
    }

    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        assert_eq!(speed(1234.5), "1234");
        assert_eq!(speed(3.256), "3.26");
        let mut figure = Figure {
            metric: Metric::Recall,
            k: 5,
            value: 0.074_06,
            interval: None,
        };
        assert_eq!(with_interval(Some(&figure)), "0.0741");
        figure.interval = Some(crate::Interval {
            low: 0.07,
            high: 0.08,
        });
        assert_eq!(with_interval(Some(&figure)), "0.0741\n0.0700-0.0800");
        assert_eq!(with_interval(None), "-");
    }
}
