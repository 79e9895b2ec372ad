//! It learns what is there, and not what is not.

use super::*;

#[test]
fn planted_groups_are_learned_and_the_codes_follow_them() {
    let rows = planted();
    let config = TrainerConfig::new(60)
        .with_batch(128)
        .with_learning_rate(3e-3)
        .with_seed(1);
    let fitted = config
        .init()
        .fit(model(small(vec![8, 8])), &rows, Callbacks::new())
        .unwrap();
    let codes = encode_all(&fitted.quantizer, &rows, 100);
    let back = fitted.quantizer.decode(codes.clone());
    let error = (back - rows.clone()).square().mean().into_scalar::<f32>();
    let variance = (rows.clone() - rows.mean_dim(0))
        .square()
        .mean()
        .into_scalar::<f32>();
    assert!(
        error < 0.1 * variance,
        "error {error} of variance {variance}"
    );

    // Two rows of a fine group share their code; two groups have different ones.
    let codes: Vec<i64> = codes.into_data().iter::<i64>().collect();
    let mut votes: HashMap<(usize, &[i64]), usize> = HashMap::new();
    codes
        .chunks_exact(2)
        .enumerate()
        .for_each(|(row, code)| *votes.entry((row % 16, code)).or_default() += 1);
    let mut owners: HashMap<&[i64], HashMap<usize, usize>> = HashMap::new();
    votes.iter().for_each(|(&(group, code), &count)| {
        *owners.entry(code).or_default().entry(group).or_default() += count;
    });
    let pure: usize = owners
        .values()
        .map(|groups| groups.values().max().unwrap())
        .sum();
    assert!(
        pure >= 600,
        "{pure} of 640 rows have a code that belongs to their group"
    );
}

/// Independent noise has nothing to compress: `levels * ln(codewords)` nats cannot explain more of
/// new rows than the rate-distortion bound of a Gaussian, a share `1 - exp(-2 R / d)` of the
/// variance.
#[test]
fn noise_is_not_learned() {
    let (train, held_out) = (tensor(noise(640, 1.0, 7)), tensor(noise(640, 1.0, 8)));
    let config = TrainerConfig::new(60)
        .with_batch(128)
        .with_learning_rate(3e-3)
        .with_seed(1);
    let fitted = config
        .init()
        .fit(model(small(vec![8, 8])), &train, Callbacks::new())
        .unwrap();
    let error = |rows: &Tensor<2>| {
        let back = fitted
            .quantizer
            .decode(encode_all(&fitted.quantizer, rows, 128));
        (back - rows.clone()).square().mean().into_scalar::<f32>()
    };
    let bound = (-2.0 * 2.0 * 8f32.ln() / D as f32).exp();
    assert!(
        error(&held_out) > bound,
        "{} beats the bound {bound}",
        error(&held_out)
    );
    assert!(
        error(&held_out) > 0.6,
        "{} of unit variance, from 12 independent values",
        error(&held_out)
    );
}

#[test]
fn unused_codewords_are_revived() {
    let rows = planted();
    // All codewords but one start far from every latent.
    let run = |revive: bool| {
        let mut start = model(
            small(vec![16])
                .with_init(CodebookInit::Uniform)
                .with_revive(revive),
        );
        let mut far = vec![50.0f32; 16 * 6];
        far[..6].fill(0.0);
        let far = Tensor::from_data(TensorData::new(far, [16, 6]), &Device::default());
        let codebook = start.quantizer.codebooks.remove(0).with_codewords(far);
        start.quantizer.codebooks.push(codebook);
        let fitted = TrainerConfig::new(20)
            .with_batch(320)
            .init()
            .fit(start, &rows, Callbacks::new())
            .unwrap();
        let usage = crate::CodeUsage::new(encode_all(&fitted.quantizer, &rows, 640), &[16]);
        usage.levels[0].used
    };
    assert_eq!(run(false), 1);
    assert!(run(true) >= 12, "{} used", run(true));
}

#[test]
fn constrained_and_sampled_starts_use_every_codeword() {
    let rows = planted();
    for init in [
        CodebookInit::ConstrainedKMeans { iterations: 10 },
        CodebookInit::KMeans {
            sample: Some(200),
            iterations: 10,
        },
        CodebookInit::KMeans {
            sample: None,
            iterations: 10,
        },
    ] {
        let started = model(small(vec![16, 16]).with_init(init))
            .initialise(&rows, 1)
            .unwrap();
        let usage = crate::CodeUsage::new(encode_all(&started, &rows, 640), &[16, 16]);
        assert!(
            usage.levels.iter().all(|level| level.used >= 15),
            "{init:?}: {usage:?}"
        );
    }
}

fn explained(quantizer: ResidualQuantizerConfig, train: &Tensor<2>, other: &Tensor<2>) -> f32 {
    let config = TrainerConfig::new(60)
        .with_batch(128)
        .with_learning_rate(3e-3)
        .with_seed(1);
    let fitted = config
        .init()
        .fit(model(quantizer), train, Callbacks::new())
        .unwrap();
    let back = fitted
        .quantizer
        .decode(encode_all(&fitted.quantizer, other, 128));
    let error = (back - other.clone()).square().mean().into_scalar::<f32>();
    let variance = (other.clone() - other.clone().mean_dim(0)).square().mean();
    1.0 - error / variance.into_scalar::<f32>()
}

/// The options that differ from what the tests above train.
fn estimators() -> [(&'static str, ResidualQuantizerConfig); 4] {
    let averaged = small(vec![8, 8])
        .with_update(CodebookUpdate::Ema { decay: 0.9 })
        .with_ema_smoothing(1e-5)
        .with_revive(true);
    let new = || small(vec![8, 8]);
    [
        ("averages", averaged),
        (
            "rotation",
            new()
                .with_estimator(Estimator::Rotation)
                .with_commitment(1.0),
        ),
        ("gumbel", new().with_estimator(Estimator::gumbel())),
        ("simvq", new().with_codewords(Codewords::Linear)),
    ]
}

#[test]
fn every_estimator_learns_planted_groups_and_no_noise() {
    let rows = planted();
    let (train, held_out) = (tensor(noise(640, 1.0, 7)), tensor(noise(640, 1.0, 8)));
    let bound = 1.0 - (-2.0 * 2.0 * 8f32.ln() / D as f32).exp();
    for (name, config) in estimators() {
        let planted = explained(config.clone(), &rows, &rows);
        assert!(planted > 0.85, "{name}: {planted} of the planted variance");
        let noise = explained(config, &train, &held_out);
        assert!(noise < bound && noise < 0.4, "{name}: {noise} of noise");
    }
}

/// Averages with smoothing and revival bring codewords back that started far from every latent.
#[test]
fn averaged_codewords_are_revived() {
    let rows = planted();
    let averaged = small(vec![16])
        .with_update(CodebookUpdate::Ema { decay: 0.9 })
        .with_ema_smoothing(1e-5)
        .with_init(CodebookInit::Uniform)
        .with_revive(true);
    let mut start = model(averaged);
    let mut far = vec![50.0f32; 16 * 6];
    far[..6].fill(0.0);
    let far = Tensor::from_data(TensorData::new(far, [16, 6]), &Device::default());
    let codebook = start.quantizer.codebooks.remove(0).with_codewords(far);
    start.quantizer.codebooks.push(codebook);
    let trainer = TrainerConfig::new(20).with_batch(320).init();
    let fitted = trainer.fit(start, &rows, Callbacks::new()).unwrap();
    let usage = crate::CodeUsage::new(encode_all(&fitted.quantizer, &rows, 640), &[16]);
    assert!(usage.levels[0].used >= 12, "{} used", usage.levels[0].used);
}
