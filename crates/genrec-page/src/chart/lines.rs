use plotters::prelude::*;

use super::{Frame, draw};
use crate::{Result, html};

/// Points are marked up to so many in a series.
const MARKED_POINTS: usize = 60;

/// Lines over a common axis, each with its own points: losses by epoch, recall by depth.
#[derive(Debug, Clone, PartialEq)]
pub struct LineChart {
    pub(super) frame: Frame,
    pub(super) series: Vec<(String, Vec<(f64, f64)>)>,
    from_zero: bool,
    scattered: bool,
}

impl LineChart {
    /// A chart without series.
    pub fn new(caption: impl Into<String>) -> Self {
        Self {
            frame: Frame {
                caption: caption.into(),
                ..Frame::default()
            },
            series: Vec::new(),
            from_zero: false,
            scattered: false,
        }
    }

    /// Names the axes.
    #[must_use]
    pub fn with_axes(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        (self.frame.x, self.frame.y) = (x.into(), y.into());
        self
    }

    /// Lets the vertical axis begin at 0, which is right for counts and shares; without, it begins below the smallest value.
    #[must_use]
    pub fn with_zero(mut self) -> Self {
        self.from_zero = true;
        self
    }

    /// Shows points without lines between them, all of them: a scatter plot.
    #[must_use]
    pub fn without_lines(mut self) -> Self {
        self.scattered = true;
        self
    }

    /// Adds a line through the points, in their order.
    #[must_use]
    pub fn with_series(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.series
            .push((name.into(), points.into_iter().collect()));
        self
    }

    /// One sentence a line: where it begins and ends, its least and greatest value.
    pub(super) fn describe(&self) -> String {
        let lines = self.series.iter().map(|(name, points)| {
            let (first, last) = (points[0], points[points.len() - 1]);
            let (low, high) = range(points.iter().map(|point| point.1));
            format!(
                "{name}: {} at {} to {} at {}, between {} and {}.",
                draw::number(first.1),
                draw::number(first.0),
                draw::number(last.1),
                draw::number(last.0),
                draw::number(low),
                draw::number(high)
            )
        });
        let lines: Vec<String> = lines.collect();
        lines.join(" ")
    }

    pub(super) fn svg(&self) -> Result<String> {
        self.check()?;
        let all = || self.series.iter().flat_map(|(_, points)| points);
        let (left, right) = range(all().map(|point| point.0));
        let (low, high) = range(all().map(|point| point.1));
        let low = if self.from_zero { low.min(0.0) } else { low };
        let mut y = draw::padded(low, high);
        if self.from_zero && low == 0.0 {
            y.start = 0.0;
        }
        let mut svg = String::new();
        self.draw(&mut svg, draw::padded(left, right), y)
            .map_err(|error| self.frame.failed(error))?;
        Ok(svg)
    }

    fn check(&self) -> Result<()> {
        if self.series.is_empty() {
            return Err(self.frame.wrong(None, "at least one series", "none"));
        }
        for (name, points) in &self.series {
            if points.is_empty() {
                return Err(self.frame.wrong(Some(name), "at least one point", "none"));
            }
            let wrong = points
                .iter()
                .position(|(x, y)| !(x.is_finite() && y.is_finite()));
            if let Some(place) = wrong {
                let found = format!("{:?} as point {}", points[place], place + 1);
                return Err(self.frame.wrong(Some(name), "finite numbers", found));
            }
        }
        Ok(())
    }

    fn draw(
        &self,
        svg: &mut String,
        x: std::ops::Range<f64>,
        y: std::ops::Range<f64>,
    ) -> std::result::Result<(), Box<dyn std::error::Error>> {
        // Between levels or epochs there is nothing to label.
        let mut places = self.series.iter().flat_map(|(_, points)| points);
        let whole = places.all(|point| point.0.fract() == 0.0);
        let steps = ((x.end - x.start) / 1.1).round() as usize;
        let root = SVGBackend::with_string(svg, draw::SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(16)
            .x_label_area_size(self.frame.x_area())
            .y_label_area_size(150)
            .build_cartesian_2d(x, y)?;
        let text = ("sans-serif", draw::TEXT).into_font().color(&draw::INK);
        chart
            .configure_mesh()
            .x_labels(if whole { 12.min(steps + 1) } else { 12 })
            .y_labels(8)
            .light_line_style(TRANSPARENT)
            .bold_line_style(draw::INK.mix(0.15))
            .axis_style(draw::INK.mix(0.6))
            .label_style(text.clone())
            .axis_desc_style(text)
            .x_desc(html::printable(&self.frame.x))
            .y_desc(html::printable(&self.frame.y))
            .x_label_formatter(&|value| {
                if whole && (value - value.round()).abs() > 1e-6 {
                    String::new()
                } else {
                    draw::number(*value)
                }
            })
            .y_label_formatter(&|value| draw::number(*value))
            .draw()?;
        for (series, (_, points)) in self.series.iter().enumerate() {
            let colour = draw::colour(series);
            if !self.scattered {
                chart.draw_series(LineSeries::new(
                    points.iter().copied(),
                    colour.stroke_width(4),
                ))?;
                if points.len() > MARKED_POINTS {
                    continue;
                }
            }
            let filled = colour.filled();
            match series % 3 {
                0 => chart.draw_series(points.iter().map(|&at| Circle::new(at, 7, filled)))?,
                1 => chart
                    .draw_series(points.iter().map(|&at| TriangleMarker::new(at, 9, filled)))?,
                _ => {
                    let style = colour.stroke_width(4);
                    chart.draw_series(points.iter().map(|&at| Cross::new(at, 7, style)))?
                }
            };
        }
        root.present()?;
        Ok(())
    }
}

pub(super) fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_is_drawn_in_its_colour() {
        let chart = LineChart::new("C")
            .with_axes("epoch", "loss")
            .with_series("a", [(0.0, 1.0), (1.0, 0.5)])
            .with_series("b", [(0.0, 2.0), (0.5, 1.5), (1.0, 1.0)])
            .with_series("flat", (0..100).map(|x| (f64::from(x) / 100.0, 1.0)));
        let svg = chart.svg().unwrap();
        for series in 0..3 {
            let colour = draw::colour_text(series);
            let lines = svg
                .lines()
                .filter(|line| line.starts_with("<polyline") && line.contains(&colour));
            assert_eq!(lines.count(), 1, "{series} in {svg}");
        }
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("epoch") && svg.contains("loss") && svg.contains(draw::INK_TEXT));
        assert_eq!(
            LineChart::new("C")
                .with_series("a", [(0.0, 1.0), (1.0, 0.5)])
                .describe(),
            "a: 1 at 0 to 0.5 at 1, between 0.5 and 1."
        );
    }

    #[test]
    fn whole_numbers_are_labelled_as_such() {
        let labels = |points: [(f64, f64); 3]| {
            let svg = LineChart::new("C").with_series("a", points).svg().unwrap();
            ["1", "2", "3", "1.4"].map(|label| svg.contains(&format!(">\n{label}\n<")))
        };
        assert_eq!(
            labels([(1.0, 90.0), (2.0, 80.0), (3.0, 85.0)]),
            [true, true, true, false]
        );
        assert!(labels([(1.0, 90.0), (1.5, 80.0), (3.0, 85.0)])[3]);
    }

    #[test]
    fn scattered_points_have_no_lines() {
        let points: Vec<(f64, f64)> = (0..200).map(|x| (f64::from(x), 1.0)).collect();
        let chart = LineChart::new("C").with_series("a", points);
        assert_eq!(chart.svg().unwrap().matches("<circle").count(), 0);
        let svg = chart.without_lines().svg().unwrap();
        assert_eq!(svg.matches("<circle").count(), 200);
        assert!(
            !svg.lines().any(|line| {
                line.starts_with("<polyline") && line.contains(&draw::colour_text(0))
            })
        );
    }

    #[test]
    fn one_point_and_equal_values_are_drawn() {
        for value in [0.0, 5.0, -1e-9, 1e12] {
            LineChart::new("C")
                .with_series("a", [(1.0, value)])
                .svg()
                .unwrap();
            LineChart::new("C")
                .with_zero()
                .with_series("a", [(1.0, value), (2.0, value)])
                .svg()
                .unwrap();
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_named() {
        let message = |chart: LineChart| chart.svg().unwrap_err().to_string();
        assert_eq!(
            message(LineChart::new("C").with_series("a", [(1.0, f64::NAN)])),
            "chart \"C\", series \"a\": expected finite numbers, found (1.0, NaN) as point 1"
        );
        assert_eq!(
            message(LineChart::new("C").with_series("a", [])),
            "chart \"C\", series \"a\": expected at least one point, found none"
        );
        assert_eq!(
            message(LineChart::new("C")),
            "chart \"C\": expected at least one series, found none"
        );
    }
}
