use super::*;
use proptest::prelude::*;

fn rows(values: &[[f32; 2]]) -> Tensor<2> {
    let flat: Vec<f32> = values.iter().flatten().copied().collect();
    Tensor::from_data(TensorData::new(flat, [values.len(), 2]), &Device::default())
}

fn naive_nearest(row: [f32; 2], words: &[[f32; 2]]) -> f64 {
    words
        .iter()
        .map(|word| distance(row, *word))
        .fold(f64::INFINITY, f64::min)
}

fn distance(a: [f32; 2], b: [f32; 2]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(x, y)| (f64::from(*x) - f64::from(y)).powi(2))
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn nearest_is_nearest(
        points in prop::collection::vec(prop::array::uniform2(-3.0f32..3.0), 1..20),
        words in prop::collection::vec(prop::array::uniform2(-3.0f32..3.0), 1..12),
    ) {
        let codebook = CodebookConfig::new(words.len(), 2).init(&Device::default()).with_codewords(rows(&words));
        let codes: Vec<i64> = codebook.nearest(rows(&points)).into_data().iter::<i64>().collect();
        let distances: Vec<f32> = codebook.squared_distances(rows(&points)).into_data().iter::<f32>().collect();
        for (i, &point) in points.iter().enumerate() {
            let found = distance(point, words[codes[i] as usize]);
            prop_assert!(found <= naive_nearest(point, &words) + 1e-4);
            for (k, &word) in words.iter().enumerate() {
                prop_assert!((f64::from(distances[i * words.len() + k]) - distance(point, word)).abs() < 1e-4);
            }
        }
    }
}

#[test]
fn averages_follow_the_rows() {
    let start = rows(&[[0.0, 0.0], [10.0, 10.0]]);
    let codebook = CodebookConfig::new(2, 2)
        .with_ema_decay(Some(0.5))
        .init(&Device::default());
    let mut codebook = codebook.with_codewords(start);
    let batch = rows(&[[1.0, 2.0], [3.0, 2.0]]);
    for _ in 0..40 {
        let codes = codebook.nearest(batch.clone());
        codebook = codebook.average(batch.clone(), codes);
    }
    let words: Vec<f32> = codebook.codewords.val().into_data().iter::<f32>().collect();
    assert!(
        (words[0] - 2.0).abs() < 1e-3 && (words[1] - 2.0).abs() < 1e-3,
        "{words:?}"
    );
    assert!(words[2..].iter().all(|w| w.is_finite()), "{words:?}");
}

#[test]
fn one_averaging_step_by_hand() {
    let codebook = CodebookConfig::new(1, 2)
        .with_ema_decay(Some(0.9))
        .init(&Device::default());
    let codebook = codebook.with_codewords(rows(&[[1.0, -1.0]]));
    let codes = Tensor::<1, Int>::zeros([2], &Device::default());
    let codebook = codebook.average(rows(&[[2.0, 0.0], [4.0, 2.0]]), codes);
    // Counts .9 + .2, sums .9 (1, -1) + .1 (6, 2).
    let words: Vec<f32> = codebook.codewords.val().into_data().iter::<f32>().collect();
    assert!(
        (words[0] - 1.5 / 1.1).abs() < 1e-5 && (words[1] + 0.7 / 1.1).abs() < 1e-5,
        "{words:?}"
    );
}

#[test]
fn an_averaged_codebook_takes_no_gradient_even_after_train() {
    let device = Device::default().autodiff();
    let averaged = CodebookConfig::new(3, 2)
        .with_ema_decay(Some(0.9))
        .init(&device);
    let words = averaged
        .valid()
        .train()
        .with_codewords(Tensor::ones([3, 2], &device))
        .codewords;
    assert!(!words.val().is_require_grad());
    let learned = CodebookConfig::new(3, 2).init(&device).valid().train();
    assert!(
        learned
            .with_codewords(Tensor::ones([3, 2], &device))
            .codewords
            .val()
            .is_require_grad()
    );
}

#[test]
fn smoothed_counts_by_hand() {
    let codebook = CodebookConfig::new(2, 2)
        .with_ema_decay(Some(0.5))
        .with_ema_smoothing(0.25)
        .init(&Device::default());
    let codebook = codebook.with_codewords(rows(&[[1.0, -1.0], [4.0, 4.0]]));
    let codes = Tensor::<1, Int>::zeros([2], &Device::default());
    let codebook = codebook.average(rows(&[[2.0, 0.0], [4.0, 2.0]]), codes);
    // Counts 1.5 and .5, sums (3.5, .5) and (2, 2); smoothed counts 1.75 / 2.5 * 2 and .75 / 2.5 * 2.
    let words: Vec<f32> = codebook.words().into_data().iter::<f32>().collect();
    for (found, expected) in words.iter().zip([2.5, 0.5 / 1.4, 2.0 / 0.6, 2.0 / 0.6]) {
        assert!((found - expected).abs() < 1e-5, "{words:?}");
    }
}

#[test]
fn a_moved_codeword_leaves_the_others_and_their_averages_alone() {
    let device = Device::default();
    let batch = rows(&[[2.0, 0.0], [4.0, 2.0]]);
    let codes = Tensor::<1, Int>::zeros([2], &device);
    let averaged = |codebook: Codebook| codebook.average(batch.clone(), codes.clone());
    let codebook = CodebookConfig::new(2, 2)
        .with_ema_decay(Some(0.9))
        .init(&device)
        .with_codewords(rows(&[[1.0, -1.0], [9.0, 9.0]]));
    let codebook = averaged(codebook);
    let moved = Tensor::<2>::from_data([[0.0], [1.0]], &device);
    let other = codebook
        .clone()
        .with_moved(moved, rows(&[[70.0, 70.0], [5.0, 6.0]]));
    let values =
        |codebook: &Codebook| -> Vec<f32> { codebook.words().into_data().iter::<f32>().collect() };
    assert_eq!(values(&other)[..2], values(&codebook)[..2]);
    assert_eq!(values(&other)[2..], [5.0, 6.0]);
    assert_eq!(
        values(&averaged(other))[..2],
        values(&averaged(codebook))[..2]
    );
}

#[test]
fn a_linear_layer_starts_as_the_identity_and_alone_takes_the_gradient() {
    let device = Device::default().autodiff();
    let codebook = CodebookConfig::new(3, 2).with_linear(true).init(&device);
    let places = rows(&[[1.0, 2.0], [3.0, 5.0], [0.0, 4.0]]);
    let codebook = codebook.valid().train().with_codewords(places.clone());
    assert_eq!(codebook.words().inner().to_data(), places.to_data());
    assert!(!codebook.codewords.val().is_require_grad());
    let gradients = codebook
        .words()
        .select(0, Tensor::from_data([0, 2], &device))
        .sum()
        .backward();
    let layer = codebook.layer.as_ref().unwrap().val();
    // Each column gets the sum of the chosen frozen rows.
    let gradient: Vec<f32> = layer
        .grad(&gradients)
        .unwrap()
        .into_data()
        .iter::<f32>()
        .collect();
    assert_eq!(gradient, [1.0, 1.0, 6.0, 6.0]);
}
