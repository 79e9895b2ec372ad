//! TokenRec from raw data to a table: users and items get tokens, a model reads them and answers with a row, the nearest items come out.
//!
//! ```text
//! cargo run --release --example tokenrec                      # on a synthetic catalogue, a few minutes
//! cargo run --release --example tokenrec -- --data DIR        # on real data
//! ```
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use genrec::collaborative::LightGcnConfig;
use genrec::data::{Dataset, Split, Test, leave_one_out};
use genrec::identify::token::{Prompt, read_published};
use genrec::metrics::{
    EvaluateConfig, ItemKnnConfig, MostPopularConfig, Recommender, SeenItems, Table, evaluate,
};
use genrec::model::{
    Representations, RetrievalRecommender, System, TokenRecConfig, Tokens, TrainingConfig,
};
use genrec::report::RunReport;
use serde_json::json;

mod shared;
use shared::device::Backend;
use shared::preset::Preset;
use shared::run_folder;
use shared::steps::{self, Run};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Trains TokenRec, and compares it with baselines.
#[derive(Parser)]
struct Arguments {
    /// Folder of the data, in any format that genrec reads; a synthetic catalogue without.
    #[arg(long)]
    data: Option<PathBuf>,
    /// A published file of tokens (test_codebook.txt), used as they are, instead of training tokenizers.
    #[arg(long)]
    codebook: Option<PathBuf>,
    /// The share of users and items that come only after training, below 1; 0 for none. Not with --codebook: there is nothing then that makes tokens of new rows.
    #[arg(long, default_value_t = 0.05, value_parser = share, conflicts_with = "codebook")]
    newcomers: f64,
    /// Tests once more on histories cut to so many items, as a published loader reads them (51): what it takes for targets are then partly items of training, which
    /// the audit counts.
    #[arg(long)]
    cut: Option<usize>,
    /// The paper's loss, one random item against each target, where the preset compares with all items.
    #[arg(long)]
    pairwise: bool,
    /// How much is spent; without, demo on the synthetic catalogue and quick on data.
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// Passes over the data of TokenRec, instead of the preset's.
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
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err(String::from("expected a share of at least 0 and below 1")),
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

    fn config(&self, d_row: usize) -> TokenRecConfig {
        let mut config = self.preset().tokenrec(d_row);
        if self.pairwise {
            config.model.loss = TokenRecConfig::paper(d_row).model.loss;
        }
        config
    }

    fn training(&self) -> TrainingConfig {
        let training = self.preset().tokenrec_training().with_seed(self.seed);
        let epochs = self.epochs.unwrap_or(training.epochs);
        training.with_epochs(epochs)
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (seed, preset) = (arguments.seed, arguments.preset());
    let run = Run {
        seed,
        out: run_folder::choose(arguments.out.clone(), "tokenrec", arguments.resume)?,
        resume: arguments.resume,
        device: arguments.device.device(),
    };

    // 1. Who did what when.
    let dataset = steps::data(arguments.data.as_ref(), seed)?;
    let split = leave_one_out(&dataset.interactions)?;
    println!("{}", dataset.statistics());

    // 2. What people did as rows, and the baselines. What a user has already taken is recommended by none of them.
    let removed = SeenItems::Removed;
    let popular = MostPopularConfig::new()
        .with_seen_items(removed)
        .fit(&split.train);
    let knn = ItemKnnConfig::new()
        .with_seen_items(removed)
        .fit(&split.train)?;
    let sasrec = run.sasrec(&preset.sasrec(), preset.sasrec_training(), &split)?;
    let sasrec_model = sasrec.model.with_seen_items(removed);
    let lightgcn = run
        .lightgcn("LightGCN", &LightGcnConfig::new(), &split)?
        .with_seen_items(removed);
    let rows = steps::representations(&lightgcn)?;

    // 3. Rows become tokens.
    let config = arguments.config(rows.dim());
    let (tokens, tokenizers) = match &arguments.codebook {
        Some(path) => {
            let sizes = &config.items.codebook_sizes;
            let [users, items] = read_published(path, &dataset.interactions, sizes)?;
            (Tokens::new(users, items)?, None)
        }
        None => {
            let tokenizers = run.tokenizers("TokenRec", &config, &rows, &split.train)?;
            (tokenizers.tokens(&rows, &run.device)?, Some(tokenizers))
        }
    };
    show(&tokens, &dataset);

    // 4. A model that reads a prompt with tokens and answers near the rows of the next items.
    let tokens = Arc::new(tokens);
    let training = arguments.training();
    let (trained, epochs) = run.retrieval("TokenRec", &config, &tokens, &rows, training, &split)?;
    let mut recommender = trained.with_user_ids(dataset.users.clone())?;
    if let Some(tokenizers) = tokenizers {
        recommender = recommender.with_tokenizers(tokenizers)?;
    }

    // 5. How good it is, asked as it was trained, as never before, and with the tokens of the user only.
    let evaluation = EvaluateConfig::new(seed)
        .with_ks([10, 20, 30])
        .with_training(split.train.clone());
    let prompts = &config.model.prompts;
    let asked = |prompt: &Prompt, name: &str| -> Result<RetrievalRecommender> {
        Ok(recommender.clone().with_prompt(prompt.clone())?.named(name))
    };
    let unseen = asked(&prompts.unseen, "TokenRec, unseen prompt")?;
    let user_only = asked(&prompts.user_only, "TokenRec, user tokens only")?;
    let all: [&dyn Recommender; 7] = [
        &popular,
        &knn,
        &lightgcn,
        &sasrec_model,
        &recommender,
        &unseen,
        &user_only,
    ];
    let table = measure(&all, &split.test, &evaluation)?;
    println!("\n{table}");
    if let Some(n) = arguments.cut {
        let cut = leave_one_out(&dataset.interactions.first(n))?;
        println!("\nEvery history cut to its first {n} items:");
        println!("\n{}", measure(&all, &cut.test, &evaluation)?);
    }

    // 6. One folder that answers: see the example recommend.
    let folder = run.out.join("TokenRec");
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
    let path = run.out.join("report.html");
    RunReport::new("TokenRec")
        .with_setting(
            "data",
            format!("{}: {}", dataset.name, dataset.statistics()),
        )
        .with_setting("seed", seed)
        .with_setting("TokenRec", &config)
        .with_setting("training", arguments.training())
        .with_training("SASRec", &sasrec.epochs)
        .with_training("TokenRec", &epochs)
        .with_table(table)
        .page()
        .save(&path)?;
    println!("saved {}", path.display());

    // 7. Users and items that come after everything is trained.
    if arguments.newcomers > 0.0 && arguments.codebook.is_none() {
        newcomers(&arguments, &run, &dataset, &split, &evaluation)?;
    }
    Ok(())
}

/// Trains without some users and items, lets them in without training anything, and measures on them.
fn newcomers(
    arguments: &Arguments,
    run: &Run,
    dataset: &Dataset,
    split: &Split,
    evaluation: &EvaluateConfig,
) -> Result<()> {
    let share = arguments.newcomers;
    let new = genrec::data::Newcomers::draw(&dataset.interactions, share, share, arguments.seed);
    let known = leave_one_out(&new.left_out_of(&dataset.interactions))?;
    println!(
        "\n{} users and {} items come after training",
        new.users.len(),
        new.items.len()
    );

    let lightgcn = run.lightgcn("LightGCN before", &LightGcnConfig::new(), &known)?;
    let rows = steps::representations(&lightgcn)?;
    let config = arguments.config(rows.dim());
    let tokenizers = run.tokenizers("newcomers", &config, &rows, &known.train)?;
    let tokens = Arc::new(tokenizers.tokens(&rows, &run.device)?);
    let (trained, _) = run.retrieval(
        "newcomers",
        &config,
        &tokens,
        &rows,
        arguments.training(),
        &known,
    )?;
    let mut recommender = trained
        .with_tokenizers(tokenizers)?
        .named("TokenRec, rows updated");

    // They come: rows by propagation over the graph with them, tokens by the trained tokenizers.
    let removed = SeenItems::Removed;
    let grown = lightgcn
        .grown(LightGcnConfig::new().layers, &split.train, &known.train)?
        .with_seen_items(removed);
    let before = recommender.clone().named("TokenRec, before");
    let updated: Representations = steps::representations(&grown)?;
    recommender.update_representations(updated.users().clone(), updated.items().clone())?;

    let popular = MostPopularConfig::new()
        .with_seen_items(removed)
        .fit(&split.train);
    let knn = ItemKnnConfig::new()
        .with_seen_items(removed)
        .fit(&split.train)?;
    let all: [&dyn Recommender; 5] = [&popular, &knn, &grown, &before, &recommender];
    let is_new = |case: &genrec::data::Case<'_>| new.items.contains(case.targets[0]);
    for (what, test) in [
        (
            "unseen users",
            split.test.filter(|case| new.is_new(case.user)),
        ),
        (
            "users who were there",
            split
                .test
                .filter(|case| !known.train.history(case.user).is_empty()),
        ),
        (
            "new items as targets",
            split.test.filter(|case| is_new(&case)),
        ),
    ] {
        if test.cases().is_empty() {
            println!("\n{what}: no test cases");
            continue;
        }
        println!("\n{what}:\n\n{}", measure(&all, &test, evaluation)?);
    }
    Ok(())
}

fn measure(
    recommenders: &[&dyn Recommender],
    test: &Test,
    evaluation: &EvaluateConfig,
) -> Result<Table<Test>> {
    let mut table = Table::new();
    for recommender in recommenders {
        table.push(evaluate(*recommender, test, evaluation)?)?;
    }
    Ok(table)
}

/// Shows how a few users and items are written.
fn show(tokens: &Tokens, dataset: &Dataset) {
    println!("\nusers: {}", tokens.users().table().collisions());
    println!("items: {}", tokens.items().table().collisions());
    for item in (0..tokens.items().len()).step_by((tokens.items().len() / 5).max(1)) {
        let text = dataset
            .catalog
            .get(genrec::data::ItemId::from_index(item))
            .title
            .clone();
        println!(
            "  {}  {:.60}",
            tokens.items().name(item),
            text.unwrap_or_default()
        );
    }
}
