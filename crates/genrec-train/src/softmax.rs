//! Cross-entropy over all items.

use burn::tensor::activation::log_softmax;
use burn::tensor::{IndexingUpdateOp, Int, Tensor};

/// `-ln softmax(states items^T)[target]`, added up over the states and divided by `total`, `[1]`. With `smoothing` s, the target is `1 - s` on the right item and `s`
/// spread evenly over all.
///
/// `states`: `[n, d]`, `items`: `[m, d]`, `targets`: `[n]`. The logits, `[n, m]`, are by far the largest tensor of a training step, so that their gradient is
/// worked out here, once and without a graph, and handed on to the two factors.
pub fn softmax_loss(
    states: Tensor<2>,
    items: Tensor<2>,
    targets: Tensor<1, Int>,
    smoothing: f64,
    total: usize,
) -> Tensor<1> {
    let (h, e) = (states.clone().inner(), items.clone().inner());
    let targets = targets.reshape([-1, 1]);
    let log_probabilities = log_softmax(h.clone().matmul(e.clone().transpose()), 1);
    let right = log_probabilities.clone().gather(1, targets.clone());
    let scale = 1.0 / total as f64;
    let mut loss = right.clone().sum() * -(1.0 - smoothing) * scale;
    let mut probabilities = log_probabilities.clone().exp();
    if smoothing > 0.0 {
        let share = smoothing / e.dims()[0] as f64;
        loss = loss - log_probabilities.sum() * (share * scale);
        probabilities = probabilities - share;
    }
    // The gradient of the logits, times `total`: the probabilities, less those of the target.
    let gradient = probabilities.scatter(
        1,
        targets,
        Tensor::ones_like(&right) * -(1.0 - smoothing),
        IndexingUpdateOp::Add,
    );
    let of_states = Tensor::from_inner(gradient.clone().matmul(e) * scale);
    let of_items = Tensor::from_inner(gradient.transpose().matmul(h) * scale);
    let carrier = (states * of_states).sum() + (items * of_items).sum();
    // The value of the loss, with the gradient of the carrier.
    let value = Tensor::from_inner(loss - carrier.clone().inner());
    carrier + value
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

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
