//! A run as one page: what went in, how it trained, what items are called, and how good it is.

use std::collections::BTreeMap;

use genrec_identify::inspect::Inspection;
use genrec_metrics::{EvaluationSet, Metric, Row, Slice, Table};
use genrec_page::{BarChart, Cell, LineChart, Page, Section, Table as PageTable};
use genrec_train::EpochSummary;
use serde::Serialize;
use serde_json::Value;

/// What happened in a run, collected as it goes, shown as a self-contained HTML page.
///
/// ```
/// use genrec::data::{Interactions, ItemId, leave_one_out};
/// use genrec::metrics::{EvaluateConfig, ItemKnn, ItemSlices, Table, evaluate};
/// use genrec::report::RunReport;
///
/// let histories = (0..20).map(|user| (user..user + 6).map(|item| ItemId::new(item % 12)).collect());
/// let split = leave_one_out(&Interactions::new(12, histories.collect())?)?;
/// let mut table = Table::new();
/// let config = EvaluateConfig::new(1).with_slices(ItemSlices::of(&split.train));
/// table.push(evaluate(&ItemKnn::fit(&split.train), &split.test, &config)?)?;
///
/// let page = RunReport::new("A walk")
///     .with_setting("seed", 1)
///     .with_table(table)
///     .page();
/// assert!(page.to_html()?.contains("item kNN"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RunReport<S> {
    title: String,
    settings: Vec<(String, Value)>,
    trainings: Vec<(String, Vec<EpochSummary>)>,
    inspections: Vec<Inspection>,
    table: Table<S>,
}

impl<S: EvaluationSet> RunReport<S> {
    /// A report of nothing yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            settings: Vec::new(),
            trainings: Vec::new(),
            inspections: Vec::new(),
            table: Table::new(),
        }
    }

    /// Adds a fact about data or settings: words or a number, or a whole configuration, which is shown value by value.
    ///
    /// # Panics
    ///
    /// If the value cannot be written as JSON: maps whose keys are not words.
    #[must_use]
    pub fn with_setting(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("settings can be written as JSON");
        self.settings.push((name.into(), value));
        self
    }

    /// Adds the epochs of a training.
    #[must_use]
    pub fn with_training(mut self, name: impl Into<String>, epochs: &[EpochSummary]) -> Self {
        self.trainings.push((name.into(), epochs.to_vec()));
        self
    }

    /// Adds what an inspector says about identifiers.
    #[must_use]
    pub fn with_inspection(mut self, inspection: Inspection) -> Self {
        self.inspections.push(inspection);
        self
    }

    /// Sets the table of figures.
    #[must_use]
    pub fn with_table(mut self, table: Table<S>) -> Self {
        self.table = table;
        self
    }

    /// The page: figures, settings, curves, identifiers.
    pub fn page(&self) -> Page {
        let mut page = Page::new(&self.title);
        let rows: Vec<Row<'_, S>> = self.table.rows().collect();
        if let [first, ..] = &rows[..] {
            page = page.with_section(self.figures(&rows, first));
        }
        page = page.with_section(self.settings());
        if !self.trainings.is_empty() {
            page = page.with_section(self.curves());
        }
        self.inspections.iter().fold(page, |page, inspection| {
            page.with_section(inspection.section())
        })
    }

    fn figures(&self, rows: &[Row<'_, S>], first: &Row<'_, S>) -> Section {
        let protocol = first.protocol();
        let several = protocol.targets > protocol.cases;
        let columns: Vec<(Metric, usize)> = first.reports()[0]
            .figures()
            .iter()
            // With one right item a user the hit rate is the recall.
            .filter(|figure| figure.metric != Metric::HitRate || several)
            .map(|figure| (figure.metric, figure.k))
            .collect();
        let header = columns
            .iter()
            .map(|(metric, k)| format!("{}@{k}", metric.symbol()));
        let header = std::iter::once("recommender".to_owned()).chain(header);
        let shown = rows.iter().map(|row| {
            let cells = columns.iter().map(|&(metric, k)| cell(row, metric, k));
            std::iter::once(Cell::from(row.name())).chain(cells)
        });
        let k = protocol.ks.last().copied().unwrap_or(10);
        let ndcg = BarChart::new(format!("NDCG@{k}"), rows.iter().map(Row::name))
            .with_axes("recommender", format!("NDCG@{k}"))
            .with_series(
                format!("NDCG@{k}"),
                rows.iter().filter_map(|row| row.value(Metric::Ndcg, k)),
            );
        let caption = self.table.caption();
        let mut section = caption
            .lines()
            .fold(Section::new("How good it is"), Section::with_paragraph)
            .with_table(
                PageTable::new("Means over users, with 95 % intervals", header).with_rows(shown),
            )
            .with_chart(ndcg);
        if let Some(slices) = popularity(rows, k) {
            section = section.with_chart(slices);
        }
        section
    }

    /// Single values in sight, configurations folded.
    fn settings(&self) -> Section {
        let mut facts = Vec::new();
        let mut folded = Vec::new();
        for (name, value) in &self.settings {
            if value.is_object() || value.is_array() {
                let mut rows = Vec::new();
                flatten("", value, &mut rows);
                let table = PageTable::new(name, ["setting", "value"])
                    .with_rows(rows.into_iter().map(|(name, value)| [name, value]));
                folded.push(Section::new(name).with_table(table));
            } else {
                facts.push((name.as_str(), words(value)));
            }
        }
        let section = Section::new("Data and settings").with_facts(facts);
        folded.into_iter().fold(section, Section::with_folded)
    }

    fn curves(&self) -> Section {
        let mut section = Section::new("Training");
        for (name, epochs) in &self.trainings {
            let validated = epochs
                .iter()
                .filter_map(|epoch| Some((epoch.epoch as f64, epoch.validation?)));
            let losses = epochs.iter().map(|epoch| (epoch.epoch as f64, epoch.loss));
            let loss = LineChart::new(format!("{name}: loss"))
                .with_axes("epoch", "nats a prediction")
                .with_series("training loss", losses);
            let validation = LineChart::new(format!("{name}: NDCG@10 on validation"))
                .with_axes("epoch", "NDCG@10")
                .with_zero()
                .with_series("validation", validated.clone());
            // A curve needs a point: a training may have had no epochs, or none that was validated.
            if epochs.is_empty() {
                section = section.with_paragraph(format!("{name}: no epochs"));
                continue;
            }
            section = section.with_chart(loss);
            if validated.count() > 0 {
                section = section.with_chart(validation);
            }
        }
        section
    }
}

/// The values of a configuration by their paths.
fn flatten(path: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    let under = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| flatten(&under(name), value, rows)),
        value => rows.push((path.to_owned(), words(value))),
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::String(words) => words.clone(),
        value => value.to_string(),
    }
}

fn cell<S: EvaluationSet>(row: &Row<'_, S>, metric: Metric, k: usize) -> Cell {
    let Some(value) = row.value(metric, k) else {
        return Cell::missing();
    };
    let mut words = format!("{value:.4}");
    if let Some(deviation) = row.deviation(metric, k) {
        words += &format!(" ± {deviation:.4}");
    }
    if let Some(interval) = row.interval(metric, k) {
        words += &format!(" ({:.4}–{:.4})", interval.low, interval.high);
    }
    Cell::Number(words)
}

/// NDCG by the popularity of the right item, of the rows whose reports have such slices: the mean over the seeds of a row, for the parts that anybody has a target in.
fn popularity<S: EvaluationSet>(rows: &[Row<'_, S>], k: usize) -> Option<BarChart> {
    let mut bars: Vec<(String, BTreeMap<String, f64>)> = Vec::new();
    let mut parts: Vec<String> = Vec::new();
    for row in rows {
        // What not all seeds have is no mean over them.
        if row
            .reports()
            .iter()
            .any(|report| report.slices().is_empty())
        {
            continue;
        }
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for report in row.reports() {
            for found in report.slices() {
                let figure = found.figure(Metric::Ndcg, k);
                let (Slice::Popularity(_), Some(figure)) = (found.slice, figure) else {
                    continue;
                };
                let part = found.slice.to_string();
                if !parts.contains(&part) {
                    parts.push(part.clone());
                }
                *sums.entry(part).or_default() += figure.value / row.reports().len() as f64;
            }
        }
        if !sums.is_empty() {
            bars.push((row.name(), sums));
        }
    }
    if bars.is_empty() {
        return None;
    }
    // The same targets are sliced alike for all, unless rows were made with slices of other data: only what all have is compared.
    parts.retain(|part| bars.iter().all(|(_, sums)| sums.contains_key(part)));
    if parts.is_empty() {
        return None;
    }
    let title = "by the popularity of the right item, a fifth of the items each";
    let chart = BarChart::new(format!("NDCG@{k} {title}"), parts.clone())
        .with_axes("items", format!("NDCG@{k}"));
    Some(bars.into_iter().fold(chart, |chart, (name, sums)| {
        chart.with_series(name, parts.iter().map(|part| sums[part]))
    }))
}

#[cfg(test)]
mod tests {
    use genrec_data::{Interactions, ItemId, Test, leave_one_out};
    use genrec_metrics::{
        EvaluateConfig, ItemKnnConfig, ItemSlices, Report, SeedSummary, evaluate,
    };

    use super::*;

    /// Reports of item kNN with these windows, sliced or not.
    fn reports(windows: &[usize], sliced: bool) -> Vec<Report<Test>> {
        let history = |user: u32| {
            (user..user + 6)
                .map(|item| ItemId::new(item % 12))
                .collect()
        };
        let interactions = Interactions::new(12, (0..20).map(history).collect()).unwrap();
        let split = leave_one_out(&interactions).unwrap();
        let mut config = EvaluateConfig::new(1);
        if sliced {
            config = config.with_slices(ItemSlices::of(&split.train));
        }
        let knn = |&window: &usize| {
            let config = ItemKnnConfig::new().with_window(window);
            config.fit(&split.train).unwrap()
        };
        let knn = windows.iter().map(knn);
        knn.map(|knn| evaluate(&knn, &split.test, &config).unwrap())
            .collect()
    }

    #[test]
    fn rows_of_several_seeds_are_on_the_page() {
        let mut table = Table::new();
        let summary = SeedSummary::new("walker", reports(&[1, 2], true)).unwrap();
        table.push_seeds(summary).unwrap();
        let page = RunReport::new("A walk").with_table(table.clone()).page();
        let html = page.to_html().unwrap();
        assert!(html.contains("How good it is"));
        assert!(html.contains("walker (2 seeds)"));
        assert!(html.contains("by the popularity of the right item"));
        let mixed = [reports(&[1], true), reports(&[2], false)].concat();
        let summary = SeedSummary::new("half sliced", mixed).unwrap();
        let mut other = Table::new();
        other.push_seeds(summary).unwrap();
        let half = RunReport::new("A walk").with_table(other).page();
        assert!(
            !half
                .to_html()
                .unwrap()
                .contains("by the popularity of the right item")
        );
        let [single] = <[_; 1]>::try_from(reports(&[3], false)).unwrap();
        table.push(single.named("unsliced")).unwrap();
        let page = RunReport::new("A walk").with_table(table).page();
        let html = page.to_html().unwrap();
        assert!(html.contains("walker (2 seeds)") && html.contains("unsliced"));
    }

    #[test]
    fn trainings_without_epochs_or_validations_make_a_page() {
        let epoch = EpochSummary {
            epoch: 1,
            loss: 1.5,
            validation: None,
        };
        let report = RunReport::<Test>::new("Nothing yet")
            .with_training("none", &[])
            .with_training("one", &[epoch]);
        let html = report.page().to_html().unwrap();
        assert!(html.contains("none: no epochs"));
        assert!(html.contains("one: loss") && !html.contains("one: NDCG@10"));
    }
}
