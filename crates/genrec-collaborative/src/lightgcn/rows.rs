//! Sums of rows of a matrix: the inner loop of propagation.

/// Columns summed in registers at a time: eight registers of four floats, which every x86-64 and 64-bit Arm has.
const BLOCK: usize = 32;

/// The sum of the rows `picked` of `rows`, `[.., d]`, into `sum`, `[d]`.
pub(super) fn sum_rows(rows: &[f32], picked: impl Iterator<Item = usize> + Clone, sum: &mut [f32]) {
    let d = sum.len();
    let (blocks, rest) = sum.as_chunks_mut::<BLOCK>();
    let columns = blocks.len() * BLOCK;
    for (block, sum) in blocks.iter_mut().enumerate() {
        let mut running = [0.0f32; BLOCK];
        for row in picked.clone() {
            let start = row * d + block * BLOCK;
            let row: &[f32; BLOCK] = rows[start..].first_chunk().expect("a row has d columns");
            for (running, x) in running.iter_mut().zip(row) {
                *running += x;
            }
        }
        *sum = running;
    }
    if !rest.is_empty() {
        rest.fill(0.0);
        for row in picked {
            for (sum, x) in rest.iter_mut().zip(&rows[row * d + columns..(row + 1) * d]) {
                *sum += x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn sums_are_those_of_the_columns(d in 1usize..80, picked in prop::collection::vec(0usize..6, 0..9)) {
            let rows: Vec<f32> = (0..6 * d).map(|i| (i * i % 31) as f32).collect();
            let mut sum = vec![f32::NAN; d];
            sum_rows(&rows, picked.iter().copied(), &mut sum);
            for (column, sum) in sum.iter().enumerate() {
                let expected: f32 = picked.iter().map(|row| rows[row * d + column]).sum();
                prop_assert_eq!(*sum, expected);
            }
        }
    }
}
