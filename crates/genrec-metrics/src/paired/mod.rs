//! Whether one recommender is better than another, or luckier: a paired test over the same users.
//!
//! Smucker, Allan and Carterette, "A comparison of statistical significance tests for information retrieval evaluation", 2007.

mod display;
mod flips;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{
    Bootstrap, Error, EvaluationSet, Interval, Metric, Outcomes, Protocol, Report, Result,
    SeedSummary, table::same_protocol,
};

/// How two recommenders are compared on the same users.
///
/// ```
/// use genrec_data::{Interactions, ItemId, leave_one_out};
/// use genrec_metrics::{EvaluateConfig, ItemKnn, Metric, MostPopular, PairedTest, evaluate};
///
/// let walk = |user: u32| (user..user + 6).map(|item| ItemId::new(item % 30)).collect();
/// let split = leave_one_out(&Interactions::new(30, (0..60).map(walk).collect())?)?;
/// let config = EvaluateConfig::new(42);
/// let popular = evaluate(&MostPopular::fit(&split.train), &split.test, &config)?;
/// let knn = evaluate(&ItemKnn::fit(&split.train), &split.test, &config)?;
///
/// let comparison = PairedTest::new(42).compare(&knn, &popular)?;
/// let ndcg = comparison.difference(Metric::Ndcg, 10).unwrap();
/// assert!(ndcg.difference > 0.0 && ndcg.p_value < 0.001);
/// println!("{comparison}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairedTest {
    /// How many times all users are drawn again for the interval of a difference; 0 for no intervals. Default 1,000.
    pub resamples: usize,
    /// How many times all signs are drawn for a p-value, at least 1. Where all signs there are are no more, each is taken once
    /// and the p-value is exact. Default 10,000.
    pub permutations: usize,
    /// Where the draws start from: the same seed gives the same figures, on any number of threads.
    pub seed: u64,
}

/// One metric of two recommenders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// What was measured.
    pub metric: Metric,
    /// Where the lists were cut.
    pub k: usize,
    /// The mean over users of the first recommender.
    pub first: f64,
    /// That of the second one.
    pub second: f64,
    /// The mean over users of the first's figure less the second's.
    pub difference: f64,
    /// Its 95 % bootstrap interval over users; `None` if no intervals were asked for.
    pub interval: Option<Interval>,
    /// How probable a difference at least as large, in either direction, is if the two are equally good: if for each user it
    /// were a matter of luck which of the two did how well.
    pub p_value: f64,
}

/// Two recommenders on the same users, metric by metric. `Display` prints a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The name of the first recommender.
    pub first: String,
    /// The name of the second one.
    pub second: String,
    /// How both were measured.
    pub protocol: Protocol,
    /// How they were compared.
    pub test: PairedTest,
    /// All metrics at all k.
    pub differences: Vec<Difference>,
}

impl PairedTest {
    /// 1,000 resamples and 10,000 permutations drawn from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            resamples: 1000,
            permutations: 10_000,
            seed,
        }
    }

    /// Draws the users this many times for the intervals; 0 for no intervals.
    #[must_use]
    pub fn with_resamples(mut self, resamples: usize) -> Self {
        self.resamples = resamples;
        self
    }

    /// Draws the signs this many times for the p-values.
    #[must_use]
    pub fn with_permutations(mut self, permutations: usize) -> Self {
        self.permutations = permutations;
        self
    }

    /// Compares two reports of the same protocol.
    ///
    /// The p-value is that of Fisher's randomization test: the share of draws in which the mean of the users' differences, each
    /// with a random sign, is at least as far from 0. `(1 + found) / (1 + permutations)`, so that it is never 0; exact (and
    /// `found / 2^n`) for `n` users who differ at all if `2^n` is at most `permutations`. It is not corrected for the number of
    /// metrics looked at or recommenders tried.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for no permutation, [`Error::OtherProtocol`] if the reports were not measured in the same way on the same
    /// users, and [`Error::NoOutcomes`] if one was loaded from a file of an earlier version.
    pub fn compare<S: EvaluationSet>(
        &self,
        first: &Report<S>,
        second: &Report<S>,
    ) -> Result<Comparison> {
        self.check()?;
        same_protocol(second, first)?;
        let outcomes = [first.outcomes_or_error()?, second.outcomes_or_error()?];
        Ok(Comparison {
            first: first.recommender().to_owned(),
            second: second.recommender().to_owned(),
            protocol: first.protocol().clone(),
            test: *self,
            differences: self.differences(outcomes),
        })
    }

    /// As [`compare`](Self::compare), of the means over seeds of each user's figures. The seeds are taken as they are: luck is that
    /// of users alone, and what other seeds would give is for the summaries' own intervals to say.
    ///
    /// # Errors
    ///
    /// As [`compare`](Self::compare).
    pub fn compare_seeds<S: EvaluationSet>(
        &self,
        first: &SeedSummary<S>,
        second: &SeedSummary<S>,
    ) -> Result<Comparison> {
        self.check()?;
        same_protocol(&second.reports()[0], &first.reports()[0])?;
        Ok(Comparison {
            first: first.label(),
            second: second.label(),
            protocol: first.protocol().clone(),
            test: *self,
            differences: self.differences([first.outcomes(), second.outcomes()]),
        })
    }

    fn check(&self) -> Result<()> {
        if self.permutations == 0 {
            return Err(Error::Config {
                config: "PairedTest",
                field: "permutations",
                found: "0".to_owned(),
                expected: "at least 1; 10,000 for a table",
            });
        }
        Ok(())
    }

    fn differences(&self, [first, second]: [&Outcomes; 2]) -> Vec<Difference> {
        let columns = first.columns();
        let width = columns.len();
        let pairs = first.flat().iter().zip(second.flat());
        let rows: Vec<f64> = pairs.map(|(first, second)| first - second).collect();
        let bootstrap = Bootstrap {
            resamples: self.resamples,
            seed: self.seed,
        };
        let intervals = bootstrap.intervals(&rows, width);
        let p_values = flips::p_values(&rows, width, self.permutations, self.seed);
        let (firsts, seconds) = (first.means(), second.means());
        columns
            .iter()
            .enumerate()
            .map(|(column, &(metric, k))| Difference {
                metric,
                k,
                first: firsts[column],
                second: seconds[column],
                difference: firsts[column] - seconds[column],
                interval: intervals.get(column).copied(),
                p_value: p_values[column],
            })
            .collect()
    }
}

impl Comparison {
    /// One metric at one k; `None` if it was not measured at this k.
    #[must_use]
    pub fn difference(&self, metric: Metric, k: usize) -> Option<&Difference> {
        self.differences
            .iter()
            .find(|difference| difference.metric == metric && difference.k == k)
    }
}
