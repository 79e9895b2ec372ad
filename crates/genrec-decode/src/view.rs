//! What a search looks at: a trie, or one with changes upon it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::filter::{Allowed, EVERYTHING, Mask};
use crate::identity::Identity;
use crate::trie::Level;
use crate::{Overlay, Result, TokenId, Trie};

/// A node that there is not.
const NONE: u32 = u32::MAX;

/// Identifiers to search: those of a [`Trie`], or what an [`Overlay`] makes of them.
///
/// Whatever searches or scores identifiers takes `impl Into<View>`: a reference to either does.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    base: &'a Trie,
    upon: Option<&'a Overlay>,
}

/// A prefix of at least one identifier of a [`View`], which means nothing to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    base: u32,
    added: u32,
}

/// One of the two tries of a view, and what is left of it.
pub(crate) struct Layer<'a> {
    pub(crate) trie: &'a Trie,
    pub(crate) mask: &'a Mask,
}

impl<'a> From<&'a Trie> for View<'a> {
    fn from(base: &'a Trie) -> Self {
        Self { base, upon: None }
    }
}

impl<'a> From<&'a Arc<Trie>> for View<'a> {
    fn from(base: &'a Arc<Trie>) -> Self {
        Self { base, upon: None }
    }
}

impl<'a> From<&'a Overlay> for View<'a> {
    fn from(overlay: &'a Overlay) -> Self {
        Self {
            base: overlay.base(),
            upon: Some(overlay),
        }
    }
}

impl<'a> View<'a> {
    /// The place of the empty prefix. There is one even when there are no identifiers.
    pub fn root(self) -> Place {
        Place {
            base: 0,
            added: self.upon.map_or(NONE, |_| 0),
        }
    }

    /// The tokens that may follow a prefix, ascending.
    pub fn children(self, place: Place) -> Cow<'a, [TokenId]> {
        if let (true, Some(run)) = (place.added == NONE, self.only_run(place.base)) {
            return Cow::Borrowed(self.base.tokens(run));
        }
        let mut tokens = Vec::new();
        let [base, added] = self.layers();
        let masks = [base.mask, added.mask].map(|shared| Allowed {
            shared,
            own: Mask::All,
        });
        let taken = self.each_child(&masks, place, |token, _| {
            tokens.push(token);
            Ok(())
        });
        taken.expect("taking a token does not fail");
        Cow::Owned(tokens)
    }

    /// The place of a prefix with one more token, if an identifier begins so.
    pub fn step(self, place: Place, token: TokenId) -> Option<Place> {
        let base = (place.base != NONE)
            .then(|| self.base.step(self.base.node(place.base), token))
            .flatten()
            .map(|node| node.index() as u32)
            .filter(|&node| self.removed().enters(node));
        let added = self.upon.filter(|_| place.added != NONE).and_then(|upon| {
            let trie = upon.added();
            let node = trie.step(trie.node(place.added), token)?;
            Some(node.index() as u32)
        });
        (base.is_some() || added.is_some()).then_some(Place {
            base: base.unwrap_or(NONE),
            added: added.unwrap_or(NONE),
        })
    }

    /// The value of the identifier that ends at a place, if one does.
    pub fn item(self, place: Place) -> Option<u32> {
        let [base, added] = self.layers();
        let base = (place.base != NONE)
            .then(|| base.trie.item(base.trie.node(place.base)))
            .flatten()
            .filter(|&value| self.removed().allows(value));
        let added = || {
            (place.added != NONE)
                .then(|| added.trie.item(added.trie.node(place.added)))
                .flatten()
        };
        base.or_else(added)
    }

    /// The value of an identifier, if there is one like this.
    pub fn get(self, identifier: &[TokenId]) -> Option<u32> {
        let mut place = self.root();
        for &token in identifier {
            place = self.step(place, token)?;
        }
        self.item(place)
    }

    /// The number of distinct values.
    pub fn values(self) -> usize {
        let values = |layer: Layer<'_>| layer.mask.values(layer.trie);
        self.layers().map(values).iter().sum()
    }

    /// A length that no identifier exceeds; what a search takes steps at most.
    pub fn depth(self) -> usize {
        self.upon.map_or(self.base.depth(), Overlay::depth)
    }

    /// The distinct tokens, ascending, that may occur at a depth (counted from 0) of an identifier.
    /// After a removal there may be some among them that do not.
    pub fn tokens_at(self, depth: usize) -> &'a [TokenId] {
        if depth < self.depth() {
            &self.level(depth).tokens
        } else {
            &[]
        }
    }
}

/// What the search needs.
impl<'a> View<'a> {
    /// The trie with what is removed from it, and the trie of what is added: an empty one without
    /// an overlay, whose nodes are never come upon.
    pub(crate) fn layers(self) -> [Layer<'a>; 2] {
        let base = Layer {
            trie: self.base,
            mask: self.removed(),
        };
        let added = Layer {
            trie: self.upon.map_or(Trie::empty(), Overlay::added),
            mask: &EVERYTHING,
        };
        [base, added]
    }

    /// What a [`Selection`](crate::Selection) remembers of what it was made for.
    pub(crate) fn identity(self) -> &'a Identity {
        self.upon.map_or(self.base.identity(), Overlay::identity)
    }

    fn removed(self) -> &'a Mask {
        self.upon.map_or(&EVERYTHING, Overlay::removed)
    }

    pub(crate) fn level(self, depth: usize) -> &'a Level {
        self.upon
            .map_or_else(|| self.base.level(depth), |upon| upon.level(depth))
    }

    /// Whether no value has two identifiers.
    pub(crate) fn values_are_unique(self) -> bool {
        self.base.values_are_unique()
            && self
                .upon
                .is_none_or(|upon| upon.added().values_are_unique())
    }

    /// The children of a node of the base trie, if they are still all there.
    fn only_run(self, node: u32) -> Option<Range<u32>> {
        let children = self.base.child_range(node);
        match self.upon {
            Some(upon) => {
                let mut runs = upon.removed().runs(children.clone());
                runs.next().filter(|run| *run == children)
            }
            None => Some(children),
        }
    }

    #[inline]
    pub(crate) fn token(self, place: Place) -> TokenId {
        match self.upon {
            Some(upon) if place.base == NONE => upon.added().token(place.added),
            _ => self.base.token(place.base),
        }
    }

    /// The nodes of a place in both tries.
    fn nodes(self, place: Place) -> impl Iterator<Item = (usize, &'a Trie, u32)> {
        let base = (place.base != NONE).then_some((0, self.base, place.base));
        let added = self
            .upon
            .filter(|_| place.added != NONE)
            .map(|upon| (1, upon.added(), place.added));
        base.into_iter().chain(added)
    }

    /// Calls `take` with every child of a place that the masks let in, by ascending token.
    #[inline]
    pub(crate) fn each_child(
        self,
        masks: &[Allowed<'_>; 2],
        place: Place,
        mut take: impl FnMut(TokenId, Place) -> Result<()>,
    ) -> Result<()> {
        let Some(upon) = self.upon.filter(|_| place.added != NONE) else {
            for run in masks[0].runs(self.base.child_range(place.base)) {
                for child in run {
                    take(self.base.token(child), base_only(child))?;
                }
            }
            return Ok(());
        };
        let mut new = masks[1]
            .runs(upon.added().child_range(place.added))
            .flatten()
            .map(|child| (upon.added().token(child), child))
            .peekable();
        if place.base != NONE {
            let old = masks[0].runs(self.base.child_range(place.base)).flatten();
            for old in old {
                let token = self.base.token(old);
                while let Some((token, new)) = new.next_if(|(new, _)| *new < token) {
                    take(token, added_only(new))?;
                }
                let both = new.next_if(|(new, _)| *new == token);
                take(
                    token,
                    Place {
                        base: old,
                        added: both.map_or(NONE, |(_, new)| new),
                    },
                )?;
            }
        }
        for (token, new) in new {
            take(token, added_only(new))?;
        }
        Ok(())
    }

    /// Of a place the masks let in: the node where an allowed identifier ends, if one does (a place
    /// of one trie, whose value is there for the [looking up](Self::value)), and whether a longer
    /// one goes on from it.
    pub(crate) fn kind(self, masks: &[Allowed<'_>; 2], place: Place) -> (Option<Place>, bool) {
        let mut ends = None;
        let mut goes_on = false;
        for (layer, trie, node) in self.nodes(place) {
            let mask = &masks[layer];
            let children = trie.child_range(node);
            let leaf = children.is_empty();
            goes_on |= !leaf && mask.runs(children).next().is_some();
            let allowed = || mask.allows(trie.values_in(node..node + 1)[0]);
            if leaf || trie.is_terminal(node) && allowed() {
                ends = Some(match layer {
                    0 => base_only(node),
                    _ => added_only(node),
                });
            }
        }
        (ends, goes_on)
    }

    /// The value of the identifier that ends at a place of one trie.
    pub(crate) fn value(self, place: Place) -> u32 {
        let mut values = self
            .nodes(place)
            .map(|(_, trie, node)| trie.values_in(node..node + 1)[0]);
        values.next().expect("a place is in one of the tries")
    }

    /// Calls `take` with the allowed values at and below a place until it returns false.
    pub(crate) fn values_below(
        self,
        masks: &[Allowed<'_>; 2],
        place: Place,
        mut take: impl FnMut(u32) -> bool,
    ) {
        for (layer, trie, node) in self.nodes(place) {
            if !masks[layer].values_below(trie, node, &mut take) {
                return;
            }
        }
    }
}

fn base_only(base: u32) -> Place {
    Place { base, added: NONE }
}

fn added_only(added: u32) -> Place {
    Place { base: NONE, added }
}
