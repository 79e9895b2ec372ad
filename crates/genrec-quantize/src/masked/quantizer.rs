use super::draws::Draws;
use super::{Combine, EncoderGradient, MaskedVqConfig, NormedMlp};
use crate::codebook::{Codebook, lookup};
use crate::kmeans::KMeansConfig;
use crate::seed::{self, Stream};
use crate::{Quantized, Quantizer, Result};
use burn::module::Module;
use burn::tensor::{Int, Tensor, assert_shape};

/// Rows encoded at once when all of them are needed: enough to keep every core busy, little memory.
const ROWS_AT_ONCE: usize = 4096;

/// K encoders, K codebooks, one decoder (TokenRec, section 4.2).
///
/// With q a row and q' the row after the mask: `a_k = Enc_k(q')`, `w_k = argmin_l ||a_k - c^k_l||^2`, `r = Dec((1/K) sum_k c^k_{w_k})`, and the loss is
/// `||q - r||^2 + sum_k ||sg[a_k] - c^k_{w_k}||^2 + beta sum_k ||a_k - sg[c^k_{w_k}]||^2`, straight through from codeword to latent.
///
/// [`forward`](Quantizer::forward) hides a part of the rows and normalizes by the statistics of the batch; [`encode`](Quantizer::encode) sees whole rows and
/// normalizes by running statistics, so that the codes of a row do not depend on the rows beside it.
#[derive(Module, Debug)]
pub struct MaskedVq {
    /// Rows to latents, `[batch, d_input]` to `[batch, d]`, one per codebook.
    pub encoders: Vec<NormedMlp>,
    /// `[codewords, d]` each.
    pub codebooks: Vec<Codebook>,
    /// Combined codewords to rows, `[batch, d]` to `[batch, d_input]`.
    pub decoder: NormedMlp,
    #[module(skip)]
    draws: Draws,
    #[module(skip)]
    config: MaskedVqConfig,
}

impl MaskedVq {
    pub(super) fn new(
        encoders: Vec<NormedMlp>,
        codebooks: Vec<Codebook>,
        decoder: NormedMlp,
        config: MaskedVqConfig,
    ) -> Self {
        let draws = Draws::new(seed::derive(config.seed, Stream::Mask, 0));
        Self {
            encoders,
            codebooks,
            decoder,
            draws,
            config,
        }
    }

    /// The latents of whole rows, `[batch, d_input]` to `[batch, d]` per encoder, by running statistics.
    ///
    /// # Panics
    ///
    /// If the rows have another width.
    pub fn latents(&self, rows: Tensor<2>) -> Vec<Tensor<2>> {
        let d_input = self.config.d_input;
        assert_shape!(rows, [_, d_input]);
        let latents = |encoder: &NormedMlp| encoder.forward(rows.clone());
        self.encoders.iter().map(latents).collect()
    }

    /// Starts the codebooks anew: each from k-means on the latents that its encoder gives all rows, `[rows, d_input]`.
    ///
    /// # Errors
    ///
    /// [`Error::Rows`](crate::Error::Rows) for fewer rows than codewords.
    pub fn reinitialise(mut self, rows: &Tensor<2>, seed: u64) -> Result<Self> {
        let encoders = self.encoders.valid();
        let rows = rows.clone().inner();
        let mut codebooks = Vec::with_capacity(self.codebooks.len());
        for (level, codebook) in self.codebooks.into_iter().enumerate() {
            let seed = seed::derive(seed, Stream::Codebooks, level as u64);
            let latents = latents_all(&encoders[level], &rows);
            let clusters = KMeansConfig::new(codebook.len())
                .with_iterations(self.config.kmeans_iterations)
                .fit(&latents, seed)?;
            codebooks.push(codebook.with_codewords(clusters.centroids));
        }
        self.codebooks = codebooks;
        Ok(self)
    }

    /// What it was made with.
    pub fn config(&self) -> &MaskedVqConfig {
        &self.config
    }

    /// Codes, reconstruction and loss of rows `[batch, d_input]` of which the encoders see `masked`.
    pub(super) fn quantize(&self, rows: Tensor<2>, masked: Tensor<2>) -> Quantized {
        let mut statistics = vec![];
        let mut latents: Vec<Tensor<2>> = vec![];
        for encoder in &self.encoders {
            let latent = encoder.learn(masked.clone(), &self.draws, &mut statistics);
            latents.push(match self.config.encoder_gradient {
                EncoderGradient::StraightThrough => latent,
                EncoderGradient::None => latent.detach(),
            });
        }
        let nearest =
            |(codebook, latent): (&Codebook, &Tensor<2>)| codebook.nearest(latent.clone());
        let codes = self.codebooks.iter().zip(&latents).map(nearest).collect();
        let codes = Tensor::stack(codes, 1);
        let codewords = lookup(&self.codebooks, &codes);

        let (latent, quantized) = (self.combined(&latents), self.combined(&codewords));
        let read = match self.config.encoder_gradient {
            EncoderGradient::StraightThrough => {
                latent.clone() + (quantized.clone() - latent.clone()).detach()
            }
            EncoderGradient::None => quantized.clone(),
        };
        let output = self.decoder.learn(read, &self.draws, &mut statistics);
        let error = self.config.error;
        let reconstruction = error.between(output.clone(), rows);
        let mut loss = reconstruction.clone();
        for (latent, codeword) in latents.iter().zip(&codewords) {
            let commitment = error.between(latent.clone(), codeword.clone().detach());
            loss = loss
                + error.between(latent.clone().detach(), codeword.clone())
                + commitment.mul_scalar(self.config.commitment);
        }
        Quantized {
            latent,
            quantized,
            codes,
            output,
            loss,
            reconstruction,
            inputs: latents,
            codewords,
            statistics,
        }
    }

    /// Mean or sum of one row of each codebook.
    fn combined(&self, parts: &[Tensor<2>]) -> Tensor<2> {
        let sum = parts.iter().cloned().reduce(|a, b| a + b);
        let sum = sum.expect("at least one codebook");
        match self.config.combine {
            Combine::Sum => sum,
            Combine::Mean => sum.div_scalar(parts.len() as f64),
        }
    }

    /// With running statistics that those of a batch have moved.
    fn moved(mut self, statistics: Vec<Tensor<1>>, momentum: f64) -> Self {
        let mut statistics = statistics.into_iter();
        let mut moved = |network: NormedMlp| network.moved(&mut statistics, momentum);
        self.encoders = self.encoders.into_iter().map(&mut moved).collect();
        self.decoder = moved(self.decoder);
        self
    }
}

/// The latents of all rows, a block at a time: `[rows, d_input]` to `[rows, d]`.
fn latents_all(encoder: &NormedMlp, rows: &Tensor<2>) -> Tensor<2> {
    let count = rows.dims()[0];
    let block = |start| {
        let size = ROWS_AT_ONCE.min(count - start);
        encoder.forward(rows.clone().narrow(0, start, size))
    };
    Tensor::cat((0..count).step_by(ROWS_AT_ONCE).map(block).collect(), 0)
}

impl Quantizer for MaskedVq {
    /// The latent and the quantized row are the combined ones; the gradient of the quantized row reaches the codebooks.
    fn forward(&self, rows: Tensor<2>) -> Quantized {
        let d_input = self.config.d_input;
        assert_shape!(rows, [_, d_input]);
        let config = &self.config;
        if config.mask_rate == 0.0 {
            return self.quantize(rows.clone(), rows);
        }
        let (shape, slices) = (rows.dims(), self.codebooks.len());
        let device = rows.device();
        let mask = self
            .draws
            .hidden(config.masking, shape, config.mask_rate, slices, &device);
        let masked = rows.clone() * mask.expand(shape);
        self.quantize(rows, masked)
    }

    fn encode(&self, rows: Tensor<2>) -> Tensor<2, Int> {
        let nearest = |(codebook, latent): (&Codebook, Tensor<2>)| codebook.nearest(latent);
        let latents = self.latents(rows);
        Tensor::stack(self.codebooks.iter().zip(latents).map(nearest).collect(), 1)
    }

    fn decode(&self, codes: Tensor<2, Int>) -> Tensor<2> {
        let levels = self.levels();
        assert_shape!(codes, [_, levels]);
        self.decoder
            .forward(self.combined(&lookup(&self.codebooks, &codes)))
    }

    fn levels(&self) -> usize {
        self.codebooks.len()
    }

    fn codebook_sizes(&self) -> Vec<usize> {
        self.config.codebook_sizes.clone()
    }

    fn d_input(&self) -> usize {
        self.config.d_input
    }

    fn settings(&self) -> String {
        serde_json::to_string(&self.config).expect("a configuration is plain data")
    }

    /// The batch norms start from the statistics of all rows, the codebooks from k-means on the latents.
    fn initialise(self, rows: &Tensor<2>, seed: u64) -> Result<Self> {
        let mut whole = self.valid();
        whole.draws = Draws::new(seed);
        let rows = rows.clone().inner();
        let statistics = whole.quantize(rows.clone(), rows.clone()).statistics;
        self.moved(statistics, 1.0).reinitialise(&rows, seed)
    }

    /// The masks of the epoch; and every [`kmeans_every`](MaskedVqConfig::kmeans_every) epochs new codebooks.
    fn before_epoch(mut self, rows: &Tensor<2>, epoch: usize, seed: u64) -> Result<Self> {
        self.draws = Draws::new(seed);
        match self.config.kmeans_every {
            Some(every) if epoch > 0 && epoch.is_multiple_of(every) => {
                self.reinitialise(rows, seed)
            }
            _ => Ok(self),
        }
    }

    fn after_step(self, quantized: &Quantized) -> Self {
        let momentum = self.config.norm_momentum;
        match quantized.output.dims()[0] {
            // One row has no variance.
            0..2 => self,
            _ => self.moved(quantized.statistics.clone(), momentum),
        }
    }
}
