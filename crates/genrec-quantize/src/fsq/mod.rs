//! Auto-encoder with finite scalar quantization (Mentzer et al., 2023): every value of the latent is
//! bounded and rounded to one of a few levels; a codebook is never learned, it is all combinations.

mod grid;
#[cfg(test)]
mod tests;

use crate::error::at_least_one;
use crate::{Error, Mlp, MlpConfig, MlpInit, Quantized, Quantizer, Result, RowError};
use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, assert_shape};
use grid::Grid;

/// Configuration of an [`Fsq`]: four codes of 240 codewords, unless told otherwise.
#[derive(Config, Debug, PartialEq)]
pub struct FsqConfig {
    /// Width of the rows.
    pub d_input: usize,
    /// Widths of the encoder's hidden layers; the decoder mirrors them.
    #[config(default = "vec![2048, 1024, 512, 256, 128, 64]")]
    pub hidden: Vec<usize>,
    /// For each code, to how many levels the scalars it is made of are rounded, 2 or more each; the
    /// product is the number of its codewords. 8, 6, 5 is the paper's choice for about 256. The
    /// latent is as wide as there are scalars.
    #[config(default = "vec![vec![8, 6, 5]; 4]")]
    pub scalars: Vec<Vec<usize>>,
    /// The size of a difference between two rows.
    #[config(default = "RowError::MeanSquare")]
    pub error: RowError,
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

/// Encoder, rounding, decoder. The codes of a row do not build on each other: none is coarser than
/// the next.
#[derive(Module, Debug)]
pub struct Fsq {
    /// Rows to latents, `[batch, d_input]` to `[batch, d]`.
    pub encoder: Mlp,
    /// Rounded latents to rows, `[batch, d]` to `[batch, d_input]`.
    pub decoder: Mlp,
    #[module(skip)]
    config: FsqConfig,
}

impl FsqConfig {
    /// Makes the networks.
    ///
    /// # Panics
    ///
    /// If a width is 0, `dropout` is not in `0..1`, or [`check`](Self::check) finds something.
    pub fn init(&self, device: &Device) -> Fsq {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        let mut widths = vec![self.d_input];
        widths.extend(&self.hidden);
        widths.push(self.scalars.iter().map(Vec::len).sum());
        let encoder = MlpConfig::new(widths)
            .with_dropout(self.dropout)
            .with_init(self.init)
            .with_seed(self.seed);
        Fsq {
            encoder: encoder.init(device),
            decoder: encoder.mirrored().init(device),
            config: self.clone(),
        }
    }

    /// Whether this can work, for a configuration that comes from outside.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a width of 0, a dropout that is no probability, no codes, a code of no scalars, a scalar of fewer than 2 levels, or
    /// more codewords than can be numbered.
    pub fn check(&self) -> Result<()> {
        let fail = |expected| {
            Err(Error::Config {
                field: "FsqConfig::scalars",
                found: format!("{:?}", self.scalars),
                expected,
            })
        };
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::Config {
                field: "FsqConfig::dropout",
                found: self.dropout.to_string(),
                expected: "a probability of at least 0 and below 1",
            });
        }
        at_least_one(&[("FsqConfig::d_input", self.d_input)])?;
        for &width in &self.hidden {
            at_least_one(&[("FsqConfig::hidden", width)])?;
        }
        if self.scalars.is_empty() || self.scalars.iter().any(Vec::is_empty) {
            return fail("at least one code is needed, and a scalar in each");
        }
        if self.scalars.iter().flatten().any(|&levels| levels < 2) {
            return fail("a scalar needs at least 2 levels to say something");
        }
        let product = |levels: &Vec<usize>| {
            let levels = levels.iter().map(|&levels| levels as u64);
            levels.fold(1, u64::saturating_mul)
        };
        if self.scalars.iter().any(|levels| product(levels) > 1 << 24) {
            return fail("a code has at most 2^24 codewords: spread the scalars over more codes");
        }
        Ok(())
    }
}

impl Fsq {
    /// Bounded latents of rows, before rounding: `[batch, d_input]` to `[batch, d]`.
    ///
    /// # Panics
    ///
    /// If the rows have another width.
    pub fn latents(&self, rows: Tensor<2>) -> Tensor<2> {
        let grid = self.grid(&rows.device());
        grid.scaled(grid.bounded(self.encoder.forward(rows)))
    }

    /// All combinations of rounded values of each code, `[codewords, d]` per code, 0 where the
    /// scalars of other codes are: those of a row's codes add up to its rounded latent.
    pub fn codebooks(&self, device: &Device) -> Vec<Tensor<2>> {
        self.grid(device).codebooks()
    }

    /// What it was made with.
    pub fn config(&self) -> &FsqConfig {
        &self.config
    }

    fn grid(&self, device: &Device) -> Grid {
        Grid::new(&self.config.scalars, device)
    }
}

impl Quantizer for Fsq {
    /// The loss is the reconstruction alone: there is no codebook, and nothing to commit to. The
    /// inputs and codewords of a level are those of its scalars, 0 elsewhere; the codewords have no
    /// gradient, as there is no codebook to reach.
    fn forward(&self, rows: Tensor<2>) -> Quantized {
        let grid = self.grid(&rows.device());
        let bounded = grid.bounded(self.encoder.forward(rows.clone()));
        let rounded = grid.rounded(bounded.clone());
        let quantized = grid.scaled(rounded.clone());
        let output = self.decoder.forward(quantized.clone());
        let reconstruction = self.config.error.between(output.clone(), rows);
        let latent = grid.scaled(bounded);
        Quantized {
            inputs: grid.split(latent.clone()),
            codewords: grid.split(quantized.clone().detach()),
            latent,
            quantized,
            codes: grid.codes(rounded),
            output,
            loss: reconstruction.clone(),
            reconstruction,
            statistics: vec![],
        }
    }

    fn encode(&self, rows: Tensor<2>) -> Tensor<2, Int> {
        let grid = self.grid(&rows.device());
        grid.codes(grid.rounded(grid.bounded(self.encoder.forward(rows))))
    }

    fn decode(&self, codes: Tensor<2, Int>) -> Tensor<2> {
        let levels = self.levels();
        assert_shape!(codes, [_, levels]);
        let grid = self.grid(&codes.device());
        self.decoder.forward(grid.values(codes))
    }

    fn levels(&self) -> usize {
        self.config.scalars.len()
    }

    fn codebook_sizes(&self) -> Vec<usize> {
        let product = |levels: &Vec<usize>| levels.iter().product();
        self.config.scalars.iter().map(product).collect()
    }

    fn d_input(&self) -> usize {
        self.config.d_input
    }

    fn settings(&self) -> String {
        serde_json::to_string(&self.config).expect("a configuration is plain data")
    }
}
