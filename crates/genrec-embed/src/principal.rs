//! Principal components: rows as few numbers, to look at.

use ndarray::{Array1, Array2, Axis};

use crate::{Embeddings, Error, Result};

/// Sweeps of rotations; a symmetric matrix is diagonal to machine precision after six to ten.
const SWEEPS: usize = 30;

/// Rows in the coordinates in which they spread most.
#[derive(Clone, Debug)]
pub struct PrincipalComponents {
    /// `[rows, components]`, the widest spread first.
    pub rows: Embeddings,
    /// The share of the whole variance that each component has, falling.
    pub explained: Vec<f64>,
}

impl Embeddings {
    /// The rows in the first `components` of their principal components, centred. Of the two directions of a component, the one in which its largest weight is
    /// positive.
    ///
    /// The eigenvectors of the covariance matrix, by Jacobi's rotations in double precision: for widths up to some hundreds.
    ///
    /// # Errors
    ///
    /// [`Error::Components`] if `components` is 0 or exceeds the width.
    pub fn principal_components(&self, components: usize) -> Result<PrincipalComponents> {
        if components == 0 || components > self.dim() {
            return Err(Error::Components {
                found: components,
                width: self.dim(),
            });
        }
        let mut rows = self.view().mapv(f64::from);
        let mean = rows
            .mean_axis(Axis(0))
            .unwrap_or_else(|| Array1::zeros(self.dim()));
        rows -= &mean;
        let covariance = rows.t().dot(&rows) / self.rows().max(1) as f64;
        let (values, vectors) = eigen(covariance);
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        let total: f64 = values.iter().sum();
        let mut basis = Array2::zeros((self.dim(), components));
        for (&from, mut column) in order.iter().zip(basis.columns_mut()) {
            let vector = vectors.column(from);
            let largest = vector
                .iter()
                .copied()
                .max_by(|a, b| a.abs().total_cmp(&b.abs()));
            column.assign(&(&vector * largest.unwrap_or(1.0).signum()));
        }
        let share = |&from: &usize| match total > 0.0 {
            true => values[from].max(0.0) / total,
            false => 0.0,
        };
        Ok(PrincipalComponents {
            rows: Self::new(rows.dot(&basis).mapv(|x| x as f32))?,
            explained: order.iter().take(components).map(share).collect(),
        })
    }
}

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix, by Jacobi's rotations.
fn eigen(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    let mut vectors = Array2::eye(n);
    let size = a.iter().map(|x| x * x).sum::<f64>();
    for _ in 0..SWEEPS {
        let off: f64 = a
            .indexed_iter()
            .filter(|((i, j), _)| i != j)
            .map(|(_, x)| x * x)
            .sum();
        if off <= 1e-28 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[[p, q]] == 0.0 {
                    continue;
                }
                // The rotation in the plane of p and q that makes their covariance zero.
                let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for k in 0..n {
                    let (x, y) = (a[[k, p]], a[[k, q]]);
                    a[[k, p]] = c * x - s * y;
                    a[[k, q]] = s * x + c * y;
                }
                for k in 0..n {
                    let (x, y) = (a[[p, k]], a[[q, k]]);
                    a[[p, k]] = c * x - s * y;
                    a[[q, k]] = s * x + c * y;
                }
                for k in 0..n {
                    let (x, y) = (vectors[[k, p]], vectors[[k, q]]);
                    vectors[[k, p]] = c * x - s * y;
                    vectors[[k, q]] = s * x + c * y;
                }
            }
        }
    }
    (a.diag().to_vec(), vectors)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stretched_cloud_by_hand() {
        // Along (3, 4) / 5 twice as far as across.
        let rows = [[3.0, 4.0], [-3.0, -4.0], [-2.0, 1.5], [2.0, -1.5]].concat();
        let rows = rows.iter().map(|x| x + 7.0).collect();
        let found = Embeddings::from_vec(4, 2, rows)
            .unwrap()
            .principal_components(2)
            .unwrap();
        let expected: [f32; 8] = [5.0, 0.0, -5.0, 0.0, 0.0, -2.5, 0.0, 2.5];
        // Across, (4, -3) / 5: of (-4, 3) and (4, -3) the one whose largest weight is positive.
        for (found, expected) in found.rows.as_slice().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        assert!((found.explained[0] - 0.8).abs() < 1e-9);
        assert!((found.explained[1] - 0.2).abs() < 1e-9);
    }

    #[test]
    fn equal_rows_spread_nowhere() {
        let same = Embeddings::from_vec(3, 2, vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0]).unwrap();
        let found = same.principal_components(1).unwrap();
        assert_eq!(found.rows.as_slice(), [0.0; 3]);
        assert_eq!(found.explained, [0.0]);
        for components in [0, 3] {
            let error = same.principal_components(components).unwrap_err();
            assert!(error.to_string().contains("of width 2"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn vectors_are_orthonormal_and_diagonalize(elements in prop::collection::vec(-5.0..5.0f64, 36)) {
            let half = Array2::from_shape_vec((6, 6), elements).unwrap();
            let matrix = half.t().dot(&half);
            let (values, vectors) = eigen(matrix.clone());
            let gram = vectors.t().dot(&vectors);
            let back = vectors.dot(&Array2::from_diag(&Array1::from(values))).dot(&vectors.t());
            for ((i, j), &x) in gram.indexed_iter() {
                prop_assert!((x - f64::from(u8::from(i == j))).abs() < 1e-9);
            }
            for (x, y) in back.iter().zip(&matrix) {
                prop_assert!((x - y).abs() < 1e-8 * (1.0 + y.abs()));
            }
        }
    }
}
