//! SIIT from raw data to a table: a language model learns identifiers, writes them anew from what the items say, and learns the next item with the new ones, round after round.
//!
//! ```text
//! cargo run --release --example siit                          # on a synthetic catalogue, a few minutes
//! cargo run --release --example siit -- --data DIR --start tiger,letter --seeds 1,2,3
//! cargo run --release --example siit -- --data DIR --model DIR   # a pretrained T5, Flan-T5, Qwen2 or LLaMA
//! ```
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use genrec::data::{Split, Test, leave_one_out};
use genrec::embed::Embeddings;
use genrec::identify::refine::{Proposals, refine, refine_collided, semantic_similarity};
use genrec::identify::{IdentifierTable, ItemTokens, Vocabulary};
use genrec::metrics::{
    EvaluateConfig, ItemKnn, ItemSlices, Metric, MostPopular, Report, Table, evaluate,
};
use genrec::model::System;
use genrec::model::instruct::{LanguageRecommender, Question, Regeneration, TextModel};
use genrec::model::siit::{Order, Round, Siit, SiitConfig, SiitData, Stage};
use serde_json::json;

mod shared;
use shared::bars;
use shared::device::Backend;
use shared::language::{Architecture, Domain, Language, OverSeeds, Scheme, Sources, published};
use shared::preset::Preset;
use shared::run_folder;
use shared::steps::{self, Result, Run};

/// Lets a language model improve its identifiers.
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
    /// The identifiers to begin with; a run for each.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "tiger")]
    start: Vec<Scheme>,
    /// A published table of identifiers (index.json) to begin with, instead; if items collide in it, every item gets one code more.
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
    /// Regenerations.
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// Epochs of the alignment of a round, instead of the preset's.
    #[arg(long)]
    alignment_epochs: Option<usize>,
    /// Proposals an item, and beams of their search, instead of the preset's.
    #[arg(long)]
    proposals: Option<usize>,
    /// The most recent items of a history that are read, instead of the preset's.
    #[arg(long)]
    history: Option<NonZeroUsize>,
    /// Who gets an identifier that several items want.
    #[arg(long, value_enum, default_value_t = Choice::AsListed)]
    order: Choice,
    /// Lets the model write any token when it proposes identifiers, not only codes of the level.
    #[arg(long)]
    free: bool,
    /// Compares greedy and beam proposals, with and without repair, within the first round.
    #[arg(long)]
    ablation: bool,
    /// How much is spent; without, demo on the synthetic catalogue and quick on data.
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// What does the work.
    #[arg(long, value_enum, default_value_t = Backend::value_variants()[0])]
    device: Backend,
    /// Seeds of everything random; a run for each.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    seeds: Vec<u64>,
    /// Folder for rounds and trained systems; a new one under runs/ without.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Go on where a killed run was.
    #[arg(long)]
    resume: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// The items choose in the order of their numbers.
    AsListed,
    /// Those with most interactions choose first.
    ByPopularity,
    /// The most likely proposals first.
    ByScore,
    /// The matching with the highest scores.
    Optimal,
}

impl Arguments {
    fn config(&self, preset: Preset, seed: u64, model: &TextModel) -> SiitConfig {
        let order = match self.order {
            Choice::AsListed => Order::AsListed,
            Choice::ByPopularity => Order::ByPopularity,
            Choice::ByScore => Order::ByScore,
            Choice::Optimal => Order::Optimal,
        };
        let regeneration = match self.free {
            true => Regeneration::Free,
            false => Regeneration::PerLevel,
        };
        let mut config = preset.siit();
        if let Some(epochs) = self.alignment_epochs {
            config.alignment.epochs = epochs;
        }
        let proposals = self.proposals.unwrap_or(config.proposals);
        let history = self.history.map_or(config.max_history, NonZeroUsize::get);
        // An encoder reads an instruction to its end.
        let question = match model {
            TextModel::EncoderDecoder(_) => Question::Instruction,
            TextModel::Decoder(_) => config.question,
        };
        config
            .with_question(question)
            .with_rounds(self.rounds)
            .with_proposals(proposals)
            .with_max_history(history)
            .with_order(order)
            .with_regeneration(regeneration)
            .with_seed(seed)
    }
}

/// What all runs share.
struct Lab<'a> {
    split: &'a Split,
    evaluation: EvaluateConfig,
    rounds: OverSeeds,
    ablation: OverSeeds,
    table: Table,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let out = run_folder::choose(arguments.out.clone(), "siit", arguments.resume)?;
    let first_seed = arguments.seeds[0];
    let preset = arguments.preset.unwrap_or(match arguments.data {
        Some(_) => Preset::Quick,
        None => Preset::Demo,
    });

    // 1. Who did what when, and what the items say.
    let dataset = steps::data(arguments.data.as_ref(), first_seed)?;
    let history = arguments.history.map_or(20, |items| items.get().max(20));
    let split = leave_one_out(&dataset.interactions)?.limit_history(history);
    println!("{}", dataset.statistics());
    if !dataset.catalog.has_text() {
        return Err("the items have no text: SIIT writes identifiers from what items say".into());
    }
    let sources = Sources {
        dataset: &dataset,
        split: &split,
        preset,
        embeddings: arguments.embeddings.as_ref(),
        collaborative: arguments.collaborative.as_ref(),
    };
    let evaluation = EvaluateConfig::new(first_seed)
        .with_slices(ItemSlices::of(&split.train))
        .with_training(split.train.clone());

    // 2. The baselines.
    let mut table = Table::new();
    let (popular, knn) = (MostPopular::fit(&split.train), ItemKnn::fit(&split.train));
    table.push(evaluate(&popular, &split.test, &evaluation)?)?;
    table.push(evaluate(&knn, &split.test, &evaluation)?)?;
    let mut lab = Lab {
        split: &split,
        evaluation,
        rounds: OverSeeds::default(),
        ablation: OverSeeds::default(),
        table,
    };

    if arguments.start.contains(&Scheme::Tid) {
        return Err("titles are words that the model has, no codes that it could write anew: start from another scheme".into());
    }
    for &seed in &arguments.seeds {
        let run = Run {
            seed,
            out: out.join(format!("seed-{seed}")),
            resume: arguments.resume,
            device: arguments.device.device(),
        };
        let text = sources.text(&run)?;
        // 3. A language model, and identifiers to begin with.
        let (folder, stacks) = (arguments.model.as_ref(), arguments.architecture);
        let (domain, catalog) = (arguments.domain, &dataset.catalog);
        let language = Language::new(folder, stacks, domain, preset, catalog, seed, &run.device)?;
        let starts: Vec<(String, IdentifierTable)> = match &arguments.identifiers {
            Some(path) => vec![("published".into(), published(path)?)],
            None => arguments
                .start
                .iter()
                .map(|&scheme| {
                    let table = sources.identifiers(&run, scheme, &language.text)?;
                    Ok((scheme.name().to_owned(), table))
                })
                .collect::<Result<_>>()?,
        };
        let data = SiitData {
            catalog: &dataset.catalog,
            train: &split.train,
            validation: &split.validation,
            templates: &language.templates,
            text: &language.text,
            embeddings: Some(&text),
        };
        for (name, start) in &starts {
            // 4. The rounds.
            let folder = run.out.join(format!("{name}-rounds"));
            let config = arguments.config(preset, seed, &language.model);
            let siit = Siit::new(config.clone(), &folder).with_resume(arguments.resume);
            let listen = |round: usize, stage: Stage| {
                let (what, training) = match stage {
                    Stage::WarmUp => ("next item", &config.warm_up),
                    Stage::Alignment => ("alignment", &config.alignment),
                    Stage::NextItem => ("next item", &config.next_item),
                };
                bars::training(&format!("{name} {round}, {what}"), training.epochs)
            };
            let rounds = siit.run(&language.model, start, data, listen)?;
            for round in &rounds {
                let recommender = siit.recommender(round, data, 20)?;
                let row = format!("{name}, round {}", round.number);
                let report = lab.report(&recommender, &row, seed)?;
                lab.add(&row, round, &report, &text)?;
            }
            // 5. The last round as a folder to recommend from.
            let folder = run.out.join(format!("{name}-SIIT-{}", config.rounds));
            if let (Some(last), false) = (rounds.last(), folder.exists()) {
                let provenance = BTreeMap::from([
                    ("data".into(), json!(dataset.name)),
                    ("split".into(), json!(split.protocol)),
                    ("siit".into(), json!(config)),
                ]);
                let system = System {
                    recommender: siit.recommender(last, data, 20)?.into(),
                    catalog: dataset.catalog.clone(),
                    provenance,
                };
                system.save(&folder)?;
                println!("saved {}", folder.display());
            }
            if arguments.ablation {
                lab.ablate(&siit, &rounds[0], start, data, name, &run)?;
            }
        }
    }
    println!("\n{}\n", lab.table);
    let k = arguments.proposals.unwrap_or(preset.siit().proposals);
    let last = format!("coverage@{k}");
    let header = [
        "identifiers",
        "Recall@10",
        "NDCG@10",
        "collisions before repair",
        "changed",
        "churn",
        "one code more",
        "nothing written",
        "coverage@1",
        &last,
        "similarity",
    ];
    println!("{}", lab.rounds.table(&header));
    if arguments.ablation {
        let header = ["regeneration", "Recall@10", "NDCG@10", "distinct"];
        println!("\n{}", lab.ablation.table(&header));
    }
    Ok(())
}

impl Lab<'_> {
    fn report(
        &mut self,
        recommender: &LanguageRecommender,
        row: &str,
        seed: u64,
    ) -> Result<Report<Test>> {
        let report = evaluate(recommender, &self.split.test, &self.evaluation)?;
        let report = report.named(format!("{row}, seed {seed}"));
        let figure = |metric| report.value(metric, 10).unwrap_or(f64::NAN);
        println!(
            "{row}, seed {seed}: Recall@10 {:.4}, NDCG@10 {:.4}",
            figure(Metric::Recall),
            figure(Metric::Ndcg)
        );
        self.table.push(report.clone())?;
        Ok(report)
    }

    fn add(
        &mut self,
        row: &str,
        round: &Round,
        report: &Report<Test>,
        text: &Embeddings,
    ) -> Result<()> {
        let found = round.diagnostics.as_ref();
        let similarity = match found {
            Some(found) => found.similarity,
            // Those that the run began with.
            None => semantic_similarity(&round.table, text)?,
        };
        let figures = [
            report.value(Metric::Recall, 10),
            report.value(Metric::Ndcg, 10),
            found.map(|found| found.collision_rate),
            found.map(|found| found.changed),
            found.map(|found| found.churn),
            found.map(|found| found.extended),
            found.map(|found| found.kept),
            found.and_then(|found| found.coverage.first().copied()),
            found.and_then(|found| found.coverage.last().copied()),
            similarity,
        ];
        self.rounds.push(row, &figures);
        Ok(())
    }

    /// The proposals of a greedy and of a beam search with the same aligned copy, with and without repair, each with a model of its own from the same round.
    fn ablate(
        &mut self,
        siit: &Siit,
        round: &Round,
        start: &IdentifierTable,
        data: SiitData<'_>,
        name: &str,
        run: &Run,
    ) -> Result<()> {
        let folder = |what: &str| run.out.join(format!("{name}-{what}"));
        let aligned = siit.aligned(round, data, &folder("aligned"), |_| {})?;
        let greedy = siit.proposals(&aligned, round, start, data, 1)?;
        let beams = siit.config().proposals;
        let beam = siit.proposals(&aligned, round, start, data, beams)?;
        let order = siit.assignment(data);
        let repaired = |proposals: &Proposals| -> Result<ItemTokens> {
            let table = refine(&round.table, proposals, &order)?.table;
            Ok(Vocabulary::of(&table).tokenize(&table))
        };
        let collided = |proposals: &Proposals| -> Result<ItemTokens> {
            Ok(refine_collided(&round.table, proposals, &order)?)
        };
        for (what, tokens) in [
            ("greedy", collided(&greedy)?),
            ("greedy with repair", repaired(&greedy)?),
            ("beam", collided(&beam)?),
            ("beam with repair", repaired(&beam)?),
        ] {
            let row = format!("{name}, {what}");
            let distinct = tokens.groups() as f64 / tokens.items() as f64;
            let bar = bars::training(&row, siit.config().next_item.epochs);
            let apart = folder(&what.replace(' ', "-"));
            let (recommender, _) = siit.tuned(round, Arc::new(tokens), data, 20, &apart, bar)?;
            let report = self.report(&recommender, &row, run.seed)?;
            let figures = [
                report.value(Metric::Recall, 10),
                report.value(Metric::Ndcg, 10),
                Some(distinct),
            ];
            self.ablation.push(&row, &figures);
        }
        Ok(())
    }
}
