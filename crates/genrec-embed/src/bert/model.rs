//! BERT (Devlin et al., "BERT: Pre-training of deep bidirectional transformers"), the encoder alone.

use burn::config::Config;
use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Bool, Device, Int, Tensor, assert_shape};
use genrec_cores::{attention, gelu};

/// The sizes of a [`Bert`] encoder.
#[derive(Config, Debug, PartialEq)]
pub struct BertConfig {
    /// The number of tokens.
    pub vocabulary: usize,
    /// The width of the hidden states.
    pub d_model: usize,
    /// The width of the feed-forward layers inside.
    pub d_ff: usize,
    /// The number of layers.
    pub layers: usize,
    /// The number of attention heads; divides `d_model`.
    pub heads: usize,
    /// The most tokens of a text. Default: 512.
    #[config(default = 512)]
    pub positions: usize,
    /// The number of token types (sentence A, sentence B). Default: 2.
    #[config(default = 2)]
    pub token_types: usize,
    /// The constant inside the layer norms. Default: 1e-12.
    #[config(default = 1e-12)]
    pub epsilon: f64,
}

impl BertConfig {
    /// An encoder with random weights.
    ///
    /// # Panics
    ///
    /// If `heads` does not divide `d_model`.
    pub fn init(&self, device: &Device) -> Bert {
        let d = self.d_model;
        let table = |rows| EmbeddingConfig::new(rows, d).init(device);
        Bert {
            words: table(self.vocabulary),
            positions: table(self.positions),
            token_types: table(self.token_types),
            norm: self.norm(device),
            layers: (0..self.layers)
                .map(|_| {
                    self.layer(
                        LinearConfig::new(d, 3 * d).init(device),
                        LinearConfig::new(d, d).init(device),
                        [self.norm(device), self.norm(device)],
                        LinearConfig::new(d, self.d_ff).init(device),
                        LinearConfig::new(self.d_ff, d).init(device),
                    )
                })
                .collect(),
        }
    }

    pub(super) fn norm(&self, device: &Device) -> LayerNorm {
        LayerNormConfig::new(self.d_model)
            .with_epsilon(self.epsilon)
            .init(device)
    }

    pub(super) fn layer(
        &self,
        query_key_value: Linear,
        output: Linear,
        [attention_norm, feed_forward_norm]: [LayerNorm; 2],
        inner: Linear,
        outer: Linear,
    ) -> BertLayer {
        assert_eq!(
            self.d_model % self.heads,
            0,
            "{} heads do not divide d_model {}",
            self.heads,
            self.d_model
        );
        BertLayer {
            query_key_value,
            output,
            attention_norm,
            inner,
            outer,
            feed_forward_norm,
            heads: self.heads,
        }
    }
}

/// The BERT encoder: learned positions and token types, post-norm layers, GELU.
#[derive(Module, Debug)]
pub struct Bert {
    pub(super) words: Embedding,
    pub(super) positions: Embedding,
    pub(super) token_types: Embedding,
    pub(super) norm: LayerNorm,
    pub(super) layers: Vec<BertLayer>,
}

impl Bert {
    /// The hidden states of the last layer, `[batch, tokens, d_model]`, of texts of one sentence.
    ///
    /// # Arguments
    ///
    /// - `tokens`: the tokens of each text, `[batch, tokens]`, shorter texts filled up with any token.
    /// - `padding`: true where a token is such a filling, `[batch, tokens]`; `None` if there is none.
    ///
    /// # Panics
    ///
    /// If there are more tokens than positions, or the shapes of `tokens` and `padding` differ.
    pub fn forward(&self, tokens: Tensor<2, Int>, padding: Option<Tensor<2, Bool>>) -> Tensor<3> {
        let [batch, length] = tokens.dims();
        let [positions, d_model] = self.positions.weight.dims();
        assert!(
            length <= positions,
            "{length} tokens, but only {positions} positions"
        );
        if let Some(padding) = &padding {
            assert_shape!(padding, [batch, length]);
        }
        let place = self.positions.weight.val().narrow(0, 0, length)
            + self.token_types.weight.val().narrow(0, 0, 1);
        let states = self.words.forward(tokens) + place.reshape([1, length, d_model]);
        let states = self.norm.forward(states);
        self.layers.iter().fold(states, |states, layer| {
            layer.forward(states, padding.as_ref())
        })
    }

    /// The sizes: tokens, positions and width.
    pub(super) fn dim(&self) -> usize {
        self.words.weight.dims()[1]
    }
}

/// Attention and feed-forward layer, each added to its input and then normalised.
#[derive(Module, Debug)]
pub(super) struct BertLayer {
    /// Queries, keys and values of all heads in one product, `[d_model, 3 * d_model]`.
    query_key_value: Linear,
    output: Linear,
    attention_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    feed_forward_norm: LayerNorm,
    heads: usize,
}

impl BertLayer {
    /// `states` and the result `[batch, tokens, d_model]`, `padding` `[batch, tokens]`, true where a key is hidden.
    fn forward(&self, states: Tensor<3>, padding: Option<&Tensor<2, Bool>>) -> Tensor<3> {
        let [batch, length, d_model] = states.dims();
        let d_head = d_model / self.heads;
        // Cut into heads before parts are taken, which then are views.
        let projected = self.query_key_value.forward(states.clone());
        let projected = projected.reshape([batch, length, 3 * self.heads, d_head]);
        let [query, key, value] = [0, 1, 2].map(|part| {
            let part = projected.clone().narrow(2, part * self.heads, self.heads);
            part.swap_dims(1, 2)
        });
        let mixed = attention(query, key, value, padding);
        let mixed = mixed.swap_dims(1, 2).reshape([batch, length, d_model]);
        let states = self
            .attention_norm
            .forward(self.output.forward(mixed) + states);
        let inner = gelu(self.inner.forward(states.clone()));
        self.feed_forward_norm
            .forward(self.outer.forward(inner) + states)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{TensorData, Tolerance};

    fn tiny() -> Bert {
        let device = Device::flex();
        device.seed(5);
        BertConfig::new(20, 8, 16, 2, 2)
            .with_positions(6)
            .init(&device)
    }

    #[test]
    fn padding_changes_nothing() {
        let bert = tiny();
        let device = Device::flex();
        let alone = bert.forward(Tensor::from_data([[3, 7, 4]], &device), None);
        let padding = Tensor::from_data([[false, false, false, true, true], [false; 5]], &device);
        let padded = bert.forward(
            Tensor::from_data([[3, 7, 4, 9, 9], [1, 2, 3, 4, 5]], &device),
            Some(padding),
        );
        let padded = padded.slice([0..1, 0..3]);
        padded
            .into_data()
            .assert_approx_eq::<f32>(&alone.into_data(), Tolerance::absolute(1e-5));
    }

    #[test]
    fn order_matters() {
        let bert = tiny();
        let states = |tokens: [i32; 3]| {
            bert.forward(
                Tensor::from_data(TensorData::from([tokens]), &Device::flex()),
                None,
            )
            .sum_dim(1)
        };
        let difference = (states([3, 7, 4]) - states([4, 7, 3]))
            .abs()
            .max()
            .into_scalar::<f32>();
        assert!(difference > 1e-3, "{difference}");
    }

    #[test]
    #[should_panic(expected = "7 tokens, but only 6 positions")]
    fn texts_longer_than_the_positions_are_refused() {
        tiny().forward(Tensor::zeros([1, 7], &Device::flex()), None);
    }
}
