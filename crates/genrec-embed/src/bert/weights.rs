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
        Ok(Self { file, prefix: if headed { "bert." } else { "" }, device })
    }

    fn tensor<const D: usize>(&self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        let name = format!("{}{name}", self.prefix);
        let tensor = self.file.tensor(&name).map_err(|_| {
            let mut found: Vec<String> = self.file.names().iter().map(ToString::to_string).collect();
            found.sort_unstable();
            Error::NoTensor { expected: name.clone(), found }
        })?;
        if tensor.shape() != shape {
            let expected = format!("{shape:?} as `config.json` says");
            return Err(Error::Shape { tensor: name, found: tensor.shape().to_vec(), expected });
        }
        let elements = float_elements(&name, &tensor)?;
        if let Some(place) = elements.iter().position(|x| !x.is_finite()) {
            return Err(Error::Weight { tensor: name, place, value: elements[place] });
        }
        Ok(Tensor::from_data(TensorData::new(elements, shape), self.device))
    }

    /// One layer that does what the layers `names` do beside each other; the file has weights as `[d_output, d_input]`.
    fn linear(&self, names: &[String], d_input: usize, d_output: usize) -> Result<Linear> {
        let all = |part: &str| names.iter().map(move |name| format!("{name}.{part}")).collect::<Vec<_>>();
        let weights = all("weight").into_iter().map(|name| Ok(self.tensor(&name, [d_output, d_input])?.transpose()));
        let biases = all("bias").iter().map(|name| self.tensor(name, [d_output])).collect::<Result<Vec<_>>>()?;
        let mut linear = LinearConfig::new(1, 1).init(self.device);
        linear.weight = Param::from_tensor(Tensor::cat(weights.collect::<Result<Vec<_>>>()?, 1));
        linear.bias = Some(Param::from_tensor(Tensor::cat(biases, 0)));
        Ok(linear)
    }

    fn norm(&self, config: &BertConfig, name: &str) -> Result<LayerNorm> {
        let mut norm = config.norm(self.device);
        norm.gamma = Param::from_tensor(self.tensor(&format!("{name}.weight"), [config.d_model])?);
        norm.beta = Some(Param::from_tensor(self.tensor(&format!("{name}.bias"), [config.d_model])?));
        Ok(norm)
    }

    fn table(&self, name: &str, rows: usize, d: usize) -> Result<Embedding> {
        let mut table = EmbeddingConfig::new(1, 1).init(self.device);
        table.weight = Param::from_tensor(self.tensor(&format!("{name}.weight"), [rows, d])?);
        Ok(table)
    }
}
