//! What a table of identifiers is worth, before a model is trained on it.
//!
//! **In**: [`Identifiers`] of any origin, and beside them whatever is at hand: the catalogue, embeddings of what items say and of what
//! people did, the interactions, another table. **Out**: an [`Inspection`], which displays as text, goes to JSON by serde and makes an
//! HTML [`page()`]. It has all that the parts given allow:
//!
//! | part | what it adds |
//! | --- | --- |
//! | nothing | collisions, use of the codewords, branching of the tree, first-code frequencies |
//! | catalogue | the titles of items that collide, purity of prefixes by category |
//! | embeddings | recall and NDCG of code neighbours, rank correlation, code overlap with the nearest neighbour |
//! | interactions | the same against co-occurrence neighbours, use of the codewords weighted by popularity |
//! | another table | which identifiers changed, level by level, and whether the groups stayed |
//!
//! ```
//! use genrec_embed::Embeddings;
//! use genrec_identify::inspect::{Identifiers, InspectConfig, Inspector};
//!
//! let file = r#"{"0": ["<a_0>", "<b_0>"], "1": ["<a_0>", "<b_1>"], "2": ["<a_3>", "<b_0>"], "3": ["<a_3>", "<b_0>"]}"#;
//! let identifiers = Identifiers::from_index_json(file)?;
//! let text = Embeddings::from_vec(4, 2, vec![1.0, 0.0, 0.9, 0.1, 0.0, 1.0, 0.1, 0.9])?;
//!
//! let config = InspectConfig::new(1).with_ks(vec![1]);
//! let inspection = Inspector::new(config)?.with_text(&text).inspect("small", &identifiers)?;
//! assert_eq!((inspection.distinct, inspection.levels[0].usage.used), (3, 2));
//! // The first code tells everybody's nearest neighbour in the text.
//! assert_eq!(inspection.neighbours[0].at[0].prefix.recall, 1.0);
//! println!("{inspection}");
//! # Ok::<(), genrec_identify::Error>(())
//! ```
//!
//! Everything here describes a table; it is no measure of a recommender. Where tables are *chosen* by it, give interactions and
//! collaborative embeddings of the training part only.

mod churn;
mod config;
mod correlation;
mod display;
mod identifiers;
mod inspector;
mod levels;
mod overlap;
mod page;
mod prefixes;
mod purity;
mod reference;
mod report;
mod retrieval;
mod summary;
#[cfg(test)]
mod tests;
mod words;

pub use churn::Churn;
pub use config::InspectConfig;
pub use correlation::{Correlation, RankCorrelation};
pub use identifiers::Identifiers;
pub use inspector::Inspector;
pub use levels::{FirstCodes, Level, Traffic};
pub use overlap::Overlap;
pub use page::page;
pub use prefixes::Branching;
pub use purity::{CategoryPurity, Purity};
pub use reference::Reference;
pub use report::{
    Collided, CollidedItem, CollisionReport, Inspection, Neighbourhood, Reconstruction,
};
pub use retrieval::{Agreement, AgreementAt};
pub use summary::Summary;
