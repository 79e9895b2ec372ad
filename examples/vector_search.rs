//! How good and how fast the vector store is beside exact search, on seeded rows in clusters.
//!
//! ```text
//! cargo run --release --features store --example vector_search -- --items 10000,100000,1000000
//! ```
//!
//! Rows are as many random centres as the square root of their number, and noise around them; queries are more of the same. Memory is what a
//! process of its own grows by from before the store is opened until the queries are answered (Linux only).
#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use clap::Parser;
use comfy_table::{Table, presets};
use genrec::data::{ItemId, ItemSet};
use genrec::metrics::Ranked;
use genrec::retrieve::{ExactSearch, NearestItems, Similarity, VectorStore};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Measures the vector store beside exact search.
#[derive(Parser)]
struct Arguments {
    /// How many items, one store after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000])]
    items: Vec<usize>,
    /// The width of the rows.
    #[arg(long, default_value_t = 64)]
    dim: usize,
    /// How long the noise is, beside centres of length 1.
    #[arg(long, default_value_t = 1.5)]
    noise: f64,
    /// How many queries.
    #[arg(long, default_value_t = 256)]
    queries: usize,
    /// Lists to look into.
    #[arg(long, value_delimiter = ',', default_values_t = [4, 8, 16, 32, 64])]
    probes: Vec<usize>,
    /// MB of a store's file to keep in memory.
    #[arg(long, default_value_t = 1024)]
    cache: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the stores are written.
    #[arg(long, default_value = "target/vector_search")]
    folder: PathBuf,
    /// Only opens the store of this folder, answers the queries, and prints by how many MB that made the process grow.
    #[arg(long)]
    memory_of: Option<PathBuf>,
}

const BEST: usize = 10;
const BATCH: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if let Some(folder) = &arguments.memory_of {
        let queries = queries(&arguments, 10_000, &Device::default());
        let before = resident();
        let store = VectorStore::open_with_cache(folder, arguments.cache << 20)?;
        answer(&store, &queries)?;
        println!("{}", resident().saturating_sub(before));
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "items",
        "search",
        "recall@10",
        "ms a query, one",
        "ms a query, batch of 64",
        "memory, MB",
    ]);
    for &items in &arguments.items {
        measure(&arguments, items, &mut table)?;
    }
    println!("\n{table}");
    Ok(())
}

fn measure(arguments: &Arguments, items: usize, table: &mut Table) -> Result<(), Box<dyn Error>> {
    let device = Device::default();
    let rows = || rows(arguments, items, &device);
    let folder = arguments.folder.join(items.to_string());
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }

    let store = VectorStore::create(&folder, arguments.dim, Similarity::Cosine)?;
    let ids: Vec<ItemId> = (0..items).map(ItemId::from_index).collect();
    let start = Instant::now();
    store.upsert(&ids, rows().0)?;
    let written = start.elapsed();
    let start = Instant::now();
    store.cluster(arguments.seed, &device)?;
    println!(
        "{items} items: written in {written:.1?}, clustered in {:.1?}",
        start.elapsed()
    );
    drop(store);

    let memory = Command::new(env::current_exe()?)
        .args(env::args().skip(1))
        .arg(format!("--memory-of={}", folder.display()))
        .output()?;
    let start = Instant::now();
    let mut store = VectorStore::open_with_cache(&folder, arguments.cache << 20)?;
    let bytes = fs::read_dir(&folder)?.map(|file| Ok(file?.metadata()?.len()));
    let bytes = bytes.sum::<Result<u64, std::io::Error>>()?;
    let opened = start.elapsed();
    println!(
        "  opened in {opened:.1?}, {} lists, {} MB on the disk",
        store.lists(),
        bytes >> 20
    );
    let queries = queries(arguments, items, &device);
    let mut answers = Vec::new();
    for &probes in &arguments.probes {
        store = store.with_probes(probes);
        answers.push(answer(&store, &queries)?);
    }
    let memory = String::from_utf8(memory.stdout)?;
    let search = ExactSearch::new(rows().0, Similarity::Cosine)?;
    let exact = answer(&search, &queries)?;
    let mut add = |search: String, answer: &Answer, memory: String| {
        table.add_row([
            items.to_string(),
            search,
            format!("{:.4}", recall(&exact.found, &answer.found)),
            format!("{:.3}", answer.one),
            format!("{:.3}", answer.batch),
            memory,
        ]);
    };
    add(
        "exact".into(),
        &exact,
        ((items * arguments.dim * 4) >> 20).to_string(),
    );
    for (probes, answer) in arguments.probes.iter().zip(&answers) {
        add(
            format!("store, {probes} lists"),
            answer,
            memory.trim().into(),
        );
    }

    let store = store.with_probes(32);
    for share in [2, 10, 100] {
        let allowed = ItemSet::from_fn(items, |item| item.get() % share == 0);
        let others: Vec<ItemId> = allowed.complement().iter().collect();
        let few = queries.clone().narrow(0, 0, 16);
        let start = Instant::now();
        let found = store.nearest_among(few.clone(), BEST, &[], &allowed)?;
        let milliseconds = start.elapsed().as_secs_f64() * 1e3 / 16.0;
        let exact = search.nearest(few, BEST, &[others.as_slice(); 16])?;
        println!(
            "  1 of {share} allowed: recall {:.4}, {milliseconds:.3} ms a query",
            recall(&exact, &found)
        );
    }
    let start = Instant::now();
    for item in 0..20 {
        store.upsert(&[ItemId::new(item)], queries.clone().narrow(0, 0, 1))?;
    }
    println!(
        "  one row changed and flushed: {:.1?}",
        start.elapsed() / 20
    );
    let start = Instant::now();
    store.remove(&ids[..1_000])?;
    println!("  1000 rows removed: {:.1?}", start.elapsed());
    Ok(())
}

/// What was found, and how many milliseconds a query took.
struct Answer {
    found: Vec<Ranked>,
    one: f64,
    batch: f64,
}

fn answer(search: &dyn NearestItems, queries: &Tensor<2>) -> Result<Answer, Box<dyn Error>> {
    let count = queries.dims()[0];
    // Pages that have not been read before are another matter.
    search.nearest(queries.clone(), BEST, &[])?;
    let asked = |size: usize| -> Result<(Vec<Ranked>, f64), Box<dyn Error>> {
        let mut found = Vec::new();
        let start = Instant::now();
        for first in (0..count).step_by(size) {
            let few = queries.clone().narrow(0, first, size.min(count - first));
            found.extend(search.nearest(few, BEST, &[])?);
        }
        Ok((found, start.elapsed().as_secs_f64() * 1e3 / count as f64))
    };
    let (found, one) = asked(1)?;
    let (_, batch) = asked(BATCH)?;
    Ok(Answer { found, one, batch })
}

/// The share of the exact answers that was found.
fn recall(exact: &[Ranked], found: &[Ranked]) -> f64 {
    let hits = exact.iter().zip(found).map(|(exact, found)| {
        let hit = |item: &&ItemId| found.items().contains(item);
        exact.items().iter().filter(hit).count()
    });
    hits.sum::<usize>() as f64 / exact.iter().map(Ranked::len).sum::<usize>() as f64
}

/// Rows of the items, and of the queries; the same for the same seed.
fn rows(arguments: &Arguments, items: usize, device: &Device) -> (Tensor<2>, Tensor<2>) {
    device.seed(arguments.seed);
    let normal = |rows: usize, length: f64| {
        let each = length / (arguments.dim as f64).sqrt();
        Tensor::<2>::random(
            [rows, arguments.dim],
            Distribution::Normal(0.0, each),
            device,
        )
    };
    let centres = normal((items as f64).sqrt() as usize, 1.0);
    let mut rng = StdRng::seed_from_u64(arguments.seed);
    let mut around = |rows: usize| {
        let chosen = (0..rows).map(|_| rng.random_range(0..centres.dims()[0]) as i64);
        let chosen = TensorData::new(chosen.collect::<Vec<i64>>(), [rows]);
        let chosen = Tensor::<1, Int>::from_data(chosen, device);
        centres.clone().select(0, chosen) + normal(rows, arguments.noise)
    };
    (around(items), around(arguments.queries))
}

fn queries(arguments: &Arguments, items: usize, device: &Device) -> Tensor<2> {
    rows(arguments, items, device).1
}

/// Memory of this process, in MB; 0 where the system does not say.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse::<usize>().ok());
    number.unwrap_or(0) / 1024
}
