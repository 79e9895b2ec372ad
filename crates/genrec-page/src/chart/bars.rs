use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Frame, draw, lines};
use crate::{Result, html};

/// Bars over categories; with several series, side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct BarChart {
    pub(super) frame: Frame,
    categories: Vec<String>,
    pub(super) series: Vec<(String, Vec<f64>)>,
}

impl BarChart {
    /// A chart over these categories, without series. Names that would overlap are left out, the first of a run stays.
    pub fn new<S: Into<String>>(
        caption: impl Into<String>,
        categories: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            frame: Frame {
                caption: caption.into(),
                ..Frame::default()
            },
            categories: categories.into_iter().map(Into::into).collect(),
            series: Vec::new(),
        }
    }

    /// How many of the values lie in each of `bins` equally wide parts of their range; the categories are where the parts begin.
    ///
    /// Values that are not finite lie in none, and are refused when the chart is drawn, as no values and no bins are.
    pub fn histogram(caption: impl Into<String>, values: &[f64], bins: usize) -> Self {
        let bins = if values.is_empty() { 0 } else { bins };
        let (low, high) = lines::range(values.iter().copied());
        let width = if high > low {
            (high - low) / bins as f64
        } else {
            1.0
        };
        let mut counts = vec![0.0; bins];
        for &value in values {
            // The greatest value belongs to the last part.
            let bin = ((value - low) / width) as usize;
            match counts.get_mut(bin.min(bins.saturating_sub(1))) {
                Some(count) if value.is_finite() => *count += 1.0,
                _ => counts.push(f64::NAN),
            }
        }
        let starts = (0..bins).map(|bin| draw::number(low + width * bin as f64));
        Self::new(caption, starts).with_series("count", counts)
    }

    /// Names the axes.
    #[must_use]
    pub fn with_axes(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        (self.frame.x, self.frame.y) = (x.into(), y.into());
        self
    }

    /// Adds one bar a category.
    #[must_use]
    pub fn with_series(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        self.series
            .push((name.into(), values.into_iter().collect()));
        self
    }

    /// One sentence a series: its least and greatest value and where the latter stands.
    pub(super) fn describe(&self) -> String {
        let series = self.series.iter().map(|(name, values)| {
            let (low, high) = lines::range(values.iter().copied());
            let at = values.iter().position(|&value| value == high).unwrap_or(0);
            format!(
                "{name}: {} bars between {} and {}, the highest at {}.",
                values.len(),
                draw::number(low),
                draw::number(high),
                self.categories[at]
            )
        });
        let series: Vec<String> = series.collect();
        series.join(" ")
    }

    pub(super) fn svg(&self) -> Result<String> {
        self.check()?;
        let (low, high) = lines::range(
            self.series
                .iter()
                .flat_map(|(_, values)| values.iter().copied()),
        );
        let mut y = draw::padded(low.min(0.0), high.max(0.0));
        if low >= 0.0 {
            y.start = 0.0;
        }
        if high <= 0.0 && low < 0.0 {
            y.end = 0.0;
        }
        let mut svg = String::new();
        self.draw(&mut svg, y)
            .map_err(|error| self.frame.failed(error))?;
        Ok(svg)
    }

    fn check(&self) -> Result<()> {
        if self.categories.is_empty() || self.series.is_empty() {
            let found = format!(
                "{} categories and {} series",
                self.categories.len(),
                self.series.len()
            );
            return Err(self
                .frame
                .wrong(None, "at least one category and one series", found));
        }
        for (name, values) in &self.series {
            if let Some(place) = values.iter().position(|value| !value.is_finite()) {
                let found = format!("{} as value {}", values[place], place + 1);
                return Err(self.frame.wrong(Some(name), "finite numbers", found));
            }
            if values.len() != self.categories.len() {
                let expected = format!(
                    "a value for each of the {} categories",
                    self.categories.len()
                );
                return Err(self
                    .frame
                    .wrong(Some(name), &expected, values.len().to_string()));
            }
        }
        Ok(())
    }

    fn draw(
        &self,
        svg: &mut String,
        y: std::ops::Range<f64>,
    ) -> std::result::Result<(), Box<dyn std::error::Error>> {
        let root = SVGBackend::with_string(svg, draw::SIZE).into_drawing_area();
        let categories = self.categories.len();
        let mut chart = ChartBuilder::on(&root)
            .margin(16)
            .x_label_area_size(self.frame.x_area())
            .y_label_area_size(150)
            .build_cartesian_2d(0.0..categories as f64, y.clone())?;
        let text = ("sans-serif", draw::TEXT).into_font().color(&draw::INK);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(0)
            .y_labels(8)
            .light_line_style(TRANSPARENT)
            .bold_line_style(draw::INK.mix(0.15))
            .axis_style(draw::INK.mix(0.6))
            .label_style(text.clone())
            .axis_desc_style(text.clone())
            .x_desc(html::printable(&self.frame.x))
            .y_desc(html::printable(&self.frame.y))
            .y_label_formatter(&|value| draw::number(*value))
            .draw()?;
        let gap = if categories > 100 { 0.0 } else { 0.1 };
        let width = (1.0 - 2.0 * gap) / self.series.len() as f64;
        for (series, (_, values)) in self.series.iter().enumerate() {
            let start = |category: usize| category as f64 + gap + width * series as f64;
            let bars = values.iter().enumerate().map(|(category, &value)| {
                let corners = [
                    (start(category), value.max(0.0)),
                    (start(category) + width, value.min(0.0)),
                ];
                Rectangle::new(corners, draw::colour(series).filled())
            });
            chart.draw_series(bars)?;
        }
        // plotters puts labels at round numbers, not below bars.
        let label = text.pos(Pos::new(HPos::Center, VPos::Top));
        let origin = root.get_base_pixel();
        for category in (0..categories).step_by(self.labels_every()) {
            let (x, y) = chart
                .plotting_area()
                .map_coordinate(&(category as f64 + 0.5, y.start));
            let at = (x - origin.0, y - origin.1 + 12);
            root.draw(&Text::new(
                html::printable(&self.categories[category]),
                at,
                label.clone(),
            ))?;
        }
        root.present()?;
        Ok(())
    }

    /// Of how many categories one has its name written below it.
    fn labels_every(&self) -> usize {
        let longest = self
            .categories
            .iter()
            .map(|name| name.chars().count())
            .max();
        let width = 0.55 * f64::from(draw::TEXT) * (longest.unwrap_or(0) as f64 + 1.5);
        let room = f64::from(draw::SIZE.0 - 182) / self.categories.len() as f64;
        (width / room).ceil().max(1.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(svg: &str, series: usize) -> usize {
        let colour = draw::colour_text(series);
        svg.lines()
            .filter(|line| line.starts_with("<rect") && line.contains(&colour))
            .count()
    }

    #[test]
    fn every_series_has_a_bar_a_category() {
        let chart = BarChart::new("C", ["x", "y", "z"])
            .with_axes("letter", "count")
            .with_series("a", [1.0, 2.0, 3.0])
            .with_series("b", [-1.0, 0.0, 3.0]);
        let svg = chart.svg().unwrap();
        assert_eq!((bars(&svg, 0), bars(&svg, 1)), (3, 3));
        for word in ["letter", "count", "\nx\n", "\ny\n", "\nz\n"] {
            assert!(svg.contains(word), "{word} in {svg}");
        }
        assert!(
            chart
                .describe()
                .ends_with("b: 3 bars between -1 and 3, the highest at z.")
        );
    }

    #[test]
    fn names_that_would_overlap_are_left_out() {
        let chart = BarChart::new("C", (0..256).map(|code| format!("code {code}")))
            .with_series("a", (0..256).map(f64::from));
        let svg = chart.svg().unwrap();
        assert_eq!(bars(&svg, 0), 256);
        let written = svg.matches("\ncode ").count();
        assert!((4..=12).contains(&written), "{written}");
    }

    #[test]
    fn a_histogram_counts() {
        let chart = BarChart::histogram("C", &[0.0, 0.1, 0.5, 0.99, 1.0], 2);
        assert_eq!(chart.series[0].1, [2.0, 3.0]);
        assert_eq!(chart.categories, ["0", "0.5"]);
        let same = BarChart::histogram("C", &[3.0, 3.0], 4);
        assert_eq!(same.series[0].1, [2.0, 0.0, 0.0, 0.0]);
        assert!(BarChart::histogram("C", &[1.0, f64::NAN], 2).svg().is_err());
        assert!(BarChart::histogram("C", &[], 2).svg().is_err());
        assert!(BarChart::histogram("C", &[1.0], 0).svg().is_err());
    }

    #[test]
    fn what_cannot_be_drawn_is_named() {
        let message = |chart: BarChart| chart.svg().unwrap_err().to_string();
        assert_eq!(
            message(BarChart::new("C", ["x", "y"]).with_series("a", [1.0])),
            "chart \"C\", series \"a\": expected a value for each of the 2 categories, found 1"
        );
        assert!(message(BarChart::new("C", ["x"])).ends_with("found 1 categories and 0 series"));
        assert!(
            message(BarChart::new("C", ["x"]).with_series("a", [f64::INFINITY]))
                .ends_with("found inf as value 1")
        );
    }
}
