use super::{
    Assignment, CodebookInit, CodebookUpdate, Codewords, Estimator, LevelLoss, QuantizedGradient,
    Residual, ResidualQuantizer, RowError,
};
use crate::codebook::CodebookConfig;
use crate::seed::{self, Stream};
use crate::{Error, Result, SinkhornConfig};
use burn::config::Config;
use burn::module::Param;
use burn::tensor::{Device, Tensor};

/// Configuration of a [`ResidualQuantizer`]: four levels of 256 codewords and LETTER's formulas as
/// printed, unless told otherwise.
#[derive(Config, Debug, PartialEq)]
pub struct ResidualQuantizerConfig {
    /// Width of a latent row and of a codeword.
    pub d_code: usize,
    /// Codewords of each level.
    #[config(default = "vec![256; 4]")]
    pub codebook_sizes: Vec<usize>,
    /// Weight of the commitment term (the printed mu).
    #[config(default = 0.25)]
    pub commitment: f64,
    /// How the terms of the levels are put together.
    #[config(default = "LevelLoss::Sum")]
    pub level_loss: LevelLoss,
    /// What gradient the next level's residual has.
    #[config(default = "Residual::Codeword")]
    pub residual: Residual,
    /// Where the gradient of the sum of codewords goes.
    #[config(default = "QuantizedGradient::Codebooks")]
    pub quantized_gradient: QuantizedGradient,
    /// The size of a difference between two rows.
    #[config(default = "RowError::MeanSquare")]
    pub error: RowError,
    /// How codebooks start.
    #[config(default = "CodebookInit::KMeans { sample: None, iterations: 20 }")]
    pub init: CodebookInit,
    /// How residuals get their codewords while training.
    #[config(default = "Assignment::Nearest")]
    pub assignment: Assignment,
    /// How codebooks learn.
    #[config(default = "CodebookUpdate::Gradient")]
    pub update: CodebookUpdate,
    /// Laplace smoothing of the counts of [`CodebookUpdate::Ema`], in rows
    /// ([`Codebook::average`](crate::Codebook::average)); 1e-5 is usual, 0 is none.
    #[config(default = 0.0)]
    pub ema_smoothing: f64,
    /// What codewords are made of.
    #[config(default = "Codewords::Free")]
    pub codewords: Codewords,
    /// How the gradient of the quantized latent gets to the encoder.
    #[config(default = "Estimator::StraightThrough")]
    pub estimator: Estimator,
    /// Whether a codeword that no row of an epoch used is put onto a random residual of the epoch's
    /// last batch.
    #[config(default = false)]
    pub revive: bool,
    /// Seed of the codebooks before [`initialise`](crate::Quantizer::initialise).
    #[config(default = 0)]
    pub seed: u64,
}

impl ResidualQuantizerConfig {
    /// LETTER as its released code trains it: level terms averaged, straight-through residuals,
    /// regularizers that reach only the encoder, constrained k-means at the start, Sinkhorn on the
    /// last level.
    pub fn released(d_code: usize) -> Self {
        Self::new(d_code)
            .with_level_loss(LevelLoss::Mean)
            .with_residual(Residual::StraightThrough)
            .with_quantized_gradient(QuantizedGradient::Encoder)
            .with_init(CodebookInit::ConstrainedKMeans { iterations: 10 })
            .with_assignment(Assignment::SinkhornLast(SinkhornConfig::new()))
    }

    /// Makes the codebooks, uniform at random; [`initialise`](crate::Quantizer::initialise) starts
    /// them from data.
    ///
    /// # Panics
    ///
    /// If [`check`](Self::check) finds something.
    pub fn init(&self, device: &Device) -> ResidualQuantizer {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        let codebooks = self
            .codebook_sizes
            .iter()
            .enumerate()
            .map(|(level, &size)| {
                CodebookConfig::new(size, self.d_code)
                    .with_ema_decay(match self.update {
                        CodebookUpdate::Gradient => None,
                        CodebookUpdate::Ema { decay } => Some(decay),
                    })
                    .with_ema_smoothing(self.ema_smoothing)
                    .with_linear(self.codewords == Codewords::Linear)
                    .with_seed(seed::derive(self.seed, Stream::Codebooks, level as u64))
                    .init(device)
            })
            .collect();
        let temperature = match self.estimator {
            Estimator::Gumbel { start, .. } => {
                let start = Tensor::<1>::from_data([start], device);
                Some(Param::from_tensor(start).set_require_grad(false))
            }
            _ => None,
        };
        ResidualQuantizer {
            codebooks,
            temperature,
            config: self.clone(),
        }
    }

    /// Whether this can work, for a configuration that comes from outside.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a width or codebook of size 0, no levels, or a weight out of its
    /// range.
    pub fn check(&self) -> Result<()> {
        let fail = |field, found: String, expected| {
            Err(Error::Config {
                field,
                found,
                expected,
            })
        };
        if self.d_code == 0 {
            return fail(
                "ResidualQuantizerConfig::d_code",
                "0".into(),
                "a codeword needs at least one value",
            );
        }
        if self.codebook_sizes.is_empty() || self.codebook_sizes.contains(&0) {
            let found = format!("{:?}", self.codebook_sizes);
            return fail(
                "ResidualQuantizerConfig::codebook_sizes",
                found,
                "at least one level is needed, and a codeword in each",
            );
        }
        if !(self.commitment.is_finite() && self.commitment >= 0.0) {
            let found = self.commitment.to_string();
            return fail(
                "ResidualQuantizerConfig::commitment",
                found,
                "a weight is finite and not negative",
            );
        }
        if let CodebookUpdate::Ema { decay } = self.update
            && !(0.0..1.0).contains(&decay)
        {
            return fail(
                "CodebookUpdate::Ema::decay",
                decay.to_string(),
                "it must be in 0..1; 0.99 is usual",
            );
        }
        if !(self.ema_smoothing.is_finite() && self.ema_smoothing >= 0.0) {
            return fail(
                "ResidualQuantizerConfig::ema_smoothing",
                self.ema_smoothing.to_string(),
                "it is a number of rows, finite and not negative; 1e-5 is usual",
            );
        }
        if self.ema_smoothing > 0.0 && self.update == CodebookUpdate::Gradient {
            return fail(
                "ResidualQuantizerConfig::ema_smoothing",
                self.ema_smoothing.to_string(),
                "it is for CodebookUpdate::Ema; codebooks that learn by gradient have nothing to smooth",
            );
        }
        if self.codewords == Codewords::Linear && self.update != CodebookUpdate::Gradient {
            return fail(
                "ResidualQuantizerConfig::update",
                format!("{:?}", self.update),
                "codewords that go through a linear layer learn by gradient: use CodebookUpdate::Gradient",
            );
        }
        if let Assignment::SinkhornLast(sinkhorn) = &self.assignment {
            sinkhorn.check()?;
        }
        self.check_estimator()
    }

    fn check_estimator(&self) -> Result<()> {
        let Estimator::Gumbel {
            noise,
            start,
            decay,
            least,
        } = self.estimator
        else {
            return Ok(());
        };
        let fail = |found: String, expected| {
            Err(Error::Config {
                field: "ResidualQuantizerConfig::estimator",
                found,
                expected,
            })
        };
        let found = format!("{:?}", self.estimator);
        if !(noise.is_finite() && noise >= 0.0 && start.is_finite() && least > 0.0) {
            return fail(
                found,
                "noise must be finite and not negative, temperatures finite and positive",
            );
        }
        if least > start || !(0.0..=1.0).contains(&decay) {
            return fail(
                found,
                "the temperature falls: decay must be in 0..=1 and least at most start",
            );
        }
        if self.assignment != Assignment::Nearest {
            return fail(
                found,
                "it chooses the codewords itself: use Assignment::Nearest beside it",
            );
        }
        Ok(())
    }
}
