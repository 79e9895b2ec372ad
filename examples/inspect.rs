//! Looks at tables of identifiers before a model is trained on them: one file, or several side by side.
//!
//! ```text
//! cargo run --release --example inspect -- a.index.json b.index.json --data DIR --text text.safetensors --html tables.html
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use genrec::data::readers::LetterJson;
use genrec::data::{Catalog, leave_one_out, open};
use genrec::embed::Embeddings;
use genrec::identify::inspect::{self, Identifiers, InspectConfig, Inspector, Summary};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Collisions, codeword use, the prefix tree, neighbours, categories and changes of identifier tables.
#[derive(Parser)]
struct Arguments {
    /// Tables of identifiers (index.json), all of the same items.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the items say (item.json): titles and categories.
    #[arg(long, value_name = "ITEM_JSON", conflicts_with = "data")]
    items: Option<PathBuf>,
    /// Folder of the data, in any format that genrec reads: catalogue, and interactions without the last two of every user, which are for validation and test.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Text embeddings of the items, one row each (safetensors or npy).
    #[arg(long, value_name = "EMB")]
    text: Option<PathBuf>,
    /// Collaborative embeddings of the items, one row each (safetensors or npy).
    #[arg(long, value_name = "EMB")]
    collaborative: Option<PathBuf>,
    /// Another table that all are compared with.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Codewords of every level; without, one more than the largest code of the level.
    #[arg(long, value_name = "N")]
    codewords: Option<usize>,
    /// Seed of what is sampled.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes a page.
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
    /// Writes all numbers.
    #[arg(long, value_name = "OUT")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    // 1. The tables, and what is known about their items.
    let tables = arguments
        .files
        .iter()
        .map(|path| read(path, arguments.codewords));
    let tables: Vec<Identifiers> = tables.collect::<Result<_>>()?;
    let against = arguments
        .against
        .as_deref()
        .map(|path| read(path, None))
        .transpose()?;
    let items = tables[0].items();
    let dataset = arguments.data.as_deref().map(open).transpose()?;
    let catalog: Option<Catalog> = match (&arguments.items, &dataset) {
        (Some(path), _) => Some(LetterJson::read_items(path)?),
        (None, dataset) => dataset.as_ref().map(|dataset| dataset.catalog.clone()),
    };

    // Tables are compared to choose among them: without what a test will ask for.
    let split = dataset
        .as_ref()
        .map(|dataset| leave_one_out(&dataset.interactions))
        .transpose()?;

    // 2. The inspector: neighbours are searched once for all tables.
    let mut inspector = Inspector::new(InspectConfig::new(arguments.seed))?;
    if let Some(catalog) = &catalog {
        inspector = inspector.with_catalog(catalog);
    }
    if let Some(path) = &arguments.text {
        inspector = inspector.with_text(&Embeddings::read_rows(path, items)?);
    }
    if let Some(path) = &arguments.collaborative {
        inspector = inspector.with_collaborative(&Embeddings::read_rows(path, items)?);
    }
    if let Some(split) = &split {
        inspector = inspector.with_interactions(&split.train);
    }
    if let (Some(path), Some(against)) = (&arguments.against, &against) {
        inspector = inspector.with_against(path.display().to_string(), against);
    }

    // 3. Every table, then all side by side.
    let mut inspections = Vec::new();
    for (name, table) in names(&arguments.files).into_iter().zip(&tables) {
        let inspection = inspector.inspect(name, table)?;
        println!("{inspection}\n");
        inspections.push(inspection);
    }
    println!("{}", Summary(&inspections));

    if let Some(path) = &arguments.html {
        inspect::page("Identifier tables", &inspections).save(path)?;
        println!("saved {}", path.display());
    }
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&inspections)?;
        fs::write(path, text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        println!("saved {}", path.display());
    }
    Ok(())
}

/// What the tables are called: their files without folders, where that tells them apart.
fn names(files: &[PathBuf]) -> Vec<String> {
    let short = files.iter().filter_map(|path| path.file_stem());
    let distinct: HashSet<_> = short.clone().collect();
    if distinct.len() == files.len() {
        short
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    } else {
        files
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }
}

/// A table, with codebooks of the size that was asked for.
fn read(path: &Path, codewords: Option<usize>) -> Result<Identifiers> {
    let table = Identifiers::read_index_json(path)?;
    let Some(codewords) = codewords else {
        return Ok(table);
    };
    let sizes = vec![codewords; table.levels()];
    let table = table.with_codebook_sizes(sizes);
    table.map_err(|error| format!("{}: {error}; give more --codewords", path.display()).into())
}
