//! Identifiers that need no tokenizer to be trained (Hua et al., "How to Index Item IDs for Recommendation Foundation Models", 2023): what trained ones are compared with.
//!
//! | scheme | identifier | from |
//! | --- | --- | --- |
//! | [`independent`] (IID) | one code an item | nothing |
//! | [`sequential`] (SID) | the digits of a running number | the order in which people met the items |
//! | [`category_paths`] (SemID) | the path of categories, then a number | the catalogue |
//! | [`CidConfig`] (CID) | the path of nested clusters, then a number | co-occurrence in histories |
//!
//! ```
//! use genrec_data::{Interactions, ItemId};
//! use genrec_identify::indexing::sequential;
//!
//! let histories = vec![vec![ItemId::new(2), ItemId::new(0)], vec![ItemId::new(0)]];
//! let table = sequential(&Interactions::new(3, histories)?)?;
//! // Item 2 came first, item 0 second; item 1 never.
//! assert!(table.to_index_json().starts_with(r#"{"0": ["<a_1>", "<b_0>", "<c_0>", "<d_2>"]"#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod categories;
mod cid;
mod graph;
mod numbers;
mod spectrum;

pub use categories::category_paths;
pub use cid::CidConfig;
pub use numbers::{independent, sequential};
