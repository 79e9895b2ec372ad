use std::fs;
use std::path::Path;

use burn::tensor::Tensor;
use genrec_data::ItemId;
use genrec_quantize::{Quantizer, encode_all};
use serde::{Deserialize, Serialize};

use super::Side;
use crate::{Code, CodeTable, Error, Result};

/// Rows encoded at once.
const BATCH: usize = 4096;

/// The tokens of all users or of all items: K codes each, shared ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenTable {
    side: Side,
    codes: CodeTable,
}

/// The file: sizes that the codes alone do not say, and the tokens row by row.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    side: Side,
    codebook_sizes: Vec<usize>,
    tokens: Vec<Vec<String>>,
}

impl TokenTable {
    /// A table of codes: row `i` of the codes is user or item `i`.
    pub fn new(side: Side, codes: CodeTable) -> Self {
        Self { side, codes }
    }

    /// What a trained quantizer makes of rows, `[users or items, d]`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there are no rows or they have another width than the quantizer's.
    pub fn of<Q: Quantizer>(side: Side, quantizer: &Q, rows: &Tensor<2>) -> Result<Self> {
        let [count, width] = rows.dims();
        if count == 0 || width != quantizer.d_input() {
            return Err(Error::Shape {
                expected: format!("rows of {} values, at least one", quantizer.d_input()),
                found: format!("{count} rows of {width} values"),
            });
        }
        let codes = encode_all(quantizer, rows, BATCH);
        let codes = CodeTable::from_tensor(codes, quantizer.codebook_sizes())?;
        Ok(Self::new(side, codes))
    }

    /// Whose tokens they are.
    pub fn side(&self) -> Side {
        self.side
    }

    /// How many users or items there are.
    pub fn len(&self) -> usize {
        self.codes.items()
    }

    /// Never: a table has at least one row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many tokens each has.
    pub fn levels(&self) -> usize {
        self.codes.levels()
    }

    /// The codes of user or item `index`, first level first.
    ///
    /// # Panics
    ///
    /// If there is no such user or item.
    pub fn codes(&self, index: usize) -> &[Code] {
        self.codes.codes(ItemId::from_index(index))
    }

    /// All codes; its items are the users, where it is a table of users.
    pub fn table(&self) -> &CodeTable {
        &self.codes
    }

    /// How the tokens of user or item `index` are written: `<u1-128><u2-7><u3-0>`.
    ///
    /// # Panics
    ///
    /// If there is no such user or item.
    pub fn name(&self, index: usize) -> String {
        self.names(index).concat()
    }

    fn names(&self, index: usize) -> Vec<String> {
        let codes = self.codes(index).iter().enumerate();
        codes
            .map(|(level, &code)| self.side.name(level, code))
            .collect()
    }

    /// Writes the table as JSON: side, codebook sizes, and a list of tokens for each user or item.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let file = File {
            side: self.side,
            codebook_sizes: self.codes.codebook_sizes().to_vec(),
            tokens: (0..self.len()).map(|index| self.names(index)).collect(),
        };
        let text = serde_json::to_vec(&file).expect("names and numbers are JSON");
        fs::write(path, text).map_err(|source| Error::Io {
            path: path.to_path_buf(),
            source,
        })
    }

    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::TokenFile`] for what is no such file or a token that is not of its place, and those of [`CodeTable::new`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read(path).map_err(|source| Error::Io {
            path: path.to_path_buf(),
            source,
        })?;
        let fail = |line, expected: String, found: String| Error::TokenFile {
            path: path.to_path_buf(),
            line,
            expected,
            found,
        };
        let file: File = serde_json::from_slice(&text).map_err(|error| {
            let expected = "side, codebook sizes and tokens as JSON".into();
            fail(error.line(), expected, error.to_string())
        })?;
        let (side, levels) = (file.side, file.codebook_sizes.len());
        let mut codes = Vec::with_capacity(file.tokens.len() * levels);
        for (row, names) in file.tokens.iter().enumerate() {
            if names.len() != levels {
                let expected = format!("{levels} tokens for {side} {row}");
                return Err(fail(1, expected, names.concat()));
            }
            for (level, name) in names.iter().enumerate() {
                let code = side.parse(name, level).ok_or_else(|| {
                    let like = side.name(level, Code::new(12));
                    let expected = format!("a token of {side} {row} as {like}");
                    fail(1, expected, format!("{name:?}"))
                })?;
                let size = file.codebook_sizes[level];
                if code.index() >= size {
                    let expected = format!("a code below {size} in level {level} of {side} {row}");
                    return Err(fail(1, expected, format!("{name:?}")));
                }
                codes.push(code);
            }
        }
        let codes = CodeTable::new(file.tokens.len(), levels, codes, file.codebook_sizes)?;
        Ok(Self::new(side, codes))
    }
}
