use std::path::Path;

use genrec_data::ItemId;

use crate::{
    Code, CodeTable, Error, Identifier, IdentifierTable, Result,
    index_json::{self, Lengths},
    table::{check_codes, check_sizes},
};

/// Every codeword is counted, used or not: a file of a few bytes must not ask for gigabytes.
const LARGEST_INFERRED: usize = 1 << 24;

/// Identifiers as somebody published them, to be looked at: of any lengths, collisions included.
///
/// To work with them, read a [`CodeTable`] (one length, collisions included) or an [`IdentifierTable`] (any lengths, unique); both
/// convert into this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifiers {
    rows: Vec<Identifier>,
    codebook_sizes: Vec<usize>,
}

impl Identifiers {
    /// Reads an `index.json` as [`CodeTable::read_index_json`] does; identifiers may have different lengths and may be shared.
    ///
    /// The file does not say how many codewords a level has: it is taken to be one more than the largest code that occurs, until
    /// [`with_codebook_sizes`](Self::with_codebook_sizes) says otherwise.
    ///
    /// # Errors
    ///
    /// As there, without those about lengths.
    pub fn read_index_json(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_rows(index_json::read(path.as_ref(), Lengths::Any)?)
    }

    /// As [`read_index_json`](Self::read_index_json), from the text itself.
    ///
    /// # Errors
    ///
    /// As [`read_index_json`](Self::read_index_json).
    pub fn from_index_json(text: &str) -> Result<Self> {
        let path = Path::new("index.json");
        Self::from_rows(index_json::parse(path, text.as_bytes(), Lengths::Any)?)
    }

    fn from_rows(rows: Vec<Identifier>) -> Result<Self> {
        let mut codebook_sizes = Vec::new();
        for (item, row) in rows.iter().enumerate() {
            codebook_sizes.resize(codebook_sizes.len().max(row.len()), 0);
            for (level, (size, code)) in codebook_sizes.iter_mut().zip(row.iter()).enumerate() {
                if code.index() >= LARGEST_INFERRED {
                    return Err(Error::Shape {
                        expected: format!(
                            "codes below {LARGEST_INFERRED} where no codebook sizes are given: use codes of codebooks, not hashes"
                        ),
                        found: format!("code {} of item {item}, level {}", code.index(), level + 1),
                    });
                }
                *size = (code.index() + 1).max(*size);
            }
        }
        check_sizes(rows.len(), &codebook_sizes)?;
        Ok(Self {
            rows,
            codebook_sizes,
        })
    }

    /// The same identifiers out of codebooks of other sizes, one a level.
    ///
    /// # Errors
    ///
    /// A code that is not below its size, or another number of sizes than the longest identifier has codes.
    pub fn with_codebook_sizes(self, codebook_sizes: Vec<usize>) -> Result<Self> {
        if codebook_sizes.len() != self.levels() {
            return Err(Error::Shape {
                expected: format!("a codebook size for each of the {} levels", self.levels()),
                found: format!("{codebook_sizes:?}"),
            });
        }
        check_sizes(self.rows.len(), &codebook_sizes)?;
        for (item, codes) in self.rows.iter().enumerate() {
            check_codes(ItemId::from_index(item), codes, &codebook_sizes)?;
        }
        Ok(Self {
            codebook_sizes,
            ..self
        })
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.rows.len()
    }

    /// The number of codes of the longest identifier.
    pub fn levels(&self) -> usize {
        self.codebook_sizes.len()
    }

    /// The number of codewords of each level.
    pub fn codebook_sizes(&self) -> &[usize] {
        &self.codebook_sizes
    }

    /// The codes of an item.
    ///
    /// # Panics
    ///
    /// When there is no such item.
    pub fn codes(&self, item: ItemId) -> &[Code] {
        &self.rows[item.index()]
    }

    /// All items' identifiers, in order.
    pub fn rows(&self) -> &[Identifier] {
        &self.rows
    }
}

impl From<&CodeTable> for Identifiers {
    fn from(table: &CodeTable) -> Self {
        Self {
            rows: table.iter().map(|(_, codes)| codes.into()).collect(),
            codebook_sizes: table.codebook_sizes().to_vec(),
        }
    }
}

impl From<&IdentifierTable> for Identifiers {
    fn from(table: &IdentifierTable) -> Self {
        Self {
            rows: table.iter().map(|(_, codes)| codes.into()).collect(),
            codebook_sizes: table.codebook_sizes().to_vec(),
        }
    }
}

/// Codes by level, to compare one item with all others.
pub(super) struct Columns {
    /// `by_level[level][item]`; [`ABSENT`] where the identifier is shorter.
    by_level: Vec<Vec<u32>>,
    lengths: Vec<u32>,
}

/// No code: codes are below 2^31.
const ABSENT: u32 = u32::MAX;

impl Columns {
    pub(super) fn of(identifiers: &Identifiers) -> Self {
        let code =
            |codes: &Identifier, level: usize| codes.get(level).map_or(ABSENT, |code| code.get());
        let by_level = (0..identifiers.levels()).map(|level| {
            identifiers
                .rows
                .iter()
                .map(|codes| code(codes, level))
                .collect()
        });
        Self {
            by_level: by_level.collect(),
            lengths: identifiers
                .rows
                .iter()
                .map(|codes| codes.len() as u32)
                .collect(),
        }
    }

    pub(super) fn items(&self) -> usize {
        self.lengths.len()
    }

    pub(super) fn levels(&self) -> usize {
        self.by_level.len()
    }

    /// For every item the codes it has in common with `item`, in the same places, and how many of them come first: `[items]` each.
    /// A place that one of the two does not have is not in common.
    pub(super) fn compare(&self, item: usize, shared: &mut Vec<u16>, prefix: &mut Vec<u16>) {
        for counts in [&mut *shared, &mut *prefix] {
            counts.clear();
            counts.resize(self.items(), 0);
        }
        for (level, codes) in (0..).zip(&self.by_level[..self.lengths[item] as usize]) {
            let code = codes[item];
            for ((other, shared), prefix) in codes.iter().zip(&mut *shared).zip(&mut *prefix) {
                let same = u16::from(*other == code);
                // The prefix goes on only where all codes before are in common.
                *prefix += same & u16::from(*prefix == level);
                *shared += same;
            }
        }
    }

    /// Codes in common and length of the common prefix of two items.
    pub(super) fn pair(&self, a: usize, b: usize) -> (usize, usize) {
        let length = self.lengths[a].min(self.lengths[b]) as usize;
        let same = |level: &usize| self.by_level[*level][a] == self.by_level[*level][b];
        (
            (0..length).filter(same).count(),
            (0..length).take_while(same).count(),
        )
    }

    /// The length of the longer of two identifiers.
    pub(super) fn longer(&self, a: usize, b: usize) -> usize {
        self.lengths[a].max(self.lengths[b]) as usize
    }

    pub(super) fn length(&self, item: usize) -> usize {
        self.lengths[item] as usize
    }

    /// The codes of a level, `[items]`, absent ones left out.
    pub(super) fn level(&self, level: usize) -> impl Iterator<Item = (usize, u32)> {
        let present = |&(_, code): &(usize, u32)| code != ABSENT;
        self.by_level[level]
            .iter()
            .copied()
            .enumerate()
            .filter(present)
    }

    /// Whether item `a` here and item `b` there have the same code at a level, or both none.
    pub(super) fn same(&self, other: &Self, a: usize, b: usize, level: usize) -> bool {
        let code = |columns: &Self, item: usize| {
            let codes = columns.by_level.get(level);
            codes.map_or(ABSENT, |codes| codes[item])
        };
        code(self, a) == code(other, b)
    }
}

/// Identifiers of these codes.
#[cfg(test)]
pub(super) fn of_rows(rows: &[Vec<u32>]) -> Identifiers {
    let rows = rows.iter().map(|row| row.iter().copied().collect());
    Identifiers::from_rows(rows.collect()).unwrap()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// One item against all is one item against each.
        #[test]
        fn comparing_with_all_is_comparing_with_each(rows in vec(vec(0_u32..3, 1..5), 1..20)) {
            let columns = Columns::of(&of_rows(&rows));
            let (mut shared, mut prefix) = (Vec::new(), Vec::new());
            for a in 0..rows.len() {
                columns.compare(a, &mut shared, &mut prefix);
                for b in 0..rows.len() {
                    let both = || rows[a].iter().zip(&rows[b]);
                    let expected = (both().filter(|(x, y)| x == y).count(), both().take_while(|(x, y)| x == y).count());
                    prop_assert_eq!((usize::from(shared[b]), usize::from(prefix[b])), expected);
                    prop_assert_eq!(columns.pair(a, b), expected);
                    prop_assert_eq!(columns.longer(a, b), rows[a].len().max(rows[b].len()));
                }
            }
        }
    }

    #[test]
    fn a_small_file_does_not_ask_for_gigabytes() {
        let text = r#"{"0": ["<a_3>", "<b_1>"], "1": ["<a_3>", "<b_2000000000>"]}"#;
        let error = Identifiers::from_index_json(text).unwrap_err().to_string();
        assert!(
            error.contains("code 2000000000 of item 1, level 2"),
            "{error}"
        );
    }

    #[test]
    fn files_of_any_kind_are_read() {
        let text = r#"{"0": ["<a_3>", "<b_1>"], "1": ["<a_3>"], "2": ["<a_3>"]}"#;
        let read = Identifiers::from_index_json(text).unwrap();
        assert_eq!(
            (read.items(), read.levels(), read.codebook_sizes()),
            (3, 2, &[4, 2][..])
        );
        assert_eq!(read.codes(ItemId::new(1)), [Code::new(3)]);
        let wide = read.clone().with_codebook_sizes(vec![256, 256]).unwrap();
        assert_eq!(wide.rows(), read.rows());
        let narrow = read
            .clone()
            .with_codebook_sizes(vec![3, 2])
            .unwrap_err()
            .to_string();
        assert_eq!(
            narrow,
            "item 0, level 0: expected a code below 3 (the codewords of this level), found 3"
        );
        let few = read.with_codebook_sizes(vec![4]).unwrap_err().to_string();
        assert_eq!(
            few,
            "expected a codebook size for each of the 2 levels, found [4]"
        );
        let codes = CodeTable::from_index_json(r#"{"0": ["<a_3>"], "1": ["<a_3>"]}"#).unwrap();
        assert_eq!(Identifiers::from(&codes).rows()[1].to_string(), "<a_3>");
        assert!(Identifiers::read_index_json("no/such.json").is_err());
    }
}
