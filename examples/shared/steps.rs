//! The steps from data to a recommender, as the examples take them: with progress bars, and checkpoints in the folder of the run.

use std::error::Error;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use burn::tensor::Device;
use genrec::collaborative::{
    LightGcn, LightGcnConfig, SequentialConfig, SequentialTrainer, TrainedSequential,
};
use genrec::data::{Dataset, Interactions, Split, SyntheticWorldConfig, open};
use genrec::embed::{Embeddings, HashedTfIdfConfig, SentenceEncoder};
use genrec::identify::ItemTokens;
use genrec::identify::inspect::{InspectConfig, Inspector};
use genrec::identify::letter::{Letter, LetterConfig};
use genrec::metrics::SeenItems;
use genrec::model::set::{ItemRows, SetRecConfig, SetRecommender, SetTrainer};
use genrec::model::{
    EpochSummary, Representations, Retrieval, RetrievalModel, RetrievalRecommender,
    RetrievalTrainer, SequenceModel, SequenceModelConfig, SequenceRecommender, SequenceTrainer,
    TokenRecConfig, Tokenizers, Tokens, TrainingConfig,
};
use genrec::quantize::{Callbacks, Checkpoints, MaskedVq, MaskedVqConfig, Progress};

use super::bars;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What all steps of a run share.
pub(crate) struct Run {
    pub(crate) seed: u64,
    /// Where checkpoints are.
    pub(crate) out: PathBuf,
    pub(crate) resume: bool,
    pub(crate) device: Device,
}

/// The data of a folder, or a synthetic catalogue.
pub(crate) fn data(folder: Option<&PathBuf>, seed: u64) -> Result<Dataset> {
    Ok(match folder {
        Some(folder) => open(folder)?,
        None => SyntheticWorldConfig::new().generate(seed).dataset(),
    })
}

/// What the items say: rows of a file, or the catalogue's text encoded, by the sentence encoder of a folder where one is given.
pub(crate) fn text(
    dataset: &Dataset,
    embeddings: Option<&PathBuf>,
    seed: u64,
    device: &Device,
) -> Result<Embeddings> {
    match embeddings {
        Some(folder) if folder.is_dir() && dataset.catalog.has_text() => {
            let encoder = SentenceEncoder::open(folder, device)?;
            Ok(encoder.encode(&dataset.catalog.texts())?)
        }
        Some(folder) if folder.is_dir() => {
            Err("the items have no text to encode: give --embeddings as a file of rows".into())
        }
        Some(path) => Ok(Embeddings::read_rows(path, dataset.catalog.len())?),
        None if dataset.catalog.has_text() => {
            let texts = dataset.catalog.texts();
            Ok(HashedTfIdfConfig::new().fit(&texts, seed)?.encode(&texts)?)
        }
        None => Err("the items have no text: give --embeddings".into()),
    }
}

/// Rows of what people did, with zeros for the items that nobody met in training: what a model gives them was never trained.
pub(crate) fn met(rows: &Embeddings, train: &Interactions) -> Result<Embeddings> {
    let mut met = rows.clone().into_array();
    for (mut row, count) in met.outer_iter_mut().zip(train.popularity()) {
        if count == 0 {
            row.fill(0.0);
        }
    }
    Ok(Embeddings::new(met)?)
}

impl Run {
    fn folder(&self, name: &str, what: &str) -> PathBuf {
        self.out.join(format!("{name}-{what}"))
    }

    /// Trains SASRec: the baseline that matters, and what people did as rows.
    pub(crate) fn sasrec(
        &self,
        config: &SequentialConfig,
        training: TrainingConfig,
        split: &Split,
    ) -> Result<TrainedSequential> {
        self.sequential("SASRec", config, training, split)
    }

    /// Trains one of the sequential models.
    pub(crate) fn sequential(
        &self,
        name: &str,
        config: &SequentialConfig,
        training: TrainingConfig,
        split: &Split,
    ) -> Result<TrainedSequential> {
        let (items, users) = (split.train.items(), split.train.users());
        let model = config.init(items, users, self.seed, &self.device)?;
        let bar = bars::training(name, training.epochs);
        let training = training.with_seed(self.seed);
        let trained = SequentialTrainer::new(training, self.folder(name, "checkpoints"))
            .with_resume(self.resume)
            .fit(model, &split.train, &split.validation, bar)?;
        tell(name, trained.epochs.len(), &trained.best);
        Ok(trained)
    }

    /// Trains LightGCN: what people did as rows.
    pub(crate) fn lightgcn(
        &self,
        name: &str,
        config: &LightGcnConfig,
        split: &Split,
    ) -> Result<LightGcn> {
        let bar = bars::bar(name, config.epochs);
        let (train, validation) = (&split.train, &split.validation);
        let model = config.fit_validated(train, validation, self.seed, |epoch| {
            bar.set_position(epoch.number as u64);
        })?;
        bar.finish();
        Ok(model)
    }

    /// Trains a tokenizer.
    pub(crate) fn tokenizer(
        &self,
        name: &str,
        config: LetterConfig,
        text: &Embeddings,
        collaborative: Option<&Embeddings>,
    ) -> Result<Letter> {
        let config = config.with_seed(self.seed);
        let collaborative = collaborative.filter(|_| config.collaborative.is_some());
        let bar = bars::bar(&format!("{name} tokenizer"), config.training.epochs);
        let checkpoints = Checkpoints::new(self.folder(name, "tokenizer")).with_resume(self.resume);
        let tokenizer = config.init().with_checkpoints(checkpoints).fit(
            text,
            collaborative,
            &self.device,
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
        Ok(tokenizer)
    }

    /// Trains what makes tokens of users and of items, on the rows of those that training knows.
    pub(crate) fn tokenizers(
        &self,
        name: &str,
        config: &TokenRecConfig,
        rows: &Representations,
        train: &Interactions,
    ) -> Result<Tokenizers> {
        let popularity = train.popularity();
        let users = train.iter().filter(|(_, history)| !history.is_empty());
        let users: Vec<usize> = users.map(|(user, _)| user.index()).collect();
        let items = 0..popularity.len();
        let items: Vec<usize> = items.filter(|&item| popularity[item] > 0).collect();
        Ok(Tokenizers::new(
            self.masked_vq(
                name,
                "users",
                &config.users,
                config,
                &rows.users().select(&users),
            )?,
            self.masked_vq(
                name,
                "items",
                &config.items,
                config,
                &rows.items().select(&items),
            )?,
        )?)
    }

    fn masked_vq(
        &self,
        name: &str,
        side: &str,
        quantizer: &MaskedVqConfig,
        config: &TokenRecConfig,
        rows: &Embeddings,
    ) -> Result<MaskedVq> {
        let training = config.tokenizing.clone().with_seed(self.seed);
        let bar = bars::bar(&format!("tokens of {side}"), training.epochs);
        let mut last = None;
        let mut progress = |epoch: &Progress| {
            bar.set_position(epoch.epoch as u64 + 1);
            bar.set_message(format!("reconstruction {:.4}", epoch.reconstruction));
            last = epoch.evaluation.clone().or(last.take());
            ControlFlow::Continue(())
        };
        let checkpoints = Checkpoints::new(self.folder(name, side)).with_resume(self.resume);
        let fitted = training.init().with_checkpoints(checkpoints).fit(
            quantizer.clone().with_seed(self.seed).init(&self.device),
            &rows.to_tensor(&self.device),
            Callbacks::new().with_progress(&mut progress),
        )?;
        bar.finish();
        if let Some(evaluation) = last {
            println!("\ntokens of {side}\n{}", evaluation.usage);
        }
        Ok(fitted.quantizer)
    }

    /// Trains a model to answer prompts near the rows of the next items; with its epochs.
    pub(crate) fn retrieval(
        &self,
        name: &str,
        config: &TokenRecConfig,
        tokens: &Arc<Tokens>,
        rows: &Representations,
        training: TrainingConfig,
        split: &Split,
    ) -> Result<(RetrievalRecommender, Vec<EpochSummary>)> {
        let vocabulary = config.vocabulary();
        let model = RetrievalModel::new(config.model.clone(), vocabulary, self.seed, &self.device)?;
        let bar = bars::training(name, training.epochs);
        let training = training.with_seed(self.seed);
        let trained = RetrievalTrainer::new(training, self.folder(name, "checkpoints"))
            .with_resume(self.resume)
            .with_seen_items(SeenItems::Removed)
            .fit(model, tokens, rows, &split.train, &split.validation, bar)?;
        tell(name, trained.epochs.len(), &trained.best);
        let tokens = tokens.as_ref().clone();
        let recommender = RetrievalRecommender::new(name, trained.model, tokens, rows.clone())?
            .with_seen_items(SeenItems::Removed);
        Ok((recommender, trained.epochs))
    }

    /// Trains a model that answers with sets of tokens, and chooses the weight of its two kinds of answers on validation; with its epochs.
    pub(crate) fn setrec(
        &self,
        name: &str,
        config: &SetRecConfig,
        rows: &ItemRows,
        training: TrainingConfig,
        split: &Split,
    ) -> Result<(SetRecommender, Vec<EpochSummary>)> {
        let model = config.init(rows, &self.device)?;
        let bar = bars::training(name, training.epochs);
        let trained = SetTrainer::new(training, self.folder(name, "checkpoints"))
            .with_resume(self.resume)
            .fit(model, rows, &split.train, &split.validation, bar)?;
        tell(name, trained.epochs.len(), &trained.best);
        let table = trained.model.table(rows)?;
        let betas: Vec<f64> = (0..=10).map(|tenth| f64::from(tenth) / 10.0).collect();
        let recommender = SetRecommender::new(name, trained.model, table)?;
        let recommender = recommender.with_best_beta(&split.validation, &betas)?;
        Ok((recommender, trained.epochs))
    }

    /// Trains a model to write the identifier of the next item; with its epochs.
    pub(crate) fn recommender(
        &self,
        name: &str,
        tokens: &Arc<ItemTokens>,
        config: SequenceModelConfig,
        training: TrainingConfig,
        split: &Split,
    ) -> Result<(SequenceRecommender, Vec<EpochSummary>)> {
        let model = SequenceModel::new(config, tokens, self.seed, &self.device)?;
        let bar = bars::training(name, training.epochs);
        let training = training.with_seed(self.seed);
        let trained = SequenceTrainer::new(training, self.folder(name, "checkpoints"))
            .with_resume(self.resume)
            .fit(model, tokens, &split.train, &split.validation, bar)?;
        tell(name, trained.epochs.len(), &trained.best);
        let retrieval = Retrieval::new(tokens.clone());
        let recommender = SequenceRecommender::new(name, trained.model, retrieval);
        Ok((recommender, trained.epochs))
    }
}

/// The rows of users and items, all of one length: they are compared by cosine.
pub(crate) fn representations(lightgcn: &LightGcn) -> Result<Representations> {
    let (users, items) = (lightgcn.user_embeddings(), lightgcn.item_embeddings());
    Ok(Representations::new(users.clone(), items.clone())?.of_one_length())
}

/// An inspector that knows what the data say of the items, and how they are embedded.
pub(crate) fn inspector<'a>(
    dataset: &'a Dataset,
    text: Option<&Embeddings>,
    collaborative: Option<&Embeddings>,
    seed: u64,
) -> Result<Inspector<'a>> {
    let mut inspector = Inspector::new(InspectConfig::new(seed))?.with_catalog(&dataset.catalog);
    if let Some(text) = text {
        inspector = inspector.with_text(text);
    }
    if let Some(collaborative) = collaborative {
        inspector = inspector.with_collaborative(collaborative);
    }
    Ok(inspector)
}

/// Says which epoch was the best.
pub(crate) fn tell(name: &str, epochs: usize, best: &EpochSummary) {
    println!(
        "{name}: {epochs} epochs, the best is epoch {} with validation NDCG@10 {:.4}",
        best.epoch,
        best.validation.unwrap_or(f64::NAN)
    );
}
