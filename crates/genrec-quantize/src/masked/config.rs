use super::{Combine, EncoderGradient, MaskedVq, Masking, NormedMlp};
use crate::error::at_least_one;
use crate::seed::{self, Stream};
use crate::{CodebookConfig, Error, MlpInit, Result, RowError};
use burn::config::Config;
use burn::tensor::Device;

/// Configuration of a [`MaskedVq`]: TokenRec's formulas as printed with its sizes, unless told otherwise.
#[derive(Config, Debug, PartialEq)]
pub struct MaskedVqConfig {
    /// Width of the rows.
    pub d_input: usize,
    /// Widths of each encoder's hidden layers; the decoder mirrors them.
    #[config(default = "vec![128, 256]")]
    pub hidden: Vec<usize>,
    /// Width of a codeword.
    #[config(default = 512)]
    pub d_code: usize,
    /// Codewords of each codebook: as many encoders as codebooks. 512 codewords each for larger catalogues.
    #[config(default = "vec![256; 3]")]
    pub codebook_sizes: Vec<usize>,
    /// Probability with which an element is hidden (the printed rho).
    #[config(default = 0.2)]
    pub mask_rate: f64,
    /// What is hidden.
    #[config(default = "Masking::Elements")]
    pub masking: Masking,
    /// How codewords become what the decoder reads.
    #[config(default = "Combine::Mean")]
    pub combine: Combine,
    /// What teaches the encoders.
    #[config(default = "EncoderGradient::StraightThrough")]
    pub encoder_gradient: EncoderGradient,
    /// Weight of the commitment term (the printed beta).
    #[config(default = 0.25)]
    pub commitment: f64,
    /// The size of a difference between two rows: squared norms as printed, or means over the elements, which weigh the reconstruction of narrow rows more against
    /// wide codewords.
    #[config(default = "RowError::SquaredNorm")]
    pub error: RowError,
    /// Dropout after the hidden layers while training.
    #[config(default = 0.1)]
    pub dropout: f64,
    /// Weight of a batch in the running means and variances of the batch norms.
    #[config(default = 0.1)]
    pub norm_momentum: f64,
    /// Epochs after which the codebooks start anew from k-means, again and again; `None` is only once, before the first.
    pub kmeans_every: Option<usize>,
    /// Lloyd iterations of k-means at most.
    #[config(default = 20)]
    pub kmeans_iterations: usize,
    /// How the weights start.
    #[config(default = "MlpInit::Kaiming")]
    pub init: MlpInit,
    /// Seed of the starting weights.
    #[config(default = 0)]
    pub seed: u64,
}

impl MaskedVqConfig {
    /// TokenRec's paper: this is [`new`](Self::new).
    pub fn paper(d_input: usize) -> Self {
        Self::new(d_input)
    }

    /// TokenRec's released code: encoders that learn nothing, codebooks that k-means starts anew every 50 epochs, the sum of the codewords, one mask a batch within
    /// one slice, mean squares.
    pub fn released(d_input: usize) -> Self {
        Self::new(d_input)
            .with_masking(Masking::SharedSlice)
            .with_combine(Combine::Sum)
            .with_encoder_gradient(EncoderGradient::None)
            .with_kmeans_every(Some(50))
            .with_error(RowError::MeanSquare)
    }

    /// Makes networks and codebooks; codebooks are uniform at random until [`initialise`](crate::Quantizer::initialise) starts them from data.
    ///
    /// # Panics
    ///
    /// If [`check`](Self::check) finds something.
    pub fn init(&self, device: &Device) -> MaskedVq {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        let mut widths = vec![self.d_input];
        widths.extend(&self.hidden);
        widths.push(self.d_code);
        let network =
            |widths: &[usize], seed| NormedMlp::new(widths, self.init, seed, self.dropout, device);
        let seed = |part| seed::derive(self.seed, Stream::Encoders, part as u64);
        let encoders = (0..self.codebook_sizes.len())
            .map(|encoder| network(&widths, seed(encoder)))
            .collect();
        let codebook = |(level, &size): (usize, &usize)| {
            CodebookConfig::new(size, self.d_code)
                .with_seed(seed::derive(self.seed, Stream::Codebooks, level as u64))
                .init(device)
        };
        let codebooks = self.codebook_sizes.iter().enumerate().map(codebook);
        let codebooks = codebooks.collect();
        widths.reverse();
        let decoder = network(&widths, seed(self.codebook_sizes.len()));
        MaskedVq::new(encoders, codebooks, decoder, self.clone())
    }

    /// Whether this can work, for a configuration that comes from outside.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a count of 0, no codebooks, a rate that is no probability, a weight out of its range, or more slices than columns.
    pub fn check(&self) -> Result<()> {
        let fail = |field, found: String, expected| {
            Err(Error::Config {
                field,
                found,
                expected,
            })
        };
        at_least_one(&[
            ("MaskedVqConfig::d_input", self.d_input),
            ("MaskedVqConfig::d_code", self.d_code),
            ("MaskedVqConfig::kmeans_iterations", self.kmeans_iterations),
            (
                "MaskedVqConfig::kmeans_every",
                self.kmeans_every.unwrap_or(1),
            ),
        ])?;
        for &width in &self.hidden {
            at_least_one(&[("MaskedVqConfig::hidden", width)])?;
        }
        if self.codebook_sizes.is_empty() || self.codebook_sizes.contains(&0) {
            return fail(
                "MaskedVqConfig::codebook_sizes",
                format!("{:?}", self.codebook_sizes),
                "at least one codebook is needed, and a codeword in each",
            );
        }
        for (field, rate) in [
            ("MaskedVqConfig::mask_rate", self.mask_rate),
            ("MaskedVqConfig::dropout", self.dropout),
        ] {
            if !(0.0..1.0).contains(&rate) {
                let expected = "a probability of at least 0 and below 1";
                return fail(field, rate.to_string(), expected);
            }
        }
        if !(0.0..=1.0).contains(&self.norm_momentum) {
            return fail(
                "MaskedVqConfig::norm_momentum",
                self.norm_momentum.to_string(),
                "it must be in 0..=1; 0.1 is usual",
            );
        }
        if !(self.commitment.is_finite() && self.commitment >= 0.0) {
            return fail(
                "MaskedVqConfig::commitment",
                self.commitment.to_string(),
                "a weight is finite and not negative",
            );
        }
        if self.masking == Masking::SharedSlice && self.codebook_sizes.len() > self.d_input {
            return fail(
                "MaskedVqConfig::masking",
                format!(
                    "{} slices of {} columns",
                    self.codebook_sizes.len(),
                    self.d_input
                ),
                "a slice needs at least one column: use fewer codebooks or Masking::Elements",
            );
        }
        Ok(())
    }
}
