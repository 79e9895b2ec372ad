//! Back ends that are built in beside the host's compute what that computes.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use genrec::data::{Interactions, ItemId, leave_one_out};
use genrec::embed::{Embeddings, SentenceEncoderConfig};
use genrec::identify::letter::LetterConfig;
use genrec::model::{SequenceTrainer, System, TrainingConfig};
use genrec::quantize::{Quantizer, ResidualKMeansConfig};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::fixture::{answers, histories, model_on};
use crate::{language, system};

/// All but the host's.
fn others() -> Vec<(&'static str, Device)> {
    vec![
        #[cfg(feature = "cuda")]
        ("cuda", Device::cuda(0_usize)),
        #[cfg(feature = "vulkan")]
        (
            "vulkan",
            Device::vulkan(burn::tensor::DeviceKind::DefaultDevice),
        ),
        #[cfg(feature = "ndarray")]
        ("ndarray", {
            #[expect(deprecated, reason = "Burn deprecates this back end, and still has it")]
            Device::ndarray()
        }),
    ]
}

/// What each of the others computes, beside what the host does.
fn beside_the_host<T>(of: impl Fn(&Device) -> T, mut compare: impl FnMut(&str, &T, &T)) {
    let host = of(&Device::flex());
    for (name, device) in others() {
        compare(name, &host, &of(&device));
    }
}

/// Whether two numbers are the same but for rounding.
fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(1.0)
}

fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn assert_answers_alike(folder: &Path) {
    let asked = histories(30, 25);
    let of = |device: &Device| {
        let system = System::open(folder, device).unwrap();
        answers(&system.recommender, &asked, 5)
    };
    beside_the_host(of, |name, host, other| {
        let mut same = 0;
        let mut all = 0;
        for (host, other) in host.iter().zip(other) {
            assert_eq!(host.items().len(), other.items().len(), "{name}");
            for (a, b) in host.scores().iter().zip(other.scores()) {
                assert!(near((*a).into(), (*b).into(), 1e-3), "{name}: {a} and {b}");
            }
            let places = host.items().iter().zip(other.items());
            same += places.filter(|(a, b)| a == b).count();
            all += host.items().len();
        }
        // Of scores as near as rounding either may come first.
        assert!(20 * same >= 19 * all, "{name}: {same} of {all}");
    });
}

#[test]
fn systems_answer_alike() {
    let above = tempfile::tempdir().unwrap();
    let folder = |name: &str| -> PathBuf { above.path().join(name) };
    system::system(system::unique(), 1)
        .save(folder("t5"))
        .unwrap();
    assert_answers_alike(&folder("t5"));
    for (name, decoder) in [("words-t5", false), ("words-decoder", true)] {
        language::system(false, decoder).save(folder(name)).unwrap();
        assert_answers_alike(&folder(name));
    }
}

#[test]
fn models_learn_alike() {
    let tokens = Arc::new(system::unique());
    let walk = |user: u32| (0..8).map(move |step| ItemId::new((user + step) % 25));
    let histories = (0..60).map(|user| walk(user).collect()).collect();
    let split = leave_one_out(&Interactions::new(25, histories).unwrap()).unwrap();
    let training = TrainingConfig::quick()
        .with_epochs(3)
        .with_batch_size(32)
        .with_validation_users(1);
    let above = tempfile::tempdir().unwrap();
    let of = |device: &Device| -> Vec<f64> {
        let folder = tempfile::tempdir_in(above.path()).unwrap();
        SequenceTrainer::new(training.clone(), folder.path())
            .fit(
                model_on(&tokens, 1, device),
                &tokens,
                &split.train,
                &split.validation,
                |_| {},
            )
            .unwrap()
            .epochs
            .iter()
            .map(|epoch| epoch.loss)
            .collect()
    };
    beside_the_host(of, |name, host, other| {
        assert!(host[2] < host[0], "{host:?}");
        let alike = host.iter().zip(other).all(|(&a, &b)| near(a, b, 5e-3));
        assert!(alike, "{name}: {host:?} and {other:?}");
    });
}

#[test]
fn tokenizers_learn_alike() {
    let rows = |d, seed| Embeddings::from_vec(400, d, random(400 * d, seed)).unwrap();
    let (text, collaborative) = (rows(48, 1), rows(16, 2));
    let mut config = LetterConfig::quick(48);
    config.training.epochs = 5;
    let of = |device: &Device| {
        let mut losses = Vec::new();
        let tokenizer = config.clone().init();
        let fitted = tokenizer.fit(&text, Some(&collaborative), device, |epoch| {
            losses.push(epoch.loss);
            ControlFlow::Continue(())
        });
        fitted.unwrap();
        losses
    };
    beside_the_host(of, |name, host, other| {
        assert_eq!(host.len(), 5);
        let alike = host.iter().zip(other).all(|(&a, &b)| near(a, b, 2e-2));
        assert!(alike, "{name}: {host:?} and {other:?}");
    });
}

#[test]
fn sentences_have_the_same_rows() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bert");
    let texts = fs::read_to_string(golden.join("texts.json")).unwrap();
    let texts: Vec<String> = serde_json::from_str(&texts).unwrap();
    let of = |device: &Device| {
        let config = SentenceEncoderConfig::new().with_max_tokens(12);
        let encoder = config.open(&golden, device).unwrap();
        encoder.encode(&texts).unwrap()
    };
    beside_the_host(of, |name, host, other| {
        let mut pairs = host.as_slice().iter().zip(other.as_slice());
        let alike = pairs.all(|(&a, &b)| near(a.into(), b.into(), 1e-4));
        assert!(alike, "{name}");
    });
}

#[test]
fn clusters_are_as_tight() {
    let values = random(2_000 * 8, 3);
    let of = |device: &Device| -> f64 {
        let rows = Tensor::<2>::from_data(TensorData::new(values.clone(), [2_000, 8]), device);
        let config = ResidualKMeansConfig::new().with_codebook_sizes(vec![16; 3]);
        let fitted = config.fit(&rows, 1).unwrap();
        let back = fitted.decode(fitted.encode(rows.clone())).inner();
        f64::from((back - rows).square().mean().into_scalar::<f32>())
    };
    beside_the_host(of, |name, &host, &other| {
        assert!(
            host < 0.2 && near(host / other, 1.0, 3e-2),
            "{name}: {host} and {other}"
        );
    });
}
