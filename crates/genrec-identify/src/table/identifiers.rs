use std::path::Path;

use genrec_data::ItemId;

use super::{CodeTable, check_codes, check_sizes};
use crate::{
    Code, Collisions, Error, Identifier, Result,
    index_json::{self, Lengths},
};

/// One identifier for every item and one item for every identifier: unique by construction.
///
/// Identifiers may have different lengths (some schemes append a code to a few items only).
///
/// ```
/// use genrec_data::ItemId;
/// use genrec_identify::{Identifier, IdentifierTable};
///
/// let identifiers = vec![Identifier::from_iter([0, 1]), Identifier::from_iter([3, 1])];
/// let table = IdentifierTable::new(identifiers.clone())?;
/// assert_eq!(table.identifier(ItemId::new(1)), &*identifiers[1]);
/// assert_eq!(table.item(&identifiers[1]), Some(ItemId::new(1)));
///
/// let error = IdentifierTable::new(vec![identifiers[0].clone(), identifiers[0].clone()]).unwrap_err();
/// assert!(error.to_string().contains("the first, <a_0><b_1>, by items 0, 1"));
/// # Ok::<(), genrec_identify::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierTable {
    /// All codes, item by item.
    codes: Vec<Code>,
    /// The codes of item `i` are `codes[offsets[i]..offsets[i + 1]]`.
    offsets: Vec<usize>,
    /// All items in the order of their identifiers, to search.
    order: Vec<u32>,
    codebook_sizes: Vec<usize>,
}

impl IdentifierTable {
    /// The table in which item `i` has `identifiers[i]`; a level has one codeword more than the largest code that
    /// occurs in it.
    ///
    /// # Errors
    ///
    /// No items, an identifier without codes, or two items with the same identifier.
    pub fn new(identifiers: Vec<Identifier>) -> Result<Self> {
        let levels = identifiers
            .iter()
            .map(|identifier| identifier.len())
            .max()
            .unwrap_or(0);
        let size = |level: usize| {
            identifiers
                .iter()
                .filter_map(|codes| codes.get(level))
                .map(|code| code.index() + 1)
                .max()
                .unwrap_or(0)
        };
        let codebook_sizes = (0..levels).map(size).collect();
        Self::build(&identifiers, codebook_sizes)
    }

    /// The same identifiers out of codebooks of other sizes.
    ///
    /// # Errors
    ///
    /// A code that is not below its size, or an identifier with more codes than there are sizes.
    pub fn with_codebook_sizes(self, codebook_sizes: Vec<usize>) -> Result<Self> {
        let identifiers: Vec<Identifier> = self.iter().map(|(_, codes)| codes.into()).collect();
        Self::build(&identifiers, codebook_sizes)
    }

    fn build(identifiers: &[Identifier], codebook_sizes: Vec<usize>) -> Result<Self> {
        check_sizes(identifiers.len(), &codebook_sizes)?;
        for (item, codes) in identifiers.iter().enumerate() {
            if codes.is_empty() || codes.len() > codebook_sizes.len() {
                return Err(Error::Shape {
                    expected: format!(
                        "between 1 and {} codes for item {item}",
                        codebook_sizes.len()
                    ),
                    found: format!("{}", codes.len()),
                });
            }
            check_codes(ItemId::from_index(item), codes, &codebook_sizes)?;
        }
        let offsets = std::iter::once(0).chain(identifiers.iter().scan(0, |end, codes| {
            *end += codes.len();
            Some(*end)
        }));
        let mut table = Self {
            offsets: offsets.collect(),
            order: (0..identifiers.len() as u32).collect(),
            codes: identifiers
                .iter()
                .flat_map(|codes| codes.iter().copied())
                .collect(),
            codebook_sizes,
        };
        let mut order = std::mem::take(&mut table.order);
        order.sort_unstable_by_key(|&item| (table.identifier(ItemId::new(item)), item));
        table.order = order;
        table.check_unique()?;
        Ok(table)
    }

    /// Reads LETTER's and LC-Rec's `index.json` as [`CodeTable::read_index_json`] does; identifiers may have different
    /// lengths.
    ///
    /// # Errors
    ///
    /// As there, and items that share an identifier: the message names them. Most published files have such items.
    pub fn read_index_json(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(index_json::read(path.as_ref(), Lengths::Any)?)
    }

    /// As [`read_index_json`](Self::read_index_json), from the text itself.
    ///
    /// # Errors
    ///
    /// As [`read_index_json`](Self::read_index_json).
    pub fn from_index_json(text: &str) -> Result<Self> {
        Self::new(index_json::parse(
            Path::new("index.json"),
            text.as_bytes(),
            Lengths::Any,
        )?)
    }

    /// Writes `index.json`, byte by byte as the published files are written: items in order, spaced as Python's
    /// `json.dumps` does.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn write_index_json(&self, path: impl AsRef<Path>) -> Result<()> {
        index_json::write(path.as_ref(), self.iter().map(|(_, codes)| codes))
    }

    /// What [`write_index_json`](Self::write_index_json) writes.
    pub fn to_index_json(&self) -> String {
        index_json::to_string(self.iter().map(|(_, codes)| codes))
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Never: a table has at least one item.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The number of codes of the longest identifier.
    pub fn levels(&self) -> usize {
        self.codebook_sizes.len()
    }

    /// The number of codewords of each level.
    pub fn codebook_sizes(&self) -> &[usize] {
        &self.codebook_sizes
    }

    /// The identifier of an item.
    ///
    /// # Panics
    ///
    /// When there is no such item.
    pub fn identifier(&self, item: ItemId) -> &[Code] {
        &self.codes[self.offsets[item.index()]..self.offsets[item.index() + 1]]
    }

    /// The item that has this identifier.
    pub fn item(&self, identifier: &[Code]) -> Option<ItemId> {
        let place = self
            .order
            .binary_search_by_key(&identifier, |&item| self.identifier(ItemId::new(item)));
        place.ok().map(|place| ItemId::new(self.order[place]))
    }

    /// All items with their identifiers, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ItemId, &[Code])> {
        self.offsets
            .windows(2)
            .enumerate()
            .map(|(item, range)| (ItemId::new(item as u32), &self.codes[range[0]..range[1]]))
    }

    fn check_unique(&self) -> Result<()> {
        let identifier = |item: u32| self.identifier(ItemId::new(item));
        let collisions = Collisions::from_sorted(self.len(), &self.order, |a, b| {
            identifier(a) == identifier(b)
        });
        let Some(first) = collisions.groups().iter().min_by_key(|group| group[0]) else {
            return Ok(());
        };
        Err(Error::Collision {
            identifier: self.identifier(first[0]).into(),
            items: first.clone(),
            groups: collisions.groups().len(),
            collided: collisions.collided_items(),
        })
    }
}

impl TryFrom<CodeTable> for IdentifierTable {
    type Error = Error;

    /// The codes as identifiers, where no two items share theirs; otherwise an error that names the items.
    fn try_from(table: CodeTable) -> Result<Self> {
        let identifiers: Vec<Identifier> = table.iter().map(|(_, codes)| codes.into()).collect();
        Self::build(&identifiers, table.codebook_sizes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn identifiers(rows: &[&[u32]]) -> Vec<Identifier> {
        rows.iter()
            .map(|row| row.iter().copied().collect())
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// A linear search is the twin of the binary one.
        #[test]
        fn lookup_is_what_a_search_through_all_items_finds(rows in vec(vec(0_u32..4, 1..4), 1..30), wanted in vec(0_u32..4, 0..4)) {
            let mut distinct = rows;
            distinct.sort();
            distinct.dedup();
            distinct.reverse();
            let identifiers: Vec<Identifier> = distinct.iter().map(|row| row.iter().copied().collect()).collect();
            let table = IdentifierTable::new(identifiers.clone()).unwrap();
            let wanted = Identifier::from_iter(wanted);
            prop_assert_eq!(table.item(&wanted).map(ItemId::index), identifiers.iter().position(|identifier| *identifier == wanted));
            for (item, identifier) in identifiers.iter().enumerate() {
                prop_assert_eq!(table.item(identifier).map(ItemId::index), Some(item));
                prop_assert_eq!(table.identifier(ItemId::new(item as u32)), &**identifier);
            }
            prop_assert_eq!(IdentifierTable::from_index_json(&table.to_index_json()).unwrap(), table);
        }
    }

    #[test]
    fn items_that_share_an_identifier_are_named_with_the_remedy() {
        let text = r#"{"0": ["<a_0>"], "1": ["<a_2>"], "2": ["<a_3>"], "3": ["<a_3>"], "4": ["<a_2>"], "5": ["<a_3>"]}"#;
        let message = IdentifierTable::from_index_json(text)
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with(
                "2 identifiers are shared by 5 items, the first, <a_2>, by items 1, 4; expected"
            ),
            "{message}"
        );
        assert!(
            message.contains("`Disambiguate`") && message.contains("`CodeTable`"),
            "{message}"
        );
        let codes = CodeTable::from_index_json(text).unwrap();
        assert!(matches!(
            IdentifierTable::try_from(codes),
            Err(Error::Collision {
                groups: 2,
                collided: 5,
                ..
            })
        ));
    }

    #[test]
    fn a_prefix_of_another_identifier_is_another_identifier() {
        let table = IdentifierTable::new(identifiers(&[&[1], &[1, 0], &[0, 2, 1]])).unwrap();
        assert_eq!(
            (table.levels(), table.codebook_sizes()),
            (3, &[2, 3, 2][..])
        );
        assert_eq!(table.item(&[Code::new(1)]), Some(ItemId::new(0)));
        assert_eq!(table.item(&[]), None);
        let wider = table.clone().with_codebook_sizes(vec![4, 4, 4]).unwrap();
        assert!(wider.codebook_sizes() == [4, 4, 4] && wider.iter().eq(table.iter()));
        assert!(table.with_codebook_sizes(vec![4, 4]).is_err());
    }

    #[test]
    fn wrong_identifiers_are_refused() {
        let message = |rows: &[&[u32]], sizes: &[usize]| {
            IdentifierTable::build(&identifiers(rows), sizes.to_vec())
                .unwrap_err()
                .to_string()
        };
        assert!(message(&[], &[4]).contains("items, found 0"));
        assert!(message(&[&[1], &[]], &[4]).contains("between 1 and 1 codes for item 1, found 0"));
        assert!(
            message(&[&[1], &[1, 2]], &[4]).contains("between 1 and 1 codes for item 1, found 2")
        );
        assert!(message(&[&[1], &[4]], &[4]).contains("item 1, level 0: expected a code below 4"));
    }
}
