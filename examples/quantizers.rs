//! Ways from rows to codes side by side: what is lost, which codewords are used, how many items share a code.
//!
//! ```text
//! cargo run --release --example quantizers                          # text of a synthetic catalogue
//! cargo run --release --example quantizers -- --data DIR            # text of real data
//! cargo run --release --example quantizers -- --embeddings FILE     # any rows (safetensors or npy)
//! ```
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::{Device, Int, Tensor};
use clap::{Parser, ValueEnum};
use comfy_table::{Table, presets::ASCII_MARKDOWN};
use genrec::data::{SyntheticWorldConfig, open};
use genrec::embed::{Embeddings, HashedTfIdfConfig};
use genrec::identify::CodeTable;
use genrec::quantize::{
    Callbacks, ClusterSizes, CodebookUpdate, Codewords, Estimator, FsqConfig, ProductKMeansConfig,
    Quantizer, ResidualKMeansConfig, ResidualQuantizerConfig, Rotation, RowError, RqVaeConfig,
    TrainerConfig, encode_all,
};

mod shared;
use shared::bars;
use shared::device::Backend;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Fits and trains every quantizer on the same rows, with four codes a row.
#[derive(Parser)]
struct Arguments {
    /// Folder of the data whose text is encoded, in any format that genrec reads; a synthetic catalogue without.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Rows to quantize (safetensors or npy), instead of encoding text.
    #[arg(long)]
    embeddings: Option<PathBuf>,
    /// Codewords of each of the four levels; FSQ has always 240.
    #[arg(long, default_value_t = 256)]
    codewords: usize,
    /// Passes over the rows of what is trained.
    #[arg(long, default_value_t = 100)]
    epochs: usize,
    /// What does the work.
    #[arg(long, value_enum, default_value_t = Backend::value_variants()[0])]
    device: Backend,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Arguments {
    fn rows(&self, device: &Device) -> Result<Tensor<2>> {
        if let Some(path) = &self.embeddings {
            return Ok(Embeddings::read(path)?.to_tensor(device));
        }
        let dataset = match &self.data {
            Some(folder) => open(folder)?,
            None => SyntheticWorldConfig::new().generate(self.seed).dataset(),
        };
        if !dataset.catalog.has_text() {
            return Err("the items have no text: give --embeddings".into());
        }
        let texts = dataset.catalog.texts();
        let encoder = HashedTfIdfConfig::new().fit(&texts, self.seed)?;
        Ok(encoder.encode(&texts)?.to_tensor(device))
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let device = arguments.device.device();
    let rows = arguments.rows(&device)?;
    let [count, d_input] = rows.dims();
    println!("{count} rows of {d_input} values");
    let (sizes, seed) = (vec![arguments.codewords; 4], arguments.seed);
    let mut comparison = Comparison::new(rows.clone());

    // 1. Fitted by clustering.
    let residual = ResidualKMeansConfig::new().with_codebook_sizes(sizes.clone());
    let even = ClusterSizes::Bounded {
        least: 0.5,
        most: 2.0,
    };
    for (name, config) in [
        ("residual k-means", residual.clone()),
        (
            "residual k-means, 5 starts",
            residual.clone().with_restarts(5),
        ),
        ("residual k-means, beam 4", residual.clone().with_beam(4)),
        ("residual k-means, beam 8", residual.clone().with_beam(8)),
        (
            "residual k-means, beam 8, 10 refinements",
            residual.clone().with_beam(8).with_refinements(10),
        ),
    ] {
        comparison.add(name, || Ok(config.fit(&rows, seed)?))?;
    }
    let start = Instant::now();
    let fitted = residual.with_sizes(even).fit(&rows, seed)?;
    let codes = fitted.encode_within(&rows, even)?;
    comparison.line("residual k-means, bounded sizes", start, &fitted, codes)?;
    let product = ProductKMeansConfig::new().with_codebook_sizes(sizes.clone());
    let rotated = product
        .clone()
        .with_rotation(Rotation::Learned { rounds: 20 });
    comparison.add("product quantization", || Ok(product.fit(&rows, seed)?))?;
    comparison.add("product quantization, learned rotation", || {
        Ok(rotated.fit(&rows, seed)?)
    })?;

    // 2. Trained by gradient, around the same encoder and decoder.
    let hidden = vec![256, 128];
    // Rows of unit length have values of about 1 / sqrt(d_input): the mean of their squares is next to nothing beside
    // the codebook terms, the squared norm is of their size.
    let quantizer = ResidualQuantizerConfig::new(32)
        .with_codebook_sizes(sizes)
        .with_error(RowError::SquaredNorm);
    let averages = CodebookUpdate::Ema { decay: 0.95 };
    let trainer = TrainerConfig::new(arguments.epochs)
        .with_batch(256)
        .with_seed(seed)
        .init();
    for (name, quantizer) in [
        (
            "RQ-VAE, straight through, mean squares",
            quantizer.clone().with_error(RowError::MeanSquare),
        ),
        ("RQ-VAE, straight through", quantizer.clone()),
        (
            "RQ-VAE, moving averages",
            quantizer
                .clone()
                .with_update(averages)
                .with_ema_smoothing(1e-5)
                .with_revive(true),
        ),
        (
            "RQ-VAE, rotation trick, commitment 1",
            quantizer
                .clone()
                .with_estimator(Estimator::Rotation)
                .with_commitment(1.0),
        ),
        (
            "RQ-VAE, rotation trick, moving averages, commitment 1",
            quantizer
                .clone()
                .with_update(averages)
                .with_ema_smoothing(1e-5)
                .with_revive(true)
                .with_estimator(Estimator::Rotation)
                .with_commitment(1.0),
        ),
        (
            "RQ-VAE, Gumbel-softmax",
            quantizer.clone().with_estimator(Estimator::gumbel()),
        ),
        ("RQ-VAE, SimVQ", quantizer.with_codewords(Codewords::Linear)),
    ] {
        let config = RqVaeConfig::new(d_input)
            .with_hidden(hidden.clone())
            .with_quantizer(quantizer)
            .with_seed(seed);
        comparison.add(name, || {
            let model = config.init(&device);
            Ok(trainer.fit(model, &rows, Callbacks::new())?.quantizer)
        })?;
    }
    let fsq = FsqConfig::new(d_input).with_hidden(hidden).with_seed(seed);
    comparison.add("FSQ, 4 x (8, 6, 5)", || {
        let model = fsq.init(&device);
        Ok(trainer.fit(model, &rows, Callbacks::new())?.quantizer)
    })?;
    println!("\n{}", comparison.table);
    Ok(())
}

/// The table, and the rows it is about.
struct Comparison {
    rows: Tensor<2>,
    /// Mean square of the rows around their mean.
    variance: f32,
    table: Table,
}

impl Comparison {
    fn new(rows: Tensor<2>) -> Self {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN).set_header([
            "quantizer",
            "error, share of the variance",
            "codewords used",
            "mean perplexity",
            "collision rate",
            "seconds",
        ]);
        let around = rows.clone() - rows.clone().mean_dim(0);
        Self {
            variance: around.square().mean().into_scalar(),
            rows,
            table,
        }
    }

    /// Fits a quantizer, codes all rows, adds the line.
    fn add<Q: Quantizer>(&mut self, name: &str, fit: impl FnOnce() -> Result<Q>) -> Result<()> {
        let bar = bars::bar(name, 1);
        let start = Instant::now();
        let quantizer = fit()?;
        let codes = encode_all(&quantizer, &self.rows, 1024);
        bar.finish();
        self.line(name, start, &quantizer, codes)
    }

    fn line<Q: Quantizer>(
        &mut self,
        name: &str,
        start: Instant,
        quantizer: &Q,
        codes: Tensor<2, Int>,
    ) -> Result<()> {
        let seconds = start.elapsed().as_secs_f64();
        let lost = quantizer.decode(codes.clone()).inner() - self.rows.clone();
        let lost = lost.square().mean().into_scalar::<f32>() / self.variance;
        println!("{name}: error {lost:.4} after {seconds:.1} s");
        let usage = CodeTable::from_tensor(codes, quantizer.codebook_sizes())?.usage();
        let levels = usage.levels.len() as f64;
        let used: usize = usage.levels.iter().map(|level| level.used).sum();
        let all: usize = usage.levels.iter().map(|level| level.counts.len()).sum();
        let perplexity: f64 = usage.levels.iter().map(|level| level.perplexity).sum();
        self.table.add_row([
            name.to_owned(),
            format!("{lost:.4}"),
            format!("{used} of {all}"),
            format!("{:.1}", perplexity / levels),
            format!("{:.2} %", 100.0 * usage.collision_rate()),
            format!("{seconds:.1}"),
        ]);
        Ok(())
    }
}
