//! Training of an RQ-VAE, and constrained k-means.

use burn::module::Module;
use burn::tensor::Device;
use criterion::Criterion;
use genrec::quantize::{ConstrainedKMeansConfig, Quantizer, RqVaeConfig};

use crate::inputs;
use crate::training::Training;

pub(crate) fn benches(criterion: &mut Criterion) {
    rqvae_step(criterion);
    constrained_kmeans(criterion);
}

/// 768-512-256-128-64-32 and back, 4 levels of 256 codewords, 1,024 rows: forward, backward, AdamW.
fn rqvae_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("quantize: RQ-VAE");
    let mut input = None;
    group.bench_function("training step, batch 1024", |bencher| {
        let (training, rows) = input.get_or_insert_with(|| {
            let device = Device::default();
            let rows = inputs::normal(1_024, 768, &device);
            let rqvae = RqVaeConfig::new(768)
                .with_hidden(vec![512, 256, 128, 64])
                .init(&device)
                .train()
                .initialise(&rows, 0)
                .expect("there are more rows than codewords");
            (Training::new(rqvae, &device.autodiff()), rows.autodiff())
        });
        bencher.iter(|| training.step(|rqvae| rqvae.forward(rows.clone()).loss));
    });
    group.finish();
}

/// As LETTER has it: the groups of the diversity loss (256 codewords in 10 clusters), and the start of a codebook from 9,922 latents. Ten
/// iterations at most.
fn constrained_kmeans(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("quantize: constrained k-means");
    for (points, clusters, min, max) in [(256, 10, 10, 60), (9_922, 256, 19, 76)] {
        let name = format!("{points} x 32, {clusters} clusters of {min} to {max}");
        group.bench_function(name, |bencher| {
            let rows = inputs::normal(points, 32, &Device::default());
            let config = ConstrainedKMeansConfig::new(clusters, min, max).with_iterations(10);
            bencher.iter(|| config.fit(&rows, 0).expect("the bounds leave room"));
        });
    }
    group.finish();
}
