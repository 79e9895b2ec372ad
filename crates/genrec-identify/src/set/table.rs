use burn::tensor::{Device, Tensor};
use genrec_embed::Embeddings;
use ndarray::{Axis, concatenate};

use crate::{Error, Result};

/// The tokens of every item: a CF token, if there are such, and then the semantic ones; the corpora that answers are grounded in (SETRec, section 3.3).
#[derive(Clone, Debug, PartialEq)]
pub struct SetTable {
    /// The tokens of item `i` side by side in row `i`, `[items, slots * d_model]`.
    rows: Embeddings,
    collaborative: bool,
    semantic: usize,
}

impl SetTable {
    /// A table of tokens that lie side by side in the rows, `[items, slots * d_model]`: one CF token if `collaborative`, then `semantic` others.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the rows cannot be cut into so many tokens.
    pub fn new(rows: Embeddings, collaborative: bool, semantic: usize) -> Result<Self> {
        let slots = semantic + usize::from(collaborative);
        if slots == 0 || rows.dim() == 0 || !rows.dim().is_multiple_of(slots) {
            return Err(Error::Shape {
                expected: format!("rows that {slots} tokens make up, at least one"),
                found: format!("rows of width {}", rows.dim()),
            });
        }
        Ok(Self {
            rows,
            collaborative,
            semantic,
        })
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.rows.rows()
    }

    /// The tokens of an item.
    pub fn slots(&self) -> usize {
        self.semantic + usize::from(self.collaborative)
    }

    /// The width of a token.
    pub fn d_model(&self) -> usize {
        self.rows.dim() / self.slots()
    }

    /// Whether the first token of an item is its CF token.
    pub fn has_collaborative(&self) -> bool {
        self.collaborative
    }

    /// The number of semantic tokens of an item.
    pub fn semantic(&self) -> usize {
        self.semantic
    }

    /// The tokens of item `i` side by side in row `i`, `[items, slots * d_model]`.
    pub fn rows(&self) -> &Embeddings {
        &self.rows
    }

    /// `[items, slots, d_model]`
    pub fn to_tensor(&self, device: &Device) -> Tensor<3> {
        let shape = [self.items(), self.slots(), self.d_model()];
        self.rows.to_tensor(device).reshape(shape)
    }

    /// This table with new items behind the others.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the new items have other tokens.
    pub fn extended(&self, more: &Self) -> Result<Self> {
        let kind = |table: &Self| (table.collaborative, table.semantic, table.d_model());
        if kind(self) != kind(more) {
            return Err(Error::Shape {
                expected: format!("{:?} (CF token, semantic tokens, width)", kind(self)),
                found: format!("{:?}", kind(more)),
            });
        }
        let rows = concatenate(Axis(0), &[self.rows.view(), more.rows.view()]);
        let rows = rows.expect("the same width");
        Self::new(Embeddings::new(rows)?, self.collaborative, self.semantic)
    }
}

#[cfg(test)]
mod tests {
    use super::super::SetTokenizerConfig;
    use super::*;

    fn rows(items: usize, dim: usize) -> Embeddings {
        let values = (0..items * dim).map(|i| ((i * 37 % 11) as f32 - 5.0) / 7.0);
        Embeddings::from_vec(items, dim, values.collect()).unwrap()
    }

    #[test]
    fn tokens_are_the_map_of_the_row_and_the_code_of_the_text() {
        let device = Device::default();
        let (cf, text) = (rows(4, 3), rows(4, 6));
        let config = SetTokenizerConfig::new(5)
            .with_semantic(2)
            .with_hidden(vec![7]);
        let tokenizer = config.init(Some(3), Some(6), &device).unwrap();
        let table = tokenizer.table(Some(&cf), Some(&text)).unwrap();
        assert_eq!((table.items(), table.slots(), table.d_model()), (4, 3, 5));
        let all = table.to_tensor(&device);
        let map = tokenizer.collaborative.as_ref().unwrap();
        let first = map.forward(cf.to_tensor(&device));
        assert_eq!(
            all.clone().narrow(1, 0, 1).squeeze_dim::<2>(1).into_data(),
            first.into_data()
        );
        let code = tokenizer
            .encoder
            .as_ref()
            .unwrap()
            .forward(text.to_tensor(&device));
        let code = code.reshape([4, 2, 5]);
        assert_eq!(all.narrow(1, 1, 2).into_data(), code.into_data());
        // An item is the same whoever else is there.
        let some = tokenizer
            .table(Some(&cf.slice(2..4)), Some(&text.slice(2..4)))
            .unwrap();
        let halves = tokenizer
            .table(Some(&cf.slice(0..2)), Some(&text.slice(0..2)))
            .unwrap();
        assert_eq!(halves.extended(&some).unwrap(), table);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let device = Device::default();
        let config = SetTokenizerConfig::new(5)
            .with_semantic(2)
            .with_hidden(vec![7]);
        assert!(config.init(None, Some(6), &device).is_err());
        assert!(config.init(Some(3), Some(0), &device).is_err());
        let none = config.clone().with_semantic(0).with_collaborative(false);
        assert!(none.init(Some(3), Some(6), &device).is_err());
        let tokenizer = config.init(Some(3), Some(6), &device).unwrap();
        for (cf, text) in [
            (None, Some(rows(4, 6))),
            (Some(rows(4, 3)), None),
            (Some(rows(4, 3)), Some(rows(3, 6))),
            (Some(rows(4, 2)), Some(rows(4, 6))),
        ] {
            let refusal = tokenizer.table(cf.as_ref(), text.as_ref()).unwrap_err();
            assert!(refusal.to_string().contains("width"), "{refusal}");
        }
        let only = config.clone().with_collaborative(false);
        let only = only.init(None, Some(6), &device).unwrap();
        let table = only.table(None, Some(&rows(4, 6))).unwrap();
        assert_eq!((table.slots(), table.has_collaborative()), (2, false));
        let both = tokenizer
            .table(Some(&rows(4, 3)), Some(&rows(4, 6)))
            .unwrap();
        assert!(table.extended(&both).is_err());
        assert!(SetTable::new(rows(2, 7), true, 2).is_err());
    }
}
