//! Self-contained HTML pages with tables and plots, for reports that travel as one file.
//!
//! **In**: numbers and words. **Out**: one HTML file without scripts, links to elsewhere, or fonts and pictures of others: plots are
//! inline SVG. It follows the reader's light or dark setting and prints. All words are escaped.
//!
//! ```
//! use genrec_page::{Cell, LineChart, Page, Section, Table};
//!
//! let losses = [(1.0, 2.31), (2.0, 1.87), (3.0, 1.72)];
//! let page = Page::new("Run 7").with_paragraph("Three epochs.").with_section(
//!     Section::new("Training")
//!         .with_facts([("seed", "1"), ("batch", "256")])
//!         .with_chart(LineChart::new("Loss by epoch").with_axes("epoch", "loss").with_series("training", losses))
//!         .with_table(Table::new("Losses", ["epoch", "loss"]).with_row([Cell::from(1_usize), Cell::decimal(2.31, 2)])),
//! );
//! let folder = tempfile::tempdir()?;
//! page.save(folder.path().join("run.html"))?;
//! assert!(page.to_html()?.contains("<h1>Run 7</h1>"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is inside
//!
//! - [`Page`] and its [`Section`]s: paragraphs, facts (names with values), tables, charts, parts that are folded away.
//! - [`Table`], whose [`Cell`]s are words, on the left, or numbers, on the right.
//! - [`LineChart`] and [`BarChart`]: several series with a legend; bars side by side, histograms.
//! - [`Error`]: everything that can go wrong.

mod chart;
mod error;
mod html;
mod page;
mod section;
mod table;

pub use chart::{BarChart, Chart, LineChart};
pub use error::{Error, Result};
pub use page::Page;
pub use section::Section;
pub use table::{Cell, Table};
