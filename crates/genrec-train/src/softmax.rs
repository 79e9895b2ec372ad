//! Cross-entropy over all items.

use burn::tensor::activation::log_softmax;
use burn::tensor::{DType, IndexingUpdateOp, Int, Tensor};
use genrec_cores::{exp, on_cores};
use multiversion::multiversion;
use rayon::prelude::*;

/// `-ln softmax(states items^T)[target]`, added up over the states and divided by `total`, `[1]`. With `smoothing` s, the target is `1 - s` on the right item and `s`
/// spread evenly over all.
///
/// `states`: `[n, d]`, `items`: `[m, d]`, `targets`: `[n]`. The logits, `[n, m]`, are by far the largest tensor of a training step, so that their gradient is
/// worked out here, once and without a graph, and handed on to the two factors.
///
/// # Panics
///
/// If there is not one target for each state, no item, or, on the cores of the host, a target that is not below m.
pub fn softmax_loss(
    states: Tensor<2>,
    items: Tensor<2>,
    targets: Tensor<1, Int>,
    smoothing: f64,
    total: usize,
) -> Tensor<1> {
    let ([n, _], [m, _]) = (states.dims(), items.dims());
    assert_eq!(targets.dims(), [n], "a target for each of {n} states");
    assert!(m > 0, "a softmax needs items");
    let (h, e) = (states.clone().inner(), items.clone().inner());
    let logits = h.clone().matmul(e.clone().transpose());
    let single = logits.dtype() == DType::F32;
    let (loss, gradient) = match single && on_cores(&logits.device()) {
        true => in_place(logits, targets, smoothing),
        false => by_operations(logits, targets, smoothing),
    };
    let scale = 1.0 / total as f64;
    let of_states = Tensor::from_inner(gradient.clone().matmul(e) * scale);
    let of_items = Tensor::from_inner(gradient.transpose().matmul(h) * scale);
    let carrier = (states * of_states).sum() + (items * of_items).sum();
    // The value of the loss, with the gradient of the carrier.
    let value = Tensor::from_inner(loss * scale - carrier.clone().inner());
    carrier + value
}

/// The sum of the losses, `[1]`, and the gradient of the logits, `[n, m]`: the probabilities, less those of the target.
fn by_operations(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    smoothing: f64,
) -> (Tensor<1>, Tensor<2>) {
    let items = logits.dims()[1];
    let targets = targets.reshape([-1, 1]);
    let log_probabilities = log_softmax(logits, 1);
    let right = log_probabilities.clone().gather(1, targets.clone());
    let mut loss = right.clone().sum() * -(1.0 - smoothing);
    let mut probabilities = log_probabilities.clone().exp();
    if smoothing > 0.0 {
        let share = smoothing / items as f64;
        loss = loss - log_probabilities.sum() * share;
        probabilities = probabilities - share;
    }
    let gradient = probabilities.scatter(
        1,
        targets,
        Tensor::ones_like(&right) * -(1.0 - smoothing),
        IndexingUpdateOp::Add,
    );
    (loss, gradient)
}

/// Rows that one core works through at a time.
const ROWS: usize = 16;

/// As [`by_operations`], but row by row in the memory of the logits: a CPU back end's operations would go through memory about ten times, most of them into pages that are
/// fresh from the system.
fn in_place(logits: Tensor<2>, targets: Tensor<1, Int>, smoothing: f64) -> (Tensor<1>, Tensor<2>) {
    let (items, device) = (logits.dims()[1], logits.device());
    let targets: Vec<i64> = targets.into_data().iter::<i64>().collect();
    // In the tensor's own memory: a vector would be a copy.
    let mut data = logits.into_data();
    let values = data.as_mut_slice::<f32>();
    let losses: Vec<f64> = values
        .expect("logits of single precision")
        .par_chunks_mut(ROWS * items)
        .zip(targets.par_chunks(ROWS))
        .flat_map_iter(|(rows, targets)| {
            let rows = rows.chunks_exact_mut(items).zip(targets);
            rows.map(|(row, &target)| of_row(row, target as usize, smoothing))
        })
        .collect();
    // In order, so that the sum does not depend on who worked out what.
    let loss = losses.iter().sum::<f64>() as f32;
    let gradient = Tensor::from_data(data, &device);
    (Tensor::from_floats([loss], &device), gradient)
}

/// Partial sums that are added up side by side.
const LANES: usize = 16;

/// The loss of one row of logits, which becomes its gradient.
#[multiversion(targets = "simd")]
fn of_row(row: &mut [f32], target: usize, smoothing: f64) -> f64 {
    let items = row.len();
    let mut largest = [f32::NEG_INFINITY; LANES];
    let mut sums = [0.0_f32; LANES];
    for chunk in row.chunks(LANES) {
        for ((largest, sum), &logit) in largest.iter_mut().zip(&mut sums).zip(chunk) {
            // What is no number is passed over here, and stays one below.
            *largest = if logit > *largest { logit } else { *largest };
            *sum += logit;
        }
    }
    let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mean = sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() / items as f64;
    let right = f64::from(row[target]);
    let mut sums = [0.0_f32; LANES];
    for chunk in row.chunks_mut(LANES) {
        for (sum, logit) in sums.iter_mut().zip(chunk) {
            *logit = exp(*logit - largest);
            *sum += *logit;
        }
    }
    let sum: f64 = sums.iter().map(|&sum| f64::from(sum)).sum();
    let (scale, share) = ((1.0 / sum) as f32, (smoothing / items as f64) as f32);
    for value in row.iter_mut() {
        *value = *value * scale - share;
    }
    row[target] -= (1.0 - smoothing) as f32;
    let loss = sum.ln() + f64::from(largest) - (1.0 - smoothing) * right;
    // A score of minus infinity is no loss where nothing is spread over all items.
    match smoothing > 0.0 {
        true => loss - smoothing * mean,
        false => loss,
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::Draw;

    /// Loss and gradients of states and items.
    fn gradients(
        loss: impl Fn(Tensor<2>, Tensor<2>, Tensor<1, Int>) -> Tensor<1>,
    ) -> (f32, Vec<f32>) {
        let device = Device::default().autodiff();
        let mut draw = Draw::new(3, &device);
        let states = draw.normal([5, 4], 1.0).require_grad();
        let items = draw.normal([7, 4], 1.0).require_grad();
        let targets = Tensor::from_data([0, 6, 3, 3, 1], &device);
        // Behind something that changes gradients, so that what arrives there is seen to go on.
        let loss = loss(states.clone().tanh(), items.clone() * 2.0, targets) * 3.0;
        let found = loss.backward();
        let of_states = states.grad(&found).unwrap().into_data();
        let of_items = items.grad(&found).unwrap().into_data();
        let all = of_states.iter::<f32>().chain(of_items.iter()).collect();
        (loss.into_scalar(), all)
    }

    #[test]
    fn rows_in_place_are_rows_by_operations() {
        let mut draw = Draw::new(5, &Device::default());
        for (rows, items) in [(1, 1), (3, 15), (40, 16), (70, 37)] {
            let logits = draw.normal([rows, items], 6.0);
            let targets: Vec<i64> = (0..rows).map(|row| (row * row % items) as i64).collect();
            let targets =
                Tensor::<1, Int>::from_data(TensorData::new(targets, [rows]), &logits.device());
            for smoothing in [0.0, 0.2] {
                let (loss, gradient) = in_place(logits.clone(), targets.clone(), smoothing);
                let (expected, plain) = by_operations(logits.clone(), targets.clone(), smoothing);
                let (loss, expected) = (loss.into_scalar::<f32>(), expected.into_scalar::<f32>());
                assert!(
                    (loss - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                    "{loss} {expected}"
                );
                let most = (gradient - plain).abs().max().into_scalar::<f32>();
                assert!(most < 1e-6, "{rows} x {items}: {most}");
            }
        }
    }

    #[test]
    fn what_is_no_number_does_not_vanish() {
        let device = Device::default();
        let logits = Tensor::<2>::from_floats([[0.0, f32::NAN, 1.0], [0.0, 1.0, 2.0]], &device);
        let targets = Tensor::<1, Int>::from_data([0, 1], &device);
        let (loss, _) = in_place(logits, targets, 0.0);
        assert!(loss.into_scalar::<f32>().is_nan());
        // That an item cannot be is no reason for that.
        let logits = Tensor::<2>::from_floats([[0.0, f32::NEG_INFINITY]], &device);
        let target = Tensor::<1, Int>::from_data([0], &device);
        let (loss, gradient) = in_place(logits, target, 0.0);
        assert_eq!(loss.into_scalar::<f32>(), 0.0);
        assert!(gradient.abs().max().into_scalar::<f32>() < 1e-30);
    }

    #[test]
    #[should_panic(expected = "a target for each of 17 states")]
    fn every_state_needs_a_target() {
        let mut draw = Draw::new(5, &Device::default());
        let (states, items) = (draw.normal([17, 3], 1.0), draw.normal([4, 3], 1.0));
        let targets = Tensor::<1, Int>::zeros([16], &Device::default());
        softmax_loss(states, items, targets, 0.0, 17);
    }

    #[test]
    fn the_loss_without_a_graph_is_the_loss_with_one() {
        for smoothing in [0.0, 0.3] {
            let (value, fast) =
                gradients(|h, e, targets| softmax_loss(h, e, targets, smoothing, 9));
            let (expected, plain) = gradients(|h, e, targets| {
                let all = log_softmax(h.matmul(e.transpose()), 1);
                let right = all.clone().gather(1, targets.reshape([-1, 1])).sum();
                (right * (1.0 - smoothing) + all.mean_dim(1).sum() * smoothing) / -9.0
            });
            assert!((value - expected).abs() < 1e-5, "{value} {expected}");
            for (fast, plain) in fast.iter().zip(&plain) {
                assert!((fast - plain).abs() < 1e-5, "{fast} {plain}");
            }
        }
    }
}
