use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Code;

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A user's, written with a `u`.
    User,
    /// An item's, written with a `v`.
    Item,
}

impl Side {
    fn letter(self) -> char {
        match self {
            Self::User => 'u',
            Self::Item => 'v',
        }
    }

    /// How a code is written at `level` (from 0; written from 1).
    ///
    /// ```
    /// # use genrec_identify::{Code, token::Side};
    /// assert_eq!(Side::User.name(0, Code::new(128)), "<u1-128>");
    /// assert_eq!(Side::Item.name(1, Code::new(21)), "<v2-21>");
    /// ```
    pub fn name(self, level: usize, code: Code) -> String {
        format!("<{}{}-{}>", self.letter(), level + 1, code.get())
    }

    /// The code that `name` stands for at `level`, or `None` where it is not written exactly as [`name`](Self::name) writes it.
    pub fn parse(self, name: &str, level: usize) -> Option<Code> {
        let (_, digits) = name.strip_suffix('>')?.split_once('-')?;
        let code = Code::new(digits.parse().ok()?);
        (self.name(level, code) == name).then_some(code)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::User => "user",
            Self::Item => "item",
        })
    }
}
