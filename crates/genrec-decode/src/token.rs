//! Tokens: what a language model reads and writes, one number each.

use std::fmt;

use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Serialize};

/// One token of a language model's vocabulary.
///
/// The number is the caller's: the row of an embedding table, the column of a head. Nothing here
/// needs tokens to be dense or the levels of an identifier to use different ones.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Pod,
    Zeroable,
)]
#[serde(transparent)]
#[repr(transparent)]
pub struct TokenId(u32);

impl TokenId {
    /// The token with this number.
    pub const fn new(token: u32) -> Self {
        Self(token)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number as an index into a table.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<u32> for TokenId {
    fn from(token: u32) -> Self {
        Self(token)
    }
}

impl From<TokenId> for u32 {
    fn from(token: TokenId) -> Self {
        token.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_number_everywhere() {
        let token = TokenId::new(7);
        assert_eq!((token.get(), token.index(), u32::from(token)), (7, 7, 7));
        assert_eq!(TokenId::from(7), token);
        assert_eq!(token.to_string(), "7");
        assert_eq!(serde_json::to_string(&token).unwrap(), "7");
        assert!(TokenId::new(6) < token);
    }
}
