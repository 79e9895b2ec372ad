//! Search by comparing all items.

use burn::tensor::Tensor;
use genrec_data::ItemId;
use genrec_metrics::Ranked;
use rayon::prelude::*;

use crate::{Error, NearestItems, Result, Similarity};

/// Queries that are answered at once.
const QUERIES: usize = 64;

/// Compares all items with every query, by matrix products on the device of the rows.
///
/// Items of the same score are declared as ties.
#[derive(Clone, Debug)]
pub struct ExactSearch {
    /// Of unit length for [`Similarity::Cosine`]; transposed, `[dim, items]`.
    rows: Tensor<2>,
    similarity: Similarity,
}

impl ExactSearch {
    /// A search over `rows`, `[items, dim]`, row `i` of item `i`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] without items or with rows of no width.
    pub fn new(rows: Tensor<2>, similarity: Similarity) -> Result<Self> {
        let [items, dim] = rows.dims();
        if items == 0 || dim == 0 {
            return Err(Error::Shape {
                what: "rows of items",
                found: format!("{items} rows of {dim} values"),
                expected: "at least one row of one value".into(),
            });
        }
        Ok(Self {
            rows: similarity.prepared(rows).transpose(),
            similarity,
        })
    }
}

impl Similarity {
    /// Rows whose dot products are the similarities.
    fn prepared(self, rows: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Dot => rows,
            Self::Cosine => {
                let norms = rows.clone().square().sum_dim(1).sqrt();
                rows / norms.clone().mask_fill(norms.equal_elem(0.0), 1.0)
            }
        }
    }
}

impl NearestItems for ExactSearch {
    fn items(&self) -> usize {
        self.rows.dims()[1]
    }

    fn dim(&self) -> usize {
        self.rows.dims()[0]
    }

    fn similarity(&self) -> Similarity {
        self.similarity
    }

    fn nearest(&self, queries: Tensor<2>, k: usize, without: &[&[ItemId]]) -> Result<Vec<Ranked>> {
        let [count, dim] = queries.dims();
        if dim != self.dim() {
            return Err(Error::Shape {
                what: "queries",
                found: format!("{dim} values"),
                expected: format!("{}, as the rows of the items have", self.dim()),
            });
        }
        if !without.is_empty() && without.len() != count {
            return Err(Error::Shape {
                what: "items to leave out",
                found: format!("{} lists", without.len()),
                expected: format!("none, or one for each of the {count} queries"),
            });
        }
        let queries = self.similarity.prepared(queries);
        let starts: Vec<usize> = (0..count).step_by(QUERIES).collect();
        let answers: Vec<Vec<Ranked>> = starts
            .into_par_iter()
            .map(|start| {
                let asked = QUERIES.min(count - start);
                let block = queries.clone().narrow(0, start, asked);
                let scores = block.matmul(self.rows.clone()).into_data();
                let mut scores: Vec<f32> = scores.iter::<f32>().collect();
                scores
                    .chunks_mut(self.items())
                    .enumerate()
                    .map(|(query, scores)| {
                        for item in without.get(start + query).copied().unwrap_or_default() {
                            scores[item.index()] = f32::NEG_INFINITY;
                        }
                        Ranked::from_scores(scores, k)
                    })
                    .collect()
            })
            .collect();
        Ok(answers.into_iter().flatten().collect())
    }
}
