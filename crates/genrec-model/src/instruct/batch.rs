//! Exchanges as what a model learns from.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::exchange::Exchange;
use super::model::{Layout, TextModel, padded};

/// Exchanges as tensors.
pub(super) struct Batch {
    /// What is read, padded behind, `[rows, positions]`: prompts, and with one stack the responses too.
    read: Tensor<2, Int>,
    /// Where it is real, `[rows, positions]`.
    mask: Tensor<2, Bool>,
    /// What the decoder of two stacks reads, padded behind, `[rows, length]`; nothing is in it with one stack.
    written: Tensor<2, Int>,
    /// The positions, among all that are read or written, that are followed by a token of a response, `[predictions]`.
    places: Tensor<1, Int>,
    /// Those tokens, `[predictions]`.
    pub(super) targets: Tensor<1, Int>,
}

impl Batch {
    pub(super) fn new(exchanges: &[Exchange], layout: Layout, device: &Device) -> Self {
        // The last token of a response is not read.
        let known = |response: &Vec<u32>| response[..response.len().saturating_sub(1)].to_vec();
        let (mut read, mut written) = (Vec::new(), Vec::new());
        for Exchange { prompt, response } in exchanges {
            let mut tokens = layout.read(prompt);
            match layout {
                Layout::Decoder => tokens.extend(known(response)),
                Layout::EncoderDecoder { start, .. } => {
                    written.push([vec![start], known(response)].concat());
                }
            }
            read.push(tokens);
        }
        let longest = |rows: &[Vec<u32>]| rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut places = Vec::new();
        for (row, Exchange { prompt, response }) in exchanges.iter().enumerate() {
            let first = match layout {
                Layout::Decoder => row * longest(&read) + prompt.len() - 1,
                Layout::EncoderDecoder { .. } => row * longest(&written),
            };
            places.extend((first..first + response.len()).map(|place| place as i64));
        }
        let targets = exchanges.iter().flat_map(|exchange| &exchange.response);
        let targets: Vec<i64> = targets.map(|&token| i64::from(token)).collect();
        let predictions = targets.len();
        let list = |values| Tensor::from_data(TensorData::new(values, [predictions]), device);
        let (read, mask) = padded(&read, device);
        Self {
            read,
            mask,
            written: padded(&written, device).0,
            places: list(places),
            targets: list(targets),
        }
    }
}

impl TextModel {
    pub(super) fn seed_dropout(&self, seed: u64) {
        match self {
            Self::EncoderDecoder(model) => model.seed_dropout(seed),
            Self::Decoder(model) => model.seed_dropout(seed),
        }
    }

    /// The two factors of the logits of the whole vocabulary for the tokens of the responses: a row for each of these, `[predictions, d_model]`, and one for each token of the vocabulary,
    /// `[vocab_size, d_model]`.
    pub(super) fn factors(&self, batch: &Batch) -> (Tensor<2>, Tensor<2>) {
        let at_places = |states: Tensor<2>| states.select(0, batch.places.clone());
        match self {
            Self::Decoder(model) => {
                let states = model.forward(batch.read.clone()).flatten::<2>(0, 1);
                (at_places(states), model.head_rows())
            }
            Self::EncoderDecoder(model) => {
                let memory = model.encode(model.embed(batch.read.clone()), &batch.mask);
                let memory = model.memory(memory);
                let written = model.embed(batch.written.clone()).unsqueeze_dim::<4>(1);
                let visible = batch.mask.clone().unsqueeze_dim::<3>(1);
                let states = model.decode(written, &memory, &visible);
                model.factors(at_places(states.flatten::<2>(0, 2)))
            }
        }
    }
}
