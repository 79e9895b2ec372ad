//! Histories as tensors.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use genrec_data::ItemId;
use genrec_identify::ItemTokens;

use super::HistoryPositions;

/// A batch of histories, as the encoder reads it: padded at the end to the longest.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Tokens of every position, `[batch, positions, width]`: one token a position, or all tokens of an item.
    pub tokens: Tensor<3, Int>,
    /// True where a position is real, `[batch, positions]`.
    pub mask: Tensor<2, Bool>,
    /// True where a token of a position is real, `[batch, positions, width]`; absent when all are, as for identifiers of one length.
    pub token_mask: Option<Tensor<3, Bool>>,
}

impl Inputs {
    /// Turns `histories` (each oldest first) into tensors on `device`.
    ///
    /// An empty history becomes one position that holds the padding token, so that the decoder always has something to attend to.
    ///
    /// # Panics
    ///
    /// If an item is not in `tokens`.
    pub fn new(
        histories: &[&[ItemId]],
        tokens: &ItemTokens,
        positions: HistoryPositions,
        device: &Device,
    ) -> Self {
        let pad = i64::from(tokens.vocabulary().pad().get());
        let width = match positions {
            HistoryPositions::Tokens => 1,
            HistoryPositions::Items => tokens.max_tokens(),
        };
        let length_of = |history: &&[ItemId]| match positions {
            HistoryPositions::Tokens => history.iter().map(|&item| tokens.tokens(item).len()).sum(),
            HistoryPositions::Items => history.len(),
        };
        let batch = histories.len();
        let length = histories.iter().map(length_of).max().unwrap_or(0).max(1);

        let mut ids = vec![pad; batch * length * width];
        let mut real = vec![false; batch * length];
        let mut real_tokens = vec![false; batch * length * width];
        for (row, history) in histories.iter().enumerate() {
            let mut position = row * length;
            if history.is_empty() {
                real[position] = true;
                real_tokens[position * width] = true;
            }
            for &item in *history {
                let item_tokens = tokens.tokens(item);
                for (place, token) in item_tokens.iter().enumerate() {
                    let at = match positions {
                        HistoryPositions::Tokens => position + place,
                        HistoryPositions::Items => position * width + place,
                    };
                    ids[at] = i64::from(token.get());
                    real_tokens[at] = true;
                }
                let taken = match positions {
                    HistoryPositions::Tokens => item_tokens.len(),
                    HistoryPositions::Items => 1,
                };
                real[position..position + taken].fill(true);
                position += taken;
            }
        }

        // Padding positions are masked as a whole: only a real position with fewer tokens than the others needs the finer mask.
        let ragged = real_tokens
            .chunks(width)
            .zip(&real)
            .any(|(tokens, &real)| real && tokens.contains(&false));
        let shape = [batch, length, width];
        Self {
            tokens: Tensor::from_data(TensorData::new(ids, shape), device),
            mask: Tensor::from_data(TensorData::new(real, [batch, length]), device),
            token_mask: ragged
                .then(|| Tensor::from_data(TensorData::new(real_tokens, shape), device)),
        }
    }
}
