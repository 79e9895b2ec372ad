//! The model as a recommender.

use burn::module::Module;
use genrec_data::ItemId;
use genrec_metrics::{Query, Ranked, Recommender, SeenItems};
use rayon::prelude::*;

#[cfg(doc)]
use super::config::Score;
use super::inputs::History;
use super::model::SequentialModel;

/// Histories in one forward pass.
const BATCH: usize = 64;

/// Items ranked by their [`Score`] after the history, on all cores of the host.
///
/// Nothing follows an empty history, except for BERT4Rec.
///
/// # Panics
///
/// If a history holds an item that is not in the catalogue.
impl Recommender for SequentialModel {
    fn name(&self) -> &str {
        self.config.architecture.name()
    }

    fn items(&self) -> usize {
        self.items
    }

    fn seen_items(&self) -> SeenItems {
        self.seen
    }

    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        let model = self.valid();
        let items = model.item_rows().transpose();
        // Histories of like length share a batch; the answers do not depend on it.
        let mut order: Vec<usize> = (0..queries.len())
            .filter(|&query| {
                model.config.architecture.masks() || !queries[query].history.is_empty()
            })
            .collect();
        order.sort_by_key(|&query| model.last_items(queries[query].history).len());
        let answers: Vec<Vec<Ranked>> = order
            .par_chunks(BATCH)
            .map(|batch| {
                let histories: Vec<History<'_>> = batch
                    .iter()
                    .map(|&query| {
                        let Query { user, history } = queries[query];
                        model.check_items(history);
                        History {
                            user,
                            items: history,
                        }
                    })
                    .collect();
                let scores = model.states(&histories).matmul(items.clone()).into_data();
                let mut scores = scores
                    .convert::<f32>()
                    .try_to_vec::<f32>()
                    .expect("scores are floats");
                scores
                    .chunks_mut(model.items)
                    .zip(&histories)
                    .map(|(scores, history)| {
                        if model.seen == SeenItems::Removed {
                            for item in history.items {
                                scores[item.index()] = f32::NEG_INFINITY;
                            }
                        }
                        Ranked::from_scores(scores, k)
                    })
                    .collect()
            })
            .collect();
        let mut ranked = vec![Ranked::default(); queries.len()];
        for (query, answer) in order.into_iter().zip(answers.into_iter().flatten()) {
            ranked[query] = answer;
        }
        ranked
    }
}

impl SequentialModel {
    fn check_items(&self, history: &[ItemId]) {
        for item in history {
            assert!(
                item.index() < self.items,
                "item {} of a history is not among the {} of the model",
                item.get(),
                self.items
            );
        }
    }
}
