use burn::config::Config;
use genrec_quantize::{
    Assignment, CodebookInit, CodebookUpdate, ConstrainedKMeansConfig, QuantizedGradient,
    ResidualQuantizerConfig, RowError, RqVaeConfig, Schedule, Selection, SinkhornConfig,
    TrainerConfig,
};

use super::{ContrastiveForm, LetterTrainer};
use crate::{Error, Result};

/// Configuration of a [`LetterTrainer`]: the network, its training, and the two regularizers, each of which may be left
/// out.
///
/// It comes from one of the constructors: [`paper`](Self::paper), [`released`](Self::released), [`tiger`](Self::tiger),
/// [`quick`](Self::quick).
#[derive(Config, Debug, PartialEq)]
pub struct LetterConfig {
    /// The residual-quantized auto-encoder and its losses: `L_sem`.
    pub rqvae: RqVaeConfig,
    /// How it is trained.
    pub training: TrainerConfig,
    /// `alpha L_CF`; `None` leaves it out.
    pub collaborative: Option<CollaborativeConfig>,
    /// `beta L_div`; `None` leaves it out.
    pub diversity: Option<DiversityConfig>,
    /// Seed of everything random: it replaces the seeds within [`rqvae`](Self::rqvae) and [`training`](Self::training).
    #[config(default = 0)]
    pub seed: u64,
}

/// Collaborative regularization; see [`collaborative_loss`](super::collaborative_loss).
#[derive(Config, Debug, PartialEq)]
pub struct CollaborativeConfig {
    /// The weight alpha; the paper tries .1, .02, .01 and .001 and recommends .02.
    #[config(default = 0.02)]
    pub weight: f64,
    /// With or without the logarithm.
    #[config(default = "ContrastiveForm::Logarithm")]
    pub form: ContrastiveForm,
    /// How latents meet collaborative embeddings.
    #[config(default = "Alignment::Direct")]
    pub alignment: Alignment,
}

/// How latents of width `d` meet collaborative embeddings of width `d_h`.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// As they are; `d_h` must be `d`.
    Direct,
    /// Collaborative embeddings go through a learned matrix `[d_h, d]` first, which is trained with the quantizer.
    Projection,
}

/// Diversity regularization; see [`diversity_loss`](super::diversity_loss).
#[derive(Config, Debug, PartialEq)]
pub struct DiversityConfig {
    /// The weight beta; the paper tries .01 to .00001 and recommends .0001.
    #[config(default = 1e-4)]
    pub weight: f64,
    /// Into how many clusters each codebook is sorted, K.
    #[config(default = 10)]
    pub clusters: usize,
    /// Fewest codewords of a cluster.
    #[config(default = 10)]
    pub min_size: usize,
    /// Most codewords of a cluster.
    #[config(default = 60)]
    pub max_size: usize,
    /// Iterations of the clustering at most.
    #[config(default = 10)]
    pub iterations: usize,
}

impl LetterConfig {
    /// LETTER as printed, for text embeddings of width `d_input`: 7 layers down to 32, 4 x 256
    /// codewords, alpha .02, beta .0001, AdamW at .001 with batches of 1,024 for 20,000 epochs. The collaborative loss
    /// has its logarithm.
    pub fn paper(d_input: usize) -> Self {
        Self::new(
            RqVaeConfig::paper(d_input),
            TrainerConfig::new(20_000).with_evaluate_every(50),
        )
        .with_collaborative(Some(CollaborativeConfig::new()))
        .with_diversity(Some(DiversityConfig::new()))
    }

    /// LETTER as its released code trains it: see the differences 1 and 3 to 6 of [the module](super); of the models
    /// that were evaluated, the one with the fewest collisions is kept.
    pub fn released(d_input: usize) -> Self {
        let paper = Self::paper(d_input);
        let training = paper.training.clone().with_selection(Selection::Collisions);
        Self {
            rqvae: RqVaeConfig::released(d_input),
            training,
            ..paper
        }
    }

    /// TIGER's tokenizer: 512, 256, 128, 32, three levels of 256 codewords that start by k-means,
    /// no regularizers. Its identifiers are made unique by a fourth code,
    /// [`Disambiguate::AppendToken`](crate::Disambiguate::AppendToken).
    pub fn tiger(d_input: usize) -> Self {
        let quantizer = ResidualQuantizerConfig::new(32).with_codebook_sizes(vec![256; 3]);
        let rqvae = RqVaeConfig::new(d_input)
            .with_hidden(vec![512, 256, 128])
            .with_quantizer(quantizer);
        Self::new(rqvae, TrainerConfig::new(20_000).with_evaluate_every(50))
    }

    /// A smaller LETTER that takes a few minutes on two cores: three hidden layers (512, 256, 128), codebooks that start by k-means, unused codewords revived, 800
    /// epochs with warm-up and cosine, squared norms (text embeddings of unit length are next to nothing in mean squares), alpha .2, and a learned projection, so
    /// collaborative embeddings may have any width. The collaborative loss goes to the encoder, as in the released code: where it reaches only the codebooks, codes
    /// follow collaborative neighbours no more than without it.
    pub fn quick(d_input: usize) -> Self {
        let quantizer = ResidualQuantizerConfig::new(32)
            .with_init(CodebookInit::KMeans {
                sample: None,
                iterations: 20,
            })
            .with_error(RowError::SquaredNorm)
            .with_quantized_gradient(QuantizedGradient::Encoder)
            .with_revive(true);
        let rqvae = RqVaeConfig::new(d_input)
            .with_hidden(vec![512, 256, 128])
            .with_quantizer(quantizer);
        let training = TrainerConfig::new(800)
            .with_schedule(Schedule::WarmupCosine { warmup: 0.02 })
            .with_evaluate_every(100);
        let collaborative = CollaborativeConfig::new()
            .with_weight(0.2)
            .with_alignment(Alignment::Projection);
        Self::new(rqvae, training)
            .with_collaborative(Some(collaborative))
            .with_diversity(Some(DiversityConfig::new()))
    }

    /// The same network and training without the two regularizers: TIGER's tokenizer of this size.
    pub fn without_regularizers(self) -> Self {
        self.with_collaborative(None).with_diversity(None)
    }

    /// The same with `levels` codebooks, of as many codewords as the first has.
    pub fn with_levels(mut self, levels: usize) -> Self {
        let codewords = self
            .rqvae
            .quantizer
            .codebook_sizes
            .first()
            .copied()
            .unwrap_or(256);
        self.rqvae.quantizer.codebook_sizes = vec![codewords; levels];
        self
    }

    /// The rule of the released code for collisions: Sinkhorn assignment with the settings of [`rqvae`](Self::rqvae)
    /// where it has them, otherwise the defaults.
    pub fn sinkhorn(&self) -> SinkhornConfig {
        match self.rqvae.quantizer.assignment {
            Assignment::SinkhornLast(sinkhorn) => sinkhorn,
            Assignment::Nearest => SinkhornConfig::new(),
        }
    }

    /// Makes the trainer. The configuration is checked by [`LetterTrainer::fit`].
    pub fn init(&self) -> LetterTrainer {
        LetterTrainer::new(self.clone())
    }

    /// Whether this can work.
    ///
    /// # Errors
    ///
    /// A network that cannot be, a weight out of its range, codebooks that no clusters of the sizes asked for hold, or a
    /// regularizer whose gradient reaches nothing, because codebooks learn by moving averages.
    pub fn check(&self) -> Result<()> {
        self.rqvae.check()?;
        self.training.check()?;
        let weights = [
            (
                "CollaborativeConfig::weight",
                self.collaborative.as_ref().map(|term| term.weight),
            ),
            (
                "DiversityConfig::weight",
                self.diversity.as_ref().map(|term| term.weight),
            ),
        ];
        for (option, weight) in weights {
            if let Some(weight) = weight.filter(|weight| !(weight.is_finite() && *weight >= 0.0)) {
                return Err(Error::Config {
                    option,
                    expected: String::from("a finite weight that is not negative"),
                    found: weight.to_string(),
                });
            }
        }
        let quantizer = &self.rqvae.quantizer;
        if self.collaborative.is_some()
            && quantizer.update != CodebookUpdate::Gradient
            && quantizer.quantized_gradient == QuantizedGradient::Codebooks
        {
            return Err(Error::Config {
                option: "ResidualQuantizerConfig::quantized_gradient",
                expected: String::from(
                    "`QuantizedGradient::Encoder` with a collaborative loss on codebooks of moving averages, which no gradient reaches (or `with_collaborative(None)`)",
                ),
                found: format!("{:?}", quantizer.quantized_gradient),
            });
        }
        let Some(diversity) = &self.diversity else {
            return Ok(());
        };
        if diversity.iterations == 0 {
            return Err(Error::Config {
                option: "DiversityConfig::iterations",
                expected: String::from("at least 1"),
                found: String::from("0"),
            });
        }
        if self.rqvae.quantizer.update != CodebookUpdate::Gradient {
            return Err(Error::Config {
                option: "ResidualQuantizerConfig::update",
                expected: String::from(
                    "`CodebookUpdate::Gradient` with a diversity loss, which reaches codebooks by gradient only (or `with_diversity(None)`)",
                ),
                found: format!("{:?}", self.rqvae.quantizer.update),
            });
        }
        for (level, &codewords) in self.rqvae.quantizer.codebook_sizes.iter().enumerate() {
            let (fewest, most) = (
                diversity.clusters.saturating_mul(diversity.min_size),
                diversity.clusters.saturating_mul(diversity.max_size),
            );
            if diversity.clusters == 0
                || diversity.min_size == 0
                || !(fewest..=most).contains(&codewords)
            {
                return Err(Error::Config {
                    option: "DiversityConfig::clusters, min_size, max_size",
                    expected: format!(
                        "clusters of at least one codeword that hold the {codewords} codewords of level {level}"
                    ),
                    found: format!(
                        "{} clusters of {} to {} codewords, which hold {fewest} to {most}",
                        diversity.clusters, diversity.min_size, diversity.max_size
                    ),
                });
            }
        }
        Ok(())
    }
}

impl DiversityConfig {
    pub(super) fn kmeans(&self) -> ConstrainedKMeansConfig {
        ConstrainedKMeansConfig::new(self.clusters, self.min_size, self.max_size)
            .with_iterations(self.iterations)
    }
}
