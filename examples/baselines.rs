//! The classic recommenders on one table: trained with several seeds, under the protocol of the generative ones.
//!
//! ```text
//! cargo run --release --example baselines                                      # on a synthetic catalogue
//! cargo run --release --example baselines -- --data DIR --models sasrec,hgn --seeds 1,2,3
//! ```
#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use genrec::collaborative::{LightGcnConfig, SequentialConfig};
use genrec::data::{Split, Test, leave_one_out};
use genrec::embed::Embeddings;
use genrec::metrics::{
    EvaluateConfig, ItemKnnConfig, ItemSlices, Metric, MostPopularConfig, PairedTest, Recommender,
    Report, SeedSummary, SeenItems, Table, evaluate,
};

mod shared;
use shared::device::Backend;
use shared::run_folder;
use shared::steps::{self, Result, Run};

/// Trains and compares the classic recommenders.
#[derive(Parser)]
struct Arguments {
    /// Folder of the data, in any format that genrec reads; a synthetic catalogue without.
    #[arg(long)]
    data: Option<PathBuf>,
    /// What is compared. With several seeds, what is trained is tested against the first of these.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "most-popular,item-knn,sasrec,bpr-mf,light-gcn,gru4-rec,bert4-rec,caser,hgn"
    )]
    models: Vec<Model>,
    /// Seeds to train with.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    seeds: Vec<u64>,
    /// Passes over the data of the sequential models, at most; their own number without.
    #[arg(long)]
    epochs: Option<usize>,
    /// Width of the rows of the sequential models.
    #[arg(long, default_value_t = 64)]
    width: usize,
    /// Share of elements that the sequential models drop in training; their own without.
    #[arg(long)]
    dropout: Option<f64>,
    /// Leaves out of every ranking what the user already has.
    #[arg(long)]
    without_seen: bool,
    /// What does the work.
    #[arg(long, value_enum, default_value_t = Backend::value_variants()[0])]
    device: Backend,
    /// Folder for checkpoints and the rows of items; a new one under runs/ without.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on where a killed run was.
    #[arg(long)]
    resume: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Model {
    MostPopular,
    ItemKnn,
    BprMf,
    LightGcn,
    #[value(alias = "sasrec")]
    SasRec,
    #[value(alias = "bert4rec")]
    Bert4Rec,
    #[value(alias = "gru4rec")]
    Gru4Rec,
    Caser,
    Hgn,
}

/// What a model comes to: its answers, and its rows of items if it has such.
type Made = (Box<dyn Recommender>, Option<Embeddings>);

impl Model {
    fn name(self) -> &'static str {
        match self {
            Self::MostPopular => "most popular",
            Self::ItemKnn => "item kNN",
            Self::BprMf => "BPR-MF",
            Self::LightGcn => "LightGCN",
            Self::SasRec => "SASRec",
            Self::Bert4Rec => "BERT4Rec",
            Self::Gru4Rec => "GRU4Rec",
            Self::Caser => "Caser",
            Self::Hgn => "HGN",
        }
    }

    /// Whether a seed changes anything.
    fn is_trained(self) -> bool {
        !matches!(self, Self::MostPopular | Self::ItemKnn)
    }

    fn make(self, run: &Run, split: &Split, arguments: &Arguments) -> Result<Made> {
        let seen = match arguments.without_seen {
            true => SeenItems::Removed,
            false => SeenItems::Ranked,
        };
        let sequential = |config: SequentialConfig| -> Result<Made> {
            let dropout = arguments.dropout.unwrap_or(config.dropout);
            let config = config.with_d_model(arguments.width).with_dropout(dropout);
            let training = SequentialConfig::training();
            let epochs = arguments.epochs.unwrap_or(training.epochs);
            let training = training.with_epochs(epochs);
            let trained = run.sequential(self.name(), &config, training, split)?;
            let rows = trained.model.item_embeddings()?;
            Ok((Box::new(trained.model.with_seen_items(seen)), Some(rows)))
        };
        let graph = |config: LightGcnConfig| -> Result<Made> {
            let model = run.lightgcn(self.name(), &config, split)?;
            let rows = model.item_embeddings().clone();
            Ok((Box::new(model.with_seen_items(seen)), Some(rows)))
        };
        match self {
            Self::MostPopular => {
                let config = MostPopularConfig::new().with_seen_items(seen);
                Ok((Box::new(config.fit(&split.train)), None))
            }
            Self::ItemKnn => {
                let config = ItemKnnConfig::new().with_seen_items(seen);
                Ok((Box::new(config.fit(&split.train)?), None))
            }
            Self::BprMf => graph(LightGcnConfig::bpr_mf()),
            Self::LightGcn => graph(LightGcnConfig::new()),
            Self::SasRec => sequential(SequentialConfig::sasrec()),
            Self::Bert4Rec => sequential(SequentialConfig::bert4rec()),
            Self::Gru4Rec => sequential(SequentialConfig::gru4rec()),
            Self::Caser => sequential(SequentialConfig::caser()),
            Self::Hgn => sequential(SequentialConfig::hgn()),
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let out = run_folder::choose(arguments.out.clone(), "baselines", arguments.resume)?;
    let first = *arguments.seeds.first().ok_or("--seeds: at least one")?;
    let dataset = steps::data(arguments.data.as_ref(), first)?;
    let split = leave_one_out(&dataset.interactions)?.limit_history(20);
    println!("{}", dataset.statistics());
    let evaluation = EvaluateConfig::new(first)
        .with_slices(ItemSlices::of(&split.train))
        .with_training(split.train.clone());
    let device = arguments.device.device();

    let mut table = Table::new();
    let mut trained: Vec<SeedSummary> = Vec::new();
    for &model in &arguments.models {
        let seeds = match model.is_trained() {
            true => &arguments.seeds[..],
            false => &[first],
        };
        let mut reports: Vec<Report<Test>> = Vec::new();
        for &seed in seeds {
            let run = Run {
                seed,
                out: out.join(format!("seed-{seed}")),
                resume: arguments.resume,
                device: device.clone(),
            };
            std::fs::create_dir_all(&run.out)?;
            let (recommender, rows) = model.make(&run, &split, &arguments)?;
            if let Some(rows) = rows {
                let path = run.out.join(format!("{}.safetensors", model.name()));
                rows.write_safetensors(&path)?;
            }
            let validation = evaluate(&*recommender, &split.validation, &evaluation)?;
            let [recall, ndcg] = [Metric::Recall, Metric::Ndcg]
                .map(|metric| validation.value(metric, 10).unwrap_or_default());
            println!(
                "{}, seed {seed}: validation recall@10 {recall:.4}, NDCG@10 {ndcg:.4}",
                model.name()
            );
            let report = evaluate(&*recommender, &split.test, &evaluation)?;
            let report = report.named(model.name());
            // With the outcomes of single users: seeds of other runs can be set beside them.
            report.save_json(run.out.join(format!("{}.json", model.name())))?;
            reports.push(report);
        }
        match <[_; 1]>::try_from(reports) {
            Ok([report]) => {
                table.push(report)?;
            }
            Err(reports) => {
                let summary = SeedSummary::new(model.name(), reports)?;
                trained.push(summary.clone());
                table.push_seeds(summary)?;
            }
        }
    }
    println!("\n{table}");
    table.save_csv(out.join("table.csv"))?;

    // Whether the differences are more than luck.
    if let [first, others @ ..] = &trained[..] {
        for other in others {
            println!("{}\n", PairedTest::new(1).compare_seeds(other, first)?);
        }
    }
    println!("saved {}", out.display());
    Ok(())
}
