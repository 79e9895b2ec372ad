//! Our side of the comparisons with published Python packages: does a piece of work each time it is asked to, and says how long it took. See `README.md` beside this file.
#![allow(clippy::print_stdout)]

mod catalogue;
mod epoch;
mod kmeans;
mod language_model;
mod minilm;
#[path = "../peak.rs"]
mod peak;
mod rqvae;
mod t5;
#[path = "../training.rs"]
mod training;
mod trie;

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What does a piece of work by its name, and says what came out.
type Answer = Box<dyn FnMut(&str) -> Result<Value>>;

/// Does the work of a task for every line of standard input, and answers with a line of JSON.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
    /// What `cargo bench` adds.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Epochs of LETTER-TIGER on the identifiers of a file, with checkpoints in a folder.
    Epoch {
        data: PathBuf,
        identifiers: PathBuf,
        folder: PathBuf,
    },
    /// Full-ranking evaluation with the rows of a folder.
    Evaluation { folder: PathBuf, data: PathBuf },
    /// Constrained k-means of the rows of a folder.
    KMeans {
        folder: PathBuf,
        d: usize,
        clusters: usize,
        least: usize,
        most: usize,
    },
    /// Prefill and constrained decoding of a decoder-only model in Hugging Face's layout, with `work.json` beside it.
    LanguageModel { folder: PathBuf },
    /// Epochs of LightGCN.
    LightGcn { data: PathBuf },
    /// Sentence embeddings of the lines of a file.
    MiniLm { folder: PathBuf, texts: PathBuf },
    /// Residual k-means of the rows of a folder.
    ResidualKMeans {
        folder: PathBuf,
        d: usize,
        iterations: usize,
    },
    /// Steps of an RQ-VAE with the rows of a folder.
    RqVae { folder: PathBuf },
    /// Constrained beams and training steps of a T5 in Hugging Face's layout, with `work.json` beside it.
    T5 { folder: PathBuf },
    /// Prints the text of every item of a folder of data, and ends.
    Texts { data: PathBuf },
    /// Building and searching a trie of the identifiers of a folder.
    Trie { folder: PathBuf },
}

fn main() -> Result<()> {
    // Where nothing is asked, as when all benches run, there is nothing to do.
    if std::env::args()
        .skip(1)
        .all(|argument| argument == "--bench")
    {
        println!("peers: run by the scripts of benches/peers");
        return Ok(());
    }
    let arguments = Arguments::parse();
    serve(match arguments.task {
        Task::Epoch {
            data,
            identifiers,
            folder,
        } => epoch::work(&data, &identifiers, &folder)?,
        Task::Evaluation { folder, data } => catalogue::evaluation(&folder, &data)?,
        Task::KMeans {
            folder,
            d,
            clusters,
            least,
            most,
        } => kmeans::constrained(&folder, d, [clusters, least, most])?,
        Task::LanguageModel { folder } => language_model::work(&folder)?,
        Task::LightGcn { data } => catalogue::light_gcn(&data)?,
        Task::MiniLm { folder, texts } => minilm::work(&folder, &texts)?,
        Task::ResidualKMeans {
            folder,
            d,
            iterations,
        } => kmeans::residual(&folder, d, iterations)?,
        Task::RqVae { folder } => rqvae::work(&folder)?,
        Task::T5 { folder } => t5::work(&folder)?,
        Task::Texts { data } => return minilm::texts(&data),
        Task::Trie { folder } => trie::work(&folder)?,
    })
}

fn serve(mut answer: Answer) -> Result<()> {
    println!("{}", json!({ "ready": true }));
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        peak::reset()?;
        let start = Instant::now();
        let answer = answer(line.trim())?;
        let seconds = start.elapsed().as_secs_f64();
        // A work that is more than what is compared times itself.
        let seconds = answer["seconds"].as_f64().unwrap_or(seconds);
        println!(
            "{}",
            json!({ "seconds": seconds, "answer": answer, "peak_mb": peak::megabytes()? })
        );
    }
    Ok(())
}

/// A file of numbers, one after the other.
fn numbers<T>(path: &Path, read: fn([u8; 4]) -> T) -> Result<Vec<T>> {
    let bytes = std::fs::read(path)?;
    let (numbers, _) = bytes.as_chunks::<4>();
    Ok(numbers.iter().copied().map(read).collect())
}

/// A question of `transformers`' making, beside the model.
struct Asked(Value);

impl Asked {
    fn read(folder: &Path) -> Result<Self> {
        let work = std::fs::read(folder.join("work.json"))?;
        Ok(Self(serde_json::from_slice(&work)?))
    }

    /// Rows of tokens.
    fn rows(&self, name: &str) -> Result<Vec<Vec<u32>>> {
        Ok(serde_json::from_value(self.0[name].clone())?)
    }

    fn beams(&self) -> Result<usize> {
        let beams = self.0["beams"].as_u64();
        Ok(beams.ok_or("work.json has no beams")? as usize)
    }

    /// The identifiers that may be written, whose values are their places.
    fn trie(&self) -> Result<genrec::decode::Trie> {
        let allowed = self.rows("allowed")?;
        let identifiers = allowed.iter().zip(0..).map(|(tokens, value)| {
            let tokens = tokens.iter().copied().map(genrec::decode::TokenId::new);
            (tokens.collect::<Vec<_>>(), value)
        });
        Ok(genrec::decode::Trie::from_identifiers(identifiers)?)
    }
}

/// The values that were found.
fn values(found: &[Vec<genrec::decode::Hypothesis>]) -> Value {
    let list = |found: &Vec<genrec::decode::Hypothesis>| {
        let values = found.iter().map(|found| found.value);
        values.collect::<Vec<_>>()
    };
    json!(found.iter().map(list).collect::<Vec<_>>())
}

/// Rows of tokens of equal length as a tensor, `[rows, tokens]`.
fn tensor(rows: &[Vec<u32>]) -> burn::tensor::Tensor<2, burn::tensor::Int> {
    let shape = [rows.len(), rows[0].len()];
    let tokens: Vec<i64> = rows.iter().flatten().map(|&token| token.into()).collect();
    let data = burn::tensor::TensorData::new(tokens, shape);
    burn::tensor::Tensor::from_data(data, &burn::tensor::Device::default())
}
