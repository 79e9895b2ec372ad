//! Losses of states against item rows.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax};

/// `-ln softmax(states items^T)[target]` with the softmax over the target and `drawn` items, which are the same for all states and left out where they are the
/// target; added up and divided by `total`, `[1]`.
///
/// `states`, `targets`: `[n, d]`, the rows of the right items; `drawn`: `[negatives, d]`; `same`: `[n, negatives]`, true where the drawn item is the target.
pub(super) fn sampled_softmax_loss(
    states: Tensor<2>,
    targets: Tensor<2>,
    drawn: Tensor<2>,
    same: Tensor<2, burn::tensor::Bool>,
    total: usize,
) -> Tensor<1> {
    let right = (states.clone() * targets).sum_dim(1);
    let others = states.matmul(drawn.transpose()).mask_fill(same, -1e9);
    let logits = Tensor::cat(vec![right, others], 1);
    log_softmax(logits, 1).narrow(1, 0, 1).sum() / -(total as f64)
}

/// `-ln sigmoid(right) - mean ln(1 - sigmoid(other))`, or `-mean ln sigmoid(right - other)` if `pairwise`; added up and divided by `total`, `[1]`.
///
/// `states`, `targets`: `[n, d]`; `drawn`: `[n, negatives, d]`.
pub(super) fn logistic_loss(
    states: Tensor<2>,
    targets: Tensor<2>,
    drawn: Tensor<3>,
    pairwise: bool,
    total: usize,
) -> Tensor<1> {
    let [n, negatives, d] = drawn.dims();
    let right = (states.clone() * targets).sum_dim(1);
    let others = (states.reshape([n, 1, d]) * drawn)
        .sum_dim(2)
        .reshape([n, negatives]);
    let sum = if pairwise {
        log_sigmoid(right - others).sum() / negatives as f64
    } else {
        log_sigmoid(right).sum() + log_sigmoid(-others).sum() / negatives as f64
    };
    sum / -(total as f64)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Int};
    use genrec_train::{Draw, softmax_loss};

    use super::*;

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
    fn sampling_all_items_is_the_softmax_over_all() {
        let (value, sampled) = gradients(|h, e, targets| {
            let same = targets.clone().reshape([-1, 1]).repeat_dim(1, 7).equal(
                Tensor::arange(0..7, &h.device())
                    .reshape([1, -1])
                    .repeat_dim(0, 5),
            );
            sampled_softmax_loss(h, e.clone().select(0, targets), e, same, 5)
        });
        let (expected, full) = gradients(|h, e, targets| softmax_loss(h, e, targets, 0.0, 5));
        assert!((value - expected).abs() < 1e-5, "{value} {expected}");
        for (a, b) in sampled.iter().zip(&full) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn logistic_losses_by_hand() {
        let device = Device::default();
        let states = Tensor::<2>::from_floats([[1.0, 2.0]], &device);
        let target = Tensor::<2>::from_floats([[0.5, 0.0]], &device);
        let drawn = Tensor::<3>::from_floats([[[0.0, 0.5], [-1.0, 0.0]]], &device);
        let (right, others): (f32, [f32; 2]) = (0.5, [1.0, -1.0]);
        let ln_sigmoid = |x: f32| -(1.0 + (-x).exp()).ln();
        let binary = -ln_sigmoid(right) - (ln_sigmoid(-others[0]) + ln_sigmoid(-others[1])) / 2.0;
        let pairwise = -(ln_sigmoid(right - others[0]) + ln_sigmoid(right - others[1])) / 2.0;
        for (kind, expected) in [(false, binary), (true, pairwise)] {
            let loss = logistic_loss(states.clone(), target.clone(), drawn.clone(), kind, 2);
            let found = loss.into_scalar::<f32>();
            assert!((found - expected / 2.0).abs() < 1e-6, "{found}");
        }
    }
}
