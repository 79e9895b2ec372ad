//! The rounds of a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use genrec_identify::refine::refine;
use genrec_identify::{IdentifierTable, ItemTokens, Vocabulary};
use genrec_train::{Error as TrainError, TrainingConfig, TrainingEvent, mixed};

use super::config::SiitConfig;
use super::data::SiitData;
use super::folder::{Diagnostics, Round};
use crate::instruct::{InstructionTrainer, Instructions, TextModel, TextTokenizer};
use crate::{Error, Result};

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
    pub(super) config: SiitConfig,
    folder: PathBuf,
    pub(super) resume: bool,
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
        data.check()?;
        let run = data.fingerprint(&self.config, model, start);
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
        let aligned = self.aligned(before, data, &folder, listener)?;
        let k = self.config.proposals;
        let proposals = self.proposals(&aligned, before, start, data, k)?;
        let refined = refine(&before.table, &proposals, &self.assignment(data))?;
        let diagnostics = Diagnostics::of(&refined, start, k, data.embeddings)?;

        // The levels that were there are there still, so that tokens stay what they were.
        let vocabulary = Vocabulary::of(&refined.table);
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

    pub(super) fn instructions(
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

    pub(super) fn seeded(&self, training: &TrainingConfig, stream: u64) -> TrainingConfig {
        training.clone().with_seed(mixed(self.config.seed, stream))
    }
}

fn other_run(folder: &Path, found: &str) -> Error {
    TrainError::Resume {
        path: folder.to_path_buf(),
        reason: format!("{found}; resume what was begun, or choose another folder"),
    }
    .into()
}
