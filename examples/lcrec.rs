//! LC-Rec and LETTER-LC-Rec from raw data to a table: a decoder-only language model reads and writes identifiers among words; identifiers of every kind under the same model and budget.
//!
//! ```text
//! cargo run --release --example lcrec                         # on a synthetic catalogue, a few minutes
//! cargo run --release --example lcrec -- --data DIR --schemes letter,tiger,cid,semid,sid,iid,tid
//! cargo run --release --example lcrec -- --data DIR --model DIR --lora 8   # a pretrained Qwen2 or LLaMA, with adapters
//! cargo run --release --example lcrec -- --data DIR --model DIR --preset paper   # the same as in the paper
//! ```
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use genrec::data::readers::{read_preferences, read_searches};
use genrec::data::{UserId, leave_one_out};
use genrec::identify::{CodeTable, ItemTokens, Vocabulary};
use genrec::metrics::{EvaluateConfig, ItemKnn, ItemSlices, MostPopular, Table, evaluate};
use genrec::model::System;
use genrec::model::instruct::{
    InstructionTrainer, Instructions, LanguageRecommender, Question, TextModel, TextTokenizer,
};
use genrec::model::lora::{Adapters, LoraConfig};
use genrec::report::RunReport;
use serde_json::json;

mod shared;
use shared::bars;
use shared::device::Backend;
use shared::language::{Architecture, Domain, Language, Scheme, Sources};
use shared::preset::Preset;
use shared::run_folder;
use shared::steps::{self, Result, Run};

/// Tunes a language model on instructions, for identifiers of every kind.
#[derive(Parser)]
struct Arguments {
    /// Folder of the data, in any format that genrec reads; a synthetic catalogue without.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Text embeddings of the items, one row each (safetensors or npy), or the folder of a sentence encoder for the catalogue's text; TF-IDF without.
    #[arg(long)]
    embeddings: Option<PathBuf>,
    /// Collaborative embeddings of the items for LETTER, instead of LightGCN's.
    #[arg(long)]
    collaborative: Option<PathBuf>,
    /// The kinds of identifiers; a model for each.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "letter")]
    schemes: Vec<Scheme>,
    /// A published table of identifiers (index.json), instead; collided items stay together.
    #[arg(long)]
    identifiers: Option<PathBuf>,
    /// Folder of a pretrained model in Hugging Face's layout; a small one that starts from nothing without.
    #[arg(long)]
    model: Option<PathBuf>,
    /// The stacks of a model that starts from nothing.
    #[arg(long, value_enum, default_value_t = Architecture::Decoder)]
    architecture: Architecture,
    /// What the instructions speak of.
    #[arg(long, value_enum, default_value_t = Domain::Shopping)]
    domain: Domain,
    /// Trains adapters of this rank, the embeddings and the head, instead of all weights; 0 for all weights. Without, 8 for a pretrained model with the paper's preset, and all
    /// weights otherwise.
    #[arg(long)]
    lora: Option<usize>,
    /// The most recent items of a history that are read; without, 20 with the paper's preset and 10 otherwise.
    #[arg(long)]
    history: Option<NonZeroUsize>,
    /// The next item alone, without LC-Rec's other tasks.
    #[arg(long)]
    next_item_only: bool,
    /// What people wanted when they found an item, to learn from: JSON lines of "item" and "intention". None of them may tell of the interactions that are tested on.
    #[arg(long, conflicts_with = "next_item_only")]
    searches: Option<PathBuf>,
    /// What people like, in words, to learn from: JSON lines of "user" and "summary", of what they did in training.
    #[arg(long, conflicts_with = "next_item_only")]
    preferences: Option<PathBuf>,
    /// Asks with an instruction around every prefix of a history, as the paper does, instead of letting the model go on with whole histories.
    #[arg(long)]
    prefixes: bool,
    /// Passes over the samples of an epoch, instead of the preset's.
    #[arg(long)]
    epochs: Option<usize>,
    /// Samples of an epoch, instead of the preset's.
    #[arg(long)]
    samples: Option<usize>,
    /// How much is spent; without, demo on the synthetic catalogue and quick on data.
    #[arg(long, value_enum)]
    preset: Option<Preset>,
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

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let run = Run {
        seed: arguments.seed,
        out: run_folder::choose(arguments.out.clone(), "lcrec", arguments.resume)?,
        resume: arguments.resume,
        device: arguments.device.device(),
    };
    let preset = arguments.preset.unwrap_or(match arguments.data {
        Some(_) => Preset::Quick,
        None => Preset::Demo,
    });
    let training = preset.instructions().with_seed(run.seed);
    let epochs = arguments.epochs.unwrap_or(training.epochs);
    let samples = arguments.samples.or(training.samples_per_epoch);
    let training = training.with_epochs(epochs).with_samples_per_epoch(samples);
    let lora = match arguments.lora {
        None => preset.lora(arguments.model.is_some()),
        Some(0) => None,
        Some(rank) => Some(LoraConfig::new().with_rank(rank)),
    };
    let lora = lora.map(|lora| lora.with_seed(run.seed));
    let asked = arguments.history.map(NonZeroUsize::get);
    let history = asked.unwrap_or(preset.lcrec_history());

    // 1. Who did what when, and what the items say.
    let dataset = steps::data(arguments.data.as_ref(), run.seed)?;
    let catalog = &dataset.catalog;
    let split = leave_one_out(&dataset.interactions)?.limit_history(history.max(20));
    println!("{}", dataset.statistics());
    let searches = arguments.searches.as_ref();
    let searches = searches.map(|path| read_searches(path, catalog.ids()));
    let searches = searches.transpose()?.unwrap_or_default();
    let preferences = arguments.preferences.as_ref();
    let preferences = preferences.map(|path| read_preferences(path, &dataset.users));
    let preferences = preferences.transpose()?.unwrap_or_default();
    let nothing = |user: UserId| split.train.history(user).is_empty();
    if let Some((user, _)) = preferences.iter().find(|(user, _)| nothing(*user)) {
        let name = dataset.users.original(user.index());
        return Err(format!(
            "--preferences: user {name:?} did nothing in training that could show them: take the line out"
        )
        .into());
    }

    // 2. The baselines.
    let evaluation = EvaluateConfig::new(run.seed)
        .with_slices(ItemSlices::of(&split.train))
        .with_training(split.train.clone());
    let mut table = Table::new();
    let (popular, knn) = (MostPopular::fit(&split.train), ItemKnn::fit(&split.train));
    table.push(evaluate(&popular, &split.test, &evaluation)?)?;
    table.push(evaluate(&knn, &split.test, &evaluation)?)?;

    // 3. A language model with its words, and identifiers.
    let (folder, stacks) = (arguments.model.as_ref(), arguments.architecture);
    let domain = arguments.domain;
    let language = Language::new(
        folder,
        stacks,
        domain,
        preset,
        catalog,
        run.seed,
        &run.device,
    )?;
    let sources = Sources {
        dataset: &dataset,
        split: &split,
        preset,
        embeddings: arguments.embeddings.as_ref(),
        collaborative: arguments.collaborative.as_ref(),
    };
    let mut identified: Vec<(String, ItemTokens, TextTokenizer)> = Vec::new();
    if let Some(path) = &arguments.identifiers {
        let codes = CodeTable::read_index_json(path)?;
        let vocabulary = Vocabulary::of(&codes);
        let text = language.text.clone().with_identifiers(&vocabulary)?;
        let tokens = vocabulary.tokenize_collided(&codes);
        identified.push(("LC-Rec-published".into(), tokens, text));
    } else {
        for &scheme in &arguments.schemes {
            let identifiers = sources.identifiers(&run, scheme, &language.text)?;
            let vocabulary = Vocabulary::of(&identifiers);
            let text = language.text.clone();
            let text = match scheme {
                Scheme::Tid => text.with_identifiers_in_words(&vocabulary)?,
                _ => text.with_identifiers(&vocabulary)?,
            };
            let name = format!("{}-LC-Rec", scheme.name());
            identified.push((name, vocabulary.tokenize(&identifiers), text));
        }
    }

    // 4. A copy of the model for each, tuned on the same tasks for the same number of samples.
    let mut report = RunReport::new("LC-Rec")
        .with_setting(
            "data",
            format!("{}: {}", dataset.name, dataset.statistics()),
        )
        .with_setting("seed", run.seed)
        .with_setting("history", history)
        .with_setting("adapters", &lora)
        .with_setting("searches", searches.len())
        .with_setting("preferences", preferences.len())
        .with_setting("training", &training);
    for (name, tokens, text) in identified {
        let mut model = language.model.clone().with_room(text.len(), run.seed);
        if let Some(lora) = &lora {
            model.adapt(lora)?;
        }
        let (tokens, text) = (Arc::new(tokens), Arc::new(text));
        let templates = language.templates.clone();
        let none = Instructions::new(templates, tokens, text, model.eos(), catalog, &split.train)?;
        let none = none.with_max_history(history);
        let none = match (&model, arguments.prefixes || preset == Preset::Paper) {
            (TextModel::Decoder(_), false) => none.with_question(Question::WholeHistory),
            _ => none,
        };
        let mut tasks = none.clone().with_next_item();
        if !arguments.next_item_only {
            tasks = tasks
                .with_alignment()
                .with_mixed_histories()
                .with_searches(searches.clone())?
                .with_preferences(preferences.clone())?;
        }
        let bar = bars::training(&name, training.epochs);
        let trained = InstructionTrainer::new(
            training.clone(),
            run.out.join(format!("{name}-checkpoints")),
        )
        .with_resume(run.resume)
        .fit(model, &tasks, &split.validation, bar)?;
        steps::tell(&name, trained.epochs.len(), &trained.best);
        report = report.with_training(&name, &trained.epochs);
        let recommender = LanguageRecommender::new(&name, trained.model.merge(), none, 20)?;
        table.push(evaluate(&recommender, &split.test, &evaluation)?)?;
        let folder = run.out.join(&name);
        if !folder.exists() {
            let provenance = BTreeMap::from([
                ("data".into(), json!(dataset.name)),
                ("seed".into(), json!(run.seed)),
                ("split".into(), json!(split.protocol)),
                ("adapters".into(), json!(lora)),
                ("searches".into(), json!(searches.len())),
                ("preferences".into(), json!(preferences.len())),
                ("training".into(), json!(training)),
            ]);
            let system = System {
                recommender: recommender.into(),
                catalog: catalog.clone(),
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
