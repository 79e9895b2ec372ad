//! Residual-quantized auto-encoder (TIGER, section 3.1; LETTER, section 3.1).

use crate::error::at_least_one;
use crate::quantizer::EpochCodes;
use crate::{
    CodeUsage, Codebook, Error, Mlp, MlpConfig, MlpInit, Quantized, Quantizer, ResidualQuantizer,
    ResidualQuantizerConfig, Result,
};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, assert_shape};

/// Rows encoded at once when all of them are needed: enough to keep every core busy, little memory.
const ROWS_AT_ONCE: usize = 4096;

/// Configuration of an [`RqVae`]: LETTER's network, unless told otherwise.
#[derive(Config, Debug, PartialEq)]
pub struct RqVaeConfig {
    /// Width of the rows.
    pub d_input: usize,
    /// Widths of the encoder's hidden layers; the decoder mirrors them.
    #[config(default = "vec![2048, 1024, 512, 256, 128, 64]")]
    pub hidden: Vec<usize>,
    /// Codebooks, their losses and gradients; its `d_code` is the width of the latent.
    #[config(default = "ResidualQuantizerConfig::new(32)")]
    pub quantizer: ResidualQuantizerConfig,
    /// Dropout before every layer while training.
    #[config(default = 0.0)]
    pub dropout: f64,
    /// How the weights start.
    #[config(default = "MlpInit::Kaiming")]
    pub init: MlpInit,
    /// Seed of the starting weights.
    #[config(default = 0)]
    pub seed: u64,
}

/// Encoder, residual quantizer, decoder.
#[derive(Module, Debug)]
pub struct RqVae {
    /// Rows to latents, `[batch, d_input]` to `[batch, d]`.
    pub encoder: Mlp,
    /// Latents to codes and sums of codewords.
    pub quantizer: ResidualQuantizer,
    /// Sums of codewords to rows, `[batch, d]` to `[batch, d_input]`.
    pub decoder: Mlp,
    #[module(skip)]
    config: RqVaeConfig,
}

impl RqVaeConfig {
    /// LETTER's paper: this is [`new`](Self::new).
    pub fn paper(d_input: usize) -> Self {
        Self::new(d_input)
    }

    /// LETTER's released code: [`ResidualQuantizerConfig::released`] and Xavier weights.
    pub fn released(d_input: usize) -> Self {
        Self::new(d_input)
            .with_quantizer(ResidualQuantizerConfig::released(32))
            .with_init(MlpInit::Xavier)
    }

    /// Whether it can be made.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a width of 0 or a dropout out of `0..1`, and what
    /// [`ResidualQuantizerConfig::check`] finds.
    pub fn check(&self) -> Result<()> {
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::Config {
                field: "RqVaeConfig::dropout",
                found: self.dropout.to_string(),
                expected: "a probability of at least 0 and below 1",
            });
        }
        at_least_one(&[("RqVaeConfig::d_input", self.d_input)])?;
        for &width in &self.hidden {
            at_least_one(&[("RqVaeConfig::hidden", width)])?;
        }
        self.quantizer.check()
    }

    /// Makes the networks and codebooks.
    ///
    /// # Panics
    ///
    /// If [`check`](Self::check) finds something.
    pub fn init(&self, device: &Device) -> RqVae {
        let mut widths = vec![self.d_input];
        widths.extend(&self.hidden);
        widths.push(self.quantizer.d_code);
        let encoder = MlpConfig::new(widths)
            .with_dropout(self.dropout)
            .with_init(self.init)
            .with_seed(self.seed);
        RqVae {
            encoder: encoder.init(device),
            quantizer: self.quantizer.init(device),
            decoder: encoder.mirrored().init(device),
            config: self.clone(),
        }
    }
}

impl RqVae {
    /// Latents of rows, `[batch, d_input]` to `[batch, d]`.
    ///
    /// # Panics
    ///
    /// If the rows have another width.
    pub fn latents(&self, rows: Tensor<2>) -> Tensor<2> {
        self.encoder.forward(rows)
    }

    /// Latents of all rows, without autodiff and a block at a time: `[rows, d_input]` to `[rows,
    /// d]`.
    ///
    /// # Panics
    ///
    /// If there are no rows or they have another width.
    pub fn latents_all(&self, rows: &Tensor<2>) -> Tensor<2> {
        let encoder = self.encoder.valid();
        let rows = rows.clone().inner();
        let count = rows.dims()[0];
        let latents = (0..count)
            .step_by(ROWS_AT_ONCE)
            .map(|start| {
                encoder.forward(
                    rows.clone()
                        .narrow(0, start, ROWS_AT_ONCE.min(count - start)),
                )
            })
            .collect();
        Tensor::cat(latents, 0)
    }

    /// The codewords of each level, `[codewords, d]` per level, with gradient while training.
    pub fn codebooks(&self) -> Vec<Tensor<2>> {
        self.quantizer
            .codebooks
            .iter()
            .map(Codebook::words)
            .collect()
    }

    /// What it was made with.
    pub fn config(&self) -> &RqVaeConfig {
        &self.config
    }
}

impl Quantizer for RqVae {
    fn forward(&self, rows: Tensor<2>) -> Quantized {
        let latent = self.encoder.forward(rows.clone());
        let quantized = self.quantizer.forward(latent.clone());
        let output = self.decoder.forward(quantized.straight_through);
        let reconstruction = self.config.quantizer.error.between(output.clone(), rows);
        Quantized {
            latent,
            quantized: quantized.quantized,
            codes: quantized.codes,
            output,
            loss: reconstruction.clone() + quantized.loss,
            reconstruction,
            inputs: quantized.inputs,
            codewords: quantized.codewords,
            statistics: vec![],
        }
    }

    fn encode(&self, rows: Tensor<2>) -> Tensor<2, Int> {
        self.quantizer.encode(self.encoder.forward(rows))
    }

    fn decode(&self, codes: Tensor<2, Int>) -> Tensor<2> {
        let levels = self.levels();
        assert_shape!(codes, [_, levels]);
        self.decoder.forward(self.quantizer.decode(codes))
    }

    fn levels(&self) -> usize {
        self.quantizer.levels()
    }

    fn codebook_sizes(&self) -> Vec<usize> {
        self.config.quantizer.codebook_sizes.clone()
    }

    fn d_input(&self) -> usize {
        self.config.d_input
    }

    fn settings(&self) -> String {
        serde_json::to_string(&self.config).expect("a configuration is plain data")
    }

    fn initialise(mut self, rows: &Tensor<2>, seed: u64) -> Result<Self> {
        let latents = self.latents_all(rows);
        self.quantizer = self.quantizer.initialise(latents, seed)?;
        Ok(self)
    }

    fn after_step(mut self, quantized: &Quantized) -> Self {
        self.quantizer = self.quantizer.average(&quantized.inputs, &quantized.codes);
        self
    }

    fn after_epoch(mut self, epoch: &EpochCodes, seed: u64) -> Self {
        if self.config.quantizer.revive {
            let usage = CodeUsage::new(epoch.codes.clone(), &self.config.quantizer.codebook_sizes);
            self.quantizer = self.quantizer.revive(&usage, &epoch.inputs, seed);
        }
        self.quantizer = self.quantizer.cool();
        self
    }
}
