//! The steps of a round one by one, so that choices within a round can be compared.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use genrec_identify::refine::{Assignment, Proposals};
use genrec_identify::{IdentifierTable, ItemTokens};
use genrec_train::{EpochSummary, TrainingEvent, mixed};

use super::data::SiitData;
use super::folder::Round;
use super::rounds::Siit;
use crate::instruct::{InstructionTrainer, LanguageRecommender, TextModel, propose};
use crate::{Error, Result};

impl Siit {
    /// The copy of a round's model that learnt what items say -> their identifiers, and back; trained in `folder`.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn aligned(
        &self,
        round: &Round,
        data: SiitData<'_>,
        folder: &Path,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<TextModel> {
        let instructions =
            self.instructions(round.tokens(), round.text.clone(), &round.model, data)?;
        let training = self.seeded(&self.config.alignment, 2 * round.number as u64 + 2);
        let every = training.epochs;
        let trainer = InstructionTrainer::new(training.with_validate_every(every), folder);
        let trained = trainer.with_resume(self.resume).fit(
            round.model.clone(),
            &instructions.with_alignment(),
            data.validation,
            listener,
        )?;
        Ok(trained.model)
    }

    /// What an [aligned](Self::aligned) copy of a round's model proposes as the next identifiers of the items, `k` for each, by a search with as many beams; a `k` of 1 is a greedy
    /// search, which need not find the first of a wider one.
    ///
    /// # Errors
    ///
    /// As [`propose`].
    pub fn proposals(
        &self,
        aligned: &TextModel,
        round: &Round,
        start: &IdentifierTable,
        data: SiitData<'_>,
        k: usize,
    ) -> Result<Proposals> {
        let instructions = self.instructions(round.tokens(), round.text.clone(), aligned, data)?;
        let regeneration = self.config.regeneration;
        let lengths = lengths(start);
        propose(
            aligned,
            &instructions,
            &round.table,
            lengths,
            k,
            regeneration,
        )
    }

    /// Who gets an identifier that several items want, as the configuration says.
    pub fn assignment(&self, data: SiitData<'_>) -> Assignment {
        let popularity = || data.train.popularity().into_iter().map(u64::from).collect();
        self.config.order.assignment(popularity)
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
    /// As [`run`](Self::run), and [`Error::Config`] before any training if the tokens are out of other levels than the round's, as far as these go; the last one may have
    /// another number of codes where none stands behind it.
    pub fn tuned(
        &self,
        round: &Round,
        tokens: Arc<ItemTokens>,
        data: SiitData<'_>,
        beams: usize,
        folder: &Path,
        listener: impl FnMut(TrainingEvent) + Send + 'static,
    ) -> Result<(LanguageRecommender, Vec<EpochSummary>)> {
        expect_same_tokens(
            round.table.codebook_sizes(),
            tokens.vocabulary().codebook_sizes(),
        )?;
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
}

/// How many codes identifiers have that a tokenizer gave.
fn lengths(start: &IdentifierTable) -> RangeInclusive<usize> {
    let lengths = start.iter().map(|(_, codes)| codes.len());
    lengths.min().unwrap_or(1)..=start.levels()
}

/// Tokens are numbered level by level: those that were there stay what they were if only the last level has other codes, or levels follow.
fn expect_same_tokens(old: &[usize], new: &[usize]) -> Result<()> {
    let before_last = &old[..old.len() - 1];
    let same = new.starts_with(old) || new.len() == old.len() && new.starts_with(before_last);
    if same {
        return Ok(());
    }
    Err(Error::Config {
        what: "identifiers to tune on",
        found: format!("levels of {new:?} codes"),
        expected: format!(
            "those of the round, {old:?}, of which the last may have others and levels may follow: see `IdentifierTable::with_codebook_sizes`"
        ),
    })
}
