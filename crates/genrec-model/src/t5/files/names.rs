//! The names of the parameters.

use super::{HEAD, SHARED};
use crate::lora::{Adapters, Projection, Table};
use crate::t5::T5;
use crate::t5::attention::Attention;
use crate::t5::feed_forward::FeedForward;
use crate::weights::Weight;

impl T5 {
    /// All parameters by their names in `transformers`.
    pub(in crate::t5) fn weights(&mut self) -> Vec<(String, Weight<'_>)> {
        let mut all = vec![(SHARED.to_string(), Weight::Table(&mut self.shared))];
        for (number, layer) in self.encoder.layers.iter_mut().enumerate() {
            let name = |rest: &str| format!("encoder.block.{number}.layer.{rest}");
            attention(&name("0.SelfAttention"), &mut layer.attention, &mut all);
            all.push((
                name("0.layer_norm.weight"),
                Weight::Scale(&mut layer.attention_norm.weight),
            ));
            feed_forward(&name("1.DenseReluDense"), &mut layer.feed_forward, &mut all);
            all.push((
                name("1.layer_norm.weight"),
                Weight::Scale(&mut layer.feed_forward_norm.weight),
            ));
        }
        for (number, layer) in self.decoder.layers.iter_mut().enumerate() {
            let name = |rest: &str| format!("decoder.block.{number}.layer.{rest}");
            attention(
                &name("0.SelfAttention"),
                &mut layer.self_attention,
                &mut all,
            );
            all.push((
                name("0.layer_norm.weight"),
                Weight::Scale(&mut layer.self_attention_norm.weight),
            ));
            attention(
                &name("1.EncDecAttention"),
                &mut layer.cross_attention,
                &mut all,
            );
            all.push((
                name("1.layer_norm.weight"),
                Weight::Scale(&mut layer.cross_attention_norm.weight),
            ));
            feed_forward(&name("2.DenseReluDense"), &mut layer.feed_forward, &mut all);
            all.push((
                name("2.layer_norm.weight"),
                Weight::Scale(&mut layer.feed_forward_norm.weight),
            ));
        }
        let stacks = [
            ("encoder", &mut self.encoder.bias, &mut self.encoder.norm),
            ("decoder", &mut self.decoder.bias, &mut self.decoder.norm),
        ];
        for (stack, bias, norm) in stacks {
            let name =
                format!("{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
            all.push((name, Weight::Table(&mut bias.weight)));
            all.push((
                format!("{stack}.final_layer_norm.weight"),
                Weight::Scale(&mut norm.weight),
            ));
        }
        if let Some(head) = &mut self.head {
            all.push((HEAD.to_string(), Weight::Linear(&mut head.weight)));
        }
        all
    }
}

fn attention<'a>(name: &str, attention: &'a mut Attention, all: &mut Vec<(String, Weight<'a>)>) {
    let parts = [
        ("q", &mut attention.query),
        ("k", &mut attention.key),
        ("v", &mut attention.value),
        ("o", &mut attention.output),
    ];
    for (part, projection) in parts {
        all.push((
            format!("{name}.{part}.weight"),
            Weight::Linear(&mut projection.linear.weight),
        ));
    }
}

fn feed_forward<'a>(name: &str, layer: &'a mut FeedForward, all: &mut Vec<(String, Weight<'a>)>) {
    let input = match &mut layer.gated {
        None => "wi",
        Some(gated) => {
            all.push((
                format!("{name}.wi_1.weight"),
                Weight::Linear(&mut gated.linear.weight),
            ));
            "wi_0"
        }
    };
    all.push((
        format!("{name}.{input}.weight"),
        Weight::Linear(&mut layer.input.linear.weight),
    ));
    all.push((
        format!("{name}.wo.weight"),
        Weight::Linear(&mut layer.output.linear.weight),
    ));
}

impl Adapters for T5 {
    fn layers_mut(&mut self) -> Vec<(String, &mut Projection)> {
        let mut all = Vec::new();
        for (number, layer) in self.encoder.layers.iter_mut().enumerate() {
            let name = |rest: &str| format!("encoder.block.{number}.layer.{rest}");
            attended(&name("0.SelfAttention"), &mut layer.attention, &mut all);
            fed(&name("1.DenseReluDense"), &mut layer.feed_forward, &mut all);
        }
        for (number, layer) in self.decoder.layers.iter_mut().enumerate() {
            let name = |rest: &str| format!("decoder.block.{number}.layer.{rest}");
            attended(
                &name("0.SelfAttention"),
                &mut layer.self_attention,
                &mut all,
            );
            attended(
                &name("1.EncDecAttention"),
                &mut layer.cross_attention,
                &mut all,
            );
            fed(&name("2.DenseReluDense"), &mut layer.feed_forward, &mut all);
        }
        all
    }

    fn layers(&self) -> Vec<&Projection> {
        let mut all = Vec::new();
        for layer in &self.encoder.layers {
            all.extend(layer.attention.layers());
            all.extend(layer.feed_forward.layers());
        }
        for layer in &self.decoder.layers {
            all.extend(layer.self_attention.layers());
            all.extend(layer.cross_attention.layers());
            all.extend(layer.feed_forward.layers());
        }
        all
    }

    fn tables_mut(&mut self) -> Vec<(String, Table<'_>)> {
        let shared = (SHARED.to_string(), Table::Rows(&mut self.shared));
        let head = self.head.iter_mut();
        let head = head.map(|head| (HEAD.to_string(), Table::Columns(&mut head.weight)));
        std::iter::once(shared).chain(head).collect()
    }
}

fn attended<'a>(
    name: &str,
    attention: &'a mut Attention,
    all: &mut Vec<(String, &'a mut Projection)>,
) {
    all.extend([
        (format!("{name}.q"), &mut attention.query),
        (format!("{name}.k"), &mut attention.key),
        (format!("{name}.v"), &mut attention.value),
        (format!("{name}.o"), &mut attention.output),
    ]);
}

fn fed<'a>(name: &str, layer: &'a mut FeedForward, all: &mut Vec<(String, &'a mut Projection)>) {
    let input = if layer.gated.is_some() { "wi_0" } else { "wi" };
    all.push((format!("{name}.{input}"), &mut layer.input));
    let gated = layer.gated.iter_mut();
    all.extend(gated.map(|gated| (format!("{name}.wi_1"), gated)));
    all.push((format!("{name}.wo"), &mut layer.output));
}
