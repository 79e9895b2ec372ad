//! A trained model as a recommender.

use std::sync::Arc;

use genrec_identify::ItemTokens;
use genrec_metrics::{Query, Ranked, Recommender, SeenItems};

use super::{Retrieval, SequenceModel};

/// Recommends by writing identifiers: history to tokens, tokens through the model, a beam search over the trie of all identifiers, items out.
///
/// Only items of the catalogue can come out. The score of an item is the log-probability of its identifier.
#[derive(Clone, Debug)]
pub struct SequenceRecommender {
    name: String,
    model: SequenceModel,
    retrieval: Retrieval,
}

impl SequenceRecommender {
    /// A recommender around a model; `retrieval` holds the identifiers that the model was made for.
    pub fn new(name: impl Into<String>, model: SequenceModel, retrieval: Retrieval) -> Self {
        Self {
            name: name.into(),
            model,
            retrieval,
        }
    }

    /// The model.
    pub fn model(&self) -> &SequenceModel {
        &self.model
    }

    /// How the model is asked.
    pub fn retrieval(&self) -> &Retrieval {
        &self.retrieval
    }

    /// The same recommender, asked in another way.
    pub fn with_retrieval(mut self, change: impl FnOnce(Retrieval) -> Retrieval) -> Self {
        self.retrieval = change(self.retrieval);
        self
    }

    /// The identifiers of all items.
    pub fn tokens(&self) -> &Arc<ItemTokens> {
        self.retrieval.tokens()
    }
}

impl Recommender for SequenceRecommender {
    fn name(&self) -> &str {
        &self.name
    }

    fn items(&self) -> usize {
        self.tokens().items()
    }

    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        self.retrieval.recommend(&self.model, queries, k)
    }

    fn seen_items(&self) -> SeenItems {
        self.retrieval.seen_items()
    }
}
