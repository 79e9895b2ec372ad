//! What training must learn, and what it must not.

use std::{ops::ControlFlow, path::Path};

use burn::tensor::Device;
use genrec_embed::Embeddings;
use genrec_quantize::{
    Checkpoints, CodebookInit, CodebookUpdate, QuantizedGradient, ResidualQuantizerConfig,
    RqVaeConfig, TrainerConfig,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::planted::{D_TEXT, World};
use super::{Alignment, CollaborativeConfig, DiversityConfig, Letter, LetterConfig, LetterEpoch};
use crate::{Disambiguate, SinkhornRule};

fn config() -> LetterConfig {
    let quantizer = ResidualQuantizerConfig::new(8).with_codebook_sizes(vec![16; 3]);
    let rqvae = RqVaeConfig::new(D_TEXT)
        .with_hidden(vec![32])
        .with_quantizer(quantizer);
    let training = TrainerConfig::new(60)
        .with_batch(96)
        .with_learning_rate(3e-3)
        .with_evaluate_every(20);
    LetterConfig::new(rqvae, training).with_seed(1)
}

fn collaborative(weight: f64) -> CollaborativeConfig {
    CollaborativeConfig::new().with_weight(weight)
}

fn diversity(weight: f64) -> DiversityConfig {
    DiversityConfig::new()
        .with_weight(weight)
        .with_clusters(4)
        .with_min_size(2)
        .with_max_size(8)
}

fn fit(config: &LetterConfig, text: &Embeddings, collaborative: Option<&Embeddings>) -> Letter {
    config
        .init()
        .fit(text, collaborative, &Device::default(), |_| {
            ControlFlow::Continue(())
        })
        .unwrap()
}

/// The agreement with taste of the items trained on and of new ones, over two seeds.
fn agreement(
    config: &LetterConfig,
    collaborative: impl Fn(&World) -> Option<Embeddings>,
) -> [f64; 2] {
    let (world, new) = (World::new(480, 3), World::new(240, 4));
    let collaborative = collaborative(&world);
    let mut sums = [0.0; 2];
    for seed in [1, 2] {
        let letter = fit(
            &config.clone().with_seed(seed),
            &world.text,
            collaborative.as_ref(),
        );
        sums[0] += world.agreement(&letter.codes);
        sums[1] += new.agreement(&letter.encode(&new.text, &Device::default()).unwrap());
    }
    sums
}

/// With the collaborative loss going to the encoder: what reaches only the codebooks moves the codewords, but not the
/// items.
fn encoder_learns(term: CollaborativeConfig) -> LetterConfig {
    let mut config = config().with_collaborative(Some(term));
    config.rqvae.quantizer.quantized_gradient = QuantizedGradient::Encoder;
    config
}

#[test]
fn codes_follow_taste_with_the_collaborative_term_also_those_of_new_items() {
    let tiger = agreement(&config(), |_| None);
    let true_taste = |world: &World| Some(world.collaborative.clone());
    let letter = agreement(&encoder_learns(collaborative(0.2)), true_taste);
    let projected = agreement(
        &encoder_learns(collaborative(0.2).with_alignment(Alignment::Projection)),
        true_taste,
    );
    for (which, tiger) in tiger.iter().enumerate() {
        assert!(letter[which] > 2.0 * tiger, "{letter:?} against {tiger}");
        assert!(
            projected[which] > 1.5 * tiger,
            "{projected:?} against {tiger}"
        );
    }
    // Nothing is learned of new items' taste from embeddings that know nothing of it.
    let noise = agreement(&encoder_learns(collaborative(0.2)), |world| {
        let mut rng = StdRng::seed_from_u64(5);
        let rows = world.text.rows();
        Some(
            Embeddings::from_vec(
                rows,
                8,
                (0..rows * 8).map(|_| rng.random_range(-3.0..3.0)).collect(),
            )
            .unwrap(),
        )
    });
    assert!(noise[1] < tiger[1], "{noise:?} against {tiger:?}");
}

/// Codewords that start anywhere, not at the items, so that there is something to spread.
#[test]
fn the_diversity_term_spreads_items_over_more_codewords() {
    let world = World::new(480, 3);
    let mut scattered = config();
    scattered.rqvae.quantizer.init = CodebookInit::Uniform;
    scattered.rqvae.quantizer.codebook_sizes = vec![32];
    let figures = |config: &LetterConfig| {
        let used = |seed| {
            fit(&config.clone().with_seed(seed), &world.text, None)
                .usage
                .levels
                .swap_remove(0)
        };
        [1, 2, 3].map(used).iter().fold((0, 0.0), |sum, level| {
            (sum.0 + level.used, sum.1 + level.perplexity)
        })
    };
    let (without, with) = (
        figures(&scattered),
        figures(
            &scattered
                .clone()
                .with_diversity(Some(diversity(0.01).with_max_size(16))),
        ),
    );
    assert!(
        with.0 as f64 > 1.3 * without.0 as f64 && with.1 > 1.25 * without.1,
        "{with:?} against {without:?}"
    );
}

#[test]
fn a_resumed_run_ends_in_the_same_bits() {
    let world = World::new(200, 3);
    let mut config = config()
        .with_collaborative(Some(
            collaborative(0.05).with_alignment(Alignment::Projection),
        ))
        .with_diversity(Some(diversity(0.01)));
    config.training.epochs = 6;
    let run = |folder: &Path, config: &LetterConfig, stop_after: usize| {
        let trainer = config
            .init()
            .with_checkpoints(Checkpoints::new(folder).with_every(2));
        let progress = |done: &LetterEpoch| {
            if done.epoch + 1 == stop_after {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        trainer.fit(
            &world.text,
            Some(&world.collaborative),
            &Device::default(),
            progress,
        )
    };
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let undisturbed = run(whole.path(), &config, usize::MAX).unwrap();
    let first = run(broken.path(), &config, 3).unwrap();
    assert_eq!(first.history, undisturbed.history[..3]);
    let resumed = run(broken.path(), &config, usize::MAX).unwrap();
    assert_eq!(resumed.history, undisturbed.history[3..]);
    assert_eq!(
        (&resumed.space, &resumed.projection, &resumed.codes),
        (
            &undisturbed.space,
            &undisturbed.projection,
            &undisturbed.codes
        )
    );

    let other = config.clone().with_diversity(Some(diversity(0.02)));
    let message = run(broken.path(), &other, usize::MAX)
        .unwrap_err()
        .to_string();
    assert!(message.contains("checkpoint"), "{message}");
}

#[test]
fn every_rule_makes_identifiers_of_what_was_trained() {
    let world = World::new(300, 3);
    let mut config = config();
    config.training.epochs = 3;
    config.rqvae.quantizer.codebook_sizes = vec![8, 4];
    let letter = fit(&config, &world.text, None);
    assert!(!letter.codes.collisions().is_empty());
    for rule in [
        Disambiguate::AppendToken,
        Disambiguate::NextBest,
        Disambiguate::Sinkhorn(SinkhornRule::default()),
    ] {
        let table = letter.identify(&rule).unwrap();
        assert_eq!((table.len(), table.levels()), (300, 3));
    }
    assert_eq!(
        letter.codes,
        letter.encode(&world.text, &Device::default()).unwrap()
    );
    // The parts agree: codewords add up to the quantized latents, and usage counts the codes.
    let quantized = letter.quantized().unwrap();
    let codes = letter.codes.codes(genrec_data::ItemId::new(17));
    let sum = letter.codebook(0).row(codes[0].index()).to_owned()
        + letter.codebook(1).row(codes[1].index());
    assert_eq!(quantized.row(17), sum.as_slice().unwrap());
    assert_eq!(letter.usage.items, 300);
    assert!((letter.usage.collision_rate() - letter.codes.collisions().rate()).abs() < 1e-12);
}

#[test]
fn what_cannot_work_is_refused_with_its_remedy() {
    let world = World::new(40, 3);
    let message = |config: &LetterConfig, text: &Embeddings, collaborative: Option<&Embeddings>| {
        let fitted = config
            .init()
            .fit(text, collaborative, &Device::default(), |_| {
                ControlFlow::Continue(())
            });
        fitted.map(|_| ()).unwrap_err().to_string()
    };
    let with = config().with_collaborative(Some(collaborative(0.1)));
    assert!(message(&with, &world.text, None).contains("`with_collaborative(None)`"));
    assert!(
        message(&config(), &world.text, Some(&world.collaborative))
            .contains("no collaborative term")
    );
    assert!(
        message(&config(), &world.collaborative, None)
            .contains("text embeddings of width 20, the configuration's `d_input`, found width 8")
    );
    let short = world.collaborative.slice(0..39);
    assert!(
        message(&with, &world.text, Some(&short))
            .contains("of 40 items, as the text embeddings have, found 39 rows")
    );
    assert!(
        message(&with, &world.text, Some(&world.text))
            .contains("(or `Alignment::Projection`), found width 20")
    );
    assert!(
        message(
            &config().with_collaborative(Some(collaborative(-1.0))),
            &world.text,
            Some(&world.collaborative)
        )
        .contains("CollaborativeConfig::weight")
    );
    assert!(
        message(
            &config().with_diversity(Some(DiversityConfig::new())),
            &world.text,
            None
        )
        .contains("10 clusters of 10 to 60 codewords, which hold 100 to 600")
    );
    let mut averaged = config().with_diversity(Some(diversity(0.1)));
    averaged.rqvae.quantizer.update = CodebookUpdate::Ema { decay: 0.9 };
    assert!(message(&averaged, &world.text, None).contains("`with_diversity(None)`"));
    // Nor does the collaborative term reach codebooks of moving averages, only the encoder.
    let mut unreached = with.clone();
    unreached.rqvae.quantizer.update = CodebookUpdate::Ema { decay: 0.9 };
    let refused = message(&unreached, &world.text, Some(&world.collaborative));
    assert!(refused.contains("QuantizedGradient::Encoder"), "{refused}");
    unreached.rqvae.quantizer.quantized_gradient = QuantizedGradient::Encoder;
    unreached.check().unwrap();
    let unclustered = diversity(0.1).with_iterations(0);
    let unclustered = config().with_diversity(Some(unclustered));
    assert!(message(&unclustered, &world.text, None).contains("DiversityConfig::iterations"));
    let mut narrow = config();
    narrow.rqvae.hidden = vec![0];
    assert!(message(&narrow, &world.text, None).contains("RqVaeConfig::hidden"));
    let mut dropped = config();
    dropped.rqvae.dropout = 1.0;
    assert!(message(&dropped, &world.text, None).contains("RqVaeConfig::dropout"));
}
