//! Rows of users and items, what makes tokens of them, and the tokens.

use burn::tensor::Device;
use genrec_embed::Embeddings;
use genrec_identify::token::{Side, TokenTable};
use genrec_quantize::{MaskedVq, Quantizer};

use crate::{Error, Result};

/// What people did as rows of one width: user `i` is row `i` of the one, item `i` row `i` of the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Representations {
    users: Embeddings,
    items: Embeddings,
}

impl Representations {
    /// Rows of users, `[users, d]`, and of items, `[items, d]`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if they differ in width, or there are none of one.
    pub fn new(users: Embeddings, items: Embeddings) -> Result<Self> {
        if users.dim() != items.dim() || users.rows() == 0 || items.rows() == 0 {
            return Err(Error::Config {
                what: "rows of users and items",
                found: format!(
                    "[{}, {}] and [{}, {}]",
                    users.rows(),
                    users.dim(),
                    items.rows(),
                    items.dim()
                ),
                expected: "at least one row of each, all of one width".into(),
            });
        }
        Ok(Self { users, items })
    }

    /// The same directions, all of one length: `sqrt(d)`, so that values are about one. Cosines stay as they are, and tokens no longer depend on how long a row is,
    /// which in LightGCN grows with how much is known. Rows of zeros stay.
    #[must_use]
    pub fn of_one_length(&self) -> Self {
        let scaled = |rows: &Embeddings| {
            let length = (rows.dim() as f32).sqrt();
            let scaled = rows.normalized().into_array().mapv(|value| value * length);
            Embeddings::new(scaled).expect("scaled rows are finite")
        };
        Self {
            users: scaled(&self.users),
            items: scaled(&self.items),
        }
    }

    /// `[users, d]`.
    pub fn users(&self) -> &Embeddings {
        &self.users
    }

    /// `[items, d]`.
    pub fn items(&self) -> &Embeddings {
        &self.items
    }

    /// The width of the rows.
    pub fn dim(&self) -> usize {
        self.items.dim()
    }
}

/// Trained quantizers: what makes tokens of rows, of new ones too.
#[derive(Clone, Debug)]
pub struct Tokenizers {
    users: MaskedVq,
    items: MaskedVq,
}

impl Tokenizers {
    /// Quantizers of rows of users and of rows of items.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if they are of rows of different width.
    pub fn new(users: MaskedVq, items: MaskedVq) -> Result<Self> {
        if users.d_input() != items.d_input() {
            return Err(Error::Config {
                what: "quantizer of items",
                found: format!("one of rows of {} values", items.d_input()),
                expected: format!("one of {}, as that of users", users.d_input()),
            });
        }
        Ok(Self { users, items })
    }

    /// That of users.
    pub fn users(&self) -> &MaskedVq {
        &self.users
    }

    /// That of items.
    pub fn items(&self) -> &MaskedVq {
        &self.items
    }

    /// The tokens of all users and items.
    ///
    /// # Errors
    ///
    /// [`Error::Identify`] for rows of another width.
    pub fn tokens(&self, rows: &Representations, device: &Device) -> Result<Tokens> {
        let (users, items) = (
            rows.users().to_tensor(device),
            rows.items().to_tensor(device),
        );
        Tokens::new(
            TokenTable::of(Side::User, &self.users, &users)?,
            TokenTable::of(Side::Item, &self.items, &items)?,
        )
    }
}

/// The tokens of all users and of all items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    users: TokenTable,
    items: TokenTable,
}

impl Tokens {
    /// A table of users and one of items.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if they are of other sides.
    pub fn new(users: TokenTable, items: TokenTable) -> Result<Self> {
        if (users.side(), items.side()) != (Side::User, Side::Item) {
            return Err(Error::Config {
                what: "tables of tokens",
                found: format!("of {}s and {}s", users.side(), items.side()),
                expected: "of users and items".into(),
            });
        }
        Ok(Self { users, items })
    }

    /// Those of users.
    pub fn users(&self) -> &TokenTable {
        &self.users
    }

    /// Those of items.
    pub fn items(&self) -> &TokenTable {
        &self.items
    }
}
