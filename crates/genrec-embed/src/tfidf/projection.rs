use super::features::mix;

/// A matrix of random signs, `[features, dim]`, computed from the seed where it is needed and never stored.
#[derive(Clone, Debug)]
pub(super) struct Projection {
    dim: usize,
    seed: u64,
}

impl Projection {
    pub(super) fn new(dim: usize, seed: u64) -> Self {
        Self { dim, seed }
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// The signs of 64 neighbouring columns of the row of `feature`, one a bit.
    fn signs(&self, feature: u32, block: usize) -> u64 {
        mix(mix(self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15))
            ^ mix(u64::from(feature) << 32 | block as u64))
    }

    /// The sum of the rows of `weights`, each times its weight, scaled to length 1, into `row`, `[dim]`.
    ///
    /// Sums run in the order of `weights` and in double precision, so that the result is the same everywhere.
    pub(super) fn project(&self, weights: &[(u32, f64)], row: &mut [f32]) {
        let mut sums = vec![0.0f64; self.dim];
        for &(feature, weight) in weights {
            for (block, sums) in sums.chunks_mut(64).enumerate() {
                let signs = self.signs(feature, block);
                for (bit, sum) in sums.iter_mut().enumerate() {
                    // A set bit flips the sign of the weight, without a branch.
                    *sum += f64::from_bits(weight.to_bits() ^ (signs >> bit << 63));
                }
            }
        }
        let length = sums.iter().map(|x| x * x).sum::<f64>().sqrt();
        for (element, sum) in row.iter_mut().zip(&sums) {
            *element = if length > 0.0 {
                (sum / length) as f32
            } else {
                0.0
            };
        }
    }

    /// One element of the matrix, 1 or -1.
    #[cfg(test)]
    pub(super) fn sign(&self, feature: u32, column: usize) -> f64 {
        if self.signs(feature, column / 64) >> (column % 64) & 1 == 1 {
            -1.0
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_balanced_and_rows_nearly_orthogonal() {
        let projection = Projection::new(4096, 5);
        let row = |feature| (0..4096).map(move |j| Projection::new(4096, 5).sign(feature, j));
        let total: f64 = row(3).sum();
        assert!(total.abs() < 4.0 * 64.0, "{total}");
        for (a, b) in [(0, 1), (1, 2), (1, 1 << 17)] {
            let dot: f64 = row(a).zip(row(b)).map(|(x, y)| x * y).sum();
            assert!(dot.abs() < 4.0 * 64.0, "{a} {b}: {dot}");
        }
        assert_ne!(projection.signs(0, 0), Projection::new(4096, 6).signs(0, 0));
    }
}
