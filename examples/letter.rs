//! LETTER-TIGER from raw data to a table: items get identifiers, a model learns to write them, only valid items come out.
//!
//! ```text
//! cargo run --release --example letter                        # on a synthetic catalogue, a few minutes
//! cargo run --release --example letter -- --data DIR          # on real data
//! ```
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use clap::{Parser, ValueEnum};
use genrec::collaborative::{SequentialConfig, SequentialModel, SequentialTrainer};
use genrec::data::{Dataset, ItemId, Split, SyntheticWorldConfig, leave_one_out, open};
use genrec::embed::{Embeddings, HashedTfIdfConfig};
use genrec::identify::letter::{Letter, LetterConfig};
use genrec::identify::{CodeTable, Disambiguate, ItemTokens, Vocabulary};
use genrec::metrics::{EvaluateConfig, ItemKnn, ItemSlices, MostPopular, Table, evaluate};
use genrec::model::{
    EpochSummary, Retrieval, SequenceModel, SequenceModelConfig, SequenceRecommender,
    SequenceTrainer, System, TrainingConfig,
};
use genrec::quantize::Checkpoints;
use serde_json::json;

mod shared;
use shared::device::Backend;
use shared::{bars, run_folder};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Trains TIGER and LETTER-TIGER, and compares them with baselines.
#[derive(Parser)]
struct Arguments {
    /// Folder of the data, in any format that genrec reads; a synthetic catalogue without.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Text embeddings of the items, one row each (safetensors or npy), instead of encoding the catalogue's text.
    #[arg(long)]
    embeddings: Option<PathBuf>,
    /// Collaborative embeddings of the items for LETTER, instead of those of the SASRec of the table.
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

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// A few minutes on two cores: for the synthetic catalogue.
    Demo,
    /// Within half an hour on two cores, for a catalogue of a few thousand items.
    Quick,
    /// As in the papers.
    Paper,
}

impl Preset {
    fn tokenizer(self, d_text: usize) -> LetterConfig {
        match self {
            Self::Demo => {
                let mut config = LetterConfig::quick(d_text);
                config.training.epochs = 60;
                config
            }
            Self::Quick => LetterConfig::quick(d_text),
            Self::Paper => LetterConfig::paper(d_text),
        }
    }

    fn sasrec(self) -> SequentialConfig {
        match self {
            Self::Demo | Self::Quick => SequentialConfig::sasrec(),
            // LETTER compares its rows with codewords as they are, so of their width.
            Self::Paper => SequentialConfig::sasrec().with_d_model(32),
        }
    }

    fn sasrec_training(self) -> TrainingConfig {
        match self {
            Self::Demo => SequentialConfig::training()
                .with_epochs(20)
                .with_validate_every(4),
            Self::Quick | Self::Paper => SequentialConfig::training(),
        }
    }

    fn model(self, vocabulary: &Vocabulary) -> SequenceModelConfig {
        match self {
            Self::Demo => {
                let config = SequenceModelConfig::quick(vocabulary);
                let t5 = config.t5.clone().with_d_model(128).with_d_ff(256);
                let t5 = t5.with_n_heads(4).with_dropout(0.15);
                SequenceModelConfig { t5, ..config }
            }
            Self::Quick => SequenceModelConfig::quick(vocabulary),
            Self::Paper => SequenceModelConfig::paper(vocabulary),
        }
    }

    fn training(self) -> TrainingConfig {
        match self {
            Self::Demo => TrainingConfig::quick()
                .with_epochs(16)
                .with_learning_rate(5e-3)
                .with_validate_every(4)
                .with_validation_users(1_000),
            Self::Quick => TrainingConfig::quick(),
            Self::Paper => TrainingConfig::paper(),
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let seed = arguments.seed;
    let device = arguments.device.device();
    let out = run_folder::choose(arguments.out.clone(), "letter", arguments.resume)?;

    // 1. Who did what when, and what the items say.
    let dataset = match &arguments.data {
        Some(folder) => open(folder)?,
        None => SyntheticWorldConfig::new().generate(seed).dataset(),
    };
    let split = leave_one_out(&dataset.interactions)?.limit_history(20);
    println!("{}", dataset.statistics());

    // 2. The baselines. SASRec's rows say what people did.
    let sasrec = sasrec(&arguments, &split, &out, &device)?;
    let evaluation = EvaluateConfig::new(seed).with_slices(ItemSlices::of(&split.train));
    let mut table = Table::new();
    let (popular, knn) = (MostPopular::fit(&split.train), ItemKnn::fit(&split.train));
    table.push(evaluate(&popular, &split.test, &evaluation)?)?;
    table.push(evaluate(&knn, &split.test, &evaluation)?)?;
    table.push(evaluate(&sasrec, &split.test, &evaluation)?)?;

    // 3. Identifiers: published ones, or the tokenizers of TIGER and LETTER, which differ in the two regularizers only.
    let identified = match &arguments.identifiers {
        Some(path) => vec![published(path, &dataset)?],
        None => {
            let collaborative = match &arguments.collaborative {
                Some(path) => Embeddings::read_rows(path, dataset.catalog.len())?,
                None => sasrec.item_embeddings()?,
            };
            tokenize(&arguments, &dataset, &collaborative, &out, &device)?
        }
    };

    // 4. A model for each set of identifiers that learns to write the next one.
    for Identified { name, tokens } in identified {
        let recommender = train(&arguments, &name, &tokens, &split, &out, &device)?;
        table.push(evaluate(&recommender, &split.test, &evaluation)?)?;
        let folder = out.join(&name);
        if !folder.exists() {
            let provenance = BTreeMap::from([
                ("data".into(), json!(dataset.name)),
                ("seed".into(), json!(seed)),
                ("split".into(), json!(split.protocol)),
                ("training".into(), json!(arguments.training())),
            ]);
            let system = System {
                recommender,
                catalog: dataset.catalog.clone(),
                provenance,
            };
            system.save(&folder)?;
            println!("saved {}", folder.display());
        }
    }
    println!("\n{table}");
    Ok(())
}

/// Trains SASRec with cross-entropy, the baseline that matters and LETTER's collaborative embeddings.
fn sasrec(
    arguments: &Arguments,
    split: &Split,
    out: &Path,
    device: &Device,
) -> Result<SequentialModel> {
    let config = arguments.preset().sasrec();
    let (items, users) = (split.train.items(), split.train.users());
    let model = config.init(items, users, arguments.seed, device)?;
    let training = arguments.preset().sasrec_training();
    let training = training.with_seed(arguments.seed);
    let bar = bars::training("SASRec", training.epochs);
    let trained = SequentialTrainer::new(training, out.join("SASRec-checkpoints"))
        .with_resume(arguments.resume)
        .fit(model, &split.train, &split.validation, bar)?;
    tell("SASRec", trained.epochs.len(), &trained.best);
    Ok(trained.model)
}

fn tell(name: &str, epochs: usize, best: &EpochSummary) {
    println!(
        "{name}: {epochs} epochs, the best is epoch {} with validation NDCG@10 {:.4}",
        best.epoch,
        best.validation.unwrap_or(f64::NAN)
    );
}

/// The identifiers of all items.
struct Identified {
    name: String,
    tokens: Arc<ItemTokens>,
}

/// A published table, collided items kept together.
fn published(path: &PathBuf, dataset: &Dataset) -> Result<Identified> {
    let codes = CodeTable::read_index_json(path)?;
    if codes.items() != dataset.catalog.len() {
        return Err(format!(
            "{} has identifiers for {} items, expected one for each of the {} items of the data",
            path.display(),
            codes.items(),
            dataset.catalog.len()
        )
        .into());
    }
    println!("{}: {}", path.display(), codes.collisions());
    let tokens = Arc::new(Vocabulary::of(&codes).tokenize_collided(&codes));
    show(&tokens, dataset);
    Ok(Identified {
        name: "TIGER-published".into(),
        tokens,
    })
}

/// Trains the tokenizers of TIGER and LETTER.
fn tokenize(
    arguments: &Arguments,
    dataset: &Dataset,
    collaborative: &Embeddings,
    out: &Path,
    device: &Device,
) -> Result<Vec<Identified>> {
    let text = match &arguments.embeddings {
        Some(path) => Embeddings::read_rows(path, dataset.catalog.len())?,
        None if dataset.catalog.has_text() => {
            let texts = dataset.catalog.texts();
            HashedTfIdfConfig::new()
                .fit(&texts, arguments.seed)?
                .encode(&texts)?
        }
        None => return Err("the items have no text: give --embeddings or --identifiers".into()),
    };
    let letter = arguments
        .preset()
        .tokenizer(text.dim())
        .with_seed(arguments.seed);

    let tiger = letter.clone().without_regularizers();
    let mut identified = Vec::new();
    for (name, config, collaborative) in [
        ("TIGER", tiger, None),
        ("LETTER-TIGER", letter, Some(collaborative)),
    ] {
        let bar = bars::bar(&format!("{name} tokenizer"), config.training.epochs);
        let checkpoints =
            Checkpoints::new(out.join(format!("{name}-tokenizer"))).with_resume(arguments.resume);
        let tokenizer: Letter = config.init().with_checkpoints(checkpoints).fit(
            &text,
            collaborative,
            device,
            |epoch| {
                bar.set_position(epoch.epoch as u64 + 1);
                bar.set_message(format!("reconstruction {:.4}", epoch.reconstruction));
                ControlFlow::Continue(())
            },
        )?;
        bar.finish();
        println!(
            "\n{name}: {}\n{}",
            tokenizer.codes.collisions(),
            tokenizer.usage
        );
        let identifiers = tokenizer.identify(&Disambiguate::NextBest)?;
        let tokens = Arc::new(Vocabulary::of(&identifiers).tokenize(&identifiers));
        show(&tokens, dataset);
        identified.push(Identified {
            name: name.into(),
            tokens,
        });
    }
    Ok(identified)
}

/// Trains a model to write the identifier of the next item.
fn train(
    arguments: &Arguments,
    name: &str,
    tokens: &Arc<ItemTokens>,
    split: &Split,
    out: &Path,
    device: &Device,
) -> Result<SequenceRecommender> {
    let config = arguments.preset().model(tokens.vocabulary());
    let model = SequenceModel::new(config, tokens, arguments.seed, device)?;
    let training = arguments.training();
    let bar = bars::training(name, training.epochs);
    let trained = SequenceTrainer::new(training, out.join(format!("{name}-checkpoints")))
        .with_resume(arguments.resume)
        .fit(model, tokens, &split.train, &split.validation, bar)?;
    tell(name, trained.epochs.len(), &trained.best);
    Ok(SequenceRecommender::new(
        name,
        trained.model,
        Retrieval::new(tokens.clone()),
    ))
}

/// Shows what a few items are called.
fn show(tokens: &ItemTokens, dataset: &Dataset) {
    for item in (0..tokens.items())
        .step_by((tokens.items() / 5).max(1))
        .map(ItemId::from_index)
    {
        let text = dataset.catalog.get(item).title.clone().unwrap_or_default();
        println!("  {}  {text:.60}", tokens.name(item));
    }
}
