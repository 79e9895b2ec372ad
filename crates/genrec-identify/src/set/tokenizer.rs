use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use genrec_embed::Embeddings;
use genrec_quantize::{Mlp, MlpConfig};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::SetTable;
use crate::{Error, Result};

/// Configuration of a [`SetTokenizer`].
#[derive(Config, Debug, PartialEq)]
pub struct SetTokenizerConfig {
    /// Width of a token: that of the language model.
    pub d_model: usize,
    /// Semantic tokens of an item, N: 1 to 6 in the paper; 0 for none.
    #[config(default = 4)]
    pub semantic: usize,
    /// Whether items have a CF token.
    #[config(default = true)]
    pub collaborative: bool,
    /// Hidden layers of the encoder of the text; the decoder has them in reverse.
    #[config(default = "vec![512, 256, 128]")]
    pub hidden: Vec<usize>,
    /// Whether rows are scaled to a mean square of 1 before tokens are made of them (rows of zeros stay as they are); what is reconstructed are the rows as they were. Not in the paper.
    /// Without it, what a token says of its item is as small as the elements of the rows are, and training has to make it larger first.
    #[config(default = false)]
    pub scaled_rows: bool,
    /// Seed of the initial weights.
    #[config(default = 0)]
    pub seed: u64,
}

/// Turns frozen rows into sets of tokens: `c = W h + b`, and one auto-encoder whose code is cut into N tokens (SETRec, equations 1 to 3).
///
/// Trained with the model that reads the tokens, not by itself.
#[derive(Module, Debug)]
pub struct SetTokenizer {
    /// `[d_h, d_model]` and a bias.
    pub collaborative: Option<Linear>,
    /// `[d_x]` to `[semantic * d_model]`.
    pub encoder: Option<Mlp>,
    /// And back.
    pub decoder: Option<Mlp>,
    #[module(skip)]
    config: SetTokenizerConfig,
}

/// What a tokenizer makes of items.
#[derive(Clone, Debug)]
pub struct SetTokens {
    /// `[items, slots, d_model]`: the CF token first, if there is one.
    pub tokens: Tensor<3>,
    /// The text rows, unscaled, as the decoder gives them back, `[items, d_x]`; `None` without semantic tokens.
    pub reconstructed: Option<Tensor<2>>,
}

impl SetTokenizerConfig {
    /// The tokens of an item.
    pub fn slots(&self) -> usize {
        self.semantic + usize::from(self.collaborative)
    }

    /// A tokenizer of collaborative rows of width `d_collaborative` and text rows of width `d_text`; those that the configuration asks for are needed.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if items would have no tokens, a width is 0, or rows are missing.
    pub fn init(
        &self,
        d_collaborative: Option<usize>,
        d_text: Option<usize>,
        device: &Device,
    ) -> Result<SetTokenizer> {
        let wrong = |found: String, expected: &str| Error::Config {
            option: "SetTokenizerConfig",
            expected: expected.to_owned(),
            found,
        };
        if self.slots() == 0 || self.d_model == 0 || self.hidden.contains(&0) {
            return Err(wrong(
                format!("{self}"),
                "at least one token, and widths of at least 1",
            ));
        }
        let width = |wanted: bool, found: Option<usize>, what: &str| match (wanted, found) {
            (false, _) => Ok(None),
            (true, Some(width)) if width > 0 => Ok(Some(width)),
            (true, found) => Err(wrong(
                format!("{what} of width {found:?}"),
                "rows for the tokens that are asked for (or none of these tokens)",
            )),
        };
        let d_collaborative = width(self.collaborative, d_collaborative, "collaborative rows")?;
        let d_text = width(self.semantic > 0, d_text, "text rows")?;
        let mlp = d_text.map(|d_text| {
            let mut widths = vec![d_text];
            widths.extend(&self.hidden);
            widths.push(self.semantic * self.d_model);
            MlpConfig::new(widths).with_seed(self.seed)
        });
        let mut random = StdRng::seed_from_u64(self.seed);
        let linear = d_collaborative.map(|d_input| {
            let bound = (d_input as f64).powf(-0.5);
            let count = d_input * self.d_model;
            let weights: Vec<f32> = (0..count)
                .map(|_| random.random_range(-bound..bound) as f32)
                .collect();
            let weights = TensorData::new(weights, [d_input, self.d_model]);
            Linear {
                weight: Param::from_tensor(Tensor::from_data(weights, device)),
                bias: Some(Param::from_tensor(Tensor::zeros([self.d_model], device))),
            }
        });
        Ok(SetTokenizer {
            collaborative: linear,
            encoder: mlp.as_ref().map(|mlp| mlp.init(device)),
            decoder: mlp.as_ref().map(|mlp| mlp.mirrored().init(device)),
            config: self.clone(),
        })
    }
}

/// Rows, `[n, d]`, scaled to a mean square of 1; rows of zeros stay.
fn scaled(rows: &Tensor<2>) -> Tensor<2> {
    // First to a largest element of 1, so that no square is too small or too large for a number.
    let largest = rows.clone().abs().max_dim(1);
    let zeros = largest.clone().equal_elem(0.0);
    let rows = rows.clone() / largest.mask_fill(zeros.clone(), 1.0);
    let mean = rows.clone().square().mean_dim(1).mask_fill(zeros, 1.0);
    rows / mean.sqrt()
}

impl SetTokenizer {
    /// The configuration that it was made with.
    pub fn config(&self) -> &SetTokenizerConfig {
        &self.config
    }

    /// The tokens of items by their rows, `[items, d_h]` and `[items, d_x]`; those that the tokenizer does not read may be missing.
    ///
    /// # Panics
    ///
    /// If rows that it reads are missing, or of another width.
    pub fn forward(
        &self,
        collaborative: Option<&Tensor<2>>,
        text: Option<&Tensor<2>>,
    ) -> SetTokens {
        let read = |rows: &Tensor<2>| match self.config.scaled_rows {
            true => scaled(rows),
            false => rows.clone(),
        };
        let mut slots = Vec::new();
        if let Some(linear) = &self.collaborative {
            let rows = collaborative.expect("the tokenizer reads collaborative rows");
            slots.push(linear.forward(read(rows)));
        }
        let mut reconstructed = None;
        if let (Some(encoder), Some(decoder)) = (&self.encoder, &self.decoder) {
            let rows = text.expect("the tokenizer reads text rows");
            let code = encoder.forward(read(rows));
            reconstructed = Some(decoder.forward(code.clone()));
            slots.push(code);
        }
        let tokens = Tensor::cat(slots, 1);
        let items = tokens.dims()[0];
        SetTokens {
            tokens: tokens.reshape([items, self.config.slots(), self.config.d_model]),
            reconstructed,
        }
    }

    /// The tokens of items, worked out once: what a trained model ranks, and what new items are added to.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if rows that it reads are missing, of another width or number, and [`Error::Embed`] if a token is no number.
    pub fn table(
        &self,
        collaborative: Option<&Embeddings>,
        text: Option<&Embeddings>,
    ) -> Result<SetTable> {
        let d_input = |linear: &Linear| linear.weight.val().dims()[0];
        let first = |mlp: &Mlp| mlp.layers.first().map(&d_input);
        let needed = [
            (
                "collaborative",
                self.collaborative.as_ref().map(&d_input),
                collaborative,
            ),
            ("text", self.encoder.as_ref().and_then(first), text),
        ];
        let mut items = None;
        for (what, width, rows) in needed {
            let Some(width) = width else { continue };
            let found = rows.map(|rows| (rows.rows(), rows.dim()));
            let expected = (items.or(found.map(|(rows, _)| rows)), Some(width));
            if (found.map(|(rows, _)| rows), found.map(|(_, width)| width)) != expected {
                return Err(Error::Shape {
                    expected: format!("{what} rows of width {width}, one an item"),
                    found: format!("{found:?} (rows and width)"),
                });
            }
            items = found.map(|(rows, _)| rows);
        }
        let device = self.devices().into_iter().next().unwrap_or_default();
        let device = device.inner();
        let tensor = |rows: Option<&Embeddings>| rows.map(|rows| rows.to_tensor(&device));
        let plain = self.valid();
        let made = plain.forward(tensor(collaborative).as_ref(), tensor(text).as_ref());
        SetTable::new(
            Embeddings::from_tensor(made.tokens.flatten::<2>(1, 2))?,
            self.config.collaborative,
            self.config.semantic,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_rows_say_the_same_at_any_size() {
        let device = Device::default();
        let rows = Tensor::<2>::from_floats([[3.0, -4.0, 0.0], [0.0, 0.0, 0.0]], &device);
        let small = rows.clone() * 1e-30;
        let by_hand = [0.6, -0.8, 0.0].map(|x| x * 3.0_f32.sqrt());
        for rows in [&small, &rows, &(rows.clone() * 1e30)] {
            let found: Vec<f32> = scaled(rows).into_data().iter::<f32>().collect();
            for (found, expected) in found.iter().zip(by_hand.iter().chain(&[0.0; 3])) {
                assert!((found - expected).abs() < 1e-5, "{found}, not {expected}");
            }
        }
        let tokens = |scaled_rows: bool, rows: &Tensor<2>| {
            let config = SetTokenizerConfig::new(4)
                .with_semantic(2)
                .with_hidden(vec![5])
                .with_scaled_rows(scaled_rows);
            let tokenizer = config.init(Some(3), Some(3), &device).unwrap();
            tokenizer.forward(Some(rows), Some(rows)).tokens
        };
        let apart = |scaled_rows: bool| {
            let apart = tokens(scaled_rows, &rows) - tokens(scaled_rows, &small);
            apart.abs().max().into_scalar::<f32>()
        };
        assert!(apart(true) < 1e-5 && apart(false) > 0.1);
    }
}
