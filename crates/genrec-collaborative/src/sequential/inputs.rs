//! Histories as tensors.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use genrec_data::{ItemId, UserId};

/// A history, and whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct History<'a> {
    pub(super) user: Option<UserId>,
    /// Oldest first.
    pub(super) items: &'a [ItemId],
}

/// A batch of histories, padded on the right.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    /// The numbers of the items in the table, `[rows, places]`.
    pub(super) items: Tensor<2, Int>,
    /// How far a place is from the end of the longest history there can be, `[rows, places]`.
    pub(super) positions: Tensor<2, Int>,
    /// True where there is an item, `[rows, places]`.
    pub(super) real: Tensor<2, Bool>,
    /// Of whom the rows are: 0 for somebody unknown, else one more than the number of the user, `[rows]`.
    pub(super) users: Tensor<1, Int>,
    /// The number of the last place of each row among all, `[rows]`.
    pub(super) last: Tensor<1, Int>,
}

impl Inputs {
    /// Of each row the items, by their numbers in the table; `users` is the number of known ones.
    ///
    /// # Panics
    ///
    /// If a row is empty or longer than `max_places`.
    pub(super) fn new(
        rows: &[(Option<UserId>, Vec<i64>)],
        max_places: usize,
        users: usize,
        device: &Device,
    ) -> Self {
        let places = rows.iter().map(|(_, items)| items.len()).max().unwrap_or(1);
        assert!(
            places <= max_places,
            "{places} places, at most {max_places}"
        );
        let shape = [rows.len(), places];
        let mut items = vec![0_i64; rows.len() * places];
        let mut positions = vec![max_places as i64 - 1; rows.len() * places];
        let mut real = vec![false; rows.len() * places];
        let mut last = Vec::with_capacity(rows.len());
        for (row, (_, history)) in rows.iter().enumerate() {
            let length = history.len();
            assert!(length > 0, "a row needs an item");
            let start = row * places;
            items[start..][..length].copy_from_slice(history);
            real[start..][..length].fill(true);
            for (place, position) in positions[start..][..length].iter_mut().enumerate() {
                *position = (max_places - length + place) as i64;
            }
            last.push((start + length - 1) as i64);
        }
        let owners: Vec<i64> = rows
            .iter()
            .map(|(user, _)| match user {
                Some(user) if user.index() < users => i64::from(user.get()) + 1,
                _ => 0,
            })
            .collect();
        let count = rows.len();
        Self {
            items: Tensor::from_data(TensorData::new(items, shape), device),
            positions: Tensor::from_data(TensorData::new(positions, shape), device),
            real: Tensor::from_data(TensorData::new(real, shape), device),
            users: Tensor::from_data(TensorData::new(owners, [count]), device),
            last: Tensor::from_data(TensorData::new(last, [count]), device),
        }
    }
}
