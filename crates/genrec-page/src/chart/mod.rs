//! Charts as inline SVG, made with plotters.

mod bars;
mod draw;
mod lines;

pub use bars::BarChart;
pub use lines::LineChart;

use crate::{Error, Result, html};
use draw::Mark;

/// A chart: lines or bars.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// Lines.
    Lines(LineChart),
    /// Bars.
    Bars(BarChart),
}

impl From<LineChart> for Chart {
    fn from(chart: LineChart) -> Self {
        Self::Lines(chart)
    }
}

impl From<BarChart> for Chart {
    fn from(chart: BarChart) -> Self {
        Self::Bars(chart)
    }
}

impl Chart {
    /// The figure: the plot, its legend where there are several series, its caption.
    pub(crate) fn write(&self, out: &mut String) -> Result<()> {
        let (svg, frame, names, mark, about): (_, _, Vec<&str>, _, _) = match self {
            Self::Lines(chart) => {
                let names = chart.series.iter().map(|(name, _)| name.as_str());
                (
                    chart.svg()?,
                    &chart.frame,
                    names.collect(),
                    Mark::Line,
                    chart.describe(),
                )
            }
            Self::Bars(chart) => {
                let names = chart.series.iter().map(|(name, _)| name.as_str());
                (
                    chart.svg()?,
                    &chart.frame,
                    names.collect(),
                    Mark::Bar,
                    chart.describe(),
                )
            }
        };
        // The namespace is for files of their own; what plotters takes for a size is the shape, the width is the page's.
        let inner = &svg[svg.find('>').map_or(0, |end| end + 1)..];
        let (width, height) = draw::SIZE;
        out.push_str(&format!(
            "<figure>\n<svg class=\"plot\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\""
        ));
        html::escape(out, &format!("{}. {about}", frame.caption));
        out.push_str("\">");
        out.push_str(&inner.replace(draw::INK_TEXT, "\"currentColor\""));
        if names.len() > 1 {
            out.push_str("<ul class=\"legend\">\n");
            for (series, name) in names.into_iter().enumerate() {
                out.push_str("<li>");
                out.push_str(&draw::swatch(series, mark));
                html::escape(out, name);
                out.push_str("</li>\n");
            }
            out.push_str("</ul>\n");
        }
        html::element(out, "figcaption", &frame.caption);
        out.push_str("</figure>\n");
        Ok(())
    }
}

/// What all charts have.
#[derive(Debug, Clone, PartialEq, Default)]
struct Frame {
    caption: String,
    x: String,
    y: String,
}

impl Frame {
    /// Units below the plot: the labels, and the name of the axis where it has one.
    fn x_area(&self) -> u32 {
        if self.x.is_empty() { 48 } else { 88 }
    }

    fn wrong(&self, series: Option<&str>, expected: &str, found: impl Into<String>) -> Error {
        Error::Chart {
            caption: self.caption.clone(),
            series: series.map(str::to_owned),
            expected: expected.to_owned(),
            found: found.into(),
        }
    }

    /// What went wrong while drawing; drawing into memory does not.
    fn failed(&self, error: impl std::fmt::Display) -> Error {
        self.wrong(None, "a plot", error.to_string())
    }
}
