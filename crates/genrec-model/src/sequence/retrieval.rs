//! From histories to ranked items: the constrained beam search around a model.

use std::sync::Arc;

use genrec_data::ItemId;
use genrec_decode::{BeamSearchConfig, Filter, Trie};
use genrec_identify::ItemTokens;
use genrec_metrics::{Query, Ranked, SeenItems};

use super::{Inputs, SequenceModel, SequenceScorer};
use crate::side_by_side::in_batches;

/// How a [`SequenceModel`] is asked: the identifiers that may come out, and how they are searched for.
#[derive(Clone, Debug)]
pub struct Retrieval {
    tokens: Arc<ItemTokens>,
    trie: Arc<Trie>,
    beams: usize,
    batch: usize,
    seen_items: SeenItems,
}

impl Retrieval {
    /// Searches the identifiers of `tokens` with 20 beams, at most 16 users in a batch; items of the history are ranked like all others.
    pub fn new(tokens: Arc<ItemTokens>) -> Self {
        Self {
            trie: Arc::new(tokens.trie()),
            tokens,
            beams: 20,
            batch: 16,
            seen_items: SeenItems::Ranked,
        }
    }

    /// Searches with this many beams, or as many as items are asked for where those are more.
    ///
    /// # Panics
    ///
    /// If `beams` is 0.
    pub fn with_beams(mut self, beams: usize) -> Self {
        assert!(beams > 0, "a beam search needs at least one beam");
        self.beams = beams;
        self
    }

    /// Answers at most this many users in one batch; fewer where there would be nothing to do for some cores.
    ///
    /// # Panics
    ///
    /// If `batch` is 0.
    pub fn with_batch(mut self, batch: usize) -> Self {
        assert!(batch > 0, "a batch needs at least one user");
        self.batch = batch;
        self
    }

    /// Whether items of the history take part in the ranking.
    pub fn with_seen_items(mut self, seen_items: SeenItems) -> Self {
        self.seen_items = seen_items;
        self
    }

    /// The identifiers that may come out.
    pub fn tokens(&self) -> &Arc<ItemTokens> {
        &self.tokens
    }

    /// The trie of all identifiers.
    pub fn trie(&self) -> &Arc<Trie> {
        &self.trie
    }

    /// The number of beams.
    pub fn beams(&self) -> usize {
        self.beams
    }

    /// Whether items of the history take part in the ranking.
    pub fn seen_items(&self) -> SeenItems {
        self.seen_items
    }

    /// The best `k` items after each history, by the summed log-probability of their tokens; items that share an identifier share its rank.
    ///
    /// Users are answered in batches of like history length, several batches side by side; which users share a batch depends on the number of cores, and changes how scores round. A single user of a small model is answered sooner within a rayon
    /// pool of one thread: handing a small product to another core takes longer than it saves.
    ///
    /// # Panics
    ///
    /// If a history holds an item without an identifier, or the model gives a probability that is not a number (its training has diverged), and as [`SequenceScorer::new`].
    pub fn recommend(&self, model: &SequenceModel, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        self.try_recommend(model, queries, k)
            .expect("the log-probabilities of a model whose weights are finite are numbers")
    }

    /// As [`recommend`](Self::recommend), with an error where a probability is not a number.
    pub(crate) fn try_recommend(
        &self,
        model: &SequenceModel,
        queries: &[Query<'_>],
        k: usize,
    ) -> genrec_decode::Result<Vec<Ranked>> {
        let mut ranked = vec![Ranked::default(); queries.len()];
        if k == 0 || self.tokens.groups() == 0 {
            return Ok(ranked);
        }
        let read = |query: &Query<'_>| query.history.len().min(model.config().max_history);
        let answers = in_batches(
            (0..queries.len()).collect(),
            |query| read(&queries[query]),
            self.batch,
            &model.device(),
            |batch| {
                let queries: Vec<&Query<'_>> = batch.iter().map(|&query| &queries[query]).collect();
                self.recommend_batch(model, &queries, k)
            },
        )?;
        for (query, answer) in answers {
            ranked[query] = answer;
        }
        Ok(ranked)
    }

    fn recommend_batch(
        &self,
        model: &SequenceModel,
        queries: &[&Query<'_>],
        k: usize,
    ) -> genrec_decode::Result<Vec<Ranked>> {
        let histories: Vec<&[ItemId]> = queries
            .iter()
            .map(|query| {
                let skipped = query
                    .history
                    .len()
                    .saturating_sub(model.config().max_history);
                &query.history[skipped..]
            })
            .collect();
        let device = model.device();
        let inputs = Inputs::new(&histories, &self.tokens, model.config().positions, &device);
        let mut scorer = SequenceScorer::new(model, &self.trie, &inputs);

        let excluded: Vec<Vec<u32>> = queries
            .iter()
            .map(|query| self.excluded_groups(query.history))
            .collect();
        let filters: Vec<Filter<'_>> = excluded
            .iter()
            .map(|groups| match groups.is_empty() {
                true => Filter::All,
                false => Filter::Exclude(groups),
            })
            .collect();
        let search = BeamSearchConfig::new(k)
            .with_width(self.beams.max(k))
            .init()
            .expect("neither results nor width is 0");
        let found = search.search_filtered(&self.trie, &filters, &mut scorer)?;
        let ranked = found
            .iter()
            .zip(queries)
            .map(|(hypotheses, query)| {
                // Identifiers of equal score are not told apart either.
                let mut groups: Vec<(Vec<ItemId>, f32)> = Vec::with_capacity(hypotheses.len());
                for hypothesis in hypotheses {
                    let mut items = self.tokens.group_items(hypothesis.value as usize).to_vec();
                    if self.seen_items == SeenItems::Removed {
                        items.retain(|item| !query.history.contains(item));
                    }
                    match groups
                        .last_mut()
                        .filter(|(_, score)| *score == hypothesis.score)
                    {
                        Some((tied, _)) => tied.extend(items),
                        None => groups.push((items, hypothesis.score)),
                    }
                }
                Ranked::grouped(&groups, k)
            })
            .collect();
        Ok(ranked)
    }

    /// The groups all of whose items are in the history, where those are not to be recommended.
    fn excluded_groups(&self, history: &[ItemId]) -> Vec<u32> {
        if self.seen_items == SeenItems::Ranked {
            return Vec::new();
        }
        let mut groups: Vec<usize> = history
            .iter()
            .map(|&item| self.tokens.group(item))
            .collect();
        groups.sort_unstable();
        groups.dedup();
        groups.retain(|&group| {
            self.tokens
                .group_items(group)
                .iter()
                .all(|item| history.contains(item))
        });
        groups.into_iter().map(|group| group as u32).collect()
    }
}
