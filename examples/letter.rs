//! LETTER-TIGER from raw data to a table: items get identifiers, a model learns to write them, only valid items come out.
//!
//! ```text
//! cargo run --release --example letter                        # on a synthetic catalogue, a few minutes
//! cargo run --release --example letter -- --data DIR          # on real data
//! ```
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use genrec::data::{Dataset, ItemId, leave_one_out};
use genrec::embed::Embeddings;
use genrec::identify::letter::Ablation;
use genrec::identify::{CodeTable, Disambiguate, ItemTokens, Vocabulary};
use genrec::metrics::{EvaluateConfig, ItemKnn, ItemSlices, MostPopular, Table, evaluate};
use genrec::model::{System, TrainingConfig};
use genrec::report::RunReport;
use serde_json::json;

mod shared;
use shared::device::Backend;
use shared::preset::Preset;
use shared::run_folder;
use shared::steps::{self, Run};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Trains TIGER and LETTER-TIGER, and compares them with baselines.
#[derive(Parser)]
struct Arguments {
    /// Folder of the data, in any format that genrec reads; a synthetic catalogue without.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Text embeddings of the items, one row each (safetensors or npy), or the folder of a sentence encoder for the catalogue's text; TF-IDF without.
    #[arg(long)]
    embeddings: Option<PathBuf>,
    /// Collaborative embeddings of the items for LETTER, instead of LightGCN's (with the paper preset SASRec's).
    #[arg(long)]
    collaborative: Option<PathBuf>,
    /// A published table of identifiers (index.json), used as it is, instead of training tokenizers.
    #[arg(long)]
    identifiers: Option<PathBuf>,
    /// How much is spent; without, demo on the synthetic catalogue and quick on data.
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// Passes over the data of the recommenders, instead of the preset's.
    #[arg(long)]
    epochs: Option<usize>,
    /// What does the work.
    #[arg(long, value_enum, default_value_t = Backend::value_variants()[0])]
    device: Backend,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for checkpoints and trained systems; a new one under runs/ without.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on where a killed run was.
    #[arg(long)]
    resume: bool,
}

impl Arguments {
    fn preset(&self) -> Preset {
        let default = if self.data.is_some() {
            Preset::Quick
        } else {
            Preset::Demo
        };
        self.preset.unwrap_or(default)
    }

    fn training(&self) -> TrainingConfig {
        let training = self.preset().training().with_seed(self.seed);
        let epochs = self.epochs.unwrap_or(training.epochs);
        training.with_epochs(epochs)
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (seed, preset) = (arguments.seed, arguments.preset());
    let run = Run {
        seed,
        out: run_folder::choose(arguments.out.clone(), "letter", arguments.resume)?,
        resume: arguments.resume,
        device: arguments.device.device(),
    };

    // 1. Who did what when, and what the items say.
    let dataset = steps::data(arguments.data.as_ref(), seed)?;
    let split = leave_one_out(&dataset.interactions)?.limit_history(20);
    println!("{}", dataset.statistics());

    // 2. The baselines.
    let sasrec = run.sasrec(&preset.sasrec(), preset.sasrec_training(), &split)?;
    let evaluation = EvaluateConfig::new(seed)
        .with_slices(ItemSlices::of(&split.train))
        .with_training(split.train.clone());
    let mut table = Table::new();
    let (popular, knn) = (MostPopular::fit(&split.train), ItemKnn::fit(&split.train));
    table.push(evaluate(&popular, &split.test, &evaluation)?)?;
    table.push(evaluate(&knn, &split.test, &evaluation)?)?;
    table.push(evaluate(&sasrec.model, &split.test, &evaluation)?)?;
    let mut report = RunReport::new("LETTER-TIGER")
        .with_setting(
            "data",
            format!("{}: {}", dataset.name, dataset.statistics()),
        )
        .with_setting("seed", seed)
        .with_setting("SASRec", preset.sasrec())
        .with_setting("training of SASRec", preset.sasrec_training())
        .with_setting("training of the recommenders", arguments.training())
        .with_training("SASRec", &sasrec.epochs);

    // 3. Identifiers: published ones, or those of TIGER and LETTER, whose tokenizers differ in the two regularizers only. LETTER reads what people did from the rows of
    // a collaborative model.
    let mut identified = Vec::new();
    let collaborative = match (&arguments.collaborative, preset.lightgcn()) {
        (Some(path), _) => Embeddings::read_rows(path, dataset.catalog.len())?,
        (None, Some(config)) => run
            .lightgcn("LightGCN", &config, &split)?
            .item_embeddings()
            .clone(),
        (None, None) => sasrec.model.item_embeddings()?,
    };
    if let Some(path) = &arguments.identifiers {
        let codes = CodeTable::read_index_json(path)?;
        check(&codes, path, &dataset)?;
        let inspector = steps::inspector(&dataset, None, Some(&collaborative), seed)?;
        let inspection = inspector.inspect(path.display().to_string(), &(&codes).into())?;
        // Collided items stay together.
        let tokens = Vocabulary::of(&codes).tokenize_collided(&codes);
        identified.push(("TIGER-published", tokens, inspection));
    } else {
        let text = steps::text(&dataset, arguments.embeddings.as_ref(), seed, &run.device)?;
        let inspector = steps::inspector(&dataset, Some(&text), Some(&collaborative), seed)?;
        for (name, ablation) in [
            ("TIGER", Ablation::Semantic),
            ("LETTER-TIGER", Ablation::Both),
        ] {
            let config = preset.tokenizer(text.dim()).ablated(ablation);
            report = report.with_setting(format!("tokenizer of {name}"), &config);
            let tokenizer = run.tokenizer(name, config, &text, Some(&collaborative))?;
            let identifiers = tokenizer.identify(&Disambiguate::NextBest)?;
            let inspection = inspector.inspect(name, &(&identifiers).into())?;
            let tokens = Vocabulary::of(&identifiers).tokenize(&identifiers);
            identified.push((name, tokens, inspection));
        }
    }

    // 4. A model for each set of identifiers that learns to write the next one.
    for (name, tokens, inspection) in identified {
        show(name, &tokens, &dataset);
        report = report.with_inspection(inspection);
        let tokens = Arc::new(tokens);
        let config = preset.model(tokens.vocabulary());
        // The ranking-guided loss is LETTER's, where the preset has it (`paper`).
        let training = match name {
            "LETTER-TIGER" => arguments.training(),
            _ => arguments.training().with_temperature(1.0),
        };
        let (recommender, epochs) = run.recommender(name, &tokens, config, training, &split)?;
        report = report.with_training(name, &epochs);
        table.push(evaluate(&recommender, &split.test, &evaluation)?)?;
        let folder = run.out.join(name);
        if !folder.exists() {
            let provenance = BTreeMap::from([
                ("data".into(), json!(dataset.name)),
                ("seed".into(), json!(seed)),
                ("split".into(), json!(split.protocol)),
                ("training".into(), json!(arguments.training())),
            ]);
            let system = System {
                recommender: recommender.into(),
                catalog: dataset.catalog.clone(),
                provenance,
            };
            system.save(&folder)?;
            println!("saved {}", folder.display());
        }
    }
    println!("\n{table}");
    let path = run.out.join("report.html");
    report.with_table(table).page().save(&path)?;
    println!("saved {}", path.display());
    Ok(())
}

/// Refuses a published table of other items.
fn check(codes: &CodeTable, path: &Path, dataset: &Dataset) -> Result<()> {
    if codes.items() == dataset.catalog.len() {
        return Ok(());
    }
    Err(format!(
        "{} has identifiers for {} items, expected one for each of the {} items of the data",
        path.display(),
        codes.items(),
        dataset.catalog.len()
    )
    .into())
}

/// Shows what a few items are called.
fn show(name: &str, tokens: &ItemTokens, dataset: &Dataset) {
    println!("\n{name}: {} identifiers", tokens.groups());
    for item in (0..tokens.items())
        .step_by((tokens.items() / 5).max(1))
        .map(ItemId::from_index)
    {
        let text = dataset.catalog.get(item).title.clone().unwrap_or_default();
        println!("  {}  {text:.60}", tokens.name(item));
    }
}
