//! The ranking-guided generation loss.

use burn::tensor::{Bool, Int, Tensor, activation::log_softmax};

use super::batch::Batch;
use crate::sequence::SequenceModel;

/// Mean over the target tokens of `-log softmax(logits / tau)[target]` (LETTER, section 3.3, equation 9), `[1]`.
///
/// The sum is divided by `tokens`, the number of target tokens: those of the batch, or of the whole of which it is a piece.
///
/// With `smoothing` s, the target is `(1 - s)` on the right token and `s` spread evenly over all tokens of the softmax.
pub(crate) fn ranking_loss(
    model: &SequenceModel,
    batch: &Batch,
    tokens: usize,
    temperature: f64,
    smoothing: f64,
) -> Tensor<1> {
    let [rows, groups, depth] = batch.targets.dims();
    let encoded = model.encode(&batch.inputs);
    let state = model.state(&encoded, &batch.visible);
    let memory = model.t5.memory(encoded);
    let hidden = model.t5.decode(
        model.decoder_inputs(&batch.targets, state),
        &memory,
        &batch.visible,
    );
    let d_model = hidden.dims()[3];

    let mut total: Option<Tensor<1>> = None;
    for place in 0..depth {
        let states = hidden
            .clone()
            .slice([0..rows, 0..groups, place..place + 1, 0..d_model])
            .reshape([rows * groups, d_model]);
        let (logits, start) = model.logits(states, place);
        let classes = logits.dims()[1];
        // The padding token of a short identifier lies outside the range; its weight is zero, any class will do.
        let targets: Tensor<2, Int> = batch
            .targets
            .clone()
            .slice([0..rows, 0..groups, place..place + 1])
            .reshape([rows * groups, 1])
            .sub_scalar(start as i64)
            .clamp(0, classes as i64 - 1);
        let weights = batch
            .weights
            .clone()
            .slice([0..rows, 0..groups, place..place + 1])
            .reshape([rows * groups, 1]);
        let forbidden = batch.forbidden.get(place).cloned();
        let likelihood = log_likelihood(logits, targets, forbidden, temperature, smoothing);
        let part = (likelihood * weights).sum();
        total = Some(match total {
            Some(sum) => sum + part,
            None => part,
        });
    }
    let total = total.expect("identifiers have at least one token");
    total / -(tokens.max(1) as f64)
}

/// `log softmax(logits / tau)[target]` of every row, `[rows, 1]`; `logits`: `[rows, classes]`, `targets`: `[rows, 1]`.
///
/// Classes that are `forbidden`, `[rows, classes]`, take no part.
fn log_likelihood(
    logits: Tensor<2>,
    targets: Tensor<2, Int>,
    forbidden: Option<Tensor<2, Bool>>,
    temperature: f64,
    smoothing: f64,
) -> Tensor<2> {
    let mut logits = logits;
    if temperature != 1.0 {
        logits = logits / temperature;
    }
    if let Some(forbidden) = &forbidden {
        // Finite, so that no difference of infinities arises in the gradient.
        logits = logits.mask_fill(forbidden.clone(), -1e9);
    }
    let log_probabilities = log_softmax(logits, 1);
    let right = log_probabilities.clone().gather(1, targets);
    if smoothing == 0.0 {
        return right;
    }
    let mean = match forbidden {
        None => log_probabilities.mean_dim(1),
        Some(forbidden) => {
            let allowed = forbidden.clone().bool_not().float().sum_dim(1);
            log_probabilities.mask_fill(forbidden, 0.0).sum_dim(1) / allowed
        }
    };
    right * (1.0 - smoothing) + mean * smoothing
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        logits: Vec<Vec<f32>>,
        targets: Vec<i64>,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        tau: f64,
        span: String,
        ranges: Vec<(usize, usize)>,
        losses: Vec<f32>,
        gradient: Vec<Vec<f32>>,
    }

    /// LETTER's difference 8: the temperature, and what the softmax spans.
    #[test]
    fn temperature_and_span_match_golden_numbers() {
        let golden: Golden =
            serde_json::from_str(include_str!("../../../../tests/golden/ranking_loss.json"))
                .unwrap();
        let device = Device::default().autodiff();
        for case in &golden.cases {
            for (row, &(start, end)) in case.ranges.iter().enumerate() {
                let logits = Tensor::<1>::from_floats(golden.logits[row].as_slice(), &device)
                    .reshape([1, -1])
                    .require_grad();
                let targets = Tensor::<2, Int>::from_data(
                    TensorData::from([[golden.targets[row] - start as i64]]),
                    &device,
                );
                let loss = -log_likelihood(
                    logits.clone().slice([0..1, start..end]),
                    targets,
                    None,
                    case.tau,
                    0.0,
                );
                let name = format!("tau {}, softmax over {}, row {row}", case.tau, case.span);
                let value = loss.clone().into_scalar::<f32>();
                assert!((value - case.losses[row]).abs() < 1e-5, "{name}: {value}");
                let gradient = logits.grad(&loss.backward()).unwrap().into_data();
                for (ours, theirs) in gradient.iter::<f32>().zip(&case.gradient[row]) {
                    assert!(
                        (ours - theirs).abs() < 1e-5,
                        "{name}: gradient {ours}, expected {theirs}"
                    );
                }
            }
        }
    }

    #[test]
    fn smoothing_spreads_a_share_evenly() {
        let device = Device::default();
        let logits = Tensor::<2>::from_floats([[1.0, 2.0, 4.0]], &device);
        let targets = Tensor::<2, Int>::from_data([[2]], &device);
        let log_probabilities: Vec<f32> =
            log_softmax(logits.clone(), 1).into_data().iter().collect();
        let mean = log_probabilities.iter().sum::<f32>() / 3.0;
        let expected = 0.9 * log_probabilities[2] + 0.1 * mean;
        let found = log_likelihood(logits, targets, None, 1.0, 0.1).into_scalar::<f32>();
        assert!((found - expected).abs() < 1e-6);
    }

    #[test]
    fn forbidden_classes_take_no_part() {
        let device = Device::default();
        let logits = Tensor::<2>::from_floats([[1.0, 9.0, 2.0, 4.0]], &device);
        let forbidden = Tensor::<2, Bool>::from_data([[false, true, false, false]], &device);
        let without = Tensor::<2>::from_floats([[1.0, 2.0, 4.0]], &device);
        let target = |class: i64| Tensor::<2, Int>::from_data([[class]], &device);
        for smoothing in [0.0, 0.3] {
            let found = log_likelihood(
                logits.clone(),
                target(3),
                Some(forbidden.clone()),
                0.7,
                smoothing,
            );
            let expected = log_likelihood(without.clone(), target(2), None, 0.7, smoothing);
            let difference = (found - expected).into_scalar::<f32>();
            assert!(difference.abs() < 1e-5, "{difference}");
        }
    }
}
