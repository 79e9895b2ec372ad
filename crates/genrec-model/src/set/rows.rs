//! The frozen rows that tokens are made of.

use burn::tensor::Device;
use genrec_data::{ItemId, ItemSet};
use genrec_embed::Embeddings;
use genrec_retrieve::{ExactSearch, NearestItems, Similarity};

use crate::{Error, Result};

/// The frozen rows of all items.
#[derive(Clone, Debug)]
pub struct ItemRows {
    /// What people did, `[items, d_h]`. What an item has here that nobody met says nothing: see [`with_neighbours`](Self::with_neighbours).
    pub collaborative: Option<Embeddings>,
    /// What the items say, `[items, d_x]`.
    pub text: Option<Embeddings>,
}

impl ItemRows {
    /// The same rows, but for those of what people did with the items outside of `met`, whatever they were: the mean of the rows of the `k` items in `met` that say most alike (by cosine). Items whose
    /// text row is zeros say nothing: they are nobody's neighbours, and get a row of zeros, as all do where nobody met anything. Rows of one kind only stay as they are.
    ///
    /// Not in the paper. Without it an item that nobody met has a CF token that is no item's, and stays behind all that have one, whatever its text.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there is not one row of each kind for every item of `met`, or for a `k` of 0.
    pub fn with_neighbours(self, met: &ItemSet, k: usize, device: &Device) -> Result<Self> {
        self.expect_items(met.items())?;
        if k == 0 {
            return Err(Error::Config {
                what: "neighbours",
                found: String::from("0"),
                expected: String::from("at least 1"),
            });
        }
        let (Some(collaborative), Some(text)) = (&self.collaborative, &self.text) else {
            return Ok(self);
        };
        let says = |item: &usize| text.row(*item).iter().any(|&x| x != 0.0);
        let numbers = |items: &ItemSet| items.iter().map(ItemId::index).collect::<Vec<_>>();
        let unmet = numbers(&met.complement());
        let known: Vec<usize> = numbers(met).into_iter().filter(says).collect();
        let unknown: Vec<usize> = unmet.iter().copied().filter(says).collect();
        let mut rows = collaborative.clone().into_array();
        let nearest = match known.is_empty() || unknown.is_empty() {
            true => Vec::new(),
            false => {
                let device = device.clone().inner();
                let tensor = |items: &[usize]| text.select(items).to_tensor(&device);
                let search = ExactSearch::new(tensor(&known), Similarity::Cosine)?;
                search.nearest(tensor(&unknown), k, &[])?
            }
        };
        for &item in &unmet {
            rows.row_mut(item).fill(0.0);
        }
        for (&item, found) in unknown.iter().zip(&nearest) {
            let share = 1.0 / found.items().len() as f32;
            for neighbour in found.items() {
                let neighbour = collaborative
                    .view()
                    .row(known[neighbour.index()])
                    .to_owned();
                rows.row_mut(item).scaled_add(share, &neighbour);
            }
        }
        Ok(Self {
            collaborative: Some(Embeddings::new(rows)?),
            ..self
        })
    }

    /// That the rows are of so many items.
    pub(super) fn expect_items(&self, items: usize) -> Result<()> {
        for (what, rows) in [
            ("collaborative rows", &self.collaborative),
            ("text rows", &self.text),
        ] {
            if let Some(found) = rows.as_ref().map(Embeddings::rows)
                && found != items
            {
                return Err(Error::Config {
                    what,
                    found: found.to_string(),
                    expected: format!("one for each of the {items} items of the data"),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(dim: usize, values: &[f32]) -> Option<Embeddings> {
        let rows = Embeddings::from_vec(values.len() / dim, dim, values.to_vec());
        Some(rows.unwrap())
    }

    #[test]
    fn unmet_items_have_the_rows_of_those_that_say_alike() {
        let device = Device::default();
        // Items 1 and 3 were never met; 1 says what 0 and 2 say, 3 what 4 says.
        let met = ItemSet::from_fn(5, |item| item.index() % 2 == 0);
        let all = ItemRows {
            collaborative: rows(2, &[1.0, 0.0, 9.0, 9.0, 0.0, 4.0, 9.0, 9.0, -1.0, -1.0]),
            text: rows(2, &[1.0, 0.1, 5.0, 0.0, 2.0, -0.3, 0.0, 3.0, -0.1, 1.0]),
        };
        let values = |k| {
            let found = all.clone().with_neighbours(&met, k, &device).unwrap();
            found.collaborative.unwrap().as_slice().to_vec()
        };
        assert_eq!(
            values(2),
            [1.0, 0.0, 0.5, 2.0, 0.0, 4.0, 0.0, -0.5, -1.0, -1.0]
        );
        // As many as there are, where there are fewer.
        assert_eq!(values(7)[2..4], [0.0, 1.0]);
        let nobody = ItemSet::from_fn(5, |_| false);
        let found = all.clone().with_neighbours(&nobody, 2, &device).unwrap();
        assert!(
            found
                .collaborative
                .unwrap()
                .as_slice()
                .iter()
                .all(|&x| x == 0.0)
        );

        // Item 2 says nothing, and item 3 too.
        let mut silent = all.clone();
        silent.text = rows(2, &[1.0, 0.1, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.1, 1.0]);
        let found = silent.with_neighbours(&met, 2, &device).unwrap();
        let found = found.collaborative.unwrap();
        assert_eq!(found.row(1), [0.0, -0.5]);
        assert_eq!(found.row(3), [0.0, 0.0]);

        let alone = ItemRows {
            text: None,
            ..all.clone()
        };
        let found = alone.clone().with_neighbours(&met, 2, &device).unwrap();
        assert_eq!(found.collaborative, alone.collaborative);
        let error = all.clone().with_neighbours(&met, 0, &device).unwrap_err();
        assert!(error.to_string().contains("at least 1"), "{error}");
        let other = ItemSet::from_fn(4, |_| true);
        let error = all.with_neighbours(&other, 2, &device).unwrap_err();
        assert!(error.to_string().contains("4 items"), "{error}");
    }
}
