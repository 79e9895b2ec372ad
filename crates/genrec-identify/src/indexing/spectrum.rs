//! The largest eigenvalues of a sparse symmetric matrix and their vectors.

use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::graph::Graph;

/// Vectors beyond those asked for: what converges slowest is thrown away.
const SPARE: usize = 8;
/// Steps of the Chebyshev filter in a round.
const DEGREE: usize = 10;
/// Rounds at most.
const ROUNDS: usize = 60;
/// Settled when every vector asked for has `|A v - lambda v|` below this.
const TOLERANCE: f64 = 1e-4;

/// The `count` largest eigenvalues of a graph's matrix whose eigenvalues are within -1 and 1, in falling order, and their vectors as columns, `[nodes, count]`.
///
/// Subspace iteration with a Chebyshev filter (Zhou, Saad et al., "Self-consistent-field calculations using Chebyshev-filtered subspace iteration", 2006): a polynomial
/// of the matrix that is small on the part of the spectrum that is not wanted, then an orthonormal basis, then the eigenvectors within it.
///
/// Needs `count <= nodes`.
pub(super) fn leading(graph: &Graph, count: usize, seed: u64) -> (Vec<f64>, Array2<f64>) {
    let nodes = graph.len();
    let width = (count + SPARE).min(nodes);
    let mut random = StdRng::seed_from_u64(seed);
    let mut basis = Array2::from_shape_simple_fn((nodes, width), || random.random_range(-1.0..1.0));
    orthonormalize(&mut basis, &mut random);
    let mut values = vec![0.0; width];
    for round in 0..ROUNDS {
        if round > 0 {
            basis = filtered(graph, &basis, values[width - 1]);
            orthonormalize(&mut basis, &mut random);
        }
        let image = graph.times(basis.view());
        let (found, rotation) = symmetric(basis.t().dot(&image));
        values = found;
        basis = basis.dot(&rotation);
        let image = image.dot(&rotation);
        let settled = (0..count).all(|column| {
            let left = &image.column(column) - &(&basis.column(column) * values[column]);
            norm(left.view()) < TOLERANCE
        });
        if settled {
            break;
        }
    }
    values.truncate(count);
    let wanted: Vec<usize> = (0..count).collect();
    (values, basis.select(Axis(1), &wanted))
}

/// A polynomial of the matrix times `x`: small between -1 and `bound`, growing fast above it.
fn filtered(graph: &Graph, x: &Array2<f64>, bound: f64) -> Array2<f64> {
    // Everything counts as wanted where the bound is at the end of the spectrum.
    let bound = bound.clamp(-0.9, 1.0 - 1e-6);
    let (half, centre) = ((bound + 1.0) / 2.0, (bound - 1.0) / 2.0);
    let step = |x: &Array2<f64>| (graph.times(x.view()) - x * centre) / half;
    let mut before = x.clone();
    let mut now = step(x);
    for _ in 1..DEGREE {
        let next = step(&now) * 2.0 - &before;
        before = std::mem::replace(&mut now, next);
        // Only directions matter; what grows without bound would overflow.
        let scale = now.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
        now /= scale;
        before /= scale;
    }
    now
}

fn norm(x: ArrayView1<'_, f64>) -> f64 {
    x.dot(&x).sqrt()
}

/// Gram and Schmidt's, twice for every column, so that rounding leaves nothing of the others; a column that was a combination of those before it is drawn anew.
fn orthonormalize(x: &mut Array2<f64>, random: &mut StdRng) {
    for column in 0..x.ncols() {
        loop {
            let length = norm(x.column(column));
            let (before, mut rest) = x.view_mut().split_at(Axis(1), column);
            let mut own = rest.column_mut(0);
            for _ in 0..2 {
                let shares: Array1<f64> = before.t().dot(&own);
                own -= &before.dot(&shares);
            }
            let left = norm(own.view());
            if left > 1e-10 * length && left > 0.0 {
                own /= left;
                break;
            }
            own.mapv_inplace(|_| random.random_range(-1.0..1.0));
        }
    }
}

/// All eigenvalues of a small symmetric matrix, in falling order, and their vectors as columns (Jacobi's rotations).
fn symmetric(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    let mut vectors = Array2::<f64>::eye(n);
    let size = a.iter().map(|x| x * x).sum::<f64>();
    for _ in 0..64 {
        let off = |a: &Array2<f64>| -> f64 {
            let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
            pairs.map(|(i, j)| a[[i, j]] * a[[i, j]]).sum()
        };
        if off(&a) <= 1e-24 * size {
            break;
        }
        for i in 0..n {
            for j in 0..i {
                rotate(&mut a, &mut vectors, i, j);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[[j, j]].total_cmp(&a[[i, i]]));
    let values = order.iter().map(|&i| a[[i, i]]).collect();
    (values, vectors.select(Axis(1), &order))
}

/// Turns rows and columns `i` and `j` so that their element vanishes.
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, i: usize, j: usize) {
    let x = (a[[i, j]] + a[[j, i]]) / 2.0;
    if x == 0.0 {
        return;
    }
    let theta = (a[[j, j]] - a[[i, i]]) / (2.0 * x);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let t = if theta == 0.0 { 1.0 } else { t };
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for k in 0..a.nrows() {
        let (p, q) = (a[[k, i]], a[[k, j]]);
        (a[[k, i]], a[[k, j]]) = (c * p - s * q, s * p + c * q);
    }
    for k in 0..a.nrows() {
        let (p, q) = (a[[i, k]], a[[j, k]]);
        (a[[i, k]], a[[j, k]]) = (c * p - s * q, s * p + c * q);
        let (p, q) = (vectors[[k, i]], vectors[[k, j]]);
        (vectors[[k, i]], vectors[[k, j]]) = (c * p - s * q, s * p + c * q);
    }
}

#[cfg(test)]
mod tests {
    use genrec_data::{Interactions, ItemId};
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn small_matrices_fall_apart_into_their_vectors(values in vec(-2.0..2.0_f64, 36)) {
            let half = Array2::from_shape_vec((6, 6), values).unwrap();
            let a = &half + &half.t();
            let (values, vectors) = symmetric(a.clone());
            let image = a.dot(&vectors);
            for (column, value) in values.iter().enumerate() {
                let left = &image.column(column) - &(&vectors.column(column) * *value);
                prop_assert!(norm(left.view()) < 1e-9);
            }
            let unit = vectors.t().dot(&vectors) - Array2::<f64>::eye(6);
            prop_assert!(unit.iter().all(|x| x.abs() < 1e-9));
            prop_assert!(values.is_sorted_by(|a, b| a >= b));
        }

        /// The dense decomposition is the twin of the iteration.
        #[test]
        fn the_leading_ones_are_those_of_the_dense_matrix(lists in vec(vec(0_u32..40, 2..6), 30..80), count in 1_usize..6) {
            let histories = lists.iter().map(|items| items.iter().copied().map(ItemId::new).collect()).collect();
            let graph = Graph::of(&Interactions::new(40, histories).unwrap()).normalized();
            let (all, _) = symmetric(graph.dense());
            let (values, vectors) = leading(&graph, count, 3);
            for (value, expected) in values.iter().zip(&all) {
                prop_assert!((value - expected).abs() < 1e-3, "{} {}", value, expected);
            }
            let image = graph.times(vectors.view());
            for (column, value) in values.iter().enumerate() {
                let left = &image.column(column) - &(&vectors.column(column) * *value);
                prop_assert!(norm(left.view()) < 2.0 * TOLERANCE);
            }
        }
    }
}
