use std::path::Path;

use burn::tensor::{Int, Tensor};
use genrec_data::ItemId;
use genrec_quantize::CodeUsage;

use super::{check_codes, check_sizes};
use crate::{
    Code, Collisions, Error, Result,
    index_json::{self, Lengths},
};

/// The codes of all items as a quantizer or a published file gives them, collisions included: item `i` has `levels`
/// codes.
///
/// It is made unique, an [`IdentifierTable`](crate::IdentifierTable), by a [`Disambiguate`](crate::Disambiguate) rule;
/// only the reproduction of published results works with the collided codes themselves
/// ([`Vocabulary::tokenize_collided`](crate::Vocabulary::tokenize_collided)).
///
/// ```
/// use genrec_data::ItemId;
/// use genrec_identify::{Code, CodeTable};
///
/// let table = CodeTable::new(3, 2, [0, 1, 3, 1, 0, 1].map(Code::new).to_vec(), vec![4, 2])?;
/// assert_eq!(table.codes(ItemId::new(1)), [Code::new(3), Code::new(1)]);
/// assert_eq!(table.collisions().groups(), [[ItemId::new(0), ItemId::new(2)]]);
/// # Ok::<(), genrec_identify::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeTable {
    codes: Vec<Code>,
    codebook_sizes: Vec<usize>,
}

impl CodeTable {
    /// A table of `items` items with `levels` codes each, item by item in `codes`; level `l` has `codebook_sizes[l]`
    /// codewords.
    ///
    /// # Errors
    ///
    /// Counts that do not match each other, no items, no levels, or a code that is not below the codebook size of its
    /// level.
    pub fn new(
        items: usize,
        levels: usize,
        codes: Vec<Code>,
        codebook_sizes: Vec<usize>,
    ) -> Result<Self> {
        check_sizes(items, &codebook_sizes)?;
        if codebook_sizes.len() != levels || codes.len() != items * levels {
            return Err(Error::Shape {
                expected: format!(
                    "{levels} codebook sizes and {items} items x {levels} levels = {} codes",
                    items * levels
                ),
                found: format!(
                    "{} codebook sizes and {} codes",
                    codebook_sizes.len(),
                    codes.len()
                ),
            });
        }
        let table = Self {
            codes,
            codebook_sizes,
        };
        for (item, codes) in table.iter() {
            check_codes(item, codes, &table.codebook_sizes)?;
        }
        Ok(table)
    }

    /// A table of the codes of a quantizer, `[items, levels]`; level `l` has `codebook_sizes[l]` codewords.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_tensor(codes: Tensor<2, Int>, codebook_sizes: Vec<usize>) -> Result<Self> {
        let [items, levels] = codes.dims();
        let codes = codes.into_data();
        let codes = codes.iter::<i64>().enumerate().map(|(place, code)| {
            u32::try_from(code)
                .map(Code::new)
                .map_err(|_| Error::CodeOutOfRange {
                    item: (place / levels) as u32,
                    level: place % levels,
                    found: code,
                    codewords: codebook_sizes.get(place % levels).copied().unwrap_or(0),
                })
        });
        let codes = codes.collect::<Result<Vec<_>>>()?;
        Self::new(items, levels, codes, codebook_sizes)
    }

    /// Reads LETTER's and LC-Rec's `index.json`: an object from item numbers to lists of tokens, `{"0": ["<a_12>",
    /// "<b_7>"], ...}`.
    ///
    /// The file does not say how many codewords a level has: it is taken to be one more than the largest code that
    /// occurs, until [`with_codebook_sizes`](Self::with_codebook_sizes) says otherwise.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is no such object, lacks an item below its number of entries, has an item twice,
    /// identifiers of different length, or a token that is not of its level; the message has the line, the item, what
    /// was expected and what is there.
    pub fn read_index_json(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_rows(&index_json::read(path.as_ref(), Lengths::Equal)?)
    }

    /// As [`read_index_json`](Self::read_index_json), from the text itself.
    ///
    /// # Errors
    ///
    /// As [`read_index_json`](Self::read_index_json).
    pub fn from_index_json(text: &str) -> Result<Self> {
        Self::from_rows(&index_json::parse(
            Path::new("index.json"),
            text.as_bytes(),
            Lengths::Equal,
        )?)
    }

    fn from_rows(rows: &[crate::Identifier]) -> Result<Self> {
        let levels = rows[0].len();
        let codebook_sizes = (0..levels)
            .map(|level| {
                rows.iter()
                    .map(|row| row[level].index() + 1)
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        Self::new(
            rows.len(),
            levels,
            rows.iter().flat_map(|row| row.iter().copied()).collect(),
            codebook_sizes,
        )
    }

    /// The same codes out of codebooks of other sizes.
    ///
    /// # Errors
    ///
    /// Another number of levels, or a code that is not below its size.
    pub fn with_codebook_sizes(self, codebook_sizes: Vec<usize>) -> Result<Self> {
        Self::new(self.items(), self.levels(), self.codes, codebook_sizes)
    }

    /// Writes `index.json`, byte by byte as the published files are written: items in order, spaced as Python's
    /// `json.dumps` does.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn write_index_json(&self, path: impl AsRef<Path>) -> Result<()> {
        index_json::write(path.as_ref(), self.codes.chunks_exact(self.levels()))
    }

    /// What [`write_index_json`](Self::write_index_json) writes.
    pub fn to_index_json(&self) -> String {
        index_json::to_string(self.codes.chunks_exact(self.levels()))
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.codes.len() / self.levels()
    }

    /// The number of codes an item has.
    pub fn levels(&self) -> usize {
        self.codebook_sizes.len()
    }

    /// The number of codewords of each level.
    pub fn codebook_sizes(&self) -> &[usize] {
        &self.codebook_sizes
    }

    /// The codes of an item, one a level.
    ///
    /// # Panics
    ///
    /// When there is no such item.
    pub fn codes(&self, item: ItemId) -> &[Code] {
        let levels = self.levels();
        &self.codes[item.index() * levels..][..levels]
    }

    /// All items with their codes, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ItemId, &[Code])> {
        self.codes
            .chunks_exact(self.levels())
            .enumerate()
            .map(|(item, codes)| (ItemId::new(item as u32), codes))
    }

    /// All codes, item by item: `items x levels`.
    pub fn as_slice(&self) -> &[Code] {
        &self.codes
    }

    /// Which items share their codes.
    pub fn collisions(&self) -> Collisions {
        let mut order: Vec<u32> = (0..self.items() as u32).collect();
        let codes = |item: u32| self.codes(ItemId::new(item));
        order.sort_unstable_by_key(|&item| (codes(item), item));
        Collisions::from_sorted(self.items(), &order, |a, b| codes(a) == codes(b))
    }

    /// How the codewords of every level are used.
    pub fn usage(&self) -> CodeUsage {
        let codes: Vec<u32> = self.codes.iter().map(|code| code.get()).collect();
        CodeUsage::of(&codes, self.levels(), &self.codebook_sizes)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn table(rows: &[[u32; 2]]) -> CodeTable {
        CodeTable::new(
            rows.len(),
            2,
            rows.as_flattened().iter().copied().map(Code::new).collect(),
            vec![4, 3],
        )
        .unwrap()
    }

    #[test]
    fn collisions_are_listed_largest_group_first() {
        let collisions = table(&[
            [3, 1],
            [0, 0],
            [1, 1],
            [3, 1],
            [1, 1],
            [2, 2],
            [3, 1],
            [0, 1],
        ])
        .collisions();
        let items = |numbers: &[u32]| numbers.iter().copied().map(ItemId::new).collect::<Vec<_>>();
        assert_eq!(collisions.groups(), [items(&[0, 3, 6]), items(&[2, 4])]);
        assert_eq!((collisions.collided_items(), collisions.distinct()), (5, 5));
        assert!((collisions.rate() - 3.0 / 8.0).abs() < 1e-12);
        let usage = table(&[[3, 1], [0, 0], [1, 1], [3, 1]]).usage();
        assert_eq!(
            (usage.levels[0].counts.as_slice(), usage.levels[1].used),
            (&[1, 1, 0, 2][..], 2)
        );
        assert!(!collisions.is_empty() && table(&[[0, 1], [1, 0]]).collisions().is_empty());
    }

    #[test]
    fn a_tensor_of_codes_is_read_row_by_row() {
        let codes =
            Tensor::<2, Int>::from_data(TensorData::from([[3_i64, 1], [0, 2]]), &Device::default());
        assert_eq!(
            CodeTable::from_tensor(codes, vec![4, 3]).unwrap(),
            table(&[[3, 1], [0, 2]])
        );
    }

    #[test]
    fn wrong_counts_and_codes_are_refused_with_both_values() {
        let message = |result: Result<CodeTable>| result.unwrap_err().to_string();
        let code = |code| Code::new(code);
        assert!(message(CodeTable::new(0, 2, vec![], vec![4, 3])).contains("items, found 0"));
        assert!(message(CodeTable::new(1, 0, vec![], vec![])).contains("at least one level"));
        assert!(
            message(CodeTable::new(1, 2, vec![code(0); 2], vec![4, 0]))
                .contains("found codebook sizes [4, 0]")
        );
        assert!(
            message(CodeTable::new(2, 2, vec![code(0); 3], vec![4, 3]))
                .ends_with("= 4 codes, found 2 codebook sizes and 3 codes")
        );
        assert!(
            message(CodeTable::new(1, 2, vec![code(0); 2], vec![4]))
                .ends_with("found 1 codebook sizes and 2 codes")
        );
        let out_of_range = message(CodeTable::new(
            2,
            2,
            [0, 0, 1, 3].map(code).to_vec(),
            vec![4, 3],
        ));
        assert_eq!(
            out_of_range,
            "item 1, level 1: expected a code below 3 (the codewords of this level), found 3"
        );
        let negative =
            Tensor::<2, Int>::from_data(TensorData::from([[3_i64, -1]]), &Device::default());
        assert_eq!(
            message(CodeTable::from_tensor(negative, vec![4, 3])),
            "item 0, level 1: expected a code below 3 (the codewords of this level), found -1"
        );
        assert!(
            message(CodeTable::new(1, 1, vec![code(u32::MAX)], vec![1 << 32]))
                .contains("at most 2^31 codewords")
        );
    }

    #[test]
    fn a_sample_comes_out_of_reading_and_writing_with_the_same_bytes() {
        let text = r#"{"0": ["<a_121>", "<b_202>", "<c_210>"], "1": ["<a_135>", "<b_86>", "<c_24>"], "2": ["<a_121>", "<b_202>", "<c_210>"]}"#;
        let table = CodeTable::from_index_json(text).unwrap();
        assert_eq!(table.codebook_sizes(), [136, 203, 211]);
        assert_eq!(table.to_index_json(), text);
        let folder = tempfile::tempdir().unwrap();
        table
            .write_index_json(folder.path().join("x.json"))
            .unwrap();
        assert_eq!(
            CodeTable::read_index_json(folder.path().join("x.json")).unwrap(),
            table
        );
        let sized = table.clone().with_codebook_sizes(vec![256; 3]).unwrap();
        assert_eq!(
            (sized.codebook_sizes(), sized.as_slice()),
            (&[256; 3][..], table.as_slice())
        );
        assert!(
            table
                .with_codebook_sizes(vec![256, 256, 210])
                .unwrap_err()
                .to_string()
                .contains("level 2: expected a code below 210")
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        assert!(
            CodeTable::read_index_json("no/such.index.json")
                .unwrap_err()
                .to_string()
                .starts_with("no/such.index.json: ")
        );
    }
}
