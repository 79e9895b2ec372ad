//! Distances of rows to points, on the device.

use burn::tensor::{DType, Device, IndexingUpdateOp, Int, Tensor, TensorData};
use genrec_cores::on_cores;
use multiversion::multiversion;

/// Distances held at once: a million rows do not need gigabytes, and on the host a block stays in a
/// core's cache from the product to the search for the least.
pub(crate) fn distances_at_once(device: &Device) -> usize {
    if on_cores(device) { 1 << 18 } else { 1 << 20 }
}

/// Number of rows and their sum for each of `clusters` codes: `[clusters]` and `[clusters, d]`.
///
/// On an accelerator as a product with the one-hot codes, because a scatter sums in no fixed order
/// there; on the host, where it does, that would cost as much as all the distances.
pub(crate) fn assigned_sums(
    rows: Tensor<2>,
    codes: Tensor<1, Int>,
    clusters: usize,
) -> (Tensor<1>, Tensor<2>) {
    let device = rows.device();
    if on_cores(&device) {
        let [count, d] = rows.dims();
        let add = IndexingUpdateOp::Add;
        let counts = Tensor::zeros([clusters], &device).select_assign(
            0,
            codes.clone(),
            Tensor::ones([count], &device),
            add,
        );
        let sums = Tensor::zeros([clusters, d], &device).select_assign(0, codes, rows, add);
        return (counts, sums);
    }
    products_with_one_hot(rows, codes, clusters)
}

fn products_with_one_hot(
    rows: Tensor<2>,
    codes: Tensor<1, Int>,
    clusters: usize,
) -> (Tensor<1>, Tensor<2>) {
    let device = rows.device();
    let numbers = Tensor::<1, Int>::arange(0..clusters as i64, &device).unsqueeze_dim::<2>(1);
    let members = codes.unsqueeze_dim::<2>(0).equal(numbers).float();
    let counts = members.clone().sum_dim(1).squeeze_dim(1);
    (counts, members.matmul(rows))
}

/// The mean of the rows of each code, `[clusters, d]`; a code without rows keeps its row of `old`.
pub(crate) fn means(rows: &Tensor<2>, codes: &Tensor<1, Int>, old: Tensor<2>) -> Tensor<2> {
    let (count, [clusters, d]) = (rows.dims()[0], old.dims());
    let block = (distances_at_once(&rows.device()) / clusters).max(1);
    let (counts, sums) = (0..count)
        .step_by(block)
        .map(|start| {
            let size = block.min(count - start);
            let (rows, codes) = (rows.clone(), codes.clone());
            assigned_sums(
                rows.narrow(0, start, size),
                codes.narrow(0, start, size),
                clusters,
            )
        })
        .reduce(|a, b| (a.0 + b.0, a.1 + b.1))
        .expect("at least one row");
    let counts = counts.unsqueeze_dim::<2>(1);
    let unused = counts.clone().lower_scalar(0.5).expand([clusters, d]);
    (sums / counts.clamp_min(1.0)).mask_where(unused, old)
}

/// The nearest of `points` for each of `rows`: `|x|²` is the same for all of them, so `|e|² - 2 x
/// e` decides.
pub(crate) fn nearest(rows: Tensor<2>, points: Tensor<2>) -> Tensor<1, Int> {
    let norms = points.clone().square().sum_dim(1).transpose();
    let products = rows.matmul(points.mul_scalar(-2.0).transpose());
    if on_cores(&products.device()) && products.dtype() == DType::F32 {
        return least(products, norms);
    }
    (products + norms).argmin(1).squeeze_dim(1)
}

/// `argmin` of `[rows, points]` products plus `[1, points]` norms on the host, where it is slow, in
/// one pass: the first of equal ones.
fn least(products: Tensor<2>, norms: Tensor<2>) -> Tensor<1, Int> {
    let device = products.device();
    let [rows, points] = products.dims();
    let (mut products, norms) = (products.into_data(), norms.into_data());
    let products = products.as_mut_slice::<f32>();
    let products = products.expect("numbers of single precision");
    let norms = norms.as_slice::<f32>();
    let norms = norms.expect("numbers of single precision");
    let mut codes = vec![0; rows];
    if points > 0 {
        least_of_rows(products, norms, &mut codes);
    }
    Tensor::from_data(TensorData::new(codes, [rows]), &device)
}

/// Points that are compared at once.
const LANES: usize = 16;

/// Leaves the sums where the products were. First the least of a row and then where it is: loops that
/// a compiler makes vectors of, which it does not of one that does both.
#[multiversion(targets = "simd")]
fn least_of_rows(products: &mut [f32], norms: &[f32], codes: &mut [i32]) {
    for (row, code) in products.chunks_exact_mut(norms.len()).zip(codes) {
        for (x, norm) in row.iter_mut().zip(norms) {
            *x += norm;
        }
        let (chunks, rest) = row.as_chunks::<LANES>();
        let mut lanes = [f32::INFINITY; LANES];
        for chunk in chunks {
            for lane in 0..LANES {
                lanes[lane] = lesser(lanes[lane], chunk[lane]);
            }
        }
        let least = lanes.iter().chain(rest).copied();
        let least = least.fold(f32::INFINITY, lesser);
        let chunk = chunks.iter().position(|chunk| {
            let found = |any, x: &f32| any | (*x == least);
            chunk.iter().fold(false, found)
        });
        let start = chunk.unwrap_or(chunks.len()) * LANES;
        let place = row[start..].iter().position(|&x| x == least);
        // No number at all among them: the first.
        *code = place.map_or(0, |place| (start + place) as i32);
    }
}

#[inline(always)]
fn lesser(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

/// `|x|² - 2 x e + |e|²` of all pairs, not below 0: `[rows, points]`.
pub(crate) fn squared_distances(rows: Tensor<2>, points: Tensor<2>) -> Tensor<2> {
    let row_norms = rows.clone().square().sum_dim(1);
    let norms = points.clone().square().sum_dim(1).transpose();
    (rows.matmul(points.mul_scalar(-2.0).transpose()) + norms + row_norms).clamp_min(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mlp::normals;
    use crate::seed::{Stream, generator};
    use proptest::prelude::*;

    fn random(rows: usize, d: usize, seed: u64) -> Tensor<2> {
        let mut values = normals(rows * d, 1.0, &mut generator(seed, Stream::Sample, 0));
        // So that some are equal.
        values.iter_mut().for_each(|x| *x = x.round());
        Tensor::from_data(TensorData::new(values, [rows, d]), &Device::default())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn one_pass_finds_what_argmin_finds(rows in 1usize..20, points in 1usize..70, seed in 0u64..1000) {
            let (rows, points) = (random(rows, 3, seed), random(points, 3, seed + 1));
            let norms = points.clone().square().sum_dim(1).transpose();
            let products = rows.clone().matmul(points.clone().mul_scalar(-2.0).transpose());
            let expected = (products + norms).argmin(1).squeeze_dim::<1>(1);
            let numbers = |codes: Tensor<1, Int>| -> Vec<i64> { codes.into_data().iter::<i64>().collect() };
            prop_assert_eq!(numbers(nearest(rows, points)), numbers(expected));
        }

        #[test]
        fn sums_are_products_with_one_hot_codes(rows in 1usize..40, clusters in 1usize..9, seed in 0u64..1000) {
            let points = random(rows, 4, seed);
            let codes: Vec<i32> = (0..rows).map(|row| (row * 7 % clusters) as i32).collect();
            let codes = Tensor::<1, Int>::from_data(TensorData::new(codes, [rows]), &Device::default());
            let (counts, sums) = assigned_sums(points.clone(), codes.clone(), clusters);
            let (expected_counts, expected) = products_with_one_hot(points, codes, clusters);
            let values = |x: TensorData| x.try_into_vec::<f32>().unwrap();
            prop_assert_eq!(values(counts.into_data()), values(expected_counts.into_data()));
            // Whole numbers add up exactly, in any order.
            prop_assert_eq!(values(sums.into_data()), values(expected.into_data()));
        }
    }

    #[test]
    fn what_is_no_number_has_the_first_code() {
        let rows = Tensor::<2>::from_data([[f32::NAN; 2]; 3], &Device::default());
        let codes = nearest(rows, random(40, 2, 1)).into_data();
        assert!(codes.iter::<i64>().all(|code| code == 0));
    }
}
