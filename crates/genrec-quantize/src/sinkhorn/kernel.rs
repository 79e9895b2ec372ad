//! The arithmetic of Sinkhorn iterations.

use rayon::prelude::*;

/// Rows a thread sums before its part is added to the others', in order: the sum is the same for
/// any number of threads.
const BLOCK: usize = 64;

/// `exp(-distance / epsilon)` of distances centred into `[-1, 1]`, each row divided by its largest
/// value (a factor that the first normalization of the rows takes out again), so that nothing
/// overflows.
pub(super) fn kernel(distances: &[f64], columns: usize, epsilon: f64) -> Vec<f64> {
    let (least, most) = distances
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &d| {
            (a.min(d), b.max(d))
        });
    // The middle drops out with the division; the constant is the released code's guard against
    // equal distances.
    let amplitude = (most - least) / 2.0 + 1e-5;
    let scale = -1.0 / (amplitude * epsilon);
    let mut values = vec![0.0; distances.len()];
    values
        .par_chunks_mut(columns)
        .zip(distances.par_chunks(columns))
        .for_each(|(row, distances)| {
            let nearest = distances.iter().copied().fold(f64::INFINITY, f64::min);
            row.iter_mut()
                .zip(distances)
                .for_each(|(value, d)| *value = ((d - nearest) * scale).exp());
        });
    values
}

/// One normalization of the rows of `kernel diag(v)`, and what the columns sum to after it.
pub(super) struct RowScaling {
    /// `1 / sum_j kernel_ij v_j` per row.
    pub(super) u: Vec<f64>,
    /// `sum_i u_i kernel_ij` per column.
    pub(super) sums: Vec<f64>,
}

/// Both sums in one pass over the kernel.
pub(super) fn scale_rows(kernel: &[f64], v: &[f64]) -> RowScaling {
    let columns = v.len();
    let parts: Vec<RowScaling> = kernel
        .par_chunks(columns * BLOCK)
        .map(|block| {
            let mut part = RowScaling {
                u: Vec::with_capacity(BLOCK),
                sums: vec![0.0; columns],
            };
            for row in block.chunks_exact(columns) {
                let u = 1.0 / dot(row, v);
                part.sums
                    .iter_mut()
                    .zip(row)
                    .for_each(|(sum, value)| *sum += u * value);
                part.u.push(u);
            }
            part
        })
        .collect();
    let mut whole = RowScaling {
        u: vec![],
        sums: vec![0.0; columns],
    };
    for part in parts {
        whole.u.extend(part.u);
        whole
            .sums
            .iter_mut()
            .zip(part.sums)
            .for_each(|(sum, part)| *sum += part);
    }
    whole
}

/// In eight lanes, which the compiler keeps in vector registers.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (chunks_a, chunks_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = chunks_a
        .remainder()
        .iter()
        .zip(chunks_b.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in chunks_a.zip(chunks_b) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f64>() + rest
}
