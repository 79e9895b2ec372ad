//! Honest evaluation of recommenders: full ranking, intervals, and figures that cannot be mixed up.
//!
//! **In** goes anything that is a [`Recommender`] and the [`Validation`](genrec_data::Validation) or
//! [`Test`](genrec_data::Test) cases of a split. **Out** comes a [`Report`]: metrics with 95 % bootstrap intervals, what the
//! lists show of the catalogue, figures for warm and cold and for popular and rare items, the speed, and the [`Protocol`] under
//! which all of it was measured. Reports of one protocol stand side by side in a [`Table`], and a [`PairedTest`] says whether
//! the difference of two is more than luck.
//!
//! ```
//! use genrec_data::{Interactions, ItemId, leave_one_out};
//! use genrec_metrics::{EvaluateConfig, ItemKnn, ItemSlices, Metric, MostPopular, PairedTest, Table, evaluate};
//!
//! // Everybody walks through the catalogue in the same direction, from different places.
//! let walk = |user: u32| (user..user + 6).map(|item| ItemId::new(item % 30)).collect();
//! let interactions = Interactions::new(30, (0..60).map(walk).collect())?;
//! let split = leave_one_out(&interactions)?;
//!
//! let config = EvaluateConfig::new(42)
//!     .with_slices(ItemSlices::of(&split.train))
//!     .with_training(split.train.clone());
//! let popular = evaluate(&MostPopular::fit(&split.train), &split.test, &config)?;
//! let knn = evaluate(&ItemKnn::fit(&split.train), &split.test, &config)?;
//! assert!(knn.value(Metric::Ndcg, 10) > popular.value(Metric::Ndcg, 10));
//!
//! let mut table = Table::new();
//! table.push(popular)?.push(knn)?;
//! println!("{table}");
//!
//! let [popular, knn] = table.reports() else { unreachable!("two were pushed") };
//! println!("{}", PairedTest::new(42).compare(knn, popular)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is inside
//!
//! - [`Recommender`], [`Query`], [`Ranked`]: the interface between everything that recommends and everything that asks.
//! - [`evaluate`]: ranks the whole catalogue for every case, and refuses lists that break the promise of a recommender.
//! - [`recall`], [`hit_rate`], [`ndcg`], [`mrr`] of one user, [`Metric::shared_at`] among ties; [`coverage`], [`gini`], [`mean_popularity`] of all lists.
//! - [`ItemSlices`]: warm, cold and five popularity groups; [`Bootstrap`]: intervals over users.
//! - [`SeedSummary`]: several trainings of one recommender as one row, with intervals over users *and* seeds.
//! - [`PairedTest`]: intervals and p-values of the difference of two recommenders on the same users.
//! - [`Report`], [`Table`]: to print, to save as JSON and CSV; [`choose`]: the best of several, by validation figures only.
//! - [`MostPopular`], [`ItemKnn`]: the line that a trained recommender has to clear.
//!
//! # What makes it honest
//!
//! - The **whole catalogue** is ranked, never a sample of it.
//! - Ranks belong to **items**, not to identifiers, and what a recommender cannot tell apart counts against it, or shares a hit
//!   exactly if the [`TieRule`] says so: see [`Ranked`]. Who breaks ties by a rule of its own is named below the table.
//! - An [**audit**](genrec_data::audit) of what the cases give away stands in every report: targets in the history, duplicate
//!   users, and, [given the training](EvaluateConfig::with_training), targets in it and training from the future.
//! - Validation and test are **different types**: [`choose`] does not accept test reports.
//! - A [`Table`] refuses reports of **another protocol**, and says which part of it differs.

mod atomic;
mod baselines;
mod best;
mod bootstrap;
mod check;
mod choose;
mod error;
mod evaluate;
mod evaluation_set;
#[cfg(test)]
mod fixture;
mod metric;
mod outcomes;
mod paired;
mod protocol;
mod ranked;
mod recommender;
mod report;
mod seeds;
mod slices;
mod spread;
mod table;
mod tally;
mod ties;

pub use baselines::{ItemKnn, ItemKnnConfig, MostPopular, MostPopularConfig, Pairs};
pub use best::Best;
pub use bootstrap::{Bootstrap, Interval};
pub use choose::choose;
pub use error::{Error, ListFault, Result};
pub use evaluate::{EvaluateConfig, evaluate, evaluate_with_progress};
pub use evaluation_set::{EvaluationSet, HeldOut};
pub use metric::{Metric, hit_rate, mrr, ndcg, recall};
pub use outcomes::Outcomes;
pub use paired::{Comparison, Difference, PairedTest};
pub use protocol::{Candidates, Protocol, Sample};
pub use ranked::Ranked;
pub use recommender::{Query, Recommender, SeenItems, Ties};
pub use report::{Figure, Report, SliceFigures, Spread};
pub use seeds::{SeedFigure, SeedSummary};
pub use slices::{Fifth, ItemSlices, Slice};
pub use spread::{coverage, gini, mean_popularity};
pub use table::{Row, Table};
pub use ties::{TieRule, TiedTargets};
