//! Activations.

use burn::tensor::{Bool, DType, Tensor, TensorData, activation, assert_shape};
use rayon::prelude::*;

use crate::{erfc, exp, on_cores};

/// Numbers that one core works through at a time.
const CHUNK: usize = 1 << 14;

/// Whether something is to be done here, in place.
fn here<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::F32 && !x.is_autodiff() && on_cores(&x.device())
}

/// The same tensor, its memory worked over in chunks of whole `rows` of so many numbers.
fn in_place<const D: usize>(
    x: Tensor<D>,
    row: usize,
    work: impl Fn(usize, &mut [f32]) + Sync,
) -> Tensor<D> {
    let (shape, device) = (x.dims(), x.device());
    let values = x.into_data().try_into_vec::<f32>();
    let mut values = values.expect("numbers of single precision");
    let rows = (CHUNK / row.max(1)).max(1);
    let chunks = values.par_chunks_mut(rows * row.max(1)).enumerate();
    chunks.for_each(|(chunk, values)| work(chunk * rows, values));
    Tensor::from_data(TensorData::new(values, shape), &device)
}

/// `x Phi(x)`, with the error function (Hendrycks and Gimpel, "Gaussian error linear units"), of every element.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !here(&x) {
        return activation::gelu(x);
    }
    in_place(x, 1, |_, values| {
        for x in values {
            let outside = 0.5 * erfc(x.abs() * std::f32::consts::FRAC_1_SQRT_2);
            *x *= if *x < 0.0 { outside } else { 1.0 - outside };
        }
    })
}

/// The softmax over keys of `scale` times the scores of attention, `[batch, heads, queries, keys]`; keys where `hidden`, `[batch, keys]`, is true have no share. Rows without a key that is
/// seen are NaN.
///
/// # Panics
///
/// If `hidden` is not of as many texts and keys.
pub fn softmax(scores: Tensor<4>, hidden: Option<&Tensor<2, Bool>>, scale: f64) -> Tensor<4> {
    let [batch, heads, queries, keys] = scores.dims();
    if let Some(hidden) = hidden {
        assert_shape!(hidden, [batch, keys]);
    }
    if !here(&scores) {
        let scores = scores * scale;
        let scores = match hidden {
            Some(hidden) => {
                let hidden = hidden.clone().reshape([batch, 1, 1, keys]);
                scores.mask_fill(
                    hidden.expand([batch, heads, queries, keys]),
                    f32::NEG_INFINITY,
                )
            }
            None => scores,
        };
        return activation::softmax(scores, 3);
    }
    // Added to scores, as what is multiplied by 0 would leave what is no number.
    let bias: Option<Vec<f32>> = hidden.map(|hidden| {
        let hidden = hidden.clone().into_data();
        let bias = |hidden| if hidden { f32::NEG_INFINITY } else { 0.0 };
        hidden.iter::<bool>().map(bias).collect()
    });
    in_place(scores, keys, |first, values| {
        for (row, values) in values.chunks_exact_mut(keys).enumerate() {
            let text = (first + row) / (heads * queries);
            let bias = bias.as_ref().map(|bias| &bias[text * keys..][..keys]);
            of_row(values, bias, scale as f32);
        }
    })
}

/// Partial results that are worked out side by side.
const LANES: usize = 16;

fn of_row(row: &mut [f32], bias: Option<&[f32]>, scale: f32) {
    for x in row.iter_mut() {
        *x *= scale;
    }
    for (x, bias) in row.iter_mut().zip(bias.unwrap_or_default()) {
        *x += bias;
    }
    let mut largest = [f32::NEG_INFINITY; LANES];
    for chunk in row.chunks(LANES) {
        for (largest, &x) in largest.iter_mut().zip(chunk) {
            // What is no number is passed over here, and stays one below.
            *largest = if x > *largest { x } else { *largest };
        }
    }
    let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0_f32; LANES];
    for chunk in row.chunks_mut(LANES) {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *x = exp(*x - largest);
            *sum += *x;
        }
    }
    let share = 1.0 / sums.iter().sum::<f32>();
    for x in row {
        *x *= share;
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Tolerance};

    use super::*;

    fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        let device = Device::flex();
        device.seed(3);
        Tensor::random(shape, Distribution::Normal(0.0, 3.0), &device)
    }

    fn same<const D: usize>(found: Tensor<D>, expected: Tensor<D>) {
        let tolerance = Tolerance::<f32>::absolute(2e-6);
        let expected = expected.into_data();
        found
            .into_data()
            .assert_approx_eq::<f32>(&expected, tolerance);
    }

    #[test]
    fn gelu_is_that_of_the_back_end() {
        for shape in [[1, 1], [3, 7], [200, 130]] {
            let x = random(shape);
            same(gelu(x.clone()), activation::gelu(x));
        }
        let x = Tensor::<1>::from_floats([0.0, -30.0, 30.0, f32::NAN], &Device::flex());
        let found: Vec<f32> = gelu(x).into_data().iter::<f32>().collect();
        assert_eq!(found[0], 0.0);
        assert!(found[1].abs() < 1e-30 && found[2] == 30.0 && found[3].is_nan());
    }

    #[test]
    fn softmax_is_that_of_the_back_end() {
        // Texts of 17, 1 and 9 tokens.
        let scores = random([3, 2, 5, 17]);
        let lengths = [17, 1, 9];
        let hidden = lengths
            .iter()
            .flat_map(|&length| (0..17).map(move |key| key >= length));
        let hidden = TensorData::new(hidden.collect::<Vec<bool>>(), [3, 17]);
        let hidden = Tensor::<2, Bool>::from_data(hidden, &Device::flex());
        for hidden in [None, Some(&hidden)] {
            let found = softmax(scores.clone(), hidden, 0.7);
            // With gradients it is the composition of operations.
            let plain = softmax(Tensor::from_inner(scores.clone()), hidden, 0.7);
            same(found.clone(), plain.inner());
            same(
                found.sum_dim(3),
                Tensor::ones([3, 2, 5, 1], &Device::flex()),
            );
        }
    }

    #[test]
    fn what_is_no_number_does_not_vanish() {
        let device = Device::flex();
        let scores = Tensor::<1>::from_floats([0.0, f32::NAN, 1.0], &device).reshape([1, 1, 1, 3]);
        let found = softmax(scores.clone(), None, 1.0).into_data();
        assert!(found.iter::<f32>().all(f32::is_nan));
        let hidden = Tensor::<2, Bool>::from_data([[true; 3]], &device);
        let found = softmax(scores.zeros_like(), Some(&hidden), 1.0).into_data();
        assert!(found.iter::<f32>().all(f32::is_nan));
    }
}
