//! Search for the codes of rows whose codewords add up to them: greedy, or with a beam over the
//! levels (Babenko and Lempitsky, 2014, section 4; Chen et al., 2010).

use crate::distance::{distances_at_once, nearest, squared_distances};
use burn::tensor::{Int, Tensor};
use genrec_cores::side_by_side;

/// Codes of rows. Level by level the `beam` sequences of codes are kept whose codewords' sum is
/// nearest to the row; the nearest of them all is the answer. With a beam of 1 that is greedy: the
/// nearest codeword to what is left.
///
/// # Shapes
///
/// - codebooks: `[codewords, d]` per level, without autodiff
/// - rows: `[rows, d]`, without autodiff
/// - output: `[rows, levels]`
pub(crate) fn encode(codebooks: &[Tensor<2>], rows: Tensor<2>, beam: usize) -> Tensor<2, Int> {
    let [count, d] = rows.dims();
    let widest = codebooks.iter().map(|words| words.dims()[0]).max();
    let numbers = beam * widest.unwrap_or(1).max(d);
    let block = (distances_at_once(&rows.device()) / numbers).max(1);
    let codes = side_by_side((0..count).step_by(block).collect(), |start| {
        let rows = rows.clone().narrow(0, start, block.min(count - start));
        match beam {
            1 => greedy(codebooks, rows),
            _ => beam_search(codebooks, rows, beam),
        }
    });
    Tensor::cat(codes, 0)
}

fn greedy(codebooks: &[Tensor<2>], rows: Tensor<2>) -> Tensor<2, Int> {
    let mut residual = rows;
    let mut codes = vec![];
    for words in codebooks {
        let assigned = nearest(residual.clone(), words.clone());
        residual = residual - words.clone().select(0, assigned.clone());
        codes.push(assigned);
    }
    Tensor::stack(codes, 1)
}

fn beam_search(codebooks: &[Tensor<2>], rows: Tensor<2>, beam: usize) -> Tensor<2, Int> {
    let (count, device) = (rows.dims()[0], rows.device());
    let row = Tensor::<1, Int>::arange(0..count as i64, &device).unsqueeze_dim::<2>(1);
    // The beams of a row follow each other: beam b of row i is at i * width + b, best first.
    let mut width = 1;
    let mut residuals = rows;
    let mut codes: Vec<Tensor<1, Int>> = vec![];
    for (level, words) in codebooks.iter().enumerate() {
        let size = words.dims()[0];
        let kept = match level + 1 == codebooks.len() {
            true => 1,
            false => beam.min(width * size),
        };
        let near = squared_distances(residuals.clone(), words.clone())
            .neg()
            .reshape([count, width * size]);
        let (_, chosen) = near.topk_with_indices(kept, 1);
        let parents = chosen.clone().div_scalar(size as i64);
        let code = (chosen - parents.clone().mul_scalar(size as i64)).reshape([count * kept]);
        let parents = (parents + row.clone().mul_scalar(width as i64)).reshape([count * kept]);
        residuals = residuals.select(0, parents.clone()) - words.clone().select(0, code.clone());
        codes = codes
            .into_iter()
            .map(|codes| codes.select(0, parents.clone()))
            .collect();
        codes.push(code);
        width = kept;
    }
    Tensor::stack(codes, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mlp::normals;
    use crate::seed::{Stream, generator};
    use burn::tensor::{Device, TensorData};
    use proptest::prelude::*;

    fn random(rows: usize, d: usize, deviation: f64, seed: u64) -> Tensor<2> {
        let values = normals(
            rows * d,
            deviation,
            &mut generator(seed, Stream::Sample, rows as u64),
        );
        Tensor::from_data(TensorData::new(values, [rows, d]), &Device::default())
    }

    fn host(rows: &Tensor<2>) -> Vec<Vec<f64>> {
        let values: Vec<f64> = rows.to_data().iter::<f64>().collect();
        values
            .chunks_exact(rows.dims()[1])
            .map(<[f64]>::to_vec)
            .collect()
    }

    fn square(row: &[f64]) -> f64 {
        row.iter().map(|value| value * value).sum()
    }

    /// Beam search as one would write it for one row, with lists.
    fn naive(codebooks: &[Vec<Vec<f64>>], row: &[f64], beam: usize) -> (Vec<usize>, f64) {
        let mut beams = vec![(vec![], row.to_vec())];
        for words in codebooks {
            let mut next = vec![];
            for (codes, left) in &beams {
                for (code, word) in words.iter().enumerate() {
                    let left: Vec<f64> = left.iter().zip(word).map(|(a, b)| a - b).collect();
                    let codes: Vec<usize> = codes.iter().copied().chain([code]).collect();
                    next.push((codes, left));
                }
            }
            next.sort_by(|a, b| square(&a.1).total_cmp(&square(&b.1)));
            next.truncate(beam);
            beams = next;
        }
        let (codes, left) = beams.swap_remove(0);
        (codes, square(&left))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn equals_its_naive_twin(
            sizes in prop::collection::vec(1usize..7, 1..4), beam in 1usize..9, seed in 0u64..1000,
        ) {
            let rows = random(9, 3, 1.0, seed);
            let codebooks: Vec<Tensor<2>> = sizes
                .iter()
                .enumerate()
                .map(|(level, &size)| random(size, 3, 0.7, seed + 1 + level as u64))
                .collect();
            let words: Vec<_> = codebooks.iter().map(host).collect();
            let codes: Vec<i64> = encode(&codebooks, rows.clone(), beam).into_data().iter::<i64>().collect();
            for (row, codes) in host(&rows).iter().zip(codes.chunks_exact(sizes.len())) {
                let mut left = row.clone();
                for (words, &code) in words.iter().zip(codes) {
                    left.iter_mut().zip(&words[code as usize]).for_each(|(left, word)| *left -= word);
                }
                // Of sums as near as rounding the one may be taken or the other.
                let (expected, error) = naive(&words, row, beam);
                prop_assert!((square(&left) - error).abs() < 1e-4, "{codes:?}, expected {expected:?}");
            }
        }
    }

    #[test]
    fn a_wide_beam_finds_the_best_sum_of_all() {
        let codebooks = [
            random(5, 4, 1.0, 1),
            random(6, 4, 0.8, 2),
            random(4, 4, 0.6, 3),
        ];
        let words: Vec<_> = codebooks.iter().map(host).collect();
        let rows = random(40, 4, 1.5, 4);
        let error = |beam| {
            let codes = encode(&codebooks, rows.clone(), beam);
            let mut left = rows.clone();
            for (level, words) in codebooks.iter().enumerate() {
                let codes = codes.clone().narrow(1, level, 1).squeeze_dim(1);
                left = left - words.clone().select(0, codes);
            }
            f64::from(left.square().sum().into_scalar::<f32>())
        };
        let best: f64 = host(&rows)
            .iter()
            .map(|row| naive(&words, row, 5 * 6 * 4).1)
            .sum();
        assert!((error(5 * 6 * 4) - best).abs() < 1e-4 * best);
        assert!(error(1) > 1.05 * best, "{} {best}", error(1));
    }
}
