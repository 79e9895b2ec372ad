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
pub struct Proposals(Vec<Vec<Proposal>>);

impl Proposals {
    /// The proposals for items 0, 1, ..., best first.
    ///
    /// # Errors
    ///
    /// No items; an item without a proposal, or with one that is empty, occurs twice, has a score that is no finite number, or is better than the one before.
    pub fn new(proposals: Vec<Vec<Proposal>>) -> Result<Self> {
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
        Ok(Self(proposals))
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.0.len()
    }

    /// The proposals for an item, best first.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    pub fn of(&self, item: usize) -> &[Proposal] {
        &self.0[item]
    }

    /// The best proposal of every item: what a greedy search gives. Items may share theirs.
    pub fn best(&self) -> impl ExactSizeIterator<Item = &Identifier> {
        self.0.iter().map(|list| &list[0].identifier)
    }

    /// `1 - distinct / items` of the [best](Self::best) proposals.
    pub fn collision_rate(&self) -> f64 {
        let distinct: HashSet<&Identifier> = self.best().collect();
        1.0 - distinct.len() as f64 / self.items() as f64
    }

    /// Only the first `k` proposals of every item.
    ///
    /// # Panics
    ///
    /// If `k` is 0.
    #[must_use]
    pub fn truncated(mut self, k: usize) -> Self {
        assert!(k > 0, "an item needs at least one proposal");
        for list in &mut self.0 {
            list.truncate(k);
        }
        self
    }

    /// Whether these are proposals for the items of the table, out of its codewords. One level more is allowed, for codes that tell items apart.
    pub(super) fn expect_fit(&self, table: &IdentifierTable) -> Result<()> {
        if self.items() != table.len() {
            return Err(Error::Shape {
                expected: format!("proposals for the {} items of the table", table.len()),
                found: format!("proposals for {}", self.items()),
            });
        }
        for (item, list) in self.0.iter().enumerate() {
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
