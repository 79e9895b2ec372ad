//! What training must learn, and what it must not.

use std::{ops::ControlFlow, path::Path};

use burn::tensor::Device;
use genrec_embed::Embeddings;
use genrec_quantize::{Checkpoints, CodebookInit, CodebookUpdate, ResidualQuantizerConfig, RqVaeConfig, TrainerConfig};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{Alignment, CollaborativeConfig, DiversityConfig, Letter, LetterConfig, LetterEpoch};
use crate::{CodeTable, Disambiguate, SinkhornRule};

const TOPICS: usize = 8;
const TASTES: usize = 6;
const D_TEXT: usize = 20;

/// Items whose text says loudly what they are about (8 topics) and faintly to whose taste they are (6 tastes); people go by taste alone.
struct World {
    text: Embeddings,
    collaborative: Embeddings,
    taste: Vec<usize>,
}

impl World {
    fn new(items: usize, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut noise = move || -> f32 { (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0 };
        // The same directions in every world.
        let mut fixed = StdRng::seed_from_u64(7);
        let mut directions = |count: usize, width: usize| -> Vec<Vec<f32>> { (0..count).map(|_| (0..width).map(|_| fixed.random_range(-1.0..1.0)).collect()).collect() };
        let (topics, tastes, people) = (directions(TOPICS, D_TEXT), directions(TASTES, D_TEXT), directions(TASTES, 8));
        let taste: Vec<usize> = (0..items).map(|item| (item / TOPICS) % TASTES).collect();
        let text = (0..items).flat_map(|item| (0..D_TEXT).map(|at| topics[item % TOPICS][at] + 0.2 * tastes[taste[item]][at] + 0.15 * noise()).collect::<Vec<_>>());
        let text = Embeddings::from_vec(items, D_TEXT, text.collect()).unwrap();
        let collaborative = taste.iter().flat_map(|&taste| people[taste].iter().map(|x| 3.0 * x + 0.3 * noise()).collect::<Vec<_>>());
        Self { collaborative: Embeddings::from_vec(items, 8, collaborative.collect()).unwrap(), text, taste }
    }

    /// How many codes two items to the same taste and about different topics share, less how many two items to different tastes do, as a share of the levels.
    fn agreement(&self, codes: &CodeTable) -> f64 {
        let rows: Vec<_> = codes.iter().collect();
        let mut shared = [(0.0, 0.0); 2];
        for (a, codes_a) in &rows {
            for (b, codes_b) in &rows[a.index() + 1..] {
                if a.index() % TOPICS != b.index() % TOPICS {
                    let same = usize::from(self.taste[a.index()] == self.taste[b.index()]);
                    shared[same].0 += codes_a.iter().zip(*codes_b).filter(|(a, b)| a == b).count() as f64;
                    shared[same].1 += codes.levels() as f64;
                }
            }
        }
        shared[1].0 / shared[1].1 - shared[0].0 / shared[0].1
    }
}

fn config() -> LetterConfig {
    let quantizer = ResidualQuantizerConfig::new(8).with_codebook_sizes(vec![16; 3]);
    let rqvae = RqVaeConfig::new(D_TEXT).with_hidden(vec![32]).with_quantizer(quantizer);
    let training = TrainerConfig::new(60).with_batch(96).with_learning_rate(3e-3).with_evaluate_every(20);
    LetterConfig::new(rqvae, training).with_seed(1)
}

fn collaborative(weight: f64) -> Option<CollaborativeConfig> {
    Some(CollaborativeConfig::new().with_weight(weight))
}

fn diversity(weight: f64) -> Option<DiversityConfig> {
    Some(DiversityConfig::new().with_weight(weight).with_clusters(4).with_min_size(2).with_max_size(8))
}

fn fit(config: &LetterConfig, text: &Embeddings, collaborative: Option<&Embeddings>) -> Letter {
    config.init().fit(text, collaborative, &Device::default(), |_| ControlFlow::Continue(())).unwrap()
}

#[test]
fn codes_follow_taste_with_the_collaborative_term_also_those_of_new_items() {
    let (world, new) = (World::new(480, 3), World::new(240, 4));
    let agreement = |letter: &Letter| (world.agreement(&letter.codes), new.agreement(&letter.encode(&new.text, &Device::default()).unwrap()));
    let tiger = agreement(&fit(&config(), &world.text, None));
    let letter = agreement(&fit(&config().with_collaborative(collaborative(0.05)), &world.text, Some(&world.collaborative)));
    let projected = collaborative(0.05).map(|term| term.with_alignment(Alignment::Projection));
    let projected = agreement(&fit(&config().with_collaborative(projected), &world.text, Some(&world.collaborative)));
    assert!(letter.0 > tiger.0 + 0.15 && letter.1 > tiger.1 + 0.15, "{letter:?} against {tiger:?}");
    assert!(projected.0 > tiger.0 + 0.15 && projected.1 > tiger.1 + 0.15, "{projected:?} against {tiger:?}");
}

#[test]
fn collaborative_embeddings_that_are_noise_teach_no_taste() {
    let (world, new) = (World::new(480, 3), World::new(240, 4));
    let mut rng = StdRng::seed_from_u64(5);
    let noise = Embeddings::from_vec(480, 8, (0..480 * 8).map(|_| rng.random_range(-3.0..3.0)).collect()).unwrap();
    let letter = fit(&config().with_collaborative(collaborative(0.05)), &world.text, Some(&noise));
    let agreement = new.agreement(&letter.encode(&new.text, &Device::default()).unwrap());
    assert!(agreement.abs() < 0.1, "{agreement}");
}

#[test]
fn the_diversity_term_spreads_items_over_more_codewords() {
    let world = World::new(480, 3);
    // Codewords that start anywhere, not at the items: where there is something to spread.
    let mut scattered = config();
    scattered.rqvae.quantizer.init = CodebookInit::Uniform;
    let perplexity = |config: &LetterConfig| -> f64 { fit(config, &world.text, None).usage.levels.iter().map(|level| level.perplexity).sum() };
    let (without, with) = (perplexity(&scattered), perplexity(&scattered.clone().with_diversity(diversity(0.05))));
    assert!(with > 1.1 * without, "{with} against {without}");
}

#[test]
fn a_resumed_run_ends_in_the_same_bits() {
    let world = World::new(200, 3);
    let mut config = config().with_collaborative(collaborative(0.05).map(|term| term.with_alignment(Alignment::Projection))).with_diversity(diversity(0.01));
    config.training.epochs = 6;
    let run = |folder: &Path, config: &LetterConfig, stop_after: usize| {
        let trainer = config.init().with_checkpoints(Checkpoints::new(folder).with_every(2));
        let progress = |done: &LetterEpoch| if done.epoch + 1 == stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        trainer.fit(&world.text, Some(&world.collaborative), &Device::default(), progress)
    };
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let undisturbed = run(whole.path(), &config, usize::MAX).unwrap();
    let first = run(broken.path(), &config, 3).unwrap();
    assert_eq!(first.history, undisturbed.history[..3]);
    let resumed = run(broken.path(), &config, usize::MAX).unwrap();
    assert_eq!(resumed.history, undisturbed.history[3..]);
    assert_eq!((&resumed.space, &resumed.projection, &resumed.codes), (&undisturbed.space, &undisturbed.projection, &undisturbed.codes));

    let other = config.clone().with_diversity(diversity(0.02));
    let message = run(broken.path(), &other, usize::MAX).unwrap_err().to_string();
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
    for rule in [Disambiguate::AppendToken, Disambiguate::NextBest, Disambiguate::Sinkhorn(SinkhornRule::default())] {
        let table = letter.identify(&rule).unwrap();
        assert_eq!((table.len(), table.levels()), (300, 3));
    }
    assert_eq!(letter.codes, letter.encode(&world.text, &Device::default()).unwrap());
    // The parts agree: codewords add up to the quantized latents, and usage counts the codes.
    let quantized = letter.quantized().unwrap();
    let codes = letter.codes.codes(genrec_data::ItemId::new(17));
    let sum = letter.codebook(0).row(codes[0].index()).to_owned() + letter.codebook(1).row(codes[1].index());
    assert_eq!(quantized.row(17), sum.as_slice().unwrap());
    assert_eq!(letter.usage.items, 300);
    assert!((letter.usage.collision_rate() - letter.codes.collisions().rate()).abs() < 1e-12);
}

#[test]
fn what_cannot_work_is_refused_with_its_remedy() {
    let world = World::new(40, 3);
    let message = |config: &LetterConfig, text: &Embeddings, collaborative: Option<&Embeddings>| {
        let fitted = config.init().fit(text, collaborative, &Device::default(), |_| ControlFlow::Continue(()));
        fitted.map(|_| ()).unwrap_err().to_string()
    };
    let with = config().with_collaborative(collaborative(0.1));
    assert!(message(&with, &world.text, None).contains("`with_collaborative(None)`"));
    assert!(message(&config(), &world.text, Some(&world.collaborative)).contains("no collaborative term"));
    assert!(message(&config(), &world.collaborative, None).contains("text embeddings of width 20, the configuration's `d_input`, found width 8"));
    let short = world.collaborative.slice(0..39);
    assert!(message(&with, &world.text, Some(&short)).contains("of 40 items, as the text embeddings have, found 39 rows"));
    assert!(message(&with, &world.text, Some(&world.text)).contains("(or `Alignment::Projection`), found width 20"));
    assert!(message(&config().with_collaborative(collaborative(-1.0)), &world.text, Some(&world.collaborative)).contains("CollaborativeConfig::weight"));
    assert!(message(&config().with_diversity(Some(DiversityConfig::new())), &world.text, None).contains("10 clusters of 10 to 60 codewords, which hold 100 to 600"));
    let mut averaged = config().with_diversity(diversity(0.1));
    averaged.rqvae.quantizer.update = CodebookUpdate::Ema { decay: 0.9 };
    assert!(message(&averaged, &world.text, None).contains("`with_diversity(None)`"));
}

#[test]
#[ignore]
#[allow(clippy::print_stdout)]
fn explore_planted() {
    use genrec_quantize::QuantizedGradient as Q;
    let (world, new) = (World::new(480, 3), World::new(240, 4));
    let agreement = |letter: &Letter| (world.agreement(&letter.codes), new.agreement(&letter.encode(&new.text, &Device::default()).unwrap()));
    for seed in 1..4 {
        let cfg = config().with_seed(seed);
        println!("seed {seed} tiger {:?}", agreement(&fit(&cfg, &world.text, None)));
        for (q, w) in [(Q::Encoder, 0.1), (Q::Encoder, 0.2), (Q::Encoder, 0.4), (Q::Both, 1.0)] {
            let mut cfg = cfg.clone();
            cfg.rqvae.quantizer.quantized_gradient = q;
            println!("{q:?} {w} {:?}", agreement(&fit(&cfg.clone().with_collaborative(collaborative(w)), &world.text, Some(&world.collaborative))));
            let proj = collaborative(w).map(|term| term.with_alignment(Alignment::Projection));
            println!("   proj {:?}", agreement(&fit(&cfg.clone().with_collaborative(proj), &world.text, Some(&world.collaborative))));
        }
    }
    for levels in [1, 3] {
    for n in [16, 32] {
        for w in [0.0, 1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0] {
            for init in [CodebookInit::Uniform, CodebookInit::KMeans { sample: None, iterations: 20 }] {
            print!("levels {levels} n {n} w {w} {init:?}: ");
            for seed in 1..4 {
                let mut c = config().with_diversity(Some(DiversityConfig::new().with_weight(w).with_clusters(4).with_min_size(2).with_max_size(n / 2))).with_seed(seed);
                c.rqvae.quantizer.init = init;
                c.rqvae.quantizer.codebook_sizes = vec![n; levels];
                let l = fit(&c, &world.text, None);
                print!(" [perp {:?} used {:?} coll {:.3} rec {:.4}]", l.usage.levels.iter().map(|l| (l.perplexity * 10.0).round() / 10.0).collect::<Vec<_>>(), l.usage.levels.iter().map(|l| l.used).collect::<Vec<_>>(), l.usage.collision_rate(), l.history.last().unwrap().reconstruction);
            }
            println!();
            }
        }
    }
    }
}
