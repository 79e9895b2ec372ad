//! Recommenders that need no training worth the name: the line that every trained one has to clear.

mod item_knn;
mod most_popular;
mod neighbours;

pub use item_knn::{ItemKnn, ItemKnnConfig};
pub use most_popular::{MostPopular, MostPopularConfig};
pub use neighbours::Pairs;

use serde::{Deserialize, Serialize};

/// What a baseline does with items that score the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// Puts them in order by a rule that knows nothing of the answer; the order is the ranking.
    #[default]
    Broken,
    /// Lists them by the same rule, but each with the last rank of its group: a lower bound of every metric.
    Pessimistic,
}
