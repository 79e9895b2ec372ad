//! A code and an identifier, and how they are written: `<a_12>` is code 12 of the first level.

use std::{borrow::Borrow, fmt, ops::Deref};

use serde::{Deserialize, Serialize};

/// The number of a codeword within the codebook of its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(u32);

impl Code {
    /// Code number `code`.
    pub const fn new(code: u32) -> Self {
        Self(code)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number, to index a codebook with.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// How the code is written at `level` (from 0): a letter for the level, the number, in angle brackets.
    ///
    /// ```
    /// # use genrec_identify::Code;
    /// assert_eq!(Code::new(12).name(0), "<a_12>");
    /// assert_eq!(Code::new(0).name(26), "<aa_0>");
    /// ```
    pub fn name(self, level: usize) -> String {
        format!("<{}_{}>", level_letters(level), self.0)
    }

    /// The code that `name` stands for at `level`, or `None` where it is not written exactly as [`name`](Self::name)
    /// writes it.
    ///
    /// ```
    /// # use genrec_identify::Code;
    /// assert_eq!(Code::parse("<b_7>", 1), Some(Code::new(7)));
    /// assert_eq!(Code::parse("<a_7>", 1), None);
    /// assert_eq!(Code::parse("<b_07>", 1), None);
    /// ```
    pub fn parse(name: &str, level: usize) -> Option<Self> {
        let (letters, digits) = name.strip_prefix('<')?.strip_suffix('>')?.split_once('_')?;
        // A second spelling of a number would not survive reading and writing.
        let canonical = digits.bytes().all(|byte| byte.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        (canonical && letters == level_letters(level)).then(|| digits.parse().ok().map(Self))?
    }
}

impl From<u32> for Code {
    fn from(code: u32) -> Self {
        Self(code)
    }
}

/// The letters of a level: `a` to `z`, then `aa`, `ab` and so on, as the columns of a spreadsheet.
fn level_letters(level: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = level + 1;
    while rest > 0 {
        rest -= 1;
        letters.push((b'a' + (rest % 26) as u8) as char);
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// The codes of one item, first level first.
///
/// It dereferences to `[Code]` and displays as the file writes it: `<a_12><b_7>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identifier(Vec<Code>);

impl Identifier {
    /// An identifier of these codes.
    pub fn new(codes: impl Into<Vec<Code>>) -> Self {
        Self(codes.into())
    }
}

impl From<Vec<Code>> for Identifier {
    fn from(codes: Vec<Code>) -> Self {
        Self(codes)
    }
}

impl From<&[Code]> for Identifier {
    fn from(codes: &[Code]) -> Self {
        Self(codes.to_vec())
    }
}

impl FromIterator<u32> for Identifier {
    fn from_iter<I: IntoIterator<Item = u32>>(codes: I) -> Self {
        Self(codes.into_iter().map(Code).collect())
    }
}

impl Deref for Identifier {
    type Target = [Code];

    fn deref(&self) -> &[Code] {
        &self.0
    }
}

impl Borrow<[Code]> for Identifier {
    fn borrow(&self) -> &[Code] {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(level, code)| f.write_str(&code.name(level)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        let at = |level| level_letters(level);
        assert_eq!(
            [
                at(0),
                at(3),
                at(25),
                at(26),
                at(27),
                at(51),
                at(52),
                at(701),
                at(702)
            ],
            ["a", "d", "z", "aa", "ab", "az", "ba", "zz", "aaa"]
        );
    }

    #[test]
    fn names_parse_back_and_nothing_else_does() {
        for level in [0, 1, 25, 26, 700] {
            for code in [0, 1, 9, 10, 255, u32::MAX] {
                assert_eq!(
                    Code::parse(&Code(code).name(level), level),
                    Some(Code(code))
                );
            }
        }
        for wrong in [
            "",
            "a_1",
            "<a_1",
            "a_1>",
            "<a1>",
            "<a_>",
            "<_1>",
            "<A_1>",
            "<a_-1>",
            "<a_+1>",
            "<a_01>",
            "<a_1.0>",
            "<a_ 1>",
            "<a_4294967296>",
            "<b_1>",
        ] {
            assert_eq!(Code::parse(wrong, 0), None, "{wrong}");
        }
    }

    #[test]
    fn an_identifier_reads_as_the_file_writes_it() {
        assert_eq!(
            Identifier::from_iter([12, 7, 0]).to_string(),
            "<a_12><b_7><c_0>"
        );
    }
}
