//! What lines and bars have in common: size, colours, marks, and how numbers are written at an axis.

use plotters::prelude::*;

/// Units of a plot; twice what they are on a wide screen, since plotters rounds to whole units.
pub(super) const SIZE: (u32, u32) = (1440, 640);

/// Text and axes; it is replaced by the colour of the page's text.
pub(super) const INK: RGBColor = RGBColor(1, 2, 3);
/// [`INK`] as plotters writes it in an attribute; words have no such quotes left.
pub(super) const INK_TEXT: &str = "\"#010203\"";

/// Height of text, in units; plotters writes 1 / 1.24 of it.
pub(super) const TEXT: u32 = 32;

/// Colours that stand out on white and on black, and that most colour-blind people tell apart; marks differ too.
const COLOURS: [RGBColor; 7] = [
    RGBColor(45, 128, 198),
    RGBColor(222, 125, 32),
    RGBColor(38, 155, 110),
    RGBColor(201, 79, 121),
    RGBColor(140, 110, 205),
    RGBColor(176, 142, 30),
    RGBColor(120, 130, 140),
];

/// How a series is shown in the legend.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Line,
    Bar,
}

pub(super) fn colour(series: usize) -> RGBColor {
    COLOURS[series % COLOURS.len()]
}

/// The colour of a series as plotters writes it.
pub(super) fn colour_text(series: usize) -> String {
    let RGBColor(red, green, blue) = colour(series);
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// A tiny picture of a series' line or bar for the legend.
pub(super) fn swatch(series: usize, mark: Mark) -> String {
    let colour = colour_text(series);
    let shape = match (mark, series % 3) {
        (Mark::Bar, _) => {
            format!("<rect x=\"6\" y=\"0\" width=\"16\" height=\"14\" fill=\"{colour}\"/>")
        }
        (Mark::Line, 0) => format!("<circle cx=\"14\" cy=\"7\" r=\"4\" fill=\"{colour}\"/>"),
        (Mark::Line, 1) => format!("<polygon points=\"14,2 9,11 19,11\" fill=\"{colour}\"/>"),
        (Mark::Line, _) => {
            format!("<path d=\"M10 3 18 11M10 11 18 3\" stroke=\"{colour}\" stroke-width=\"2\"/>")
        }
    };
    let line = match mark {
        Mark::Bar => String::new(),
        Mark::Line => format!("<path d=\"M0 7H28\" stroke=\"{colour}\" stroke-width=\"2\"/>"),
    };
    format!("<svg viewBox=\"0 0 28 14\" aria-hidden=\"true\">{line}{shape}</svg>")
}

/// A number at an axis or in a description: four digits that mean something.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || size < 1e-12 {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = (3 - size.log10().floor() as i32).clamp(0, 7) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// The range of an axis that shows all values, a little wider than they are.
pub(super) fn padded(low: f64, high: f64) -> std::ops::Range<f64> {
    let width = if high > low {
        high - low
    } else {
        high.abs().max(1.0)
    };
    low - 0.05 * width..high + 0.05 * width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (1234.0, "1234"),
            (12345.6, "12346"),
            (-2.5, "-2.5"),
            (0.00123456, "0.001235"),
            (1e-7, "1.00e-7"),
            (3e9, "3.00e9"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }
}
