//! How time and memory grow: with the number of items, the size of codebooks, beams, histories, batches and threads.
//!
//! ```text
//! cargo bench --bench scaling -- --largest 10000000 --out target/scaling.html
//! ```
//!
//! Prints a table a curve, and writes a page with a plot of each. Every size has a process of its own, whose peak resident size during the work, inputs included, is the memory.
#![allow(clippy::print_stdout)]

#[expect(dead_code, reason = "no bench needs all of it")]
#[path = "../inputs.rs"]
mod inputs;
#[path = "../peak.rs"]
mod peak;
mod work;

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Parser;
use genrec::page::{LineChart, Page, Section, Table};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Measures how time and memory grow.
#[derive(Parser)]
struct Arguments {
    /// The most items; tries of 10^7 take 4 GiB.
    #[arg(long, default_value_t = 100_000)]
    largest: usize,
    /// Only curves whose name has this in it.
    #[arg(long, default_value = "")]
    only: String,
    /// The page.
    #[arg(long, default_value = "target/scaling.html")]
    out: PathBuf,
    /// The number of a curve and a size of it: measures that alone, and prints seconds and megabytes.
    #[arg(long, hide = true, num_args = 2)]
    one: Option<Vec<usize>>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A work that is done at several sizes.
struct Curve {
    name: &'static str,
    /// What grows.
    x: &'static str,
    sizes: Vec<usize>,
    /// Makes ready for a size what the work needs, and gives the work.
    make: fn(usize) -> Result<Work>,
}

type Work = Box<dyn FnMut() -> Result<()>>;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut page = Page::new("How genrec scales")
        .with_paragraph("Both axes of the plots are decimal logarithms.");
    let curves = work::curves(arguments.largest);
    if let Some([curve, size]) = arguments.one.as_deref() {
        let (seconds, megabytes) = measure((curves[*curve].make)(*size)?)?;
        println!("{seconds} {megabytes}");
        return Ok(());
    }
    for (number, curve) in curves.iter().enumerate() {
        if !curve.name.contains(&arguments.only) {
            continue;
        }
        println!(
            "\n{}\n{:>12} {:>12} {:>10}",
            curve.name, curve.x, "seconds", "peak MB"
        );
        let mut points = Vec::new();
        for &size in &curve.sizes {
            let (seconds, megabytes) = alone(number, size)?;
            println!("{size:>12} {seconds:>12.6} {megabytes:>10.0}");
            points.push((size, seconds, megabytes));
        }
        page = page.with_section(section(curve, &points));
    }
    page.save(&arguments.out)?;
    println!("\n{}", arguments.out.display());
    Ok(())
}

/// Seconds and megabytes of a size, in a process of its own: what others left behind does not count.
fn alone(curve: usize, size: usize) -> Result<(f64, f64)> {
    let [curve, text] = [curve, size].map(|number| number.to_string());
    let output = Command::new(std::env::current_exe()?)
        .args(["--one", &curve, &text])
        .stderr(Stdio::inherit())
        .output()?;
    let words = String::from_utf8(output.stdout)?;
    let mut numbers = words.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(seconds)), Some(Ok(megabytes))) => Ok((seconds, megabytes)),
        _ => Err(format!("size {size}: {}, said {words:?}", output.status).into()),
    }
}

/// The fastest of up to five runs, as many as fit into two seconds, and the peak of the first.
fn measure(mut work: Work) -> Result<(f64, f64)> {
    peak::reset()?;
    let begun = Instant::now();
    let mut fastest = f64::INFINITY;
    let mut megabytes = 0.0;
    for round in 0..5 {
        let start = Instant::now();
        work()?;
        fastest = fastest.min(start.elapsed().as_secs_f64());
        if round == 0 {
            megabytes = peak::megabytes()?;
        }
        if begun.elapsed().as_secs_f64() > 2.0 {
            break;
        }
    }
    Ok((fastest, megabytes))
}

fn section(curve: &Curve, points: &[(usize, f64, f64)]) -> Section {
    let plot = |what: &str, value: fn(&(usize, f64, f64)) -> f64| {
        LineChart::new(format!("{}: {what}", curve.name))
            .with_axes(format!("log10 of {}", curve.x), format!("log10 of {what}"))
            .with_series(
                curve.name,
                points
                    .iter()
                    .map(|point| ((point.0 as f64).log10(), value(point).log10())),
            )
    };
    let table = Table::new(curve.name, [curve.x, "seconds", "peak MB"]).with_rows(
        points.iter().map(|&(size, seconds, megabytes)| {
            [
                size.to_string(),
                format!("{seconds:.6}"),
                format!("{megabytes:.0}"),
            ]
        }),
    );
    Section::new(curve.name)
        .with_chart(plot("seconds", |point| point.1))
        .with_chart(plot("peak MB", |point| point.2))
        .with_table(table)
}
