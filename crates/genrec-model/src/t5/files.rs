//! Folders in the layout of Hugging Face: `config.json` and `model.safetensors`, names and shapes as in `transformers`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData, bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::attention::Attention;
use super::config::{Activation, T5Config};
use super::feed_forward::FeedForward;
use super::model::T5;
use crate::{Error, Result};

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";

/// Tensors that older files repeat; they have to be what they repeat.
const COPIES: [&str; 2] = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
/// A tensor that some published files have and no code ever read: cross-attention has no relative bias.
const UNUSED: &str = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
const SHARED: &str = "shared.weight";
const HEAD: &str = "lm_head.weight";

/// `config.json`, the part of it that matters here; defaults are those of `transformers`.
#[derive(Serialize, Deserialize)]
struct ConfigFile {
    architectures: Option<Vec<String>>,
    model_type: String,
    vocab_size: usize,
    d_model: usize,
    d_kv: usize,
    d_ff: usize,
    num_layers: usize,
    num_decoder_layers: Option<usize>,
    num_heads: usize,
    #[serde(default = "default_buckets")]
    relative_attention_num_buckets: usize,
    #[serde(default = "default_distance")]
    relative_attention_max_distance: usize,
    dropout_rate: f64,
    layer_norm_epsilon: f64,
    initializer_factor: f64,
    #[serde(default = "default_projection")]
    feed_forward_proj: String,
    #[serde(default = "default_true")]
    is_encoder_decoder: bool,
    #[serde(default = "default_true")]
    tie_word_embeddings: bool,
    /// What `transformers` 5 goes by, as it ties every T5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scale_decoder_outputs: Option<bool>,
    #[serde(default)]
    pad_token_id: u32,
    #[serde(default = "default_eos")]
    eos_token_id: u32,
    #[serde(default)]
    decoder_start_token_id: u32,
    #[serde(default)]
    causal_encoder: bool,
}

fn default_buckets() -> usize {
    32
}
fn default_distance() -> usize {
    128
}
fn default_projection() -> String {
    "relu".into()
}
fn default_true() -> bool {
    true
}
fn default_eos() -> u32 {
    1
}

impl ConfigFile {
    fn new(config: &T5Config) -> Self {
        // Other programs must not read a causal encoder as an ordinary one.
        let (architecture, model_type) = if config.causal_encoder {
            ("T5WithCausalEncoder", "t5_causal_encoder")
        } else {
            ("T5ForConditionalGeneration", "t5")
        };
        let projection = match config.activation {
            Activation::Relu => "relu",
            Activation::GatedGelu => "gated-gelu",
        };
        Self {
            architectures: Some(vec![architecture.into()]),
            model_type: model_type.into(),
            vocab_size: config.vocab_size,
            d_model: config.d_model,
            d_kv: config.d_kv,
            d_ff: config.d_ff,
            num_layers: config.encoder_layers,
            num_decoder_layers: Some(config.decoder_layers),
            num_heads: config.n_heads,
            relative_attention_num_buckets: config.buckets,
            relative_attention_max_distance: config.max_distance,
            dropout_rate: config.dropout,
            layer_norm_epsilon: config.layer_norm_epsilon,
            initializer_factor: config.initializer_factor,
            feed_forward_proj: projection.into(),
            is_encoder_decoder: true,
            tie_word_embeddings: config.tied_head,
            scale_decoder_outputs: Some(config.tied_head),
            pad_token_id: config.pad_token_id,
            eos_token_id: config.eos_token_id,
            decoder_start_token_id: config.decoder_start_token_id,
            causal_encoder: config.causal_encoder,
        }
    }

    fn into_config(self) -> std::result::Result<T5Config, String> {
        let activation = match self.feed_forward_proj.as_str() {
            "relu" => Activation::Relu,
            "gated-gelu" => Activation::GatedGelu,
            other => return Err(format!("feed_forward_proj is {other:?}, expected \"relu\" or \"gated-gelu\"")),
        };
        if !self.is_encoder_decoder {
            return Err("is_encoder_decoder is false, expected a whole encoder-decoder".into());
        }
        let config = T5Config::new(self.vocab_size)
            .with_d_model(self.d_model)
            .with_d_kv(self.d_kv)
            .with_d_ff(self.d_ff)
            .with_n_heads(self.num_heads)
            .with_encoder_layers(self.num_layers)
            .with_decoder_layers(self.num_decoder_layers.unwrap_or(self.num_layers))
            .with_buckets(self.relative_attention_num_buckets)
            .with_max_distance(self.relative_attention_max_distance)
            .with_dropout(self.dropout_rate)
            .with_layer_norm_epsilon(self.layer_norm_epsilon)
            .with_activation(activation)
            .with_tied_head(self.tie_word_embeddings && self.scale_decoder_outputs != Some(false))
            .with_initializer_factor(self.initializer_factor)
            .with_pad_token_id(self.pad_token_id)
            .with_eos_token_id(self.eos_token_id)
            .with_decoder_start_token_id(self.decoder_start_token_id)
            .with_causal_encoder(self.causal_encoder);
        config.validate().map_err(|error| error.to_string())?;
        Ok(config)
    }
}

/// A parameter, and how it lies in the file.
pub(super) enum Weight<'a> {
    /// Rows are outputs in the file and inputs here.
    Linear(&'a mut Param<Tensor<2>>),
    /// The same in both.
    Table(&'a mut Param<Tensor<2>>),
    /// A vector.
    Scale(&'a mut Param<Tensor<1>>),
}

impl T5 {
    /// All parameters by their names in `transformers`.
    pub(super) fn weights(&mut self) -> Vec<(String, Weight<'_>)> {
        let mut all = vec![(SHARED.to_string(), Weight::Table(&mut self.shared))];
        for (number, layer) in self.encoder.layers.iter_mut().enumerate() {
            let name = |rest: &str| format!("encoder.block.{number}.layer.{rest}");
            attention(&name("0.SelfAttention"), &mut layer.attention, &mut all);
            all.push((name("0.layer_norm.weight"), Weight::Scale(&mut layer.attention_norm.weight)));
            feed_forward(&name("1.DenseReluDense"), &mut layer.feed_forward, &mut all);
            all.push((name("1.layer_norm.weight"), Weight::Scale(&mut layer.feed_forward_norm.weight)));
        }
        for (number, layer) in self.decoder.layers.iter_mut().enumerate() {
            let name = |rest: &str| format!("decoder.block.{number}.layer.{rest}");
            attention(&name("0.SelfAttention"), &mut layer.self_attention, &mut all);
            all.push((name("0.layer_norm.weight"), Weight::Scale(&mut layer.self_attention_norm.weight)));
            attention(&name("1.EncDecAttention"), &mut layer.cross_attention, &mut all);
            all.push((name("1.layer_norm.weight"), Weight::Scale(&mut layer.cross_attention_norm.weight)));
            feed_forward(&name("2.DenseReluDense"), &mut layer.feed_forward, &mut all);
            all.push((name("2.layer_norm.weight"), Weight::Scale(&mut layer.feed_forward_norm.weight)));
        }
        let stacks = [
            ("encoder", &mut self.encoder.bias, &mut self.encoder.norm),
            ("decoder", &mut self.decoder.bias, &mut self.decoder.norm),
        ];
        for (stack, bias, norm) in stacks {
            let name = format!("{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
            all.push((name, Weight::Table(&mut bias.weight)));
            all.push((format!("{stack}.final_layer_norm.weight"), Weight::Scale(&mut norm.weight)));
        }
        if let Some(head) = &mut self.head {
            all.push((HEAD.to_string(), Weight::Linear(&mut head.weight)));
        }
        all
    }

    /// Reads `config.json` and `model.safetensors` (32-bit, 16-bit or bfloat16 numbers) of a T5 or Flan-T5 in `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if a file cannot be read; [`Error::Malformed`] if it is damaged, describes something that cannot be built, or if its tensors are not
    /// exactly those of the network: every missing, unknown or mis-shaped one is named.
    pub fn load(folder: impl AsRef<Path>, device: &Device) -> Result<Self> {
        let path = folder.as_ref().join(CONFIG);
        let text = fs::read(&path).map_err(Error::io(&path))?;
        let (config, may_share_head) = serde_json::from_slice::<ConfigFile>(&text)
            .map_err(|error| error.to_string())
            .and_then(|file| {
                // `transformers` 5 writes this of a head without scale whose weights are the embeddings all the same.
                let may_share_head = file.tie_word_embeddings && file.scale_decoder_outputs == Some(false);
                Ok((file.into_config()?, may_share_head))
            })
            .map_err(|reason| Error::Malformed { path, reason })?;

        let path = folder.as_ref().join(WEIGHTS);
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        let mut t5 = config.init(device);
        t5.read_weights(&bytes, may_share_head)
            .map_err(|reason| Error::Malformed { path, reason })?;
        Ok(t5)
    }

    /// Writes `config.json` and `model.safetensors` (32-bit numbers) into `folder`, which is made if it does not exist. `transformers` loads them as a
    /// `T5ForConditionalGeneration`, unless the encoder is [causal](T5Config::causal_encoder), which it does not know.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the folder or a file cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let path = folder.join(CONFIG);
        let text = serde_json::to_string_pretty(&ConfigFile::new(&self.config)).expect("plain numbers and names are JSON");
        fs::write(&path, text + "\n").map_err(Error::io(&path))?;
        let path = folder.join(WEIGHTS);
        fs::write(&path, self.weights_file()).map_err(Error::io(&path))
    }

    fn weights_file(&self) -> Vec<u8> {
        let mut t5 = self.clone();
        let mut files = BTreeMap::new();
        for (name, weight) in t5.weights() {
            let (shape, data) = match weight {
                Weight::Linear(param) => contents(param.val().transpose()),
                Weight::Table(param) => contents(param.val()),
                Weight::Scale(param) => contents(param.val()),
            };
            files.insert(name, (shape, data));
        }
        let views = files.iter().map(|(name, (shape, data))| {
            let view = TensorView::new(Dtype::F32, shape.clone(), data).expect("as many bytes as the shape says");
            (name, view)
        });
        let metadata = [("format".to_string(), "pt".to_string())].into();
        safetensors::serialize(views, Some(metadata)).expect("names and shapes can be written")
    }

    fn read_weights(&mut self, bytes: &[u8], may_share_head: bool) -> std::result::Result<(), String> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| format!("not a safetensors file ({error}): it is damaged, fetch it again"))?;
        let mut found: BTreeMap<&str, TensorView<'_>> = file.iter().collect();

        // Repetitions and left-overs that are known and harmless.
        found.remove(UNUSED);
        let mut copies = COPIES.to_vec();
        if self.config.tied_head {
            copies.push(HEAD);
        }
        for copy in copies {
            if let (Some(view), Some(shared)) = (found.remove(copy), found.get(SHARED))
                && view != *shared
            {
                return Err(format!("{copy} differs from {SHARED}, expected shared embeddings"));
            }
        }

        if may_share_head && !found.contains_key(HEAD) {
            found.extend(found.get(SHARED).cloned().map(|shared| (HEAD, shared)));
        }

        let mut problems = Vec::new();
        for (name, weight) in self.weights() {
            let Some(view) = found.remove(name.as_str()) else {
                problems.push(format!("{name} is missing"));
                continue;
            };
            if let Err(problem) = weight.fill(&view) {
                problems.push(format!("{name} {problem}"));
            }
        }
        problems.extend(found.keys().map(|name| format!("{name} is not part of this network")));
        if problems.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the tensors are not those that {CONFIG} describes: {}",
            problems.join("; ")
        ))
    }
}

impl Weight<'_> {
    /// Puts the numbers of `view` in the place of the parameter.
    fn fill(self, view: &TensorView<'_>) -> std::result::Result<(), String> {
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
        return Err(format!("has shape {:?}, expected {expected:?}", view.shape()));
    }
    let halves = view.data().as_chunks::<2>().0.iter();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => view.data().as_chunks::<4>().0.iter().copied().map(f32::from_le_bytes).collect(),
        Dtype::F16 => halves.map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect(),
        Dtype::BF16 => halves.map(|&bytes| bf16::from_le_bytes(bytes).to_f32()).collect(),
        other => return Err(format!("holds {other:?}, expected F32, F16 or BF16")),
    };
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(format!("holds {value}, expected finite numbers"));
    }
    Ok(Tensor::from_data(TensorData::new(values, expected), device))
}

/// The shape and the little-endian bytes of `values`.
fn contents<const D: usize>(values: Tensor<D>) -> (Vec<usize>, Vec<u8>) {
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
        all.push((format!("{name}.{part}.weight"), Weight::Linear(&mut linear.weight)));
    }
}

fn feed_forward<'a>(name: &str, layer: &'a mut FeedForward, all: &mut Vec<(String, Weight<'a>)>) {
    let input = match &mut layer.gated {
        None => "wi",
        Some(gated) => {
            all.push((format!("{name}.wi_1.weight"), Weight::Linear(&mut gated.weight)));
            "wi_0"
        }
    };
    all.push((format!("{name}.{input}.weight"), Weight::Linear(&mut layer.input.weight)));
    all.push((format!("{name}.wo.weight"), Weight::Linear(&mut layer.output.weight)));
}
