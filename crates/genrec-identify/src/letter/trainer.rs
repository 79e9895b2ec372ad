use std::{cell::RefCell, ops::ControlFlow};

use burn::tensor::{Device, Tensor};
use genrec_embed::Embeddings;
use genrec_quantize::{Batch, Callbacks, Checkpoints, Progress, Quantized};
use ndarray::Array2;
use sha2::{Digest, Sha256};

use super::{
    Alignment, Letter, LetterConfig, LetterEpoch, aligned::Aligned, regularizer::Regularizer,
};
use crate::{Error, Result};

/// Trains LETTER's tokenizer; made by [`LetterConfig::init`].
#[derive(Clone, Debug)]
pub struct LetterTrainer {
    config: LetterConfig,
    checkpoints: Option<Checkpoints>,
}

impl LetterTrainer {
    pub(super) fn new(config: LetterConfig) -> Self {
        Self {
            config,
            checkpoints: None,
        }
    }

    /// With checkpoints: a run that is killed goes on where its last checkpoint was taken and ends in the same bits as
    /// an undisturbed one. A checkpoint of another configuration or of other embeddings is refused.
    pub fn with_checkpoints(mut self, checkpoints: Checkpoints) -> Self {
        self.checkpoints = Some(checkpoints);
        self
    }

    /// What it was made with.
    pub fn config(&self) -> &LetterConfig {
        &self.config
    }

    /// Trains on items: `text` has one row an item, and `collaborative`, which is given if and only if the
    /// configuration has that term, too.
    ///
    /// `progress` is told every epoch; [`ControlFlow::Break`] ends the run.
    ///
    /// # Errors
    ///
    /// A configuration that cannot work; embeddings that do not fit it or each other; what
    /// [`Trainer::fit`](genrec_quantize::Trainer::fit) gives.
    pub fn fit(
        &self,
        text: &Embeddings,
        collaborative: Option<&Embeddings>,
        device: &Device,
        mut progress: impl FnMut(&LetterEpoch) -> ControlFlow<()>,
    ) -> Result<Letter> {
        let config = self.seeded();
        config.check()?;
        check_text(&config, text)?;
        let d_projected = check_collaborative(&config, text, collaborative)?;

        let model = Aligned::new(config.rqvae.init(device), d_projected, config.seed, device);
        let training = config
            .training
            .clone()
            .with_context(context(&config, collaborative));
        let mut trainer = training.init();
        if let Some(checkpoints) = &self.checkpoints {
            trainer = trainer.with_checkpoints(checkpoints.clone());
        }

        let shared = RefCell::new(Regularizer::new(
            &config,
            collaborative.map(|rows| rows.to_tensor(device)),
        ));
        let mut history = vec![];
        let mut regularize = |model: &Aligned, quantized: &Quantized, batch: &Batch<'_>| {
            shared.borrow_mut().term(model, quantized, batch)
        };
        let mut report = |done: &Progress| {
            let means = shared.borrow_mut().take_means();
            history.push(LetterEpoch {
                epoch: done.epoch,
                epochs: done.epochs,
                loss: done.loss,
                reconstruction: done.reconstruction,
                collaborative: means.collaborative,
                diversity: means.diversity,
                evaluation: done.evaluation.clone(),
            });
            history
                .last()
                .map_or(ControlFlow::Continue(()), &mut progress)
        };
        let callbacks = Callbacks::new()
            .with_regularizer(&mut regularize)
            .with_progress(&mut report);
        let fitted = trainer.fit(model, &text.to_tensor(device), callbacks);
        // A regularizer that fails ends the run as one that diverges, before anything is saved: this is why.
        if let Some(failure) = shared.into_inner().failure {
            return Err(failure);
        }
        let fitted = fitted?;
        let letter = Letter::of(fitted.quantizer.rqvae, text, device)?;
        Ok(Letter {
            projection: fitted
                .quantizer
                .projection
                .map(|matrix| to_array(matrix.val().inner())),
            history,
            ..letter
        })
    }

    /// The configuration with its seed put everywhere.
    fn seeded(&self) -> LetterConfig {
        let mut config = self.config.clone();
        config.rqvae.seed = config.seed;
        config.rqvae.quantizer.seed = config.seed;
        config.training.seed = config.seed;
        config
    }
}

fn check_text(config: &LetterConfig, text: &Embeddings) -> Result<()> {
    if text.dim() == config.rqvae.d_input {
        return Ok(());
    }
    Err(Error::Shape {
        expected: format!(
            "text embeddings of width {}, the configuration's `d_input`",
            config.rqvae.d_input
        ),
        found: format!("width {}", text.dim()),
    })
}

/// The width of collaborative embeddings that need a projection.
fn check_collaborative(
    config: &LetterConfig,
    text: &Embeddings,
    collaborative: Option<&Embeddings>,
) -> Result<Option<usize>> {
    let shape = |expected: String, found: String| Err(Error::Shape { expected, found });
    let (term, rows) = match (&config.collaborative, collaborative) {
        (None, None) => return Ok(None),
        (Some(term), Some(rows)) => (term, rows),
        (Some(_), None) => {
            return shape(
                String::from(
                    "collaborative embeddings, as the loss has a collaborative term (or `with_collaborative(None)`)",
                ),
                String::from("none"),
            );
        }
        (None, Some(_)) => {
            return shape(
                String::from(
                    "no collaborative embeddings, as the loss has no collaborative term (or `with_collaborative(Some(..))`)",
                ),
                String::from("some"),
            );
        }
    };
    if rows.rows() != text.rows() {
        return shape(
            format!(
                "collaborative embeddings of {} items, as the text embeddings have",
                text.rows()
            ),
            format!("{} rows", rows.rows()),
        );
    }
    let d = config.rqvae.quantizer.d_code;
    match term.alignment {
        Alignment::Projection => Ok(Some(rows.dim())),
        Alignment::Direct if rows.dim() == d => Ok(None),
        Alignment::Direct => shape(
            format!(
                "collaborative embeddings of width {d}, as the latents have (or `Alignment::Projection`)"
            ),
            format!("width {}", rows.dim()),
        ),
    }
}

/// What a run depends on beside the quantizer, the training and the text embeddings.
fn context(config: &LetterConfig, collaborative: Option<&Embeddings>) -> String {
    let mut hash = Sha256::new();
    for value in collaborative.into_iter().flat_map(Embeddings::as_slice) {
        hash.update(value.to_le_bytes());
    }
    let digest: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(
        "{:?}; {:?}; collaborative embeddings with SHA-256 {digest}",
        config.collaborative, config.diversity
    )
}

fn to_array(rows: Tensor<2>) -> Array2<f32> {
    let shape = rows.dims();
    Array2::from_shape_vec(shape, rows.into_data().iter::<f32>().collect())
        .expect("a tensor has as many values as its shape says")
}
