use super::estimator::{GumbelChoice, gumbel, gumbel_noise, rotated, straight_through};
use super::{
    Assignment, Estimator, LevelLoss, QuantizedGradient, Residual, ResidualQuantizerConfig, search,
};
use crate::Codebook;
use crate::codebook::lookup;
use crate::codebook::replace;
use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, assert_shape};

/// Several codebooks, each quantizing what the ones before it left over (Lee et al., 2022; LETTER,
/// section 3.1).
#[derive(Module, Debug)]
pub struct ResidualQuantizer {
    /// One per level, first level first.
    pub codebooks: Vec<Codebook>,
    /// That of [`Estimator::Gumbel`], `[1]`: it falls from epoch to epoch.
    pub(crate) temperature: Option<Param<Tensor<1>>>,
    #[module(skip)]
    pub(crate) config: ResidualQuantizerConfig,
}

/// What [`ResidualQuantizer::forward`] makes of a batch of latents `r_0`.
#[derive(Clone, Debug)]
pub struct ResidualQuantized {
    /// The sum of the codewords with the gradient [`QuantizedGradient`] says, `[batch, d]`.
    pub quantized: Tensor<2>,
    /// The sum of the codewords with the gradient that [`Estimator`] says, usually that of `r_0`:
    /// `r_0 + sg(sum e - r_0)`, `[batch, d]`. This is what a decoder is given.
    pub straight_through: Tensor<2>,
    /// `[batch, levels]`, without autodiff.
    pub codes: Tensor<2, Int>,
    /// The residual `r_{l-1}` each level quantized, `[batch, d]` per level.
    pub inputs: Vec<Tensor<2>>,
    /// The codeword `e_l` each level chose, gradient to its codebook, `[batch, d]` per level.
    pub codewords: Vec<Tensor<2>>,
    /// Codebook and commitment terms of each level, `[1]` per level.
    pub level_losses: Vec<Tensor<1>>,
    /// Their sum or mean, as [`LevelLoss`] says, `[1]`.
    pub loss: Tensor<1>,
}

impl ResidualQuantizer {
    /// Quantizes a batch for training.
    ///
    /// # Shapes
    ///
    /// - latent: `[batch, d]`
    ///
    /// # Panics
    ///
    /// If the latents have another width.
    pub fn forward(&self, latent: Tensor<2>) -> ResidualQuantized {
        let d = self.d_code();
        assert_shape!(latent, [_, d]);
        let config = &self.config;
        let mut residual = latent.clone();
        let (mut inputs, mut codewords, mut codes, mut level_losses) =
            (vec![], vec![], vec![], vec![]);
        let mut relaxed = vec![];
        for level in 0..self.levels() {
            let assigned = match self.draw(level, residual.clone()) {
                Some(choice) => {
                    relaxed.push(choice.relaxed);
                    choice.codes
                }
                None => self.assign(level, residual.clone()),
            };
            let codeword = self.codebooks[level].lookup(assigned.clone());
            level_losses.push(self.level_loss(level, residual.clone(), codeword.clone()));
            let next = match config.residual {
                Residual::Codeword => residual.clone() - codeword.clone(),
                Residual::Detached => residual.clone() - codeword.clone().detach(),
                Residual::StraightThrough => {
                    residual.clone() - straight_through(residual.clone(), codeword.clone())
                }
            };
            inputs.push(std::mem::replace(&mut residual, next));
            codewords.push(codeword);
            codes.push(assigned);
        }

        let sum = sum(&codewords);
        let straight = match config.estimator {
            Estimator::StraightThrough => straight_through(latent.clone(), sum.clone()),
            Estimator::Rotation => rotated(latent.clone(), sum.clone()),
            Estimator::Gumbel { .. } => self::sum(&relaxed),
        };
        let quantized = match config.quantized_gradient {
            QuantizedGradient::Codebooks => sum,
            QuantizedGradient::Encoder => straight.clone(),
            // r_0 - sg(r_0) is zero, and exactly so.
            QuantizedGradient::Both => sum + (latent.clone() - latent.detach()),
        };
        let terms = level_losses
            .iter()
            .cloned()
            .reduce(|a, b| a + b)
            .expect("at least one level");
        let loss = match config.level_loss {
            LevelLoss::Sum => terms,
            LevelLoss::Mean => terms.div_scalar(self.levels() as f64),
        };
        let codes = Tensor::stack(codes, 1);
        ResidualQuantized {
            quantized,
            straight_through: straight,
            codes,
            inputs,
            codewords,
            level_losses,
            loss,
        }
    }

    /// The codes of latents, nearest codeword at every level: `[batch, d]` to `[batch, levels]`,
    /// without autodiff.
    ///
    /// # Panics
    ///
    /// If the latents have another width.
    pub fn encode(&self, latent: Tensor<2>) -> Tensor<2, Int> {
        let d = self.d_code();
        assert_shape!(latent, [_, d]);
        search::encode(&self.words(), latent.inner(), 1)
    }

    /// The sums of codewords that codes stand for, gradient to the codebooks: `[batch, levels]` to
    /// `[batch, d]`.
    ///
    /// # Panics
    ///
    /// If there is not one code per level.
    pub fn decode(&self, codes: Tensor<2, Int>) -> Tensor<2> {
        let levels = self.levels();
        assert_shape!(codes, [_, levels]);
        sum(&lookup(&self.codebooks, &codes))
    }

    /// The codewords of each level, `[codewords, d]` per level, without autodiff.
    fn words(&self) -> Vec<Tensor<2>> {
        let words = |codebook: &Codebook| codebook.words().inner();
        self.codebooks.iter().map(words).collect()
    }

    /// How many levels there are.
    pub fn levels(&self) -> usize {
        self.codebooks.len()
    }

    /// Width of a codeword.
    pub fn d_code(&self) -> usize {
        self.config.d_code
    }

    /// What it was made with.
    pub fn config(&self) -> &ResidualQuantizerConfig {
        &self.config
    }

    /// Moves averaged codebooks by one batch: the residuals each level quantized, and the codes it
    /// gave them.
    pub(crate) fn average(mut self, inputs: &[Tensor<2>], codes: &Tensor<2, Int>) -> Self {
        self.codebooks = self
            .codebooks
            .into_iter()
            .enumerate()
            .map(|(level, codebook)| {
                if codebook.is_averaged() {
                    let codes = codes.clone().narrow(1, level, 1).squeeze_dim(1);
                    codebook.average(inputs[level].clone(), codes)
                } else {
                    codebook
                }
            })
            .collect();
        self
    }

    /// Lets the temperature fall once.
    pub(crate) fn cool(mut self) -> Self {
        if let (Some(temperature), Estimator::Gumbel { decay, least, .. }) =
            (&self.temperature, self.config.estimator)
        {
            let cooler = temperature.val().inner().mul_scalar(decay);
            self.temperature = Some(replace(temperature, cooler.clamp_min(least)));
        }
        self
    }

    /// What Gumbel-softmax chooses, where that is the estimator.
    fn draw(&self, level: usize, residual: Tensor<2>) -> Option<GumbelChoice> {
        let (Some(temperature), Estimator::Gumbel { noise, .. }) =
            (&self.temperature, self.config.estimator)
        else {
            return None;
        };
        let codebook = &self.codebooks[level];
        let noise = gumbel_noise(&residual, codebook.len(), noise);
        Some(gumbel(residual, codebook.words(), noise, temperature.val()))
    }

    fn assign(&self, level: usize, residual: Tensor<2>) -> Tensor<1, Int> {
        let codebook = &self.codebooks[level];
        match &self.config.assignment {
            Assignment::SinkhornLast(sinkhorn) if level + 1 == self.levels() => {
                sinkhorn.assign(codebook.squared_distances(residual))
            }
            _ => codebook.nearest(residual),
        }
    }

    /// `|| sg[r] - e ||² + mu || r - sg[e] ||²`; the first term is missing where codewords are
    /// moving averages.
    fn level_loss(&self, level: usize, residual: Tensor<2>, codeword: Tensor<2>) -> Tensor<1> {
        let error = self.config.error;
        let commitment = error
            .between(residual.clone(), codeword.clone().detach())
            .mul_scalar(self.config.commitment);
        if self.codebooks[level].is_averaged() {
            commitment
        } else {
            error.between(residual.detach(), codeword) + commitment
        }
    }
}

fn sum(codewords: &[Tensor<2>]) -> Tensor<2> {
    codewords
        .iter()
        .cloned()
        .reduce(|a, b| a + b)
        .expect("at least one level")
}
