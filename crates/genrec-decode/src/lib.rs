//! Prefix tries and constrained beam search: only valid identifiers come out.
//!
//! A generative recommender writes an item as a few tokens, its identifier. This crate makes sure
//! that what it writes is an item, and finds the items it would most likely write.
//!
//! **In** go identifiers, each a list of [`TokenId`]s with a `u32` value (the number of an item, or
//! of a group of items that share it), and a [`Scorer`], which says how likely each next token is:
//! a language model with its cache, or a [`TableScorer`]. **Out** come, for every request of a
//! batch, the most likely values with their log-probabilities, best first, each once, and as many
//! as were asked for whenever so many remain after the request's filter.
//!
//! ```
//! use genrec_decode::{Beam, BeamSearchConfig, TokenId, Trie};
//!
//! // Three items; two of them begin with the same token.
//! let identifiers: [&[u32]; 3] = [&[2, 4], &[2, 5, 7], &[3, 4]];
//! let trie = Trie::from_identifiers(identifiers.iter().zip(0..).map(|(identifier, item)| {
//!     (identifier.iter().copied().map(TokenId::new).collect::<Vec<_>>(), item)
//! }))?;
//! let prefix = trie.step(trie.root(), TokenId::new(2)).unwrap();
//! assert_eq!(trie.children(prefix).tokens(), [TokenId::new(4), TokenId::new(5)]);
//!
//! // A model to whom the smallest token that can follow at a depth has probability 0.75, any other 0.25.
//! let mut model = |_depth: usize, _beams: &[Beam], candidates: &[TokenId], scores: &mut [f32]| {
//!     for row in scores.chunks_exact_mut(candidates.len()) {
//!         row.fill(0.25_f32.ln());
//!         row[0] = 0.75_f32.ln();
//!     }
//! };
//!
//! // The two best items for each of two users, the second of whom has item 0 already.
//! let search = BeamSearchConfig::new(2).with_width(20).init()?;
//! let found = search.search(&trie, 2, &mut model, Some(&[vec![], vec![0]]))?;
//! let items = |user: usize| found[user].iter().map(|found| found.value).collect::<Vec<_>>();
//! assert_eq!(items(0), [0, 2]);
//! assert_eq!(items(1), [2, 1]);
//! assert!((found[0][0].score - (0.75_f32 * 0.75).ln()).abs() < 1e-6);
//! # Ok::<(), genrec_decode::Error>(())
//! ```
//!
//! # What is inside
//!
//! - [`Trie`], built by a [`TrieBuilder`]: an immutable set of identifiers of equal or different
//!   length in compressed sparse rows. Ten million identifiers are built in seconds, by one
//!   parallel sort.
//! - [`BeamSearch`], set up by a [`BeamSearchConfig`]: finds the best values over any [`Scorer`],
//!   within a [`Filter`] for each request, of which many may share a [`Selection`].
//! - [`Overlay`]: a trie from which items go and to which items come, without building it again.
//! - [`Lattice`]: all that could be an identifier, searched when a model proposes new ones.
//! - [`Error`]: everything that can go wrong.
//!
//! Nothing here knows a tensor library, so the crate builds in seconds.

mod beam;
mod error;
mod filter;
mod identity;
mod overlay;
mod scorer;
mod token;
mod trie;
mod view;

pub use beam::{BeamSearch, BeamSearchConfig, Hypothesis, Lattice, Sequence};
pub use error::{Error, Result};
pub use filter::{Filter, Selection};
pub use overlay::Overlay;
pub use scorer::{Beam, ROUNDING, Scorer, TableScorer};
pub use token::TokenId;
pub use trie::{Children, NodeId, Trie, TrieBuilder};
pub use view::{Place, View};
