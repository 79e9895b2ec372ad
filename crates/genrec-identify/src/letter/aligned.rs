//! The quantizer and the projection that is trained beside it.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use genrec_quantize::{EpochCodes, Quantized, Quantizer, RqVae};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// An [`RqVae`] and, where collaborative embeddings have another width than its latents, the matrix that brings them
/// there.
#[derive(Module, Debug)]
pub(super) struct Aligned {
    pub(super) rqvae: RqVae,
    /// `[d_h, d]`.
    pub(super) projection: Option<Param<Tensor<2>>>,
}

impl Aligned {
    /// With a projection from width `d_collaborative`, or without one; its values are uniform in `±1 /
    /// sqrt(d_collaborative)`.
    pub(super) fn new(
        rqvae: RqVae,
        d_collaborative: Option<usize>,
        seed: u64,
        device: &Device,
    ) -> Self {
        let d = rqvae.config().quantizer.d_code;
        let projection = d_collaborative.map(|width| {
            let bound = (width as f32).sqrt().recip();
            let mut rng = StdRng::seed_from_u64(seed);
            let values: Vec<f32> = (0..width * d)
                .map(|_| rng.random_range(-bound..bound))
                .collect();
            Param::from_tensor(Tensor::from_data(
                TensorData::new(values, [width, d]),
                device,
            ))
        });
        Self { rqvae, projection }
    }

    /// Collaborative embeddings `[batch, d_h]` where the latents are: `[batch, d]`.
    pub(super) fn project(&self, collaborative: Tensor<2>) -> Tensor<2> {
        match &self.projection {
            Some(projection) => collaborative.matmul(projection.val()),
            None => collaborative,
        }
    }
}

impl Quantizer for Aligned {
    fn forward(&self, rows: Tensor<2>) -> Quantized {
        self.rqvae.forward(rows)
    }

    fn encode(&self, rows: Tensor<2>) -> Tensor<2, Int> {
        self.rqvae.encode(rows)
    }

    fn decode(&self, codes: Tensor<2, Int>) -> Tensor<2> {
        self.rqvae.decode(codes)
    }

    fn levels(&self) -> usize {
        self.rqvae.levels()
    }

    fn codebook_sizes(&self) -> Vec<usize> {
        self.rqvae.codebook_sizes()
    }

    fn d_input(&self) -> usize {
        self.rqvae.d_input()
    }

    fn settings(&self) -> String {
        self.rqvae.settings()
    }

    fn initialise(self, rows: &Tensor<2>, seed: u64) -> genrec_quantize::Result<Self> {
        Ok(Self {
            rqvae: self.rqvae.initialise(rows, seed)?,
            ..self
        })
    }

    fn before_epoch(
        self,
        rows: &Tensor<2>,
        epoch: usize,
        seed: u64,
    ) -> genrec_quantize::Result<Self> {
        Ok(Self {
            rqvae: self.rqvae.before_epoch(rows, epoch, seed)?,
            ..self
        })
    }

    fn after_step(self, quantized: &Quantized) -> Self {
        Self {
            rqvae: self.rqvae.after_step(quantized),
            ..self
        }
    }

    fn after_epoch(self, epoch: &EpochCodes, seed: u64) -> Self {
        Self {
            rqvae: self.rqvae.after_epoch(epoch, seed),
            ..self
        }
    }
}
