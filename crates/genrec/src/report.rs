//! A run as one page: what went in, how it trained, what items are called, and how good it is.

use genrec_identify::inspect::Inspection;
use genrec_metrics::{EvaluationSet, Metric, Report, Slice, Table};
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
        if !self.table.reports().is_empty() {
            page = page.with_section(self.figures());
        }
        page = page.with_section(self.settings());
        if !self.trainings.is_empty() {
            page = page.with_section(self.curves());
        }
        self.inspections.iter().fold(page, |page, inspection| {
            page.with_section(inspection.section())
        })
    }

    fn figures(&self) -> Section {
        let reports = self.table.reports();
        let protocol = reports[0].protocol();
        let several = protocol.targets > protocol.cases;
        let columns: Vec<(Metric, usize)> = reports[0]
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
        let rows = reports.iter().map(|report| {
            let cells = columns.iter().map(|&(metric, k)| cell(report, metric, k));
            std::iter::once(Cell::from(report.recommender())).chain(cells)
        });
        let k = protocol.ks.last().copied().unwrap_or(10);
        let names = reports.iter().map(Report::recommender);
        let ndcg = BarChart::new(format!("NDCG@{k}"), names)
            .with_axes("recommender", format!("NDCG@{k}"))
            .with_series(
                format!("NDCG@{k}"),
                reports
                    .iter()
                    .filter_map(|report| report.value(Metric::Ndcg, k)),
            );
        let caption = self.table.caption();
        let mut section = caption
            .lines()
            .fold(Section::new("How good it is"), Section::with_paragraph)
            .with_table(
                PageTable::new("Means over users, with 95 % intervals", header).with_rows(rows),
            )
            .with_chart(ndcg);
        if let Some(slices) = self.popularity(k) {
            section = section.with_chart(slices);
        }
        section
    }

    /// NDCG by the popularity of the right item, where the reports have slices.
    fn popularity(&self, k: usize) -> Option<BarChart> {
        let fifths: Vec<Slice> = self.table.reports()[0]
            .slices()
            .iter()
            .map(|figures| figures.slice)
            .filter(|slice| matches!(slice, Slice::Popularity(_)))
            .collect();
        if fifths.is_empty() {
            return None;
        }
        let names: Vec<String> = fifths.iter().map(ToString::to_string).collect();
        let chart = BarChart::new(
            format!("NDCG@{k} by the popularity of the right item, a fifth of the items each"),
            names,
        )
        .with_axes("items", format!("NDCG@{k}"));
        let bars = |report: &Report<S>| {
            let of = |&slice: &Slice| {
                let found = report
                    .slices()
                    .iter()
                    .find(|figures| figures.slice == slice)?;
                let mut figures = found.figures.iter();
                let figure = figures.find(|figure| (figure.metric, figure.k) == (Metric::Ndcg, k));
                figure.map(|figure| figure.value)
            };
            fifths
                .iter()
                .map(|slice| of(slice).unwrap_or(0.0))
                .collect::<Vec<_>>()
        };
        let sliced = self.table.reports().iter();
        let sliced = sliced.filter(|report| !report.slices().is_empty());
        Some(sliced.fold(chart, |chart, report| {
            chart.with_series(report.recommender(), bars(report))
        }))
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
                .with_series("validation", validated);
            section = section.with_chart(loss).with_chart(validation);
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

fn cell<S: EvaluationSet>(report: &Report<S>, metric: Metric, k: usize) -> Cell {
    let Some(figure) = report.figure(metric, k) else {
        return Cell::missing();
    };
    Cell::Number(match figure.interval {
        Some(interval) => format!(
            "{:.4} ({:.4}–{:.4})",
            figure.value, interval.low, interval.high
        ),
        None => format!("{:.4}", figure.value),
    })
}
