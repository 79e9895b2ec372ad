//! `alpha L_CF + beta L_div` of a batch.

use burn::tensor::{Int, Tensor, TensorData};
use genrec_quantize::{Batch, LevelLoss, Quantized};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    Clusters, CollaborativeConfig, DiversityConfig, LetterConfig, aligned::Aligned,
    collaborative_loss, diversity_loss,
};
use crate::{Error, Result};

/// The regularizers of a run, and what they came to in the epoch.
pub(super) struct Regularizer {
    collaborative: Option<(CollaborativeConfig, Tensor<2>)>,
    diversity: Option<DiversityConfig>,
    level_loss: LevelLoss,
    seed: u64,
    /// Those of each level in this epoch.
    pub(super) clusters: Vec<Clusters>,
    /// Sums over the epoch's rows of both terms, `[2]`, left on the device until they are asked for.
    sums: Option<Tensor<1>>,
    rows: usize,
    /// What went wrong in a callback that cannot return it.
    pub(super) failure: Option<Error>,
}

/// Means over an epoch's rows, before weighing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Means {
    pub(super) collaborative: Option<f64>,
    pub(super) diversity: Option<f64>,
}

impl Regularizer {
    /// `collaborative`: `[items, d_h]`, without autodiff; given if and only if the configuration has the term.
    pub(super) fn new(config: &LetterConfig, collaborative: Option<Tensor<2>>) -> Self {
        Self {
            collaborative: config.collaborative.clone().zip(collaborative),
            diversity: config.diversity.clone(),
            level_loss: config.rqvae.quantizer.level_loss,
            seed: config.seed,
            clusters: vec![],
            sums: None,
            rows: 0,
            failure: None,
        }
    }

    /// The weighted sum of both terms, `[1]`; `None` where there are none. Once something went wrong it is no number, which ends the run without a checkpoint.
    pub(super) fn term(
        &mut self,
        model: &Aligned,
        quantized: &Quantized,
        batch: &Batch<'_>,
    ) -> Option<Tensor<1>> {
        if batch.step == 0 {
            self.failure = self.cluster(model, batch.epoch).err();
        }
        if self.failure.is_some() {
            return Some(Tensor::full([1], f32::NAN, &quantized.quantized.device()));
        }
        let collaborative = self.collaborative(model, quantized, batch);
        let diversity = self.diversity(model, quantized, batch);
        self.count(&collaborative, &diversity, batch.rows.len());
        let weighted =
            |term: Option<Tensor<1>>, weight: Option<f64>| Some(term?.mul_scalar(weight?));
        let collaborative = weighted(
            collaborative,
            self.collaborative.as_ref().map(|(config, _)| config.weight),
        );
        let diversity = weighted(
            diversity,
            self.diversity.as_ref().map(|config| config.weight),
        );
        collaborative
            .into_iter()
            .chain(diversity)
            .reduce(|a, b| a + b)
    }

    /// The means over the epoch so far; the next epoch starts from nothing.
    pub(super) fn take_means(&mut self) -> Means {
        let rows = std::mem::take(&mut self.rows) as f64;
        let sums: Vec<f64> = self
            .sums
            .take()
            .map(|sums| sums.into_data().iter::<f64>().collect())
            .unwrap_or_default();
        let mean = |place: usize, wanted: bool| {
            wanted
                .then(|| sums.get(place).map(|sum| sum / rows))
                .flatten()
        };
        Means {
            collaborative: mean(0, self.collaborative.is_some()),
            diversity: mean(1, self.diversity.is_some()),
        }
    }

    fn collaborative(
        &self,
        model: &Aligned,
        quantized: &Quantized,
        batch: &Batch<'_>,
    ) -> Option<Tensor<1>> {
        let (config, rows) = self.collaborative.as_ref()?;
        let numbers: Vec<i64> = batch.rows.iter().map(|&row| row as i64).collect();
        let numbers = Tensor::<1, Int>::from_data(
            TensorData::new(numbers, [batch.rows.len()]),
            &rows.device(),
        );
        let rows = model.project(rows.clone().select(0, numbers).autodiff());
        Some(collaborative_loss(
            quantized.quantized.clone(),
            rows,
            config.form,
        ))
    }

    /// Summed or averaged over the levels as the other terms of the levels are.
    fn diversity(
        &self,
        model: &Aligned,
        quantized: &Quantized,
        batch: &Batch<'_>,
    ) -> Option<Tensor<1>> {
        self.diversity.as_ref()?;
        let levels = self.clusters.len();
        let losses = model
            .rqvae
            .codebooks()
            .into_iter()
            .zip(&self.clusters)
            .enumerate()
            .map(|(level, (codebook, clusters))| {
                let codes: Tensor<1, Int> =
                    quantized.codes.clone().narrow(1, level, 1).squeeze_dim(1);
                let mut rng = self.generator(batch.epoch, batch.step, level);
                let (positives, has_positive) = clusters.draw(codes.clone(), &mut rng);
                diversity_loss(codebook, codes, positives, has_positive)
            });
        let sum = losses.reduce(|a, b| a + b)?;
        Some(match self.level_loss {
            LevelLoss::Sum => sum,
            LevelLoss::Mean => sum.div_scalar(levels as f64),
        })
    }

    /// Sorts the codebooks into clusters, once an epoch.
    fn cluster(&mut self, model: &Aligned, epoch: usize) -> Result<()> {
        let Some(config) = &self.diversity else {
            return Ok(());
        };
        let kmeans = config.kmeans();
        // No step has this number, so the seeds differ from those of the draws.
        let seed = |level| self.generator(epoch, usize::MAX, level).next_u64();
        let clusters = model
            .rqvae
            .codebooks()
            .into_iter()
            .enumerate()
            .map(|(level, codebook)| Clusters::fit(&codebook, &kmeans, seed(level)));
        self.clusters = clusters.collect::<Result<_>>()?;
        Ok(())
    }

    /// A generator that depends on its arguments only: a run that is resumed draws what an undisturbed one does.
    fn generator(&self, epoch: usize, step: usize, level: usize) -> StdRng {
        let mut key = [0; 32];
        for (part, number) in
            key.chunks_exact_mut(8)
                .zip([self.seed, epoch as u64, step as u64, level as u64])
        {
            part.copy_from_slice(&number.to_le_bytes());
        }
        StdRng::from_seed(key)
    }

    fn count(
        &mut self,
        collaborative: &Option<Tensor<1>>,
        diversity: &Option<Tensor<1>>,
        rows: usize,
    ) {
        let Some(any) = collaborative.as_ref().or(diversity.as_ref()) else {
            return;
        };
        let zero = Tensor::<1>::zeros([1], &any.clone().inner().device());
        let value = |term: &Option<Tensor<1>>| {
            term.as_ref()
                .map_or_else(|| zero.clone(), |term| term.clone().inner())
        };
        let both =
            Tensor::cat(vec![value(collaborative), value(diversity)], 0).mul_scalar(rows as f64);
        self.rows += rows;
        self.sums = Some(match self.sums.take() {
            Some(sums) => sums + both,
            None => both,
        });
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use genrec_quantize::Quantizer;

    use super::*;

    #[test]
    fn what_fails_is_no_number_from_then_on() {
        let mut config = LetterConfig::quick(6);
        config.rqvae.hidden = vec![8];
        config.rqvae.quantizer.codebook_sizes = vec![16; 2];
        // Clusters that 16 codewords cannot fill: `LetterConfig::check` would have said so.
        let config = config.with_collaborative(None);
        let device = Device::default().autodiff();
        let model = Aligned::new(config.rqvae.init(&device), None, 1, &device);
        let quantized = model.forward(Tensor::ones([4, 6], &device));
        let mut regularizer = Regularizer::new(&config, None);
        for step in 0..2 {
            let rows = &[0, 1, 2, 3];
            let batch = Batch {
                rows,
                epoch: 0,
                step,
            };
            let term = regularizer.term(&model, &quantized, &batch).unwrap();
            assert!(term.into_scalar::<f32>().is_nan(), "step {step}");
            assert!(regularizer.failure.is_some(), "step {step}");
        }
    }
}
