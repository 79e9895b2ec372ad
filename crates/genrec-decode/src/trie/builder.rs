//! Building a [`Trie`]: collect, then sort once.

use rayon::prelude::*;

use super::array::Array;
use super::identifiers::Identifiers;
use super::layout::Layout;
use super::level::{Level, StepTable};
use super::sorted::Sorted;
use super::{NodeId, Trie};
use crate::identity::Identity;
use crate::{Error, Result, TokenId};

/// Levels, from the first, that may have a table for [`Trie::step`].
const TABLE_LEVELS: usize = 4;

/// Collects identifiers, in any order, and builds a [`Trie`] of them.
///
/// ```
/// use genrec_decode::{TokenId, TrieBuilder};
///
/// let mut builder = TrieBuilder::new();
/// builder.insert(&[TokenId::new(5), TokenId::new(2)], 0)?;
/// builder.insert(&[TokenId::new(5)], 1)?; // a prefix of another identifier is one too
/// let trie = builder.build()?;
/// assert_eq!(trie.get(&[TokenId::new(5)]), Some(1));
/// # Ok::<(), genrec_decode::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrieBuilder {
    identifiers: Identifiers,
}

impl TrieBuilder {
    /// A builder without identifiers.
    pub fn new() -> Self {
        Self::default()
    }

    /// A builder with room for `identifiers` of `levels` tokens each.
    pub fn with_capacity(identifiers: usize, levels: usize) -> Self {
        Self {
            identifiers: Identifiers::with_capacity(identifiers, identifiers * levels),
        }
    }

    /// Adds an identifier and its value: the number of an item, or of a group of items.
    ///
    /// Identifiers may differ in length and be prefixes of one another, but not be equal. A value
    /// may have several identifiers.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyIdentifier`] for one without tokens, [`Error::TooLarge`] for more than
    /// `u32::MAX` of them. The builder is as before.
    pub fn insert(&mut self, tokens: &[TokenId], value: u32) -> Result<()> {
        let position = self.identifiers.len();
        let limit = u32::MAX as usize;
        if tokens.is_empty() {
            return Err(Error::EmptyIdentifier { value, position });
        }
        if position == limit {
            return Err(Error::TooLarge {
                what: "identifiers",
                found: position + 1,
                limit,
            });
        }
        self.identifiers.push(tokens, value);
        Ok(())
    }

    /// How many identifiers were added.
    pub fn len(&self) -> usize {
        self.identifiers.len()
    }

    /// Whether no identifier was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The trie, which may be empty. Takes `O(n log n)` for `n` identifiers, on all cores, and at
    /// its peak about twice the memory of the identifiers.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateIdentifier`] when two identifiers are equal, [`Error::TooLarge`] for more
    /// than `u32::MAX` nodes.
    pub fn build(self) -> Result<Trie> {
        let layout = Layout::new(&Sorted::new(self.identifiers)?)?;
        let levels: Vec<Level> = layout
            .levels
            .into_par_iter()
            .map(|(nodes, terminals)| {
                let tokens = &layout.tokens[nodes.start as usize..nodes.end as usize];
                Level::new(nodes, terminals, tokens)
            })
            .collect();

        let mut trie = Trie {
            tokens: layout.tokens.into(),
            first_child: layout.first_child.into(),
            terminals: layout.terminals,
            values: layout.values.into(),
            levels,
            step_tables: Vec::new(),
            by_value: Array::default(),
            distinct_values: 0,
            values_are_numbers: false,
            identity: Identity::new(),
        };
        trie.step_tables = step_tables(&trie);
        trie.index_values();
        Ok(trie)
    }
}

fn step_tables(trie: &Trie) -> Vec<StepTable> {
    let mut parents = 0..1;
    let tables = trie.levels.iter().take(TABLE_LEVELS).map_while(|level| {
        let parents = std::mem::replace(&mut parents, level.nodes.clone());
        StepTable::new(parents, level, |node| trie.child_range(node), &trie.tokens)
    });
    tables.collect()
}

impl Trie {
    /// Finds out which nodes end the identifiers of a value, and how many values there are.
    fn index_values(&mut self) {
        let mut pairs: Vec<u64> = self
            .terminals
            .par_iter()
            .map(|node| {
                let value = self.values[self.terminals.rank(node)];
                u64::from(value) << 32 | u64::from(node)
            })
            .collect();
        pairs.par_sort_unstable();
        self.distinct_values = pairs.chunk_by(|a, b| a >> 32 == b >> 32).count();
        let last = pairs.last().map_or(0, |last| (last >> 32) as usize + 1);
        self.values_are_numbers = self.values_are_unique() && last == pairs.len();
        let nodes = pairs.into_par_iter().map(|pair| NodeId(pair as u32));
        self.by_value = nodes.collect::<Vec<_>>().into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_without_tokens_is_refused_and_leaves_the_builder_as_it_was() {
        let mut builder = TrieBuilder::with_capacity(2, 1);
        builder.insert(&[TokenId::new(3)], 0).unwrap();
        let error = builder.insert(&[], 8).unwrap_err();
        assert_eq!(
            error,
            Error::EmptyIdentifier {
                value: 8,
                position: 1
            }
        );
        assert!(error.to_string().contains("value 8"));
        assert_eq!(builder.len(), 1);
        assert_eq!(builder.build().unwrap().len(), 1);
    }

    #[test]
    fn a_duplicate_is_reported_with_both_values() {
        let mut builder = TrieBuilder::new();
        for (token, value) in [(2, 10), (1, 11), (2, 12), (1, 13), (2, 14)] {
            builder
                .insert(&[TokenId::new(9), TokenId::new(token)], value)
                .unwrap();
        }
        let expected = Error::DuplicateIdentifier {
            tokens: vec![TokenId::new(9), TokenId::new(1)],
            first: 11,
            second: 13,
            repeats: 3,
        };
        assert_eq!(builder.build().unwrap_err(), expected);
    }
}
