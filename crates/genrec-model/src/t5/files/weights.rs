//! The names of the parameters, and their numbers as bytes.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData, bf16, f16};
use safetensors::tensor::{Dtype, TensorView};

use super::{HEAD, SHARED};
use crate::t5::T5;
use crate::t5::attention::Attention;
use crate::t5::feed_forward::FeedForward;

/// A parameter, and how it lies in the file.
pub(in crate::t5) enum Weight<'a> {
    /// Rows are outputs in the file and inputs here.
    Linear(&'a mut Param<Tensor<2>>),
    /// The same in both.
    Table(&'a mut Param<Tensor<2>>),
    /// A vector.
    Scale(&'a mut Param<Tensor<1>>),
}

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

impl Weight<'_> {
    /// Puts the numbers of `view` in the place of the parameter.
    pub(super) fn fill(self, view: &TensorView<'_>) -> std::result::Result<(), String> {
        match self {
            Self::Linear(param) => {
                let [inputs, outputs] = param.val().dims();
                let values: Tensor<2> = read(view, [outputs, inputs], &param.val().device())?;
                // Through a copy, because the transposed view would be strided in every product from here on.
                replace(param, contiguous(values.transpose()));
            }
            Self::Table(param) => {
                let values = read(view, param.val().dims(), &param.val().device())?;
                replace(param, values);
            }
            Self::Scale(param) => {
                let values = read(view, param.val().dims(), &param.val().device())?;
                replace(param, values);
            }
        }
        Ok(())
    }
}

fn replace<const D: usize>(param: &mut Param<Tensor<D>>, values: Tensor<D>) {
    *param = Param::from_tensor(values);
}

fn contiguous(values: Tensor<2>) -> Tensor<2> {
    let device = values.device();
    Tensor::from_data(values.into_data(), &device)
}

fn read<const D: usize>(
    view: &TensorView<'_>,
    expected: [usize; D],
    device: &Device,
) -> std::result::Result<Tensor<D>, String> {
    if view.shape() != expected {
        return Err(format!(
            "has shape {:?}, expected {expected:?}",
            view.shape()
        ));
    }
    let halves = view.data().as_chunks::<2>().0.iter();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => view
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .copied()
            .map(f32::from_le_bytes)
            .collect(),
        Dtype::F16 => halves
            .map(|&bytes| f16::from_le_bytes(bytes).to_f32())
            .collect(),
        Dtype::BF16 => halves
            .map(|&bytes| bf16::from_le_bytes(bytes).to_f32())
            .collect(),
        other => return Err(format!("holds {other:?}, expected F32, F16 or BF16")),
    };
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(format!("holds {value}, expected finite numbers"));
    }
    Ok(Tensor::from_data(TensorData::new(values, expected), device))
}

/// The shape and the little-endian bytes of `values`.
pub(super) fn contents<const D: usize>(values: Tensor<D>) -> (Vec<usize>, Vec<u8>) {
    let shape = values.dims().to_vec();
    let data = values.into_data().convert::<f32>();
    let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
    (shape, bytes)
}

fn attention<'a>(name: &str, attention: &'a mut Attention, all: &mut Vec<(String, Weight<'a>)>) {
    let parts = [
        ("q", &mut attention.query),
        ("k", &mut attention.key),
        ("v", &mut attention.value),
        ("o", &mut attention.output),
    ];
    for (part, linear) in parts {
        all.push((
            format!("{name}.{part}.weight"),
            Weight::Linear(&mut linear.weight),
        ));
    }
}

fn feed_forward<'a>(name: &str, layer: &'a mut FeedForward, all: &mut Vec<(String, Weight<'a>)>) {
    let input = match &mut layer.gated {
        None => "wi",
        Some(gated) => {
            all.push((
                format!("{name}.wi_1.weight"),
                Weight::Linear(&mut gated.weight),
            ));
            "wi_0"
        }
    };
    all.push((
        format!("{name}.{input}.weight"),
        Weight::Linear(&mut layer.input.weight),
    ));
    all.push((
        format!("{name}.wo.weight"),
        Weight::Linear(&mut layer.output.weight),
    ));
}
