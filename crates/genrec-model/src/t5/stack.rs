//! Encoder and decoder: residual blocks with the norm in front (T5, section 2.1).

use burn::module::Module;
use burn::tensor::Tensor;
use genrec_train::{Draw, Dropout};

use super::attention::Attention;
use super::bias::RelativeBias;
use super::cache::{CrossMemory, SelfCache};
use super::config::T5Config;
use super::feed_forward::FeedForward;
use super::norm::RmsNorm;

/// Self-attention, then the feed-forward layers.
#[derive(Module, Debug)]
pub struct EncoderLayer {
    /// In front of the self-attention.
    pub attention_norm: RmsNorm,
    /// Among the positions of the input.
    pub attention: Attention,
    /// In front of the feed-forward layers.
    pub feed_forward_norm: RmsNorm,
    /// At every position by itself.
    pub feed_forward: FeedForward,
}

/// The layers that read the input.
#[derive(Module, Debug)]
pub struct Encoder {
    /// Shared by the layers.
    pub bias: RelativeBias,
    /// In order.
    pub layers: Vec<EncoderLayer>,
    /// After the last layer.
    pub norm: RmsNorm,
}

/// Self-attention, cross-attention, then the feed-forward layers.
#[derive(Module, Debug)]
pub struct DecoderLayer {
    /// In front of the self-attention.
    pub self_attention_norm: RmsNorm,
    /// Among the tokens written so far.
    pub self_attention: Attention,
    /// In front of the cross-attention.
    pub cross_attention_norm: RmsNorm,
    /// From the tokens written so far to the encoder's positions.
    pub cross_attention: Attention,
    /// In front of the feed-forward layers.
    pub feed_forward_norm: RmsNorm,
    /// At every position by itself.
    pub feed_forward: FeedForward,
}

/// The layers that write the output.
#[derive(Module, Debug)]
pub struct Decoder {
    /// Shared by the layers' self-attention; cross-attention has none.
    pub bias: RelativeBias,
    /// In order.
    pub layers: Vec<DecoderLayer>,
    /// After the last layer.
    pub norm: RmsNorm,
}

fn norm(config: &T5Config, draw: &Draw) -> RmsNorm {
    RmsNorm::new(
        config.d_model,
        config.initializer_factor,
        config.layer_norm_epsilon,
        draw.device(),
    )
}

fn relative_bias(config: &T5Config, bidirectional: bool, draw: &mut Draw) -> RelativeBias {
    let std = config.initializer_factor * (config.d_model as f64).powf(-0.5);
    RelativeBias::new(
        config.buckets,
        config.n_heads,
        config.max_distance,
        bidirectional,
        std,
        draw,
    )
}

impl Encoder {
    pub(super) fn new(config: &T5Config, draw: &mut Draw) -> Self {
        let bias = relative_bias(config, !config.causal_encoder, draw);
        let layer = |_| EncoderLayer {
            attention_norm: norm(config, draw),
            attention: Attention::new(config, draw),
            feed_forward_norm: norm(config, draw),
            feed_forward: FeedForward::new(config, draw),
        };
        Self {
            bias,
            layers: (0..config.encoder_layers).map(layer).collect(),
            norm: norm(config, draw),
        }
    }

    /// `x` is `[batch, positions, d_model]`; `mask`, `[batch, 1, 1, positions]`, is added to all scores.
    pub(super) fn forward(&self, x: Tensor<3>, mask: &Tensor<4>, dropout: &Dropout) -> Tensor<3> {
        let positions = x.dims()[1];
        let bias = self.bias.forward(0, positions, positions) + mask.clone();
        let mut x = dropout.apply(x);
        for layer in &self.layers {
            let normed = layer.attention_norm.before_linear(x.clone());
            let queries = layer.attention.queries(&normed);
            let (keys, values) = layer.attention.keys_values(&normed);
            let attended = layer
                .attention
                .attend(queries, keys, values, &bias, dropout);
            x = x + dropout.apply(attended);
            let normed = layer.feed_forward_norm.before_linear(x.clone());
            let fed = layer.feed_forward.forward(&normed, dropout);
            x = x + dropout.apply(fed);
        }
        dropout.apply(self.norm.forward(x))
    }
}

impl Decoder {
    pub(super) fn new(config: &T5Config, draw: &mut Draw) -> Self {
        let bias = relative_bias(config, false, draw);
        let layer = |_| DecoderLayer {
            self_attention_norm: norm(config, draw),
            self_attention: Attention::new(config, draw),
            cross_attention_norm: norm(config, draw),
            cross_attention: Attention::new(config, draw),
            feed_forward_norm: norm(config, draw),
            feed_forward: FeedForward::new(config, draw),
        };
        Self {
            bias,
            layers: (0..config.decoder_layers).map(layer).collect(),
            norm: norm(config, draw),
        }
    }

    /// Cross-attention keys and values of `encoded`, `[batch, positions, d_model]`.
    pub(super) fn memory(&self, encoded: Tensor<3>) -> CrossMemory {
        let keys_values = |layer: &DecoderLayer| layer.cross_attention.memory(encoded.clone());
        CrossMemory {
            layers: self.layers.iter().map(keys_values).collect(),
        }
    }

    /// `x` is `[batch, groups, length, d_model]`; `bias`, `[1, heads, length, length]`, is added to the scores among the places of a group, `mask`,
    /// `[batch, 1, groups * length, positions]`, to the cross-attention's.
    pub(super) fn forward(
        &self,
        x: Tensor<4>,
        memory: &CrossMemory,
        bias: &Tensor<4>,
        mask: &Tensor<4>,
        dropout: &Dropout,
    ) -> Tensor<4> {
        let [batch, groups, length, d_model] = x.dims();
        let sequences = [batch * groups, length, d_model];
        let queries = [batch, groups * length, d_model];
        let mut x = dropout.apply(x.reshape(sequences));
        for (layer, (keys, values)) in self.layers.iter().zip(&memory.layers) {
            let attention = &layer.self_attention;
            let normed = layer.self_attention_norm.before_linear(x.clone());
            let (own_keys, own_values) = attention.keys_values(&normed);
            let attended = attention.attend(
                attention.queries(&normed),
                own_keys,
                own_values,
                bias,
                dropout,
            );
            x = x + dropout.apply(attended);

            // The groups of a user are query positions of one attention over that user's keys.
            let attention = &layer.cross_attention;
            let normed = layer
                .cross_attention_norm
                .before_linear(x.clone().reshape(queries));
            let asked = attention.queries(&normed);
            let attended = attention.attend(asked, keys.clone(), values.clone(), mask, dropout);
            x = x + dropout.apply(attended.reshape(sequences));

            let normed = layer.feed_forward_norm.before_linear(x.clone());
            let fed = layer.feed_forward.forward(&normed, dropout);
            x = x + dropout.apply(fed);
        }
        dropout
            .apply(self.norm.forward(x))
            .reshape([batch, groups, length, d_model])
    }

    /// One token more for each beam: `x` is `[batch, beams, d_model]`; `mask`, `[batch, 1, 1, positions]`, is added to the cross-attention's scores.
    pub(super) fn step(
        &self,
        x: Tensor<3>,
        memory: &CrossMemory,
        mask: &Tensor<4>,
        cache: &mut SelfCache,
        dropout: &Dropout,
    ) -> Tensor<3> {
        let [batch, beams, d_model] = x.dims();
        cache.begin(batch, beams);
        let bias = self.bias.forward(cache.len, 1, cache.len + 1);
        let mut x = dropout.apply(x);
        for (number, (layer, (keys, values))) in self.layers.iter().zip(&memory.layers).enumerate()
        {
            let attention = &layer.self_attention;
            let rows = x.clone().reshape([batch * beams, 1, d_model]);
            let normed = layer.self_attention_norm.before_linear(rows);
            let (own_keys, own_values) = attention.keys_values(&normed);
            let (own_keys, own_values) = cache.push(number, own_keys, own_values);
            let attended = attention.attend(
                attention.queries(&normed),
                own_keys,
                own_values,
                &bias,
                dropout,
            );
            x = x + dropout.apply(attended).reshape([batch, beams, d_model]);

            let attention = &layer.cross_attention;
            let asked = attention.queries(&layer.cross_attention_norm.before_linear(x.clone()));
            let attended = attention.attend(asked, keys.clone(), values.clone(), mask, dropout);
            x = x + dropout.apply(attended);

            let normed = layer.feed_forward_norm.before_linear(x.clone());
            let fed = layer.feed_forward.forward(&normed, dropout);
            x = x + dropout.apply(fed);
        }
        cache.len += 1;
        dropout.apply(self.norm.forward(x))
    }
}
