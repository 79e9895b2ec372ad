//! Recommenders that need no training worth the name: the line that every trained one has to clear.
//!
//! They break ties by default ([`Ties::Broken`](crate::Ties): by item number, or by what was met first), as the programs behind
//! published figures do; a report says that they do, and in how many lists it mattered.

mod item_knn;
mod most_popular;
mod neighbours;

pub use item_knn::{ItemKnn, ItemKnnConfig};
pub use most_popular::{MostPopular, MostPopularConfig};
pub use neighbours::Pairs;
