use std::collections::HashSet;

use genrec_data::ItemId;

use crate::{Error, Identifier, IdentifierTable, Result};

/// An identifier that a model wrote for an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The identifier.
    pub identifier: Identifier,
    /// Its log-probability.
    pub score: f32,
}

impl Proposal {
    /// An identifier and its log-probability.
    pub fn new(identifier: Identifier, score: f32) -> Self {
        Self { identifier, score }
    }
}

/// What a model proposes for every item, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposals {
    lists: Vec<Vec<Proposal>>,
    /// The items for which nothing was written, ascending.
    kept: Vec<ItemId>,
}

impl Proposals {
    /// The proposals for items 0, 1, ..., best first.
    ///
    /// # Errors
    ///
    /// No items; an item without a proposal, or with one that is empty, occurs twice, has a score that is no finite number, or is better than the one before.
    pub fn new(proposals: Vec<Vec<Proposal>>) -> Result<Self> {
        check(&proposals)?;
        Ok(Self {
            lists: proposals,
            kept: Vec::new(),
        })
    }

    /// As [`new`](Self::new), but an item for which nothing was written proposes the identifier that it has in `table`, as unlikely as the least likely of all that was
    /// written; it is one of those that were [`kept`](Self::kept).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and proposals for another number of items than the table has.
    pub fn or_kept(mut proposals: Vec<Vec<Proposal>>, table: &IdentifierTable) -> Result<Self> {
        expect_items(proposals.len(), table)?;
        let scores = proposals.iter().flatten().map(|proposal| proposal.score);
        let lowest = scores.fold(0.0, f32::min);
        let mut kept = Vec::new();
        for ((item, codes), list) in table.iter().zip(&mut proposals) {
            if list.is_empty() {
                list.push(Proposal::new(Identifier::from(codes), lowest));
                kept.push(item);
            }
        }
        check(&proposals)?;
        Ok(Self {
            lists: proposals,
            kept,
        })
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.lists.len()
    }

    /// The proposals for an item, best first.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    pub fn of(&self, item: usize) -> &[Proposal] {
        &self.lists[item]
    }

    /// The items for which nothing was written, ascending: what they propose is the identifier that they [have](Self::or_kept).
    pub fn kept(&self) -> &[ItemId] {
        &self.kept
    }

    /// The best proposal of every item: what it gets if nobody else wants it. Items may share theirs.
    pub fn best(&self) -> impl ExactSizeIterator<Item = &Identifier> {
        self.lists.iter().map(|list| &list[0].identifier)
    }

    /// `1 - distinct / items` of the [best](Self::best) proposals of the items for which something was written; 0 if nothing was for any.
    pub fn collision_rate(&self) -> f64 {
        let written = self.items() - self.kept.len();
        let best = self.best().enumerate();
        let best = best.filter(|(item, _)| !is_kept(&self.kept, *item));
        let distinct: HashSet<&Identifier> = best.map(|(_, identifier)| identifier).collect();
        (written - distinct.len()) as f64 / written.max(1) as f64
    }

    /// Only the first `k` proposals of every item. They are those of a wider search: one that follows `k` prefixes may find others.
    ///
    /// # Panics
    ///
    /// If `k` is 0.
    #[must_use]
    pub fn truncated(mut self, k: usize) -> Self {
        assert!(k > 0, "an item needs at least one proposal");
        for list in &mut self.lists {
            list.truncate(k);
        }
        self
    }

    /// Whether these are proposals for the items of the table, out of its codewords. One level more is allowed, for codes that tell items apart.
    pub(super) fn expect_fit(&self, table: &IdentifierTable) -> Result<()> {
        expect_items(self.items(), table)?;
        for (item, list) in self.lists.iter().enumerate() {
            for Proposal { identifier, .. } in list {
                let levels = table.codebook_sizes().len();
                let apart = identifier.get(levels).map_or(0, |code| code.index());
                if identifier.len() > levels + 1 || apart >= self.items() {
                    return Err(Error::Shape {
                        expected: format!(
                            "identifiers of {levels} codes, or one more below {} that tells items apart",
                            self.items()
                        ),
                        found: format!("{identifier} for item {item}"),
                    });
                }
                for (level, (code, &codewords)) in
                    identifier.iter().zip(table.codebook_sizes()).enumerate()
                {
                    if code.index() >= codewords {
                        return Err(Error::CodeOutOfRange {
                            item: ItemId::from_index(item).get(),
                            level,
                            found: i64::from(code.get()),
                            codewords,
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether an item is among those, ascending, that keep what they have.
pub(super) fn is_kept(kept: &[ItemId], item: usize) -> bool {
    kept.binary_search(&ItemId::from_index(item)).is_ok()
}

fn expect_items(found: usize, table: &IdentifierTable) -> Result<()> {
    if found != table.len() {
        return Err(Error::Shape {
            expected: format!("proposals for the {} items of the table", table.len()),
            found: format!("proposals for {found}"),
        });
    }
    Ok(())
}

/// What [`Proposals::new`] refuses.
fn check(proposals: &[Vec<Proposal>]) -> Result<()> {
    let wrong = |item: usize, expected: &str, found: String| Error::Shape {
        expected: format!("{expected} for item {item}"),
        found,
    };
    if proposals.is_empty() {
        return Err(Error::Shape {
            expected: String::from("proposals for at least one item"),
            found: String::from("none"),
        });
    }
    for (item, list) in proposals.iter().enumerate() {
        if list.is_empty() {
            return Err(wrong(item, "at least one proposal", String::from("none")));
        }
        let mut seen = HashSet::new();
        let mut before = f32::INFINITY;
        for Proposal { identifier, score } in list {
            if identifier.is_empty() || !seen.insert(identifier) {
                return Err(wrong(
                    item,
                    "identifiers of at least one code, each once",
                    format!("{identifier} (empty or again)"),
                ));
            }
            if !score.is_finite() || *score > before {
                return Err(wrong(
                    item,
                    "finite scores that do not rise",
                    format!("{score} after {before}"),
                ));
            }
            before = *score;
        }
    }
    Ok(())
}
