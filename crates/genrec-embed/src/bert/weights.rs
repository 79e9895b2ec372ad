use burn::module::Param;
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;

use super::model::{Bert, BertConfig};
use crate::error::{Error, Result};
use crate::files::{float_elements, open};

/// A BERT with the weights of a safetensors file, named and shaped as Hugging Face's `BertModel` names and shapes them.
pub(super) fn load(config: &BertConfig, bytes: &[u8], device: &Device) -> Result<Bert> {
    let weights = Weights::new(bytes, device)?;
    let d = config.d_model;
    let layer = |i: usize| {
        let name = |part: &str| format!("encoder.layer.{i}.{part}");
        let parts = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(config.layer(
            weights.linear(&parts, d, d)?,
            weights.linear(&[name("attention.output.dense")], d, d)?,
            [
                weights.norm(config, &name("attention.output.LayerNorm"))?,
                weights.norm(config, &name("output.LayerNorm"))?,
            ],
            weights.linear(&[name("intermediate.dense")], d, config.d_ff)?,
            weights.linear(&[name("output.dense")], config.d_ff, d)?,
        ))
    };
    Ok(Bert {
        words: weights.table("embeddings.word_embeddings", config.vocabulary, d)?,
        positions: weights.table("embeddings.position_embeddings", config.positions, d)?,
        token_types: weights.table("embeddings.token_type_embeddings", config.token_types, d)?,
        norm: weights.norm(config, "embeddings.LayerNorm")?,
        layers: (0..config.layers).map(layer).collect::<Result<_>>()?,
    })
}

struct Weights<'a> {
    file: SafeTensors<'a>,
    /// What all names start with: checkpoints of a model with a head on top say `bert.`.
    prefix: &'static str,
    device: &'a Device,
}

impl<'a> Weights<'a> {
    fn new(bytes: &'a [u8], device: &'a Device) -> Result<Self> {
        let file = open(bytes)?;
        let headed = file.names().iter().any(|name| name.starts_with("bert."));
        Ok(Self {
            file,
            prefix: if headed { "bert." } else { "" },
            device,
        })
    }

    fn elements(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let name = format!("{}{name}", self.prefix);
        let tensor = self.file.tensor(&name).map_err(|_| {
            let mut found: Vec<String> =
                self.file.names().iter().map(ToString::to_string).collect();
            found.sort_unstable();
            Error::NoTensor {
                expected: name.clone(),
                found,
            }
        })?;
        if tensor.shape() != shape {
            let expected = format!("{shape:?} as `config.json` says");
            return Err(Error::Shape {
                tensor: name,
                found: tensor.shape().to_vec(),
                expected,
            });
        }
        let elements = float_elements(&name, &tensor)?;
        match elements.iter().position(|x| !x.is_finite()) {
            Some(place) => Err(Error::Weight {
                tensor: name,
                place,
                value: elements[place],
            }),
            None => Ok(elements),
        }
    }

    fn tensor<const D: usize>(&self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        Ok(Tensor::from_data(
            TensorData::new(self.elements(name, &shape)?, shape),
            self.device,
        ))
    }

    /// One layer that does what the layers `names` do beside each other.
    ///
    /// The file has each weight as `[d_output, d_input]`, the layer all of them as `[d_input, names * d_output]`. They are
    /// turned here, once, since a turned view would be copied in every product.
    fn linear(&self, names: &[String], d_input: usize, d_output: usize) -> Result<Linear> {
        let width = names.len() * d_output;
        let mut weight = vec![0.0; d_input * width];
        let mut bias = Vec::with_capacity(width);
        for (part, name) in names.iter().enumerate() {
            let rows = self.elements(&format!("{name}.weight"), &[d_output, d_input])?;
            for (output, row) in rows.chunks_exact(d_input).enumerate() {
                for (input, x) in row.iter().enumerate() {
                    weight[input * width + part * d_output + output] = *x;
                }
            }
            bias.extend(self.elements(&format!("{name}.bias"), &[d_output])?);
        }
        let mut linear = LinearConfig::new(1, 1).init(self.device);
        linear.weight = Param::from_data(TensorData::new(weight, [d_input, width]), self.device);
        linear.bias = Some(Param::from_data(
            TensorData::new(bias, [width]),
            self.device,
        ));
        Ok(linear)
    }

    fn norm(&self, config: &BertConfig, name: &str) -> Result<LayerNorm> {
        let mut norm = config.norm(self.device);
        norm.gamma = Param::from_tensor(self.tensor(&format!("{name}.weight"), [config.d_model])?);
        norm.beta = Some(Param::from_tensor(
            self.tensor(&format!("{name}.bias"), [config.d_model])?,
        ));
        Ok(norm)
    }

    fn table(&self, name: &str, rows: usize, d: usize) -> Result<Embedding> {
        let mut table = EmbeddingConfig::new(1, 1).init(self.device);
        table.weight = Param::from_tensor(self.tensor(&format!("{name}.weight"), [rows, d])?);
        Ok(table)
    }
}
