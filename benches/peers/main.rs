//! Our side of the comparisons with published Python packages: does a piece of work each time it is asked to, and says how long it took. See `README.md` beside this file.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::BufRead;
use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::{Device, Int, Tensor, TensorData};
use clap::{Parser, Subcommand};
use genrec::decode::{BeamSearchConfig, TokenId, Trie};
use genrec::model::SoftmaxOver;
use genrec::model::lm::{LanguageModel, LanguageScorer};
use serde_json::{Value, json};

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
    /// Prefill and constrained decoding of a decoder-only model: lines `prefill` and `decode`.
    LanguageModel {
        /// The model, in Hugging Face's layout, with `work.json` beside it.
        folder: PathBuf,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    // Where nothing is asked, as when all benches run, there is nothing to do.
    let Ok(arguments) = Arguments::try_parse() else {
        println!("peers: run by the scripts of benches/peers");
        return Ok(());
    };
    match arguments.task {
        Task::LanguageModel { folder } => language_model(&folder),
    }
}

fn language_model(folder: &PathBuf) -> Result<(), Box<dyn Error>> {
    let model = LanguageModel::load(folder, &Device::default())?;
    let work: Value = serde_json::from_slice(&std::fs::read(folder.join("work.json"))?)?;
    let rows = |name: &str| -> Result<Vec<Vec<u32>>, serde_json::Error> {
        serde_json::from_value(work[name].clone())
    };
    let beams = work["beams"].as_u64().ok_or("work.json has no beams")? as usize;
    let prompts = |rows: &[Vec<u32>]| {
        let shape = [rows.len(), rows[0].len()];
        let tokens: Vec<i64> = rows
            .iter()
            .flatten()
            .map(|&token| i64::from(token))
            .collect();
        let tensor =
            Tensor::<2, Int>::from_data(TensorData::new(tokens, shape), &Device::default());
        (tensor, vec![shape[1]; shape[0]])
    };
    let (long, short) = (prompts(&rows("prefill")?), prompts(&rows("prompts")?));
    let allowed = rows("allowed")?;
    let allowed = allowed.iter().zip(0..).map(|(tokens, value)| {
        let tokens: Vec<TokenId> = tokens.iter().copied().map(TokenId::new).collect();
        (tokens, value)
    });
    let trie = Trie::from_identifiers(allowed)?;
    let search = BeamSearchConfig::new(beams).init()?;
    println!("{}", json!({ "ready": true }));
    for line in std::io::stdin().lock().lines() {
        let start = Instant::now();
        let answer = match line?.trim() {
            "prefill" => {
                let (tokens, lengths) = long.clone();
                let (_, last) = model.read(tokens, &lengths);
                let logits = model.logits(last, 0..model.config().vocab_size);
                let sums: Vec<f32> = logits.sum_dim(1).into_data().iter().collect();
                json!(sums)
            }
            "decode" => {
                let (tokens, lengths) = short.clone();
                let over = SoftmaxOver::Vocabulary;
                let mut scorer = LanguageScorer::new(&model, Some(&trie), tokens, &lengths, over);
                let found = search.search(&trie, lengths.len(), &mut scorer, None)?;
                let values = |list: &Vec<genrec::decode::Hypothesis>| {
                    list.iter().map(|found| found.value).collect::<Vec<_>>()
                };
                json!(found.iter().map(values).collect::<Vec<_>>())
            }
            other => return Err(format!("{other}: expected prefill or decode").into()),
        };
        let seconds = start.elapsed().as_secs_f64();
        println!("{}", json!({ "seconds": seconds, "answer": answer }));
    }
    Ok(())
}
