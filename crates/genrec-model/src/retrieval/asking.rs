//! From queries to ranked items: prompts through the model, and the nearest rows.

use std::convert::Infallible;

use burn::tensor::Tensor;
use genrec_data::{ItemId, UserId};
use genrec_identify::token::Prompt;
use genrec_metrics::{Query, Ranked, SeenItems};
use genrec_retrieve::NearestItems;

use super::reader::Asked;
use super::{Reader, RetrievalModel};
use crate::side_by_side::in_batches;
use crate::{Error, Result};

/// Prompts that are read at once.
const BATCH: usize = 64;

/// How a model is asked.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    pub(crate) reader: Reader,
    /// For users with a history.
    pub(crate) prompt: Prompt,
    /// For users without one.
    pub(crate) user_only: Prompt,
    pub(crate) max_history: usize,
    pub(crate) seen_items: SeenItems,
}

impl Asking {
    /// With the first of the prompts that the model is trained with.
    pub(crate) fn new(model: &RetrievalModel, reader: Reader) -> Self {
        let config = model.config();
        Self {
            reader,
            prompt: config.prompts.seen[0].clone(),
            user_only: config.prompts.user_only.clone(),
            max_history: config.max_history,
            seen_items: SeenItems::Ranked,
        }
    }

    /// The row that answers each query, `[queries, d_row]`: read in batches of like length, several side by side.
    pub(crate) fn rows(&self, model: &RetrievalModel, queries: &[Query<'_>]) -> Tensor<2> {
        let users = self.reader.tokens().users().len();
        let asked = |query: &Query<'_>| {
            let skipped = query.history.len().saturating_sub(self.max_history);
            let (prompt, history) = (&self.prompt, &query.history[skipped..]);
            let user = query.user.map(UserId::index);
            (prompt, user.filter(|&user| user < users), history.to_vec())
        };
        let asked: Vec<_> = queries.iter().map(asked).collect();
        let device = model.device();
        let d_row = model.config().d_row;
        let rows = in_batches(
            (0..queries.len()).collect(),
            |query| asked[query].2.len(),
            BATCH,
            &device,
            |batch| {
                let asked: Vec<Asked<'_>> = batch
                    .iter()
                    .map(|&query| {
                        let (prompt, user, history) = &asked[query];
                        Asked {
                            prompt: if history.is_empty() {
                                &self.user_only
                            } else {
                                prompt
                            },
                            user: *user,
                            history,
                        }
                    })
                    .collect();
                let rows = model.forward(&self.reader.inputs(&asked, &device));
                let rows: Vec<f32> = rows.into_data().iter::<f32>().collect();
                Ok::<_, Infallible>(rows.chunks_exact(d_row).map(<[f32]>::to_vec).collect())
            },
        );
        let Ok(rows) = rows;
        let mut values = vec![0.0; queries.len() * d_row];
        for (query, row) in rows {
            values[query * d_row..][..d_row].copy_from_slice(&row);
        }
        let shape = [queries.len(), d_row];
        Tensor::from_data(burn::tensor::TensorData::new(values, shape), &device)
    }

    /// The best `k` items for each query.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a row is not of numbers, and what the search gives.
    pub(crate) fn recommend(
        &self,
        model: &RetrievalModel,
        search: &impl NearestItems,
        queries: &[Query<'_>],
        k: usize,
    ) -> Result<Vec<Ranked>> {
        if queries.is_empty() || k == 0 {
            return Ok(vec![Ranked::default(); queries.len()]);
        }
        let rows = self.rows(model, queries);
        let total = rows.clone().abs().sum().into_scalar::<f32>();
        if !total.is_finite() {
            return Err(Error::Config {
                what: "answer of the model",
                found: total.to_string(),
                expected: "numbers: its training has diverged".into(),
            });
        }
        let without: Vec<&[ItemId]> = match self.seen_items {
            SeenItems::Ranked => Vec::new(),
            SeenItems::Removed => queries.iter().map(|query| query.history).collect(),
        };
        Ok(search.nearest(rows, k, &without)?)
    }
}
