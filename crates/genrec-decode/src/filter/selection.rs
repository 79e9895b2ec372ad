//! A filter that many requests share.

use std::sync::LazyLock;

use super::{Allowed, Filter, Mask};
use crate::View;
use crate::identity::Identity;

/// Values of a trie, or of one with an [`Overlay`](crate::Overlay), made out once and shared by
/// any number of requests: what is in stock, or a category.
///
/// It belongs to the trie, or the overlay, that it was made for, and to clones of that. Another one,
/// even of the same identifiers, needs its own, and so does what an
/// [update](crate::Overlay::update) makes of an overlay: a search refuses a selection that is not
/// its own. (An overlay without changes is its trie.)
///
/// ```
/// use genrec_decode::{BeamSearchConfig, Filter, Selection, TableScorer, TokenId, Trie};
///
/// let identifiers = [[0, 0], [0, 1], [1, 1]].map(|tokens| tokens.map(TokenId::new));
/// let trie = Trie::from_identifiers(identifiers.into_iter().zip(0..))?;
/// let books = Selection::allow(&trie, &[0, 2]);
/// assert_eq!(books.len(), 2);
///
/// // Two requests: all books, and those that the second user has not seen.
/// let filters = [&[][..], &[2]].map(|exclude| Filter::Within { selection: &books, exclude });
/// let mut scorer = TableScorer::new(2, 2, 2, vec![0.5_f32.ln(); 8])?;
/// let search = BeamSearchConfig::new(3).init()?;
/// let found = search.search_filtered(&trie, &filters, &mut scorer)?;
/// assert_eq!(found[0].len(), 2);
/// assert_eq!(found[1][0].value, 0);
/// assert_eq!(found[1].len(), 1);
/// # Ok::<(), genrec_decode::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Of the trie, with what its overlay removes, and of what the overlay adds.
    masks: [Mask; 2],
    made_for: Identity,
    values: usize,
}

impl Selection {
    /// Only these values. Takes `O(f d log n)` for `f` values, depth `d` and `n` nodes, and the
    /// memory of the nodes that lead to them.
    pub fn allow<'a>(identifiers: impl Into<View<'a>>, values: &[u32]) -> Self {
        Self::new(identifiers.into(), Filter::Allow(values))
    }

    /// All values but these. Takes `O(f d log n)` for `f` values, depth `d` and `n` nodes.
    pub fn exclude<'a>(identifiers: impl Into<View<'a>>, values: &[u32]) -> Self {
        Self::new(identifiers.into(), Filter::Exclude(values))
    }

    fn new(view: View<'_>, filter: Filter<'_>) -> Self {
        let layers = view.layers().map(|layer| {
            let (own, values) = Mask::new(layer.trie, filter, layer.mask);
            (own.within(layer.mask), values)
        });
        Self {
            made_for: view.identity().clone(),
            values: layers.iter().map(|(_, values)| values).sum(),
            masks: layers.map(|(mask, _)| mask),
        }
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.values
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.values == 0
    }
}

/// What a filter allows of both layers of a view, and how many values.
///
/// # Panics
///
/// When a selection is that of another trie or overlay, or of this one before an update.
pub(crate) fn allowed<'a>(view: View<'a>, filter: Filter<'a>) -> ([Allowed<'a>; 2], usize) {
    if let Filter::Within { selection, .. } = filter {
        assert!(
            selection.made_for == *view.identity(),
            "the selection was made for other identifiers, or before they were updated: make it for those that are searched"
        );
    }
    let mut remaining = 0;
    let mut layer = 0;
    let allowed = view.layers().map(|part| {
        let (shared, filter) = match filter {
            Filter::Within { selection, exclude } => {
                (&selection.masks[layer], Filter::Exclude(exclude))
            }
            filter => (part.mask, filter),
        };
        layer += 1;
        let (own, values) = Mask::new(part.trie, filter, shared);
        remaining += values;
        Allowed { shared, own }
    });
    (allowed, remaining)
}

/// The mask of what nothing was removed from.
pub(crate) static EVERYTHING: LazyLock<Mask> = LazyLock::new(|| Mask::All);
