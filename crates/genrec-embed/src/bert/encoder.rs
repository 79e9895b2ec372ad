//! Sentence embeddings as sentence-transformers computes them (Reimers and Gurevych, "Sentence-BERT", section 3).

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use burn::config::Config;
use burn::tensor::{Device, Int, Tensor, TensorData};
use genrec_cores::{on_cores, side_by_side};
use tokenizers::{Tokenizer, TruncationParams};

use super::folder::{read_config, required};
use super::model::Bert;
use super::weights;
use crate::embeddings::Embeddings;
use crate::error::{Error, Result};

/// Options of a [`SentenceEncoder`].
#[derive(Config, Debug, PartialEq, Eq)]
pub struct SentenceEncoderConfig {
    /// The most tokens of a text, the two that mark its ends included; longer texts are cut. Default: 128.
    #[config(default = 128)]
    pub max_tokens: usize,
    /// About how many tokens are computed at once. Without, 2,048 on an accelerator, which keeps it busy, and 256 on the host, where every core has a batch of its own, and what it works at stays in its
    /// cache.
    pub tokens_a_batch: Option<usize>,
}

impl SentenceEncoderConfig {
    /// Loads the model of a Hugging Face folder (`config.json`, `tokenizer.json`, `model.safetensors`) onto `device`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] with the file that the folder lacks, [`Error::File`] with the file and what is wrong with it:
    /// a model of another kind, a tensor that is missing or of another shape, a damaged file. [`Error::Option`] for a
    /// `max_tokens` below 3 or above the positions of the model.
    pub fn open(&self, folder: impl AsRef<Path>, device: &Device) -> Result<SentenceEncoder> {
        let folder = folder.as_ref();
        let config = read_config(folder)?;
        if self.max_tokens < 3 || self.max_tokens > config.positions {
            return Err(Error::Option {
                option: "max_tokens",
                found: format!(
                    "{} for a model of {} positions",
                    self.max_tokens, config.positions
                ),
                expected: "3 to the number of positions",
            });
        }
        let tokenizer = self
            .tokenizer(&required(folder, "tokenizer.json")?, config.vocabulary)
            .map_err(|reason| reason.in_file(&folder.join("tokenizer.json")))?;
        // Nothing is learnt here, so no graph is to be recorded.
        let device = if device.is_autodiff() {
            device.clone().inner()
        } else {
            device.clone()
        };
        let bert = weights::load(&config, &required(folder, "model.safetensors")?, &device)
            .map_err(|reason| reason.in_file(&folder.join("model.safetensors")))?;
        let by_default = if on_cores(&device) { 256 } else { 2048 };
        Ok(SentenceEncoder {
            bert,
            tokenizer,
            device,
            tokens_a_batch: self.tokens_a_batch.unwrap_or(by_default),
        })
    }

    fn tokenizer(&self, bytes: &[u8], vocabulary: usize) -> Result<Tokenizer> {
        let refuse = |reason: String| Error::Tokenizer { reason };
        let mut tokenizer =
            Tokenizer::from_bytes(bytes).map_err(|error| refuse(error.to_string()))?;
        let tokens = tokenizer.get_vocab_size(true);
        if tokens > vocabulary {
            return Err(refuse(format!(
                "it has {tokens} tokens, but the model only {vocabulary}: they are of two models"
            )));
        }
        // Batches are padded here, each to its own longest text.
        tokenizer.with_padding(None);
        let truncation = TruncationParams {
            max_length: self.max_tokens,
            ..TruncationParams::default()
        };
        tokenizer
            .with_truncation(Some(truncation))
            .map_err(|error| refuse(error.to_string()))?;
        Ok(tokenizer)
    }
}

/// A sentence encoder of the BERT family, such as all-MiniLM-L6-v2: texts in, rows of length 1 out.
///
/// The hidden states of the last layer are averaged over the tokens of a text and scaled to length 1. Texts are computed
/// in batches of about equal length, so that hardly anything is spent on padding.
///
/// ```no_run
/// use burn::tensor::Device;
/// use genrec_embed::SentenceEncoder;
///
/// let encoder = SentenceEncoder::open("all-MiniLM-L6-v2", &Device::default())?;
/// let rows = encoder.encode(&["steel screw, 20 mm", "hand cream"])?;
/// assert_eq!((rows.rows(), rows.dim()), (2, 384));
/// # Ok::<(), genrec_embed::Error>(())
/// ```
#[derive(Debug)]
pub struct SentenceEncoder {
    bert: Bert,
    tokenizer: Tokenizer,
    device: Device,
    tokens_a_batch: usize,
}

impl SentenceEncoder {
    /// Loads the model of a Hugging Face folder with the default options.
    ///
    /// # Errors
    ///
    /// As [`SentenceEncoderConfig::open`].
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self> {
        SentenceEncoderConfig::new().open(folder, device)
    }

    /// The width of the embeddings.
    pub fn dim(&self) -> usize {
        self.bert.dim()
    }

    /// One row of length 1 for each text, `[texts, dim]`.
    ///
    /// # Errors
    ///
    /// [`Error::Tokenizer`] if a text cannot be tokenized, [`Error::Device`] and [`Error::NotFinite`] if the device fails.
    pub fn encode<T: AsRef<str>>(&self, texts: &[T]) -> Result<Embeddings> {
        self.encode_with_progress(texts, |_| {})
    }

    /// As [`encode`](Self::encode), telling `progress` after every batch how many texts are done.
    ///
    /// Several batches are under way at once, one a core: a CPU back end has operations that run on one core alone, and
    /// another device is kept busy while results are read back.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn encode_with_progress<T: AsRef<str>>(
        &self,
        texts: &[T],
        progress: impl FnMut(usize) + Send,
    ) -> Result<Embeddings> {
        let tokens = self.tokenize(texts)?;
        let lengths: Vec<usize> = tokens.iter().map(Vec::len).collect();
        let batches = batches(&lengths, self.tokens_a_batch);
        let done = Mutex::new((0, progress));
        let means = |batch: &Vec<usize>| {
            let texts: Vec<&[u32]> = batch.iter().map(|&text| &tokens[text][..]).collect();
            let means = Embeddings::from_tensor(self.means(&texts))?;
            let (count, progress) = &mut *done.lock().unwrap_or_else(PoisonError::into_inner);
            *count += batch.len();
            progress(*count);
            Ok(means)
        };
        let means = side_by_side(batches.iter().collect(), means);
        let means: Vec<Embeddings> = means.into_iter().collect::<Result<_>>()?;
        let dim = self.dim();
        let mut rows = vec![0.0; texts.len() * dim];
        for (batch, means) in batches.iter().zip(&means) {
            for (row, &text) in batch.iter().enumerate() {
                rows[text * dim..(text + 1) * dim].copy_from_slice(means.row(row));
            }
        }
        Ok(Embeddings::from_vec(texts.len(), dim, rows)?.normalized())
    }

    fn tokenize<T: AsRef<str>>(&self, texts: &[T]) -> Result<Vec<Vec<u32>>> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let encodings = self
            .tokenizer
            .encode_batch_fast(texts, true)
            .map_err(|error| Error::Tokenizer {
                reason: error.to_string(),
            })?;
        let tokens: Vec<Vec<u32>> = encodings
            .iter()
            .map(|encoding| encoding.get_ids().to_vec())
            .collect();
        match tokens.iter().position(Vec::is_empty) {
            Some(text) => Err(Error::Tokenizer {
                reason: format!(
                    "text {text} has no tokens, not even those that mark its ends: leave it out"
                ),
            }),
            None => Ok(tokens),
        }
    }

    /// The mean hidden state of each text, `[texts, dim]`.
    fn means(&self, texts: &[&[u32]]) -> Tensor<2> {
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let shape = [texts.len(), longest];
        let mut ids = vec![0i32; texts.len() * longest];
        for (row, text) in ids.chunks_mut(longest).zip(texts) {
            for (id, &token) in row.iter_mut().zip(*text) {
                *id = token as i32;
            }
        }
        let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, shape), &self.device);
        if texts.iter().all(|text| text.len() == longest) {
            return self
                .bert
                .forward(ids, None)
                .mean_dim(1)
                .reshape([texts.len() as i32, -1]);
        }
        let is_text = texts
            .iter()
            .flat_map(|text| (0..longest).map(|place| f32::from(place < text.len())));
        let is_text =
            Tensor::<2>::from_data(TensorData::new(is_text.collect(), shape), &self.device);
        let states = self
            .bert
            .forward(ids, Some(is_text.clone().equal_elem(0.0)));
        let counts = is_text.clone().sum_dim(1);
        let sums = (states * is_text.unsqueeze_dim(2)).sum_dim(1);
        sums.reshape([texts.len() as i32, -1]) / counts
    }
}

/// The texts in batches of about `tokens_a_batch` tokens, longest first, neighbours in length together.
fn batches(lengths: &[usize], tokens_a_batch: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    // A stable sort: the batches, and with them the last bits of the results, depend on the texts alone.
    order.sort_by_key(|&text| std::cmp::Reverse(lengths[text]));
    let mut rest = &order[..];
    let mut batches = Vec::new();
    while let Some(&first) = rest.first() {
        let texts = (tokens_a_batch / lengths[first].max(1)).clamp(1, rest.len());
        let (batch, after) = rest.split_at(texts);
        batches.push(batch.to_vec());
        rest = after;
    }
    batches
}

#[cfg(test)]
mod minilm;
#[cfg(test)]
mod tests;
