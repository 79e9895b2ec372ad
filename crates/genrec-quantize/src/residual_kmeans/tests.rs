use super::*;
use crate::mlp::normals;
use crate::seed::{Stream, generator};
use crate::{Callbacks, CodeUsage, TrainerConfig, encode_all};
use burn::tensor::Device;

fn noise(rows: usize, d: usize, deviation: f64, seed: u64) -> Tensor<2> {
    let values = normals(rows * d, deviation, &mut generator(seed, Stream::Sample, 0));
    Tensor::from_data(TensorData::new(values, [rows, d]), &Device::default())
}

/// Sums of one of 6 coarse and one of 6 fine centres, 20 rows of each sum.
fn planted() -> Tensor<2> {
    let number = |part: fn(i64) -> i64| {
        let numbers: Vec<i64> = (0..720).map(part).collect();
        Tensor::<1, Int>::from_data(TensorData::new(numbers, [720]), &Device::default())
    };
    noise(6, 5, 4.0, 1).select(0, number(|i| i % 6))
        + noise(6, 5, 0.7, 2).select(0, number(|i| i / 6 % 6))
        + noise(720, 5, 0.01, 3)
}

fn error(quantizer: &ResidualKMeans, rows: &Tensor<2>) -> f64 {
    let back = quantizer.decode(quantizer.encode(rows.clone())).inner();
    f64::from((back - rows.clone()).square().mean().into_scalar::<f32>())
}

#[test]
fn planted_sums_are_found_level_by_level() {
    let rows = planted();
    let fitted = ResidualKMeansConfig::new()
        .with_codebook_sizes(vec![6, 6])
        .with_restarts(5)
        .fit(&rows, 1)
        .unwrap();
    assert!(error(&fitted, &rows) < 2e-4, "{}", error(&fitted, &rows));
    let usage = CodeUsage::new(encode_all(&fitted, &rows, 100), &fitted.codebook_sizes());
    assert_eq!(usage.distinct, 36);
    assert_eq!(fitted.d_input(), 5);
}

/// Noise is fitted no better than other noise of its kind, and than so many codes can say of it
/// (rate-distortion, `2 ln(8)` nats for 12 values of a Gaussian), but where rows are too few for the
/// codewords and are learnt by heart.
#[test]
fn noise_is_not_learned() {
    let bound = (-2.0 * 2.0 * 8f64.ln() / 12.0).exp();
    let others = noise(2000, 12, 1.0, 5);
    let fit = |rows: Tensor<2>| {
        let fitted = ResidualKMeansConfig::new()
            .with_codebook_sizes(vec![8, 8])
            .with_beam(8)
            .with_refinements(5)
            .fit(&rows, 1)
            .unwrap();
        (error(&fitted, &rows), error(&fitted, &others))
    };
    let (found, held_out) = fit(noise(2000, 12, 1.0, 4));
    assert!(found > bound, "{found} beats the bound {bound}");
    assert!(held_out < 1.1 * found, "{held_out} and {found}");
    let (found, held_out) = fit(noise(60, 12, 1.0, 6));
    assert!(found < bound, "{found} with the bound {bound}");
    assert!(held_out > 1.5 * found, "{held_out} and {found}");
}

#[test]
fn beams_refinement_and_gradients_lower_the_error() {
    let rows = noise(600, 6, 1.0, 6);
    let config = ResidualKMeansConfig::new().with_codebook_sizes(vec![16; 3]);
    let greedy = config.fit(&rows, 2).unwrap();
    let searched = greedy.clone().with_beam(8);
    assert!(error(&searched, &rows) < 0.98 * error(&greedy, &rows));
    let refined = config.clone().with_refinements(8).fit(&rows, 2).unwrap();
    assert!(error(&refined, &rows) < error(&greedy, &rows));
    let both = config
        .with_beam(8)
        .with_refinements(8)
        .fit(&rows, 2)
        .unwrap();
    assert!(error(&both, &rows) < 0.98 * error(&searched, &rows));

    let before = error(&greedy, &rows);
    let trained = TrainerConfig::new(40)
        .with_batch(600)
        .with_learning_rate(3e-3)
        .with_weight_decay(0.0)
        .init()
        .fit(greedy, &rows, Callbacks::new())
        .unwrap();
    let after = error(&trained.quantizer, &rows);
    assert!(after < 0.99 * before, "{after} after {before}");
}

#[test]
fn bounded_codewords_and_bounded_codes() {
    let rows = noise(320, 4, 1.0, 7);
    let sizes = ClusterSizes::Bounded {
        least: 0.8,
        most: 1.2,
    };
    let fitted = ResidualKMeansConfig::new()
        .with_codebook_sizes(vec![16, 8])
        .with_sizes(sizes)
        .fit(&rows, 3)
        .unwrap();
    let count = |codes| CodeUsage::new(codes, &[16, 8]).levels;
    let within = count(fitted.encode_within(&rows, sizes).unwrap());
    assert!(
        within[0]
            .counts
            .iter()
            .all(|count| (16..=24).contains(count))
    );
    assert!(
        within[1]
            .counts
            .iter()
            .all(|count| (32..=48).contains(count))
    );
    assert_eq!(
        fitted
            .encode_within(&rows, ClusterSizes::Free)
            .unwrap()
            .to_data()
            .iter::<i64>()
            .collect::<Vec<_>>(),
        fitted
            .encode(rows.clone())
            .to_data()
            .iter::<i64>()
            .collect::<Vec<_>>()
    );
    let free = ResidualKMeansConfig::new().with_codebook_sizes(vec![16, 8]);
    let free = free.fit(&rows, 3).unwrap();
    let gini = |quantizer: &ResidualKMeans| count(quantizer.encode(rows.clone()))[0].gini;
    assert!(gini(&fitted) < gini(&free));
}

#[test]
fn what_forward_says_adds_up() {
    let rows = noise(50, 4, 1.0, 8);
    let fitted = ResidualKMeansConfig::new()
        .with_codebook_sizes(vec![8, 8])
        .with_beam(3)
        .fit(&rows, 0)
        .unwrap();
    let out = fitted.forward(rows.clone());
    let gap = |a: Tensor<2>, b: Tensor<2>| (a - b).abs().max().into_scalar::<f32>();
    assert!(gap(out.inputs[0].clone(), rows.clone()) == 0.0);
    assert!(
        gap(
            out.inputs[1].clone() + out.codewords[0].clone(),
            rows.clone()
        ) < 1e-5
    );
    assert!(gap(fitted.decode(out.codes.clone()), out.output) < 1e-6);
    let loss = f64::from(out.loss.into_scalar::<f32>());
    assert!((loss - error(&fitted, &rows)).abs() < 1e-6);
    assert_eq!(fitted.encode(rows).to_data(), out.codes.to_data());
}

#[test]
fn the_seed_decides_and_what_cannot_be_is_refused() {
    let rows = noise(60, 3, 1.0, 9);
    let config = ResidualKMeansConfig::new().with_codebook_sizes(vec![8, 4]);
    let words = |seed| {
        let codebooks = config.fit(&rows, seed).unwrap().codebooks();
        codebooks.iter().map(Tensor::to_data).collect::<Vec<_>>()
    };
    assert_eq!(words(1), words(1));
    assert_ne!(words(1), words(2));
    let refused = |config: ResidualKMeansConfig| config.fit(&rows, 0).unwrap_err().to_string();
    let new = ResidualKMeansConfig::new;
    assert!(refused(new()).contains("256 clusters"));
    assert!(refused(new().with_codebook_sizes(vec![])).contains("codebook_sizes is []"));
    assert!(refused(config.clone().with_beam(0)).contains("beam is 0"));
    let mut values: Vec<f32> = rows.to_data().iter::<f32>().collect();
    values[4] = f32::NAN;
    let broken = Tensor::from_data(TensorData::new(values, [60, 3]), &Device::default());
    let message = config.fit(&broken, 0).unwrap_err().to_string();
    assert!(message.starts_with("row 1, column 1 is NaN"), "{message}");

    let fitted = config.fit(&rows, 1).unwrap();
    let again = ResidualKMeans::of_codebooks(config.clone(), fitted.codebooks()).unwrap();
    assert_eq!(
        again.encode(rows.clone()).to_data(),
        fitted.encode(rows).to_data()
    );
    let message = ResidualKMeans::of_codebooks(new(), fitted.codebooks());
    assert!(
        message
            .unwrap_err()
            .to_string()
            .contains("[256, 256, 256, 256]")
    );
}
