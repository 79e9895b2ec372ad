//! SETRec from raw data to a table: items become sets of tokens, one pass of a network answers with a set, the items that fit it best come out.
//!
//! ```text
//! cargo run --release --example setrec                        # on a synthetic catalogue, a few minutes
//! cargo run --release --example setrec -- --data DIR          # on real data
//! ```
//!
//! Data with times are split by time, 8:1:1, with warm and cold items; SETRec's own files (`training.json`, ...) as they are; all others leave one out.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use comfy_table::Table as Rows;
use comfy_table::presets::ASCII_MARKDOWN;
use genrec::data::readers::TemporalJson;
use genrec::data::{Dataset, ItemId, ItemSet, Newcomers, Split, Test, leave_one_out, time_ratio};
use genrec::embed::Embeddings;
use genrec::metrics::{
    EvaluateConfig, ItemKnn, ItemSlices, Metric, MostPopular, Recommender, Report, Table, evaluate,
};
use genrec::model::set::{ItemRows, SetRecConfig, SetRecommender};
use genrec::model::{System, TrainingConfig};
use genrec::report::RunReport;
use serde_json::json;

mod shared;
use shared::device::Backend;
use shared::preset::Preset;
use shared::run_folder;
use shared::steps::{self, Run};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Trains SETRec, and compares it with baselines.
#[derive(Parser)]
struct Arguments {
    /// Folder of the data, in any format that genrec reads; a synthetic catalogue without.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Text embeddings of the items, one row each (safetensors or npy), or the folder of a sentence encoder for the catalogue's text; TF-IDF without.
    #[arg(long)]
    embeddings: Option<PathBuf>,
    /// Collaborative embeddings of the items, one row each, instead of SASRec's.
    #[arg(long)]
    collaborative: Option<PathBuf>,
    /// Semantic tokens of an item; 0 for CF tokens alone, as where the items have no text.
    #[arg(long)]
    semantic: Option<usize>,
    /// Without CF tokens.
    #[arg(long, conflicts_with = "collaborative")]
    without_collaborative: bool,
    /// An item that nobody met gets the mean collaborative row of so many items that say most alike; 0 leaves the rows alone: those of a file as they are, SASRec's as zeros. Without, 5, but 0 with the paper's
    /// preset or rows from a file.
    #[arg(long)]
    neighbours: Option<usize>,
    /// One query vector for all tokens of an answer.
    #[arg(long)]
    without_queries: bool,
    /// The weight of the reconstruction, instead of the preset's.
    #[arg(long)]
    alpha: Option<f64>,
    /// Trains once more without this share of the items, lets them in with nothing but their text, and measures on them; leaves one out, whatever the data. (The words that TF-IDF weighs are those of all items.)
    #[arg(long, value_parser = share, conflicts_with = "collaborative")]
    newcomers: Option<f64>,
    /// How much is spent; without, demo on the synthetic catalogue and quick on data.
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// Passes over the data of SETRec, instead of the preset's.
    #[arg(long)]
    epochs: Option<usize>,
    /// What does the work.
    #[arg(long, value_enum, default_value_t = Backend::value_variants()[0])]
    device: Backend,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for checkpoints and the trained system; a new one under runs/ without.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on where a killed run was.
    #[arg(long)]
    resume: bool,
}

fn share(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err(String::from("expected a share above 0 and below 1")),
    }
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

    fn config(&self, has_text: bool) -> SetRecConfig {
        let mut config = self.preset().setrec().with_seed(self.seed);
        let semantic = if has_text {
            config.tokenizer.semantic
        } else {
            0
        };
        config.tokenizer.semantic = self.semantic.unwrap_or(semantic);
        config.tokenizer.collaborative = !self.without_collaborative;
        config.tokenizer.seed = self.seed;
        config.t5.seed = self.seed;
        config.guided = !self.without_queries;
        config.alpha = self.alpha.unwrap_or(config.alpha);
        config
    }

    fn neighbours(&self) -> usize {
        let plain = self.preset() == Preset::Paper || self.collaborative.is_some();
        self.neighbours.unwrap_or(if plain { 0 } else { 5 })
    }

    /// Rows of what people did for items that nobody met, too.
    fn completed(&self, rows: ItemRows, met: &ItemSet, run: &Run) -> Result<ItemRows> {
        Ok(match self.neighbours() {
            0 => rows,
            k => rows.with_neighbours(met, k, &run.device)?,
        })
    }

    fn training(&self) -> TrainingConfig {
        let training = self.preset().setrec_training().with_seed(self.seed);
        let epochs = self.epochs.unwrap_or(training.epochs);
        training.with_epochs(epochs)
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (seed, preset) = (arguments.seed, arguments.preset());
    let run = Run {
        seed,
        out: run_folder::choose(arguments.out.clone(), "setrec", arguments.resume)?,
        resume: arguments.resume,
        device: arguments.device.device(),
    };

    // 1. Who did what when.
    let (dataset, split) = data(arguments.data.as_deref(), seed)?;
    println!("{}", dataset.statistics());

    let has_text = arguments.embeddings.is_some() || dataset.catalog.has_text();
    let config = arguments.config(has_text);
    if arguments.newcomers.is_some() && config.tokenizer.semantic == 0 {
        return Err("--newcomers: without semantic tokens nothing is known of new items".into());
    }
    // 2. The baselines; SASRec's rows are what people did, as rows.
    let popular = MostPopular::fit(&split.train);
    let knn = ItemKnn::fit(&split.train);
    let sasrec = run.sasrec(&preset.sasrec(), preset.sasrec_training(), &split)?;

    // 3. The rows that tokens are made of.
    let items = dataset.catalog.len();
    let collaborative = match (&arguments.collaborative, config.tokenizer.collaborative) {
        (_, false) => None,
        (Some(path), true) => Some(Embeddings::read_rows(path, items)?),
        (None, true) => Some(steps::met(&sasrec.model.item_embeddings()?, &split.train)?),
    };
    let text = match config.tokenizer.semantic {
        0 if arguments.embeddings.is_some() => {
            return Err(
                "--embeddings are the text of semantic tokens, of which there are 0".into(),
            );
        }
        0 => None,
        _ => Some(steps::text(
            &dataset,
            arguments.embeddings.as_ref(),
            seed,
            &run.device,
        )?),
    };
    let popularity = split.train.popularity();
    let warm = ItemSet::from_fn(items, |item| popularity[item.index()] > 0);
    let rows = ItemRows {
        collaborative,
        text,
    };
    let rows = arguments.completed(rows, &warm, &run)?;

    println!(
        "tokens of an item: {} CF, {} semantic",
        usize::from(config.tokenizer.collaborative),
        config.tokenizer.semantic
    );

    // 4. Tokens, the model that reads them, and the weight of its two kinds of answers, chosen on validation.
    let training = arguments.training();
    let (recommender, epochs) = run.setrec("SETRec", &config, &rows, training.clone(), &split)?;
    if config.tokenizer.collaborative && config.tokenizer.semantic > 0 {
        println!("beta {} does best on validation", recommender.beta());
    }

    // 5. How good it is, on all items and on parts of them.
    let all: [&dyn Recommender; 4] = [&popular, &knn, &sasrec.model, &recommender];
    let evaluation = EvaluateConfig::new(seed)
        .with_slices(ItemSlices::of(&split.train))
        .with_training(split.train.clone());
    let table = measure(&all, &split.test, &evaluation)?;
    println!("\n{table}\n\n{}", parts(table.reports()));
    // Nothing follows from nothing: a split by time has users whose first item lies behind it, of whom only most popular knows anything.
    let met = split.test.filter(|case| !case.history.is_empty());
    if met.cases().len() < split.test.cases().len() && !met.cases().is_empty() {
        let table = measure(&all, &met, &evaluation)?;
        println!("\nusers with a history:\n\n{table}");
    }
    // As papers have it: warm items compete with warm ones only, cold ones with cold ones.
    let is_cold = |item: &ItemId| !warm.contains(*item);
    let mut targets = split.test.cases().iter().flat_map(|case| case.targets);
    if targets.any(is_cold) {
        for (what, items) in [("warm", warm.clone()), ("cold", warm.complement())] {
            if split.test.cases().among(&items).is_empty() {
                println!("\nno {what} item is a target");
                continue;
            }
            let among = evaluation.clone().with_candidates(items);
            let table = measure(&all, &split.test, &among)?;
            println!("\n{what} items among themselves:\n\n{table}");
        }
    }

    // 6. One folder that answers: see the example recommend.
    let folder = run.out.join("SETRec");
    if !folder.exists() {
        let provenance = BTreeMap::from([
            ("data".into(), json!(dataset.name)),
            ("seed".into(), json!(seed)),
            ("split".into(), json!(split.protocol)),
            ("neighbours".into(), json!(arguments.neighbours())),
            ("training".into(), json!(training)),
        ]);
        let system = System {
            recommender: recommender.clone().into(),
            catalog: dataset.catalog.clone(),
            provenance,
        };
        system.save(&folder)?;
        println!("saved {}", folder.display());
    }
    let path = run.out.join("report.html");
    RunReport::new("SETRec")
        .with_setting(
            "data",
            format!("{}: {}", dataset.name, dataset.statistics()),
        )
        .with_setting("seed", seed)
        .with_setting("SETRec", &config)
        .with_setting("neighbours", arguments.neighbours())
        .with_setting("training", training)
        .with_training("SASRec", &sasrec.epochs)
        .with_training("SETRec", &epochs)
        .with_table(table)
        .page()
        .save(&path)?;
    println!("saved {}", path.display());

    // 7. Items that come after everything is trained.
    match (arguments.newcomers, &rows.text) {
        (Some(share), Some(text)) => newcomers(&arguments, &run, &dataset, text, share),
        _ => Ok(()),
    }
}

/// Trains without some items, lets them in without training anything, and measures on them.
fn newcomers(
    arguments: &Arguments,
    run: &Run,
    dataset: &Dataset,
    text: &Embeddings,
    share: f64,
) -> Result<()> {
    let (seed, preset) = (arguments.seed, arguments.preset());
    let new = Newcomers::draw(&dataset.interactions, 0.0, share, seed);
    // The new items get the last numbers, so that training knows of no others.
    let order = new.items_last();
    let first_new = order.len() - new.items.len();
    let known = new.left_out_of(&dataset.interactions);
    let known = leave_one_out(&known.renumbered(&order[..first_new])?)?;
    let whole = leave_one_out(&dataset.interactions.renumbered(&order)?)?;
    let text = text.select(&order.iter().map(|item| item.index()).collect::<Vec<_>>());
    println!("\n{} items come after training", new.items.len());

    let config = preset.sasrec();
    let sasrec = run.sequential("SASRec before", &config, preset.sasrec_training(), &known)?;
    let collaborative = steps::met(&sasrec.model.item_embeddings()?, &known.train)?;
    // Nobody has met the new ones: all that is known of them is their text.
    let dim = collaborative.dim();
    let mut values = collaborative.as_slice().to_vec();
    values.resize(order.len() * dim, 0.0);
    let collaborative = Embeddings::from_vec(order.len(), dim, values)?;
    let all = ItemRows {
        collaborative: (!arguments.without_collaborative).then_some(collaborative),
        text: Some(text),
    };
    let popularity = known.train.popularity();
    let met = |item: ItemId| popularity.get(item.index()).is_some_and(|&count| count > 0);
    let all = arguments.completed(all, &ItemSet::from_fn(order.len(), met), run)?;
    let part = |range: Range<usize>| {
        let part = |rows: &Option<Embeddings>| rows.as_ref().map(|rows| rows.slice(range.clone()));
        ItemRows {
            collaborative: part(&all.collaborative),
            text: part(&all.text),
        }
    };
    let (config, training) = (arguments.config(true), arguments.training());
    let before = part(0..first_new);
    let (trained, _) = run.setrec("SETRec before", &config, &before, training, &known)?;
    let come = trained.model().table(&part(first_new..order.len()))?;
    let table = trained.table().extended(&come)?;
    let grown = SetRecommender::new("SETRec with new items", trained.model().clone(), table)?
        .with_beta(trained.beta());

    // These two are fitted with the new items.
    let popular = MostPopular::fit(&whole.train);
    let knn = ItemKnn::fit(&whole.train);
    let all: [&dyn Recommender; 3] = [&popular, &knn, &grown];
    let evaluation = EvaluateConfig::new(seed).with_training(whole.train.clone());
    let is_new = |item: ItemId| item.index() >= first_new;
    let old = whole.test.filter(|case| !is_new(case.targets[0]));
    println!("\nother targets:\n\n{}", measure(&all, &old, &evaluation)?);
    let news = whole.test.filter(|case| is_new(case.targets[0]));
    if news.cases().is_empty() {
        println!("\nno new item is a target");
        return Ok(());
    }
    println!(
        "\nnew items as targets:\n\n{}",
        measure(&all, &news, &evaluation)?
    );
    let among = evaluation.with_candidates(ItemSet::from_fn(order.len(), is_new));
    println!("\namong themselves:\n\n{}", measure(&all, &news, &among)?);
    Ok(())
}

/// The data, and how they are split.
fn data(folder: Option<&Path>, seed: u64) -> Result<(Dataset, Split)> {
    const PARTS: [&str; 5] = [
        "training.json",
        "validation.json",
        "testing.json",
        "warm_items.json",
        "cold_items.json",
    ];
    if let Some(folder) = folder.filter(|folder| folder.join(PARTS[0]).exists()) {
        let [train, validation, test, warm, cold] = PARTS.map(|name| folder.join(name));
        let reader = TemporalJson::new(train, validation, test).with_item_lists(warm, cold);
        return Ok(reader.read_split()?);
    }
    let dataset = steps::data(folder.map(Path::to_path_buf).as_ref(), seed)?;
    let split = match folder.is_some() && dataset.interactions.has_timestamps() {
        true => time_ratio(&dataset.interactions, [0.8, 0.1, 0.1])?,
        false => leave_one_out(&dataset.interactions)?,
    };
    Ok((dataset, split))
}

fn measure(
    recommenders: &[&dyn Recommender],
    test: &Test,
    evaluation: &EvaluateConfig,
) -> Result<Table> {
    let mut table = Table::new();
    for recommender in recommenders {
        table.push(evaluate(*recommender, test, evaluation)?)?;
    }
    Ok(table)
}

/// Recall and NDCG at 10 on warm and cold items and on five parts of like popularity.
fn parts(reports: &[Report<Test>]) -> Rows {
    let mut rows = Rows::new();
    rows.load_style(ASCII_MARKDOWN);
    let mut header = vec![String::from("R@10 / N@10")];
    header.extend(
        reports[0]
            .slices()
            .iter()
            .map(|part| part.slice.to_string()),
    );
    rows.set_header(header);
    for report in reports {
        let mut row = vec![report.recommender().to_owned()];
        row.extend(report.slices().iter().map(|part| {
            let value = |metric| part.figure(metric, 10).map(|figure| figure.value);
            match (value(Metric::Recall), value(Metric::Ndcg)) {
                (Some(recall), Some(ndcg)) => format!("{recall:.4} / {ndcg:.4}"),
                _ => String::from("no targets"),
            }
        }));
        rows.add_row(row);
    }
    rows
}
