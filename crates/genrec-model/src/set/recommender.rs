//! A trained model as a recommender.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use genrec_data::{ItemId, Validation};
use genrec_identify::set::SetTable;
use genrec_metrics::{EvaluateConfig, Metric, Query, Ranked, Recommender, SeenItems, evaluate};
use genrec_retrieve::{ExactSearch, NearestItems, Similarity};

use super::model::{SetModel, by_slot};
use crate::side_by_side::in_batches;
use crate::{Error, Result};

/// The most histories in one forward pass.
const BATCH: usize = 8;

/// Ranks items by how well their tokens fit the answers: `(1 - beta) <z_0, c_i> + beta sum_n <z_n, s_in>` (SETRec, equation 8).
///
/// That is one dot product of vectors side by side, so any [`NearestItems`] finds the best items; exact search does unless told otherwise. Nothing follows an empty history.
#[derive(Clone, Debug)]
pub struct SetRecommender<S = ExactSearch> {
    name: String,
    model: SetModel,
    table: SetTable,
    /// By slot, `[items, d_model]` each.
    tokens: Vec<Tensor<2>>,
    search: S,
    beta: f64,
    seen: SeenItems,
}

impl SetRecommender {
    /// A recommender around a trained model; `table` holds the tokens of the items that it ranks, new ones included. beta is 0.5, or what the tokens there are leave: see
    /// [`with_beta`](Self::with_beta).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the model has other tokens than the table.
    pub fn new(name: impl Into<String>, model: SetModel, table: SetTable) -> Result<Self> {
        let device = model
            .devices()
            .into_iter()
            .next()
            .unwrap_or_default()
            .inner();
        let search = exact(&table, &device)?;
        Self::with_search(name, model, table, search)
    }
}

/// Exact search over the tokens of items side by side.
fn exact(table: &SetTable, device: &Device) -> Result<ExactSearch> {
    let rows = table.rows().to_tensor(device);
    ExactSearch::new(rows, Similarity::Dot).map_err(search_failed)
}

fn search_failed(error: genrec_retrieve::Error) -> Error {
    Error::Config {
        what: "search of the tokens",
        found: error.to_string(),
        expected: String::from("finite tokens of one width"),
    }
}

impl<S: NearestItems + Sync> SetRecommender<S> {
    /// As [`new`](SetRecommender::new), with another search over the [rows of the table](SetTable::rows), by dot product.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the model has other tokens than the table, or the search other rows.
    pub fn with_search(
        name: impl Into<String>,
        model: SetModel,
        table: SetTable,
        search: S,
    ) -> Result<Self> {
        let tokenizer = model.tokenizer.config();
        let needed = (
            tokenizer.collaborative,
            tokenizer.semantic,
            tokenizer.d_model,
        );
        let found = (table.has_collaborative(), table.semantic(), table.d_model());
        if needed != found {
            return Err(Error::Config {
                what: "table of tokens",
                found: format!("{found:?} (CF token, semantic tokens, width)"),
                expected: format!("{needed:?}, as the model has"),
            });
        }
        let rows = (search.items(), search.dim(), search.similarity());
        let expected = (table.items(), table.rows().dim(), Similarity::Dot);
        if rows != expected {
            return Err(Error::Config {
                what: "search of the tokens",
                found: format!("{rows:?} (items, width, similarity)"),
                expected: format!("{expected:?}, as the table has"),
            });
        }
        let model = model.valid();
        let device = model.devices().into_iter().next().unwrap_or_default();
        Ok(Self {
            name: name.into(),
            tokens: by_slot(&table.to_tensor(&device)),
            model,
            table,
            search,
            beta: 0.5,
            seen: SeenItems::default(),
        })
    }

    /// The model.
    pub fn model(&self) -> &SetModel {
        &self.model
    }

    /// The tokens of the items.
    pub fn table(&self) -> &SetTable {
        &self.table
    }

    /// The weight of the semantic answers.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// The same recommender with another weight of the semantic answers, from 0 (CF tokens alone) to 1 (semantic tokens alone). Where items have one kind of token only it is of no
    /// consequence.
    ///
    /// # Panics
    ///
    /// If it is not between 0 and 1.
    #[must_use]
    pub fn with_beta(mut self, beta: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&beta),
            "beta is {beta}, expected 0 to 1"
        );
        self.beta = beta;
        self
    }

    /// What to do with items of the history of a query. Default: they are ranked like all others.
    #[must_use]
    pub fn with_seen_items(mut self, seen: SeenItems) -> Self {
        self.seen = seen;
        self
    }

    /// The same recommender with the weight, of these, that ranks the validation cases best by NDCG@10; the first of equals. Takes nothing but validation cases: there is no way to choose it on
    /// test. Where items have one kind of token only, all weights are equal, and nothing changes.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] without weights, for one that is not between 0 and 1, or if the cases are of other items.
    pub fn with_best_beta(self, validation: &Validation, betas: &[f64]) -> Result<Self> {
        if let Some(beta) = betas.iter().find(|beta| !(0.0..=1.0).contains(*beta)) {
            return Err(Error::Config {
                what: "weights to choose beta from",
                found: beta.to_string(),
                expected: String::from("0 to 1"),
            });
        }
        if !self.has_both() && !betas.is_empty() {
            return Ok(self);
        }
        let config = EvaluateConfig::new(0).with_ks([10]).with_resamples(0);
        let mut this = self;
        let mut best: Option<(f64, f64)> = None;
        for &beta in betas {
            this = this.with_beta(beta);
            let report = evaluate(&this, validation, &config).map_err(|error| Error::Config {
                what: "validation cases",
                found: error.to_string(),
                expected: String::from("cases of the items that are ranked"),
            })?;
            let gain = report.value(Metric::Ndcg, 10).unwrap_or(0.0);
            if best.is_none_or(|(most, _)| gain > most) {
                best = Some((gain, beta));
            }
        }
        match best {
            Some((_, beta)) => Ok(this.with_beta(beta)),
            None => Err(Error::Config {
                what: "weights to choose beta from",
                found: String::from("none"),
                expected: String::from("at least one"),
            }),
        }
    }

    /// Whether items have CF tokens and semantic ones.
    fn has_both(&self) -> bool {
        self.table.has_collaborative() && self.table.semantic() > 0
    }

    /// The answers side by side, weighed, `[histories, slots * d_model]`.
    fn questions(&self, histories: &[&[ItemId]]) -> Tensor<2> {
        let answers = self.model.answer(&self.tokens, histories);
        let slots = self.table.slots();
        let both = self.has_both();
        let weights: Vec<f32> = (0..slots)
            .map(|slot| match (both, slot) {
                (false, _) => 1.0,
                (true, 0) => (1.0 - self.beta) as f32,
                (true, _) => self.beta as f32,
            })
            .collect();
        let weights = Tensor::<1>::from_floats(weights.as_slice(), &answers.device());
        (answers * weights.reshape([1, slots, 1])).flatten::<2>(1, 2)
    }

    fn answer_batch(
        &self,
        queries: &[Query<'_>],
        batch: &[usize],
        k: usize,
    ) -> Result<Vec<Ranked>> {
        let histories: Vec<&[ItemId]> = batch.iter().map(|&query| queries[query].history).collect();
        for item in histories.iter().copied().flatten() {
            assert!(
                item.index() < self.table.items(),
                "item {} of a history is not among the {} that have tokens",
                item.get(),
                self.table.items()
            );
        }
        let without: &[&[ItemId]] = match self.seen {
            SeenItems::Ranked => &[],
            SeenItems::Removed => &histories,
        };
        let questions = self.questions(&histories);
        self.search
            .nearest(questions, k, without)
            .map_err(search_failed)
    }

    /// As [`recommend`](Recommender::recommend), with an error where the search fails.
    pub(super) fn try_recommend(&self, queries: &[Query<'_>], k: usize) -> Result<Vec<Ranked>> {
        // Histories of like length share a batch, which changes how answers round.
        let asked = (0..queries.len()).filter(|&query| !queries[query].history.is_empty());
        let answers = in_batches(
            asked.collect(),
            |query| queries[query].history.len(),
            BATCH,
            &self.tokens[0].device(),
            |batch| self.answer_batch(queries, batch, k),
        )?;
        let mut ranked = vec![Ranked::default(); queries.len()];
        for (query, answer) in answers {
            ranked[query] = answer;
        }
        Ok(ranked)
    }
}

/// # Panics
///
/// If a history holds an item without tokens, or the search fails.
impl<S: NearestItems + Sync> Recommender for SetRecommender<S> {
    fn name(&self) -> &str {
        &self.name
    }

    fn items(&self) -> usize {
        self.table.items()
    }

    fn seen_items(&self) -> SeenItems {
        self.seen
    }

    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        match self.try_recommend(queries, k) {
            Ok(ranked) => ranked,
            Err(error) => panic!("{error}"),
        }
    }
}
