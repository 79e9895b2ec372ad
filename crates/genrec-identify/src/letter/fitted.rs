use burn::tensor::{Device, Tensor};
use genrec_embed::Embeddings;
use genrec_quantize::{CodeUsage, Evaluation, Quantizer, RqVae, encode_all};
use ndarray::{Array2, ArrayView2};

use crate::{Code, CodeTable, Disambiguate, IdentifierTable, ResidualSpace, Result};

/// Items encoded at once.
const BATCH: usize = 4096;

/// A trained tokenizer and what it makes of the items.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The trained auto-encoder, without autodiff.
    pub model: RqVae,
    /// The matrix `[d_h, d]` that brings collaborative embeddings to the latents, where one was learned.
    pub projection: Option<Array2<f32>>,
    /// The codes of all items, collisions included.
    pub codes: CodeTable,
    /// The latents of all items and the codebooks: what rules that resolve collisions look at.
    pub space: ResidualSpace,
    /// How the codewords are used.
    pub usage: CodeUsage,
    /// The epochs of the run, in order; those before a resumption are not among them.
    pub history: Vec<LetterEpoch>,
}

/// What an epoch came to.
#[derive(Clone, Debug, PartialEq)]
pub struct LetterEpoch {
    /// The epoch, from 0.
    pub epoch: usize,
    /// Epochs of the whole run.
    pub epochs: usize,
    /// Mean over the items of the whole loss, weights included.
    pub loss: f64,
    /// Mean of the reconstruction term.
    pub reconstruction: f64,
    /// Mean of `L_CF` before weighing, where it is part of the loss.
    pub collaborative: Option<f64>,
    /// Mean of `L_div` before weighing, where it is part of the loss.
    pub diversity: Option<f64>,
    /// How the model codes all items after this epoch, where it was evaluated.
    pub evaluation: Option<Evaluation>,
}

impl Letter {
    /// What a trained model makes of the items with these text embeddings, as when a saved model is loaded: no
    /// projection, no history.
    ///
    /// # Errors
    ///
    /// Embeddings of another width than the model's rows, or a model whose latents are not finite.
    pub fn of(model: RqVae, text: &Embeddings, device: &Device) -> Result<Self> {
        let rows = checked_rows(&model, text, device)?;
        let codes =
            CodeTable::from_tensor(encode_all(&model, &rows, BATCH), model.codebook_sizes())?;
        let codebooks = model.codebooks().into_iter().map(Tensor::inner).collect();
        let space = ResidualSpace::from_tensors(model.latents_all(&rows), codebooks)?;
        let usage = codes.usage();
        Ok(Self {
            model,
            projection: None,
            codes,
            space,
            usage,
            history: vec![],
        })
    }

    /// The identifiers that `rule` makes of the codes.
    ///
    /// # Errors
    ///
    /// As [`Disambiguate::apply`].
    pub fn identify(&self, rule: &Disambiguate) -> Result<IdentifierTable> {
        rule.apply(&self.codes, Some(&self.space))
    }

    /// The codes of other items, such as new ones, by their text embeddings.
    ///
    /// # Errors
    ///
    /// Embeddings of another width than those the model was trained with.
    pub fn encode(&self, text: &Embeddings, device: &Device) -> Result<CodeTable> {
        let rows = checked_rows(&self.model, text, device)?;
        CodeTable::from_tensor(
            encode_all(&self.model, &rows, BATCH),
            self.model.codebook_sizes(),
        )
    }

    /// The quantized latents `z^ = sum_l e_{l,c_l}` of all items, `[items, d]`: what the paper's analysis puts in place
    /// of a recommender's item embeddings.
    ///
    /// # Errors
    ///
    /// Never for a model that came out of training.
    pub fn quantized(&self) -> Result<Embeddings> {
        let mut sums = Array2::zeros(self.space.latents().dim());
        for ((_, codes), mut sum) in self.codes.iter().zip(sums.rows_mut()) {
            for (code, codebook) in codes.iter().zip(self.space.codebooks()) {
                sum += &codebook.row(Code::index(*code));
            }
        }
        Ok(Embeddings::new(sums)?)
    }

    /// The codewords of a level, `[codewords, d]`: what the embeddings of the level's tokens may start from.
    ///
    /// # Panics
    ///
    /// When there is no such level.
    pub fn codebook(&self, level: usize) -> ArrayView2<'_, f32> {
        self.space.codebooks()[level].view()
    }
}

fn checked_rows(model: &RqVae, text: &Embeddings, device: &Device) -> Result<Tensor<2>> {
    if text.dim() != model.d_input() {
        return Err(crate::Error::Shape {
            expected: format!(
                "text embeddings of width {}, as the model was made for",
                model.d_input()
            ),
            found: format!("width {}", text.dim()),
        });
    }
    Ok(text.to_tensor(device))
}
