//! Identifiers of every kind, and the language models that read them among words.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use clap::ValueEnum;
use genrec::data::{Catalog, Dataset, Split};
use genrec::embed::Embeddings;
use genrec::identify::indexing::{CidConfig, category_paths, independent, sequential};
use genrec::identify::letter::Ablation;
use genrec::identify::{CodeTable, Disambiguate, Error as IdentifyError, IdentifierTable};
use genrec::model::instruct::{Templates, TextModel, TextTokenizer};
use genrec::model::lm::LanguageModelConfig;
use genrec::model::t5::{Activation, T5Config};

use super::preset::Preset;
use super::steps::{self, Result, Run};

/// Where identifiers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Scheme {
    /// The residual codes of what the items say.
    Tiger,
    /// The same, with LETTER's two regularizers.
    Letter,
    /// The path of nested clusters of what is met together.
    Cid,
    /// Numbers in the order of first appearance.
    Sid,
    /// One token an item.
    Iid,
    /// The path of categories.
    Semid,
    /// The title.
    Tid,
}

impl Scheme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tiger => "TIGER",
            Self::Letter => "LETTER",
            Self::Cid => "CID",
            Self::Sid => "SID",
            Self::Iid => "IID",
            Self::Semid => "SemID",
            Self::Tid => "TID",
        }
    }
}

/// What identifiers are made from.
pub(crate) struct Sources<'a> {
    pub(crate) dataset: &'a Dataset,
    pub(crate) split: &'a Split,
    pub(crate) preset: Preset,
    pub(crate) embeddings: Option<&'a PathBuf>,
    pub(crate) collaborative: Option<&'a PathBuf>,
}

impl Sources<'_> {
    /// What the items say, as rows.
    pub(crate) fn text(&self, run: &Run) -> Result<Embeddings> {
        steps::text(self.dataset, self.embeddings, run.seed, &run.device)
    }

    /// The identifiers of a scheme; `text` has the words of titles.
    pub(crate) fn identifiers(
        &self,
        run: &Run,
        scheme: Scheme,
        text: &TextTokenizer,
    ) -> Result<IdentifierTable> {
        let (catalog, train) = (&self.dataset.catalog, &self.split.train);
        Ok(match scheme {
            Scheme::Tiger => self.trained(run, "TIGER", Ablation::Semantic)?,
            Scheme::Letter => self.trained(run, "LETTER", Ablation::Both)?,
            Scheme::Cid => CidConfig::new()
                .with_seed(run.seed)
                .fit(train, &run.device)?,
            Scheme::Sid => sequential(train)?,
            Scheme::Iid => independent(catalog.len())?,
            Scheme::Semid => category_paths(catalog)?,
            Scheme::Tid => text.titles(catalog, 24)?,
        })
    }

    fn trained(&self, run: &Run, name: &str, ablation: Ablation) -> Result<IdentifierTable> {
        let text = self.text(run)?;
        let config = self.preset.tokenizer(text.dim()).ablated(ablation);
        let collaborative = match config.collaborative {
            Some(_) => Some(self.collaborative_rows(run)?),
            None => None,
        };
        let tokenizer = run.tokenizer(name, config, &text, collaborative.as_ref())?;
        Ok(tokenizer.identify(&Disambiguate::NextBest)?)
    }

    fn collaborative_rows(&self, run: &Run) -> Result<Embeddings> {
        Ok(match (self.collaborative, self.preset.lightgcn()) {
            (Some(path), _) => Embeddings::read_rows(path, self.dataset.catalog.len())?,
            (None, Some(config)) => run
                .lightgcn("LightGCN", &config, self.split)?
                .item_embeddings()
                .clone(),
            (None, None) => {
                let (config, training) = (self.preset.sasrec(), self.preset.sasrec_training());
                let trained = run.sasrec(&config, training, self.split)?;
                trained.model.item_embeddings()?
            }
        })
    }
}

/// A published table, as it is if every item has an identifier of its own.
pub(crate) fn published(path: &Path) -> Result<IdentifierTable> {
    let table = IdentifierTable::read_index_json(path);
    if !matches!(table, Err(IdentifyError::Collision { .. })) {
        return Ok(table?);
    }
    let codes = CodeTable::read_index_json(path)?;
    println!(
        "{}: {}; every item gets one code more, its number among those that share theirs",
        path.display(),
        codes.collisions()
    );
    Ok(Disambiguate::AppendToken.apply(&codes, None)?)
}

/// Which stacks a model that starts from nothing has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Architecture {
    /// T5.
    EncoderDecoder,
    /// Qwen2.
    Decoder,
}

/// What the instructions speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Domain {
    /// Things that people buy.
    Shopping,
    /// Where people go.
    Places,
}

impl Domain {
    fn templates(self) -> Templates {
        match self {
            Self::Shopping => Templates::shopping(),
            Self::Places => Templates::places(),
        }
    }
}

/// A language model, and its words.
pub(crate) struct Language {
    pub(crate) model: TextModel,
    pub(crate) text: TextTokenizer,
    pub(crate) templates: Templates,
}

impl Language {
    /// The model of a folder in Hugging Face's layout with its `tokenizer.json`, or a small one that starts from nothing, with a tokenizer trained on the catalogue.
    pub(crate) fn new(
        folder: Option<&PathBuf>,
        architecture: Architecture,
        domain: Domain,
        preset: Preset,
        catalog: &Catalog,
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        let templates = domain.templates();
        if let Some(folder) = folder {
            return Ok(Self {
                model: TextModel::load(folder, device)?,
                text: TextTokenizer::open(folder.join("tokenizer.json"))?,
                templates,
            });
        }
        let (tokens, width) = match preset {
            Preset::Demo => (1000, 64),
            Preset::Quick => (2000, 128),
            Preset::Paper => (8000, 512),
        };
        let text = TextTokenizer::for_catalog(catalog, &templates, tokens)?;
        let layers = if preset == Preset::Paper { 8 } else { 2 };
        let model = match architecture {
            Architecture::EncoderDecoder => {
                // The shape of Flan-T5-small, narrower.
                let config = T5Config::new(text.len())
                    .with_d_model(width)
                    .with_d_ff(2 * width)
                    .with_n_heads(width / 32)
                    .with_d_kv(32)
                    .with_encoder_layers(layers)
                    .with_decoder_layers(layers)
                    .with_activation(Activation::GatedGelu)
                    .with_seed(seed);
                config.validate()?;
                config.init(device).into()
            }
            Architecture::Decoder => LanguageModelConfig::new(text.len(), width, width / 32)
                .with_layers(layers)
                .with_d_ff(2 * width)
                .with_init_std((width as f64).powf(-0.5) / 2.0)
                .with_seed(seed)
                .init(device)?
                .into(),
        };
        Ok(Self {
            model,
            text,
            templates,
        })
    }
}

/// Mean and standard deviation over seeds, by name of the row, in the order of the names that came first.
#[derive(Default)]
pub(crate) struct OverSeeds {
    rows: Vec<String>,
    figures: BTreeMap<(String, usize), Vec<f64>>,
}

impl OverSeeds {
    pub(crate) fn push(&mut self, row: &str, figures: &[Option<f64>]) {
        if !self.rows.iter().any(|name| name == row) {
            self.rows.push(row.to_owned());
        }
        for (column, figure) in figures.iter().enumerate() {
            let list = self.figures.entry((row.to_owned(), column)).or_default();
            list.extend(*figure);
        }
    }

    /// The rows as a table: means, and standard deviations where there are several seeds.
    pub(crate) fn table(&self, header: &[&str]) -> comfy_table::Table {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::ASCII_MARKDOWN);
        table.set_header(header);
        for row in &self.rows {
            let cells = (0..header.len() - 1).map(|column| {
                let list = self.figures.get(&(row.clone(), column));
                let list = list.map_or(&[][..], Vec::as_slice);
                let n = list.len() as f64;
                let mean = list.iter().sum::<f64>() / n;
                let squares: f64 = list.iter().map(|x| (x - mean).powi(2)).sum();
                match list.len() {
                    0 => String::from("-"),
                    1 => format!("{mean:.4}"),
                    _ => format!("{mean:.4} ± {:.4}", (squares / (n - 1.0)).sqrt()),
                }
            });
            table.add_row(std::iter::once(row.clone()).chain(cells));
        }
        table
    }
}
