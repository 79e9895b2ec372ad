//! Which item rows are nearest to a query.
//!
//! *In:* a row an item, and rows that ask. *Out:* the best items of each, with their scores.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use genrec_retrieve::{ExactSearch, NearestItems, Similarity};
//!
//! let device = Device::default();
//! let items = Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 3.0], [1.0, 1.0]], &device);
//! let search = ExactSearch::new(items, Similarity::Cosine)?;
//! let asked = Tensor::<2>::from_floats([[2.0, 0.1]], &device);
//! let ranked = search.nearest(asked, 2, &[])?;
//! assert_eq!(ranked[0].items(), [0.into(), 2.into()]);
//! # Ok::<(), genrec_retrieve::Error>(())
//! ```
//!
//! # What is inside
//!
//! - [`NearestItems`]: the interface.
//! - [`ExactSearch`]: all items are compared, by blocked matrix products on the device of their rows.
//! - `VectorStore` (with the feature `store`): rows in a transactional file, for catalogues that do not fit into memory or change while they are searched.

mod asked;
mod error;
mod exact;
mod rows;
#[cfg(feature = "store")]
mod store;

use burn::tensor::Tensor;
use genrec_data::ItemId;
use genrec_metrics::Ranked;
use serde::{Deserialize, Serialize};

pub use error::{Error, Result};
pub use exact::ExactSearch;
#[cfg(feature = "store")]
pub use store::VectorStore;

/// How a query and the row of an item compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Similarity {
    /// `<q, x>`
    Dot,
    /// `<q, x> / (|q| |x|)`; 0 where one of them has no length.
    Cosine,
}

/// Finds the items whose rows are most similar to a query.
///
/// Called by recommenders that answer with a row: sets (SETRec) and retrieval (TokenRec).
pub trait NearestItems {
    /// The number of items of the catalogue: those that can be found have numbers below it.
    fn items(&self) -> usize;

    /// The width of the rows.
    fn dim(&self) -> usize;

    /// How rows compare.
    fn similarity(&self) -> Similarity;

    /// The `k` best items for each row of `queries`, `[queries, dim]`, best first; none of those in `without[query]`, where `without` is either empty or has one list
    /// for each query. An item that is left out never takes the place of another: fewer than `k` come only where no more can be found.
    ///
    /// # Errors
    ///
    /// Queries of another width or with values that are not finite, `without` of another length, or a failure of the store.
    fn nearest(&self, queries: Tensor<2>, k: usize, without: &[&[ItemId]]) -> Result<Vec<Ranked>>;
}
