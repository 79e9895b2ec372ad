//! A tuned language model as a recommender.

use burn::module::Module;
use burn::tensor::Device;
use genrec_data::ItemId;
use genrec_decode::{BeamSearchConfig, TokenId, Trie, TrieBuilder};
use genrec_metrics::{Query, Ranked, Recommender};

use super::model::TextModel;
use super::samples::Instructions;
use crate::{Error, Result, side_by_side};

/// Prompts that are answered at once.
const BATCH: usize = 16;

/// Groups of items with their log-probabilities, best first.
type Answer = Vec<(u32, f32)>;

/// How a tuned language model is asked: instructions in words, identifiers out, by beam search over the trie of those that exist.
#[derive(Clone, Debug)]
pub(super) struct Decoding {
    pub(super) instructions: Instructions,
    trie: Trie,
    beams: usize,
}

impl Decoding {
    pub(super) fn new(instructions: Instructions, beams: usize) -> Self {
        let items = instructions.items().clone();
        let mut builder = TrieBuilder::new();
        for group in 0..items.groups() {
            let tokens = instructions.identifier(items.group_items(group)[0]);
            let tokens: Vec<TokenId> = tokens.into_iter().map(TokenId::new).collect();
            builder
                .insert(&tokens, group as u32)
                .expect("every group has tokens of its own");
        }
        let trie = builder.build().expect("every group has tokens of its own");
        Self {
            instructions,
            trie,
            beams,
        }
    }

    /// The best `k` groups of items for each prompt, with their log-probabilities.
    pub(super) fn answer(
        &self,
        model: &TextModel,
        prompts: &[Vec<u32>],
        k: usize,
    ) -> Result<Vec<Answer>> {
        let answer = |batch: &[&[u32]]| self.answer_batch(model, batch, k);
        in_batches(prompts, &model.device(), answer)
    }

    fn answer_batch(&self, model: &TextModel, prompts: &[&[u32]], k: usize) -> Result<Vec<Answer>> {
        let mut scorer = model.scorer(Some((&self.trie).into()), prompts);
        let search = BeamSearchConfig::new(k).with_width(self.beams.max(k));
        let found = search
            .init()
            .and_then(|search| search.search(&self.trie, prompts.len(), scorer.as_mut(), None))
            .map_err(no_answers)?;
        let pairs = found.into_iter().map(|list| {
            list.into_iter()
                .map(|found| (found.value, found.score))
                .collect()
        });
        Ok(pairs.collect())
    }

    /// The best `k` items after each history; nothing follows an empty one.
    pub(super) fn recommend(
        &self,
        model: &TextModel,
        queries: &[Query<'_>],
        k: usize,
    ) -> Result<Vec<Ranked>> {
        let mut ranked = vec![Ranked::default(); queries.len()];
        if k == 0 {
            return Ok(ranked);
        }
        let model = model.valid();
        let asked: Vec<usize> = (0..queries.len())
            .filter(|&query| !queries[query].history.is_empty())
            .collect();
        let prompts = asked
            .iter()
            .map(|&query| self.instructions.asked_for_next(queries[query].history))
            .collect::<Result<Vec<_>>>()?;
        let items = self.instructions.items();
        for (query, answer) in asked.into_iter().zip(self.answer(&model, &prompts, k)?) {
            let groups: Vec<(Vec<ItemId>, f32)> = answer
                .into_iter()
                .map(|(group, score)| (items.group_items(group as usize).to_vec(), score))
                .collect();
            ranked[query] = Ranked::grouped(&groups, k);
        }
        Ok(ranked)
    }
}

/// Answers to prompts, a batch of like length at a time and several batches side by side; which prompts share a batch depends on the number of cores, and changes how answers round.
pub(super) fn in_batches<A: Clone + Default + Send>(
    prompts: &[Vec<u32>],
    device: &Device,
    answer: impl Fn(&[&[u32]]) -> Result<Vec<A>> + Sync,
) -> Result<Vec<A>> {
    let answers = side_by_side::in_batches(
        (0..prompts.len()).collect(),
        |prompt| prompts[prompt].len(),
        BATCH,
        device,
        |batch| {
            let batch: Vec<&[u32]> = batch.iter().map(|&prompt| &prompts[prompt][..]).collect();
            answer(&batch)
        },
    )?;
    let mut all = vec![A::default(); prompts.len()];
    for (prompt, answer) in answers {
        all[prompt] = answer;
    }
    Ok(all)
}

/// A search that could not go on.
pub(super) fn no_answers(error: genrec_decode::Error) -> Error {
    Error::Config {
        what: "answers of the language model",
        found: error.to_string(),
        expected: String::from("log-probabilities; has its training diverged?"),
    }
}

/// Recommends by asking a language model in words (LC-Rec): the score of an item is the log-probability of its identifier after the instruction. Only items of the catalogue can
/// come out.
#[derive(Clone, Debug)]
pub struct LanguageRecommender {
    name: String,
    model: TextModel,
    decoding: Decoding,
}

impl LanguageRecommender {
    /// A recommender around a model that was tuned on such instructions; `beams` prefixes are followed (20 in the papers).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the model has fewer tokens than the instructions, another end, or two stacks for [whole histories](super::Question::WholeHistory).
    pub fn new(
        name: impl Into<String>,
        model: impl Into<TextModel>,
        instructions: Instructions,
        beams: usize,
    ) -> Result<Self> {
        let model = model.into();
        model.expect_fit(&instructions)?;
        Ok(Self {
            name: name.into(),
            model,
            decoding: Decoding::new(instructions, beams),
        })
    }

    /// The model.
    pub fn model(&self) -> &TextModel {
        &self.model
    }

    /// The number of beams.
    pub fn beams(&self) -> usize {
        self.decoding.beams
    }

    /// What the model was tuned on.
    pub fn instructions(&self) -> &Instructions {
        &self.decoding.instructions
    }
}

/// # Panics
///
/// If the model's answers are no numbers.
impl Recommender for LanguageRecommender {
    fn name(&self) -> &str {
        &self.name
    }

    fn items(&self) -> usize {
        self.decoding.instructions.items().items()
    }

    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        match self.decoding.recommend(&self.model, queries, k) {
            Ok(ranked) => ranked,
            Err(error) => panic!("{error}"),
        }
    }
}
