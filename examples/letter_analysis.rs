//! The analyses of the LETTER paper, each a command.
//!
//! ```text
//! cargo run --release --example letter_analysis -- --data DIR ablation --seeds 1,2,3
//! cargo run --release --example letter_analysis -- --data DIR codes
//! cargo run --release --example letter_analysis -- --data DIR substitute
//! cargo run --release --example letter_analysis -- --data DIR sweep alpha 0.001,0.01,0.02,0.1
//! ```
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use genrec::collaborative::Score;
use genrec::data::{Dataset, Split, Test, Validation, leave_one_out};
use genrec::embed::Embeddings;
use genrec::identify::letter::{Ablation, Alignment, Letter, Setting};
use genrec::identify::{Disambiguate, Vocabulary};
use genrec::metrics::{
    EvaluateConfig, EvaluationSet, PairedTest, Recommender, Report, SeedSummary, Table, evaluate,
};
use genrec::model::{SequenceRecommender, TrainingConfig};
use genrec::page::Page;

mod shared;
use shared::device::Backend;
use shared::preset::Preset;
use shared::run_folder;
use shared::steps::{self, Run};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The analyses of the LETTER paper (sections 4.2 and 4.3).
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    analysis: Analysis,
    /// Folder of the data, in any format that genrec reads; a synthetic catalogue without.
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    /// Text embeddings of the items, one row each (safetensors or npy), or the folder of a sentence encoder for the catalogue's text; TF-IDF without.
    #[arg(long, global = true)]
    embeddings: Option<PathBuf>,
    /// Collaborative embeddings of the items for LETTER, instead of LightGCN's (with the paper preset SASRec's).
    #[arg(long, global = true)]
    collaborative: Option<PathBuf>,
    /// How much is spent on each run; without, demo on the synthetic catalogue and quick on data.
    #[arg(long, global = true, value_enum)]
    preset: Option<Preset>,
    /// Passes over the data of the recommenders, instead of the preset's.
    #[arg(long, global = true)]
    epochs: Option<usize>,
    /// Seed of everything random, where there are not several.
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    /// What does the work.
    #[arg(long, global = true, value_enum, default_value_t = Backend::value_variants()[0])]
    device: Backend,
    /// Folder for checkpoints and results; a new one under runs/ without.
    #[arg(long, global = true)]
    out: Option<PathBuf>,
    /// Go on where a killed run was.
    #[arg(long, global = true)]
    resume: bool,
}

#[derive(Subcommand)]
enum Analysis {
    /// The five rows of the ablation: TIGER, with the collaborative term, with diversity, with both, and with the ranking-guided loss; on test.
    Ablation {
        /// A run for each.
        #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
        seeds: Vec<u64>,
        /// The temperature of the ranking-guided loss.
        #[arg(long, default_value_t = 0.7)]
        tau: f64,
    },
    /// How codes are used, where codewords lie, and how codes agree with collaborative neighbours: TIGER beside LETTER, as a page.
    Codes,
    /// Quantized rows in the place of SASRec's item rows, on test.
    Substitute,
    /// One setting over several values, on validation.
    Sweep {
        /// What is varied.
        #[arg(value_enum)]
        what: Swept,
        /// Its values.
        #[arg(value_delimiter = ',')]
        values: Vec<f64>,
    },
}

/// What a sweep varies.
#[derive(Clone, Copy, ValueEnum)]
enum Swept {
    /// L, the codes of an identifier.
    Levels,
    /// N, the codewords of a level.
    Codewords,
    /// The weight of the collaborative term.
    Alpha,
    /// The weight of the diversity term.
    Beta,
    /// K, the clusters of a codebook.
    Clusters,
    /// The temperature of the ranking-guided loss.
    Tau,
}

impl Swept {
    /// The setting of the tokenizer, if it is one.
    fn tokenizer(self) -> Option<Setting> {
        match self {
            Self::Levels => Some(Setting::Levels),
            Self::Codewords => Some(Setting::Codewords),
            Self::Alpha => Some(Setting::Alpha),
            Self::Beta => Some(Setting::Beta),
            Self::Clusters => Some(Setting::Clusters),
            Self::Tau => None,
        }
    }
}

/// What all analyses need.
struct Lab {
    dataset: Dataset,
    split: Split,
    preset: Preset,
    epochs: Option<usize>,
    embeddings: Option<PathBuf>,
    collaborative: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let dataset = steps::data(arguments.data.as_ref(), arguments.seed)?;
    println!("{}", dataset.statistics());
    let preset = arguments.preset.unwrap_or(match arguments.data {
        Some(_) => Preset::Quick,
        None => Preset::Demo,
    });
    let lab = Lab {
        split: leave_one_out(&dataset.interactions)?.limit_history(20),
        dataset,
        preset,
        epochs: arguments.epochs,
        embeddings: arguments.embeddings.clone(),
        collaborative: arguments.collaborative.clone(),
    };
    let out = run_folder::choose(arguments.out.clone(), "letter-analysis", arguments.resume)?;
    let run = |seed: u64| Run {
        seed,
        out: out.join(format!("seed-{seed}")),
        resume: arguments.resume,
        device: arguments.device.device(),
    };
    match &arguments.analysis {
        Analysis::Ablation { seeds, tau } => lab.ablation(seeds, *tau, run, &out),
        Analysis::Codes => lab.codes(&run(arguments.seed)),
        Analysis::Substitute => lab.substitute(&run(arguments.seed)),
        Analysis::Sweep { what, values } => lab.sweep(&run(arguments.seed), *what, values),
    }
}

impl Lab {
    fn text(&self, run: &Run) -> Result<Embeddings> {
        steps::text(
            &self.dataset,
            self.embeddings.as_ref(),
            run.seed,
            &run.device,
        )
    }

    /// What people did, as rows.
    fn collaborative(&self, run: &Run) -> Result<Embeddings> {
        if let Some(path) = &self.collaborative {
            return Ok(Embeddings::read_rows(path, self.dataset.catalog.len())?);
        }
        if let Some(config) = self.preset.lightgcn() {
            return Ok(run
                .lightgcn("LightGCN", &config, &self.split)?
                .item_embeddings()
                .clone());
        }
        let (config, training) = (self.preset.sasrec(), self.preset.sasrec_training());
        let trained = run.sasrec(&config, training, &self.split)?;
        Ok(trained.model.item_embeddings()?)
    }

    fn training(&self) -> TrainingConfig {
        let training = self.preset.training();
        let epochs = self.epochs.unwrap_or(training.epochs);
        training.with_epochs(epochs)
    }

    fn recommender(
        &self,
        run: &Run,
        name: &str,
        tokenizer: &Letter,
        training: TrainingConfig,
    ) -> Result<SequenceRecommender> {
        let identifiers = tokenizer.identify(&Disambiguate::NextBest)?;
        let tokens = Arc::new(Vocabulary::of(&identifiers).tokenize(&identifiers));
        let config = self.preset.model(tokens.vocabulary());
        let trained = run.recommender(name, &tokens, config, training, &self.split)?;
        Ok(trained.0)
    }

    fn evaluation(&self) -> EvaluateConfig {
        EvaluateConfig::new(1).with_training(self.split.train.clone())
    }

    fn test(&self, recommender: &impl Recommender) -> Result<Report<Test>> {
        Ok(evaluate(recommender, &self.split.test, &self.evaluation())?)
    }

    fn validate(&self, recommender: &impl Recommender) -> Result<Report<Validation>> {
        let cases = &self.split.validation;
        Ok(evaluate(recommender, cases, &self.evaluation())?)
    }

    fn ablation(
        &self,
        seeds: &[u64],
        tau: f64,
        run: impl Fn(u64) -> Run,
        out: &Path,
    ) -> Result<()> {
        let mut rows: Vec<(String, Vec<Report<Test>>)> = Vec::new();
        let mut add = |place: usize, name: &str, report: Report<Test>| {
            if rows.len() == place {
                rows.push((name.to_owned(), Vec::new()));
            }
            rows[place].1.push(report);
        };
        for &seed in seeds {
            let run = run(seed);
            let text = self.text(&run)?;
            let collaborative = self.collaborative(&run)?;
            for (place, ablation) in Ablation::ALL.into_iter().enumerate() {
                let name = ablation.name();
                let config = self.preset.tokenizer(text.dim()).ablated(ablation);
                let tokenizer = run.tokenizer(name, config, &text, Some(&collaborative))?;
                let plain = self.training().with_temperature(1.0);
                let recommender = self.recommender(&run, name, &tokenizer, plain)?;
                add(place, name, self.test(&recommender)?);
                if ablation == Ablation::Both {
                    let name = "LETTER + ranking loss";
                    let ranking = self.training().with_temperature(tau);
                    let recommender = self.recommender(&run, name, &tokenizer, ranking)?;
                    add(place + 1, name, self.test(&recommender)?);
                }
            }
        }
        let mut table = Table::new();
        let mut first: Option<SeedSummary> = None;
        let mut comparisons = Vec::new();
        for (name, reports) in rows {
            // One seed has no spread to summarise or to test with.
            let reports = match <[_; 1]>::try_from(reports) {
                Ok([report]) => {
                    table.push(report.named(name))?;
                    continue;
                }
                Err(reports) => reports,
            };
            let summary = SeedSummary::new(name, reports)?;
            match &first {
                Some(first) => comparisons.push(PairedTest::new(1).compare_seeds(&summary, first)?),
                None => first = Some(summary.clone()),
            }
            table.push_seeds(summary)?;
        }
        finish(&table, out)?;
        for comparison in comparisons {
            println!("{comparison}\n");
        }
        Ok(())
    }

    fn codes(&self, run: &Run) -> Result<()> {
        let text = self.text(run)?;
        let collaborative = self.collaborative(run)?;
        let inspector =
            steps::inspector(&self.dataset, Some(&text), Some(&collaborative), run.seed)?;
        let mut page = Page::new("Codes of TIGER and LETTER");
        for ablation in [Ablation::Semantic, Ablation::Both] {
            let name = ablation.name();
            let config = self.preset.tokenizer(text.dim()).ablated(ablation);
            let tokenizer = run.tokenizer(name, config, &text, Some(&collaborative))?;
            let inspection = inspector.inspect(name, &(&tokenizer.codes).into())?;
            println!("{inspection}");
            page = page
                .with_section(inspection.section())
                .with_section(tokenizer.codewords_section(name)?);
        }
        let path = run.out.join("codes.html");
        page.save(&path)?;
        println!("saved {}", path.display());
        Ok(())
    }

    fn substitute(&self, run: &Run) -> Result<()> {
        let text = self.text(run)?;
        let width = self.preset.tokenizer(text.dim()).rqvae.quantizer.d_code;
        // Rows as wide as the codewords, and compared with them as they are.
        let sasrec = self.preset.sasrec().with_d_model(width);
        let sasrec = sasrec.with_score(Score::DotProduct);
        let trained = run.sasrec(&sasrec, self.preset.sasrec_training(), &self.split)?;
        let rows = trained.model.item_embeddings()?;
        let mut table = Table::new();
        table.push(self.test(&trained.model)?)?;
        for ablation in [Ablation::Semantic, Ablation::Both] {
            let mut config = self.preset.tokenizer(text.dim()).ablated(ablation);
            if let Some(term) = &mut config.collaborative {
                term.alignment = Alignment::Direct;
            }
            let tokenizer = run.tokenizer(ablation.name(), config, &text, Some(&rows))?;
            let model = trained
                .model
                .with_item_embeddings(&tokenizer.quantized()?)?;
            let report = self.test(&model)?;
            table.push(report.named(format!("SASRec on {}'s rows", ablation.name())))?;
        }
        finish(&table, &run.out)
    }

    fn sweep(&self, run: &Run, what: Swept, values: &[f64]) -> Result<()> {
        let text = self.text(run)?;
        let collaborative = self.collaborative(run)?;
        let mut table = Table::new();
        for &value in values {
            let mut config = self.preset.tokenizer(text.dim());
            let mut training = self.training();
            match what.tokenizer() {
                Some(setting) => config = config.with_setting(setting, value)?,
                None => training.temperature = value,
            }
            let symbol = what.to_possible_value().expect("no value is hidden");
            let name = format!("{}-{value}", symbol.get_name());
            let tokenizer = run.tokenizer(&name, config, &text, Some(&collaborative))?;
            let recommender = self.recommender(run, &name, &tokenizer, training)?;
            table.push(self.validate(&recommender)?)?;
        }
        finish(&table, &run.out)
    }
}

/// Prints a table, and leaves it beside the checkpoints.
fn finish<S: EvaluationSet>(table: &Table<S>, folder: &Path) -> Result<()> {
    println!("\n{table}");
    let path = folder.join("table.csv");
    table.save_csv(&path)?;
    println!("saved {}", path.display());
    Ok(())
}
