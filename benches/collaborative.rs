//! Training of LightGCN.

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use genrec::collaborative::LightGcnConfig;
use genrec::data::SyntheticWorldConfig;

pub(crate) fn benches(criterion: &mut Criterion) {
    lightgcn_epoch(criterion);
}

/// An epoch of the paper's settings over all interactions of the synthetic world.
fn lightgcn_epoch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("collaborative: LightGCN");
    let interactions = SyntheticWorldConfig::new()
        .generate(0)
        .dataset()
        .interactions;
    group.throughput(Throughput::Elements(interactions.len() as u64));
    group.bench_function("epoch", |bencher| {
        bencher.iter_custom(|epochs| {
            // From the end of the first epoch to the end of the last: neither graph nor model is made in between.
            let config = LightGcnConfig::new().with_epochs(epochs as usize + 1);
            let mut first = None;
            let mut elapsed = Duration::ZERO;
            config
                .fit(&interactions, 0, |_| {
                    elapsed = first.get_or_insert_with(Instant::now).elapsed();
                })
                .expect("there is something to learn");
            elapsed
        });
    });
    group.finish();
}
