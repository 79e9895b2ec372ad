use genrec_data::{Interactions, Validation};
use genrec_metrics::{EvaluateConfig, Metric, evaluate};

use super::LightGcnConfig;
use super::graph::Graph;
use super::learner::Learner;
use super::model::LightGcn;
use super::sampler::Sampler;
use crate::error::{Error, Result};

/// How training stands after an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// The epoch, from 1.
    pub number: usize,
    /// The most epochs there can be.
    pub epochs: usize,
    /// The mean loss of its steps, `-ln sigmoid(preferred - other)`: ln 2 = 0.69 for guessing, 0 for perfect order.
    pub loss: f64,
    /// NDCG on the validation cases, in the epochs after which it is measured.
    pub validation: Option<f64>,
}

impl LightGcnConfig {
    /// Learns from `interactions` for [`epochs`](Self::epochs) epochs; repeated interactions count once.
    ///
    /// `progress` is called after every epoch. The same seed gives the same bits, with any number of threads.
    ///
    /// ```
    /// use genrec_collaborative::LightGcnConfig;
    /// use genrec_data::{Interactions, ItemId};
    ///
    /// let items = |numbers: &[u32]| numbers.iter().copied().map(ItemId::new).collect::<Vec<_>>();
    /// let interactions = Interactions::new(4, vec![items(&[0, 1]), items(&[1]), items(&[2, 3])]).unwrap();
    /// let model = LightGcnConfig::new().with_epochs(5).fit(&interactions, 42, |_| {})?;
    /// assert_eq!((model.user_embeddings().rows(), model.item_embeddings().rows()), (3, 4));
    /// # Ok::<(), genrec_collaborative::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Option`] for an impossible option, [`Error::NothingToLearn`] without a user who prefers one item to
    /// another, [`Error::Diverged`] if the loss is no longer a number.
    pub fn fit(
        &self,
        interactions: &Interactions,
        seed: u64,
        mut progress: impl FnMut(&Epoch),
    ) -> Result<LightGcn> {
        let graph = Graph::new(interactions);
        let mut training = Training::new(self, &graph, interactions, seed)?;
        for number in 1..=self.epochs {
            let loss = training.epoch(number)?;
            progress(&Epoch {
                number,
                epochs: self.epochs,
                loss,
                validation: None,
            });
        }
        training.model()
    }

    /// As [`fit`](Self::fit), measuring NDCG on `validation` as [`early_stopping`](Self::early_stopping) says: training
    /// ends when it no longer rises, and the model that it was highest for is returned.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit), and [`Error::Evaluation`] if there are no validation cases or they are of other data.
    pub fn fit_validated(
        &self,
        interactions: &Interactions,
        validation: &Validation,
        seed: u64,
        mut progress: impl FnMut(&Epoch),
    ) -> Result<LightGcn> {
        let graph = Graph::new(interactions);
        let mut training = Training::new(self, &graph, interactions, seed)?;
        let stopping = &self.early_stopping;
        let evaluation = EvaluateConfig::new(seed)
            .with_ks([stopping.k])
            .with_resamples(0);
        let mut best: Option<(f64, LightGcn)> = None;
        let mut without_gain = 0;
        for number in 1..=self.epochs {
            let loss = training.epoch(number)?;
            let mut epoch = Epoch {
                number,
                epochs: self.epochs,
                loss,
                validation: None,
            };
            if number % stopping.every == 0 || number == self.epochs {
                let model = training.model()?;
                let report = evaluate(&model, validation, &evaluation)?;
                let ndcg = report
                    .value(Metric::Ndcg, stopping.k)
                    .expect("it was measured at this k");
                epoch.validation = Some(ndcg);
                if best.as_ref().is_none_or(|&(highest, _)| ndcg > highest) {
                    best = Some((ndcg, model));
                    without_gain = 0;
                } else {
                    without_gain += 1;
                }
            }
            progress(&epoch);
            if without_gain == stopping.patience {
                break;
            }
        }
        match best {
            Some((_, model)) => Ok(model),
            None => training.model(),
        }
    }
}

/// A training that goes on epoch by epoch.
struct Training<'g> {
    config: &'g LightGcnConfig,
    graph: &'g Graph,
    learner: Learner<'g>,
    sampler: Sampler<'g>,
}

impl<'g> Training<'g> {
    fn new(
        config: &'g LightGcnConfig,
        graph: &'g Graph,
        interactions: &Interactions,
        seed: u64,
    ) -> Result<Self> {
        config.check()?;
        // Two streams of random numbers from one seed: the weights at the start do not depend on the data.
        let learner = Learner::new(graph, config, seed);
        let sampler = Sampler::new(graph, seed ^ 0x9e37_79b9_7f4a_7c15);
        if sampler.len() == 0 {
            let (users, items) = (graph.users(), graph.items());
            return Err(Error::NothingToLearn {
                users,
                items,
                interactions: interactions.len(),
            });
        }
        Ok(Self {
            config,
            graph,
            learner,
            sampler,
        })
    }

    fn epoch(&mut self, number: usize) -> Result<f64> {
        let triples = self.sampler.epoch();
        let losses = triples
            .chunks(self.config.batch)
            .map(|batch| self.learner.step(batch) * batch.len() as f64);
        let loss = losses.sum::<f64>() / triples.len() as f64;
        if loss.is_finite() {
            Ok(loss)
        } else {
            Err(Error::Diverged {
                epoch: number,
                loss,
            })
        }
    }

    fn model(&self) -> Result<LightGcn> {
        LightGcn::propagate(
            self.graph,
            self.learner.weights(),
            self.config.d_model,
            self.config.layers,
        )
    }
}

#[cfg(test)]
mod tests;
