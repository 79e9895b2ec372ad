//! Balanced soft assignment by Sinkhorn iterations (Cuturi, 2013), in 64-bit floats on the host.

mod kernel;
mod plan;

pub use plan::SinkhornPlan;

use crate::{Error, Result};
use burn::config::Config;
use burn::tensor::{Int, Tensor, TensorData};
use kernel::{RowScaling, kernel, scale_rows};
use rayon::prelude::*;

/// Configuration of a balanced assignment; the defaults are those of LETTER's and LC-Rec's released
/// code.
#[derive(Config, Debug, Copy, PartialEq)]
pub struct SinkhornConfig {
    /// Entropic regularization, in units of half the range of the distances (which are centred into
    /// `[-1, 1]`): the smaller, the harder the assignment. At least 0.0029, below which `exp(-2 /
    /// epsilon)` is 0 in 64-bit floats.
    #[config(default = 0.003)]
    pub epsilon: f64,
    /// Iterations, each one normalization of the rows and one of the columns.
    #[config(default = 50)]
    pub iterations: usize,
}

impl SinkhornConfig {
    /// Assigns every row to a column by the largest share of a balanced plan.
    ///
    /// # Shapes
    ///
    /// - distances: `[rows, columns]`
    /// - output: `[rows]`, on the device of the distances, without autodiff
    ///
    /// # Panics
    ///
    /// If [`check`](Self::check) finds something.
    pub fn assign(&self, distances: Tensor<2>) -> Tensor<1, Int> {
        let [rows, columns] = distances.dims();
        let device = distances.device().inner();
        let distances: Vec<f64> = distances.inner().into_data().iter::<f64>().collect();
        let codes: Vec<i32> = self
            .plan(&distances, columns)
            .argmax()
            .into_iter()
            .map(|column| column as i32)
            .collect();
        Tensor::from_data(TensorData::new(codes, [rows]), &device)
    }

    /// The balanced plan for distances given row by row, `columns` to a row: every column gets the
    /// same, exactly; every row gives 1, up to what the iterations leave.
    ///
    /// # Panics
    ///
    /// If the distances are no full rows, or [`check`](Self::check) finds something.
    pub fn plan(&self, distances: &[f64], columns: usize) -> SinkhornPlan {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        assert!(
            columns > 0 && distances.len().is_multiple_of(columns),
            "{} distances in rows of {columns}",
            distances.len()
        );
        let rows = distances.len() / columns;
        let mut values = kernel(distances, columns, self.epsilon);
        // The plan is diag(u) kernel diag(v): only the two vectors change from iteration to
        // iteration.
        let mut v = vec![1.0; columns];
        let mut scaling = RowScaling {
            u: vec![0.0; rows],
            sums: vec![],
        };
        for _ in 0..self.iterations {
            scaling = scale_rows(&values, &v);
            v = scaling
                .sums
                .iter()
                .map(|sum| rows as f64 / (columns as f64 * sum))
                .collect();
        }
        values
            .par_chunks_mut(columns)
            .zip(&scaling.u)
            .for_each(|(row, u)| {
                row.iter_mut()
                    .zip(&v)
                    .for_each(|(value, v)| *value *= u * v);
            });
        SinkhornPlan { columns, values }
    }

    /// Whether this can work, for a configuration that comes from outside.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for an epsilon below 0.0029 or no iterations.
    pub fn check(&self) -> Result<()> {
        if !(self.epsilon >= 0.0029 && self.epsilon.is_finite()) {
            return Err(Error::Config {
                field: "SinkhornConfig::epsilon",
                found: self.epsilon.to_string(),
                expected: "it must be at least 0.0029, or shares fall below the smallest 64-bit float",
            });
        }
        if self.iterations == 0 {
            return Err(Error::Config {
                field: "SinkhornConfig::iterations",
                found: "0".into(),
                expected: "at least one iteration is needed; 50 are usual",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The iteration as the released code writes it: the whole matrix divided by its sums, again
    /// and again.
    fn naive(config: &SinkhornConfig, distances: &[f64], columns: usize) -> Vec<f64> {
        let rows = distances.len() / columns;
        let most = distances.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
        let middle = (most + least) / 2.0;
        let amplitude = most - middle + 1e-5;
        let mut q: Vec<f64> = distances
            .iter()
            .map(|d| (-(d - middle) / amplitude / config.epsilon).exp())
            .collect();
        let total: f64 = q.iter().sum();
        q.iter_mut().for_each(|value| *value /= total);
        for _ in 0..config.iterations {
            for row in q.chunks_exact_mut(columns) {
                let sum: f64 = row.iter().sum();
                row.iter_mut().for_each(|value| *value /= sum * rows as f64);
            }
            for column in 0..columns {
                let sum: f64 = (0..rows).map(|row| q[row * columns + column]).sum();
                (0..rows).for_each(|row| q[row * columns + column] /= sum * columns as f64);
            }
        }
        q.iter_mut().for_each(|value| *value *= rows as f64);
        q
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn equals_its_naive_twin(
            distances in prop::collection::vec(0.0f64..4.0, 1..200), columns in 1usize..12,
            epsilon in prop::sample::select(vec![0.003, 0.05, 0.5]),
        ) {
            let rows = distances.len() / columns;
            prop_assume!(rows > 0);
            let distances = &distances[..rows * columns];
            let config = SinkhornConfig::new().with_epsilon(epsilon);
            let plan = config.plan(distances, columns);
            for (found, expected) in plan.values.iter().zip(naive(&config, distances, columns)) {
                prop_assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{found} {expected}");
            }
        }

        #[test]
        fn rows_give_one_and_columns_get_the_same(
            distances in prop::collection::vec(0.0f64..4.0, 8..240), columns in 1usize..8,
        ) {
            let rows = distances.len() / columns;
            let plan = SinkhornConfig::new().with_epsilon(0.3).with_iterations(200).plan(&distances[..rows * columns], columns);
            for row in 0..rows {
                prop_assert!((plan.row(row).iter().sum::<f64>() - 1.0).abs() < 1e-6);
            }
            for column in 0..columns {
                let sum: f64 = (0..rows).map(|row| plan.share(row, column)).sum();
                prop_assert!((sum - rows as f64 / columns as f64).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn crowded_rows_are_spread() {
        // All 8 rows are nearest to column 0, each by another margin; only 2 of them fit.
        let distances: Vec<f64> = (0..8)
            .flat_map(|row| {
                (0..4).map(move |column| {
                    if column == 0 {
                        0.0
                    } else {
                        1.0 + 0.1 * f64::from(row * column)
                    }
                })
            })
            .collect();
        let codes = SinkhornConfig::new()
            .with_epsilon(0.05)
            .with_iterations(500)
            .plan(&distances, 4)
            .argmax();
        let counts = (0..4)
            .map(|column| codes.iter().filter(|&&code| code == column).count())
            .collect::<Vec<_>>();
        assert!(
            counts.iter().all(|&count| count >= 1) && counts[0] <= 3,
            "{counts:?}"
        );
    }

    #[test]
    fn a_column_far_from_everything_breaks_nothing() {
        let distances: Vec<f64> = (0..32).flat_map(|_| [0.0, 0.0, 1.0]).collect();
        let plan = SinkhornConfig::new().plan(&distances, 3);
        assert!(plan.values.iter().all(|value| value.is_finite()));
        let equal = SinkhornConfig::new().plan(&[2.0; 12], 3);
        assert!(
            equal
                .values
                .iter()
                .all(|value| (value - 1.0 / 3.0).abs() < 1e-12)
        );
    }

    #[test]
    fn values_that_cannot_work_are_refused() {
        assert!(SinkhornConfig::new().with_epsilon(0.001).check().is_err());
        assert!(
            SinkhornConfig::new()
                .with_epsilon(f64::NAN)
                .check()
                .is_err()
        );
        assert!(SinkhornConfig::new().with_iterations(0).check().is_err());
        assert!(SinkhornConfig::new().check().is_ok());
    }
}
