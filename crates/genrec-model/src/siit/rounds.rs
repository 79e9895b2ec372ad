//! The rounds of a run.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use genrec_data::{Catalog, Interactions, Validation};
use genrec_identify::refine::{Proposals, refine};
use genrec_identify::{IdentifierTable, ItemTokens, Vocabulary};
use genrec_train::{
    Error as TrainError, TrainingConfig, TrainingEvent, describe_weights, mixed, sealed,
};

use super::config::SiitConfig;
use super::folder::{Diagnostics, Round};
use crate::instruct::{
    InstructionTrainer, Instructions, LanguageRecommender, Templates, TextModel, TextTokenizer,
    propose,
};
use crate::{Error, Result};

/// What a run learns from.
#[derive(Clone, Copy, Debug)]
pub struct SiitData<'a> {
    /// What the items say.
    pub catalog: &'a Catalog,
    /// Training histories.
    pub train: &'a Interactions,
    /// What the trainings are measured on.
    pub validation: &'a Validation,
    /// How things are asked.
    pub templates: &'a Templates,
    /// Words as tokens, without identifiers.
    pub text: &'a TextTokenizer,
}

/// A training of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On the next item, with the identifiers given: round 0.
    WarmUp,
    /// On what items say -> identifier and back.
    Alignment,
    /// On the next item, with new identifiers.
    NextItem,
}

/// Runs SIIT in a folder, which gets one folder a round.
#[derive(Clone, Debug)]
pub struct Siit {
    config: SiitConfig,
    folder: PathBuf,
    resume: bool,
}

impl Siit {
    /// A run in `folder`.
    pub fn new(config: SiitConfig, folder: impl AsRef<Path>) -> Self {
        Self {
            config,
            folder: folder.as_ref().to_path_buf(),
            resume: false,
        }
    }

    /// Whether to go on from what the folder holds. Without it a folder with rounds is refused.
    #[must_use]
    pub fn with_resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// How it runs.
    pub fn config(&self) -> &SiitConfig {
        &self.config
    }

    /// All rounds, from the identifiers in `start` and the model that is to learn them, which need not know their tokens yet.
    ///
    /// `listen` gives, for every training of a round, what hears of its batches and epochs.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for settings that cannot be, [`Error::Train`] for folders of another run or that were changed, and those of the trainings.
    pub fn run<L: FnMut(TrainingEvent) + Send + 'static>(
        &self,
        model: &TextModel,
        start: &IdentifierTable,
        data: SiitData<'_>,
        mut listen: impl FnMut(usize, Stage) -> L,
    ) -> Result<Vec<Round>> {
        self.config.check()?;
        model.expect_whole()?;
        if data.catalog.texts().iter().all(String::is_empty) {
            return Err(Error::Config {
                what: "SIIT",
                found: String::from("a catalogue in which no item says anything"),
                expected: String::from(
                    "titles, brands, categories or descriptions: proposals are made of them",
                ),
            });
        }
        let run = self.fingerprint(model, start, data);
        let device = model.device();
        let mut rounds: Vec<Round> = Vec::with_capacity(self.config.rounds + 1);
        for number in 0..=self.config.rounds {
            let folder = self.folder.join(format!("round-{number}"));
            if !folder.exists() {
                let round = match rounds.last() {
                    None => self.warm_up(model, start, data, listen(0, Stage::WarmUp))?,
                    Some(before) => self.next_round(before, start, data, &mut listen)?,
                };
                round.save(&folder, &run)?;
            } else if !self.resume {
                return Err(other_run(&folder, "holds a round already"));
            }
            // What goes on is what was written, whether this run wrote it or an earlier one.
            let (round, of) = Round::open_of(&folder, &device)?;
            if of != run {
                return Err(other_run(
                    &folder,
                    "is a round of other settings, data, identifiers or weights",
                ));
            }
            for stage in [Stage::WarmUp, Stage::Alignment, Stage::NextItem] {
                let checkpoints = self.checkpoints(number, stage);
                if checkpoints.exists() {
                    fs::remove_dir_all(&checkpoints).map_err(Error::io(&checkpoints))?;
                }
            }
            rounds.push(round);
        }
        Ok(rounds)
    }

    /// What the copy of a round's model that learnt what its items say proposes as their next identifiers; the copy is trained in `folder`.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn proposals(
        &self,
        round: &Round,
        start: &IdentifierTable,
        data: SiitData<'_>,
        folder: &Path,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<Proposals> {
        let config = &self.config;
        let instructions =
            self.instructions(round.tokens(), round.text.clone(), &round.model, data)?;
        let training = self.seeded(&config.alignment, 2 * round.number as u64 + 2);
        let every = training.epochs;
        let trainer = InstructionTrainer::new(training.with_validate_every(every), folder);
        let aligned = instructions.clone().with_alignment();
        let copy = trainer
            .with_resume(self.resume)
            .fit(round.model.clone(), &aligned, data.validation, listener)?
            .model;
        propose(
            &copy,
            &instructions,
            &round.table,
            lengths(start),
            config.proposals,
            config.regeneration,
        )
    }

    /// A recommender with the model and the identifiers of a round, `beams` wide.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the round is of other items.
    pub fn recommender(
        &self,
        round: &Round,
        data: SiitData<'_>,
        beams: usize,
    ) -> Result<LanguageRecommender> {
        let instructions =
            self.instructions(round.tokens(), round.text.clone(), &round.model, data)?;
        let name = format!("round {}", round.number);
        LanguageRecommender::new(name, round.model.clone(), instructions, beams)
    }

    /// Tunes a copy of a round's model on the next item with any other identifiers of its items, collided ones too, and returns it as a recommender: what a choice within a
    /// round is worth. Trained in `folder`, as the next round would be; the recommender searches with `beams`.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn tuned(
        &self,
        round: &Round,
        tokens: Arc<ItemTokens>,
        data: SiitData<'_>,
        beams: usize,
        folder: &Path,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<(LanguageRecommender, Vec<genrec_train::EpochSummary>)> {
        let config = &self.config;
        let text = data.text.clone().with_identifiers(tokens.vocabulary())?;
        let model = round
            .model
            .clone()
            .with_room(text.len(), mixed(config.seed, round.number as u64 + 1));
        let instructions = self.instructions(tokens, text, &model, data)?;
        let training = self.seeded(&config.next_item, 2 * round.number as u64 + 3);
        let asked = instructions.clone().with_next_item();
        let trained = InstructionTrainer::new(training, folder)
            .with_resume(self.resume)
            .fit(model, &asked, data.validation, listener)?;
        let recommender = LanguageRecommender::new("SIIT", trained.model, instructions, beams)?;
        Ok((recommender, trained.epochs))
    }

    fn warm_up(
        &self,
        model: &TextModel,
        start: &IdentifierTable,
        data: SiitData<'_>,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<Round> {
        let text = data.text.clone().with_identifiers(&Vocabulary::of(start))?;
        let model = model.clone().with_room(text.len(), self.config.seed);
        let training = self.seeded(&self.config.warm_up, 1);
        self.learnt(
            start.clone(),
            text,
            model,
            data,
            (training, 0, Stage::WarmUp),
            listener,
        )
    }

    fn next_round<L: FnMut(TrainingEvent) + Send + 'static>(
        &self,
        before: &Round,
        start: &IdentifierTable,
        data: SiitData<'_>,
        listen: &mut impl FnMut(usize, Stage) -> L,
    ) -> Result<Round> {
        let number = before.number + 1;
        let folder = self.checkpoints(number, Stage::Alignment);
        let listener = listen(number, Stage::Alignment);
        let proposals = self.proposals(before, start, data, &folder, listener)?;
        let popularity = || data.train.popularity().into_iter().map(u64::from).collect();
        let assignment = self.config.order.assignment(popularity);
        let refined = refine(&before.table, &proposals, &assignment)?;
        let diagnostics = Diagnostics::of(&refined, start, self.config.proposals);

        let vocabulary = Vocabulary::of(&refined.table);
        expect_same_tokens(&before.table, &refined.table)?;
        let text = data.text.clone().with_identifiers(&vocabulary)?;
        let seed = mixed(self.config.seed, number as u64);
        let model = before.model.clone().with_room(text.len(), seed);
        let training = self.seeded(&self.config.next_item, 2 * number as u64 + 1);
        let stage = (training, number, Stage::NextItem);
        let listener = listen(number, Stage::NextItem);
        let mut round = self.learnt(refined.table, text, model, data, stage, listener)?;
        round.diagnostics = Some(diagnostics);
        Ok(round)
    }

    /// A model tuned on the next item.
    fn learnt(
        &self,
        table: IdentifierTable,
        text: TextTokenizer,
        model: TextModel,
        data: SiitData<'_>,
        (training, number, stage): (TrainingConfig, usize, Stage),
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<Round> {
        let tokens = Arc::new(Vocabulary::of(&table).tokenize(&table));
        let instructions = self.instructions(tokens, text.clone(), &model, data)?;
        let instructions = instructions.with_next_item();
        let trained = InstructionTrainer::new(training, self.checkpoints(number, stage))
            .with_resume(self.resume)
            .fit(model, &instructions, data.validation, listener)?;
        Ok(Round {
            number,
            table,
            text,
            model: trained.model,
            diagnostics: None,
            epochs: trained.epochs,
        })
    }

    fn instructions(
        &self,
        tokens: Arc<ItemTokens>,
        text: TextTokenizer,
        model: &TextModel,
        data: SiitData<'_>,
    ) -> Result<Instructions> {
        let (templates, eos) = (data.templates.clone(), model.eos());
        let text = Arc::new(text);
        let instructions =
            Instructions::new(templates, tokens, text, eos, data.catalog, data.train)?;
        Ok(instructions
            .with_question(self.config.question)
            .with_max_history(self.config.max_history)
            .with_max_text(self.config.max_text))
    }

    fn checkpoints(&self, round: usize, stage: Stage) -> PathBuf {
        let stage = match stage {
            Stage::WarmUp => "warm-up",
            Stage::Alignment => "alignment",
            Stage::NextItem => "next-item",
        };
        self.folder.join(format!("round-{round}-{stage}"))
    }

    fn seeded(&self, training: &TrainingConfig, stream: u64) -> TrainingConfig {
        training.clone().with_seed(mixed(self.config.seed, stream))
    }

    /// SHA-256 of all that determines a run.
    fn fingerprint(
        &self,
        model: &TextModel,
        start: &IdentifierTable,
        data: SiitData<'_>,
    ) -> String {
        // More rounds may be asked for later.
        let config = self.config.clone().with_rounds(0);
        let settings = (
            config,
            data.templates,
            start.codebook_sizes(),
            model.settings(),
        );
        let mut bytes = serde_json::to_vec(&settings).expect("plain data is serializable");
        bytes.extend(start.to_index_json().into_bytes());
        bytes.extend(data.text.to_json().into_bytes());
        for text in data.catalog.texts() {
            bytes.extend(text.into_bytes());
            bytes.push(0);
        }
        for (_, history) in data.train.iter() {
            bytes.extend((history.len() as u64).to_le_bytes());
            bytes.extend(history.iter().flat_map(|item| item.get().to_le_bytes()));
        }
        for case in data.validation.cases().iter() {
            let items = case.history.iter().chain(case.targets);
            bytes.extend(items.flat_map(|item| item.get().to_le_bytes()));
            bytes.push(0);
        }
        describe_weights(model, &mut bytes);
        sealed::sha256(&bytes)
    }
}

/// How many codes identifiers have that a tokenizer gave.
fn lengths(start: &IdentifierTable) -> RangeInclusive<usize> {
    let lengths = start.iter().map(|(_, codes)| codes.len());
    lengths.min().unwrap_or(1)..=start.levels()
}

/// Codes that tell items apart may make the last level longer, so that what was a token stays this token, and no other.
fn expect_same_tokens(before: &IdentifierTable, after: &IdentifierTable) -> Result<()> {
    let (old, new) = (before.codebook_sizes(), after.codebook_sizes());
    let inner = old.len() - usize::from(old.len() == new.len());
    let grown = (0..inner).find(|&level| old[level] != new[level]);
    grown.map_or(Ok(()), |level| {
        Err(Error::Config {
            what: "proposals of identifiers",
            found: format!(
                "{} items that want one identifier, more than the {} codes of level {level}",
                new[level], old[level]
            ),
            expected: String::from(
                "fewer: a longer alignment, more proposals, or another assignment",
            ),
        })
    })
}

fn other_run(folder: &Path, found: &str) -> Error {
    TrainError::Resume {
        path: folder.to_path_buf(),
        reason: format!("{found}; resume what was begun, or choose another folder"),
    }
    .into()
}
