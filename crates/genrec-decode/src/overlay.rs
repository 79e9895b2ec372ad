//! Changes upon a trie that is too large to be built again for each of them.

use std::sync::Arc;

use crate::filter::{EVERYTHING, Filter, Mask};
use crate::identity::Identity;
use crate::trie::Level;
use crate::{Error, Result, TokenId, Trie, TrieBuilder};

/// A [`Trie`] from which values go and to which values come, without building it again.
///
/// Like the trie it is immutable: [`update`](Self::update) gives another one that shares the trie,
/// while searches of the old one go on. An update takes time for all that has changed since the
/// trie was built and, where that brings a depth a token that the trie does not have there, for the
/// distinct tokens of that depth; not for the trie's identifiers. So changes are best made many at
/// a time; when they have become many, [`to_trie`](Self::to_trie) makes a new trie of all.
///
/// A search of an overlay finds, bit for bit, what a search of a trie of the same identifiers
/// finds, with a scorer to which a token's score does not depend on the other candidates: among the
/// [tokens of a depth](crate::View::tokens_at) are still those that only removed identifiers had,
/// which a softmax over them counts. The common beginnings of old and new identifiers are followed
/// once.
///
/// ```
/// use std::sync::Arc;
///
/// use genrec_decode::{BeamSearchConfig, Overlay, TableScorer, TokenId, Trie};
///
/// let identifier = |tokens: [u32; 2]| tokens.map(TokenId::new);
/// let trie = Trie::from_identifiers([(identifier([0, 0]), 10), (identifier([0, 1]), 11)])?;
/// let catalogue = Overlay::new(Arc::new(trie));
///
/// // Item 10 is sold out, item 12 is new.
/// let changed = catalogue.update(&[10], [(identifier([1, 1]), 12)])?;
/// let mut scorer = TableScorer::new(1, 2, 2, vec![0.5_f32.ln(); 4])?;
/// let search = BeamSearchConfig::new(3).init()?;
/// let found = search.search(&changed, 1, &mut scorer, None)?;
/// assert_eq!(found[0].iter().map(|found| found.value).collect::<Vec<_>>(), [11, 12]);
/// # Ok::<(), genrec_decode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Overlay {
    base: Arc<Trie>,
    /// Either all of the base or all but some.
    removed: Mask,
    added: Trie,
    /// The tokens of both tries.
    levels: Vec<Level>,
    identity: Identity,
}

impl Overlay {
    /// A trie without changes.
    pub fn new(base: Arc<Trie>) -> Self {
        let added = Trie::empty().clone();
        Self {
            levels: levels(&base, &added),
            removed: Mask::All,
            identity: base.identity().clone(),
            base,
            added,
        }
    }

    /// This overlay with some values removed, and then some identifiers with their values added.
    ///
    /// A value that is removed loses all its identifiers; one that was removed, now or before, may
    /// be added again, with the same identifier or another. A new value may be given with several
    /// identifiers.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownValue`] for a removed value that is not there, [`Error::ValueThere`] for an
    /// added one that is, [`Error::DuplicateIdentifier`] for an added identifier that is there or
    /// comes twice, and as [`TrieBuilder::insert`] and [`TrieBuilder::build`].
    pub fn update<T: AsRef<[TokenId]>>(
        &self,
        removed: &[u32],
        added: impl IntoIterator<Item = (T, u32)>,
    ) -> Result<Self> {
        let mut gone = self.removed.excluded().to_vec();
        let mut dropped = Vec::new();
        for &value in removed {
            if !self.added.nodes_of(value).is_empty() {
                dropped.push(value);
            } else if self.base_has(value) {
                gone.push(value);
            } else {
                return Err(Error::UnknownValue { value });
            }
        }
        dropped.sort_unstable();
        let (removed, _) = Mask::new(&self.base, Filter::Exclude(&gone), &EVERYTHING);

        let mut builder = TrieBuilder::new();
        for (tokens, value) in self.added.identifiers() {
            if dropped.binary_search(&value).is_err() {
                builder.insert(&tokens, value)?;
            }
        }
        for (tokens, value) in added {
            let tokens = tokens.as_ref();
            if let Some(first) = self.base.get(tokens).filter(|&first| removed.allows(first)) {
                return Err(Error::DuplicateIdentifier {
                    tokens: tokens.to_vec(),
                    first,
                    second: value,
                    repeats: 1,
                });
            }
            let added = !self.added.nodes_of(value).is_empty();
            let kept = !self.base.nodes_of(value).is_empty() && removed.allows(value);
            if kept || added && dropped.binary_search(&value).is_err() {
                return Err(Error::ValueThere { value });
            }
            builder.insert(tokens, value)?;
        }
        let added = builder.build()?;
        Ok(Self {
            levels: levels(&self.base, &added),
            base: self.base.clone(),
            removed,
            added,
            identity: Identity::new(),
        })
    }

    fn base_has(&self, value: u32) -> bool {
        !self.base.nodes_of(value).is_empty() && self.removed.allows(value)
    }

    /// The trie that is changed.
    pub fn base(&self) -> &Arc<Trie> {
        &self.base
    }

    /// How many values are removed from the trie, and how many identifiers are added to it.
    pub fn changes(&self) -> (usize, usize) {
        (self.removed.excluded().len(), self.added.len())
    }

    /// A trie of what is there now, built from the beginning.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] as [`TrieBuilder::build`].
    pub fn to_trie(&self) -> Result<Trie> {
        let kept = self.base.identifiers();
        let kept = kept.filter(|(_, value)| self.removed.allows(*value));
        Trie::from_identifiers(kept.chain(self.added.identifiers()))
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn removed(&self) -> &Mask {
        &self.removed
    }

    pub(crate) fn added(&self) -> &Trie {
        &self.added
    }

    pub(crate) fn depth(&self) -> usize {
        self.levels.len()
    }

    pub(crate) fn level(&self, depth: usize) -> &Level {
        &self.levels[depth]
    }
}

/// The tokens of two tries. Where the second has none of its own, those of the first are shared.
fn levels(base: &Trie, added: &Trie) -> Vec<Level> {
    let level = |depth: usize| {
        let tries = [base, added]
            .into_iter()
            .filter(|trie| depth < trie.depth());
        let terminals = tries.map(|trie| trie.level(depth).terminals).sum();
        let (old, new) = (base.tokens_at(depth), added.tokens_at(depth));
        // The nodes are those of two tries, and never asked for.
        if new.iter().all(|token| old.binary_search(token).is_ok()) {
            base.level(depth).with_terminals(terminals)
        } else {
            Level::new(0..0, terminals, &[old, new].concat())
        }
    };
    let depth = base.depth().max(added.depth());
    (0..depth).map(level).collect()
}

#[cfg(test)]
mod tests;
