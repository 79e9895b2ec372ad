//! The nearest items of users, by comparing all items.

use std::hint::black_box;

use burn::tensor::Device;
use criterion::{BenchmarkId, Criterion, Throughput};
use genrec::retrieve::{ExactSearch, NearestItems, Similarity};

use crate::inputs;

pub(crate) fn benches(criterion: &mut Criterion) {
    exact_search(criterion);
}

/// The 10 best of all items for one user, and for 256 at once; and the matrix product of those alone, in the same blocks.
fn exact_search(criterion: &mut Criterion) {
    const D: usize = 64;
    const BEST: usize = 10;
    const BLOCK: (usize, usize) = (64, 4_096);

    let mut group = criterion.benchmark_group("retrieve: exact search");
    let device = Device::default();
    for items in [10_000, 100_000, 1_000_000] {
        let mut input = None;
        for users in [1, 256] {
            group.throughput(Throughput::Elements(users as u64));
            let name = format!("{users} users of {items} items");
            group.bench_function(BenchmarkId::new("10 best", name), |bencher| {
                let search = input.get_or_insert_with(|| {
                    let rows = inputs::normal(items, D, &device);
                    ExactSearch::new(rows, Similarity::Dot).expect("the rows are finite")
                });
                let users = inputs::normal(users, D, &device);
                bencher.iter(|| search.nearest(users.clone(), BEST, &[]));
            });
        }
        drop(input);
        group.bench_function(BenchmarkId::new("products alone", items), |bencher| {
            let users = inputs::normal(BLOCK.0, D, &device);
            let rows = inputs::normal(BLOCK.1, D, &device);
            bencher.iter(|| {
                // As many scores as 256 users have, one after the other.
                for _ in 0..(256 * items).div_ceil(BLOCK.0 * BLOCK.1) {
                    black_box(users.clone().matmul(rows.clone().transpose()).into_data());
                }
            });
        });
    }
    group.finish();
}
