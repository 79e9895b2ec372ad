//! Tries and constrained beam search.

use std::cell::LazyCell;
use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use genrec::decode::{BeamSearchConfig, TableScorer, TokenId, Trie};

use crate::inputs;

/// Levels and codewords a level: LETTER's and TIGER's, and room for more items than there are.
const SHAPES: [(usize, u32); 2] = [(4, 256), (8, 2_048)];

/// Identifiers that are looked up in one iteration.
const LOOKUPS: usize = 10_000;

pub(crate) fn benches(criterion: &mut Criterion) {
    trie_build(criterion);
    trie_lookup(criterion);
    beam_search(criterion);
}

/// From identifiers in random order, one by one, to the trie.
fn trie_build(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode: trie build");
    for ((levels, codewords), count) in sets() {
        let tokens = LazyCell::new(|| tokens(count, levels, codewords));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(id(levels, codewords, count), |bencher| {
            // One trie at a time: neither is the time to free it measured, nor are there many at once.
            let tokens = &*tokens;
            bencher.iter_batched(|| (), |()| trie(tokens, levels), BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// The items of identifiers that are there, in random order, all of them in turn.
fn trie_lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode: trie lookup");
    group.throughput(Throughput::Elements(LOOKUPS as u64));
    for ((levels, codewords), count) in sets() {
        let input = LazyCell::new(|| {
            let tokens = tokens(count, levels, codewords);
            (trie(&tokens, levels), tokens)
        });
        group.bench_function(id(levels, codewords, count), |bencher| {
            let (trie, tokens) = &*input;
            let mut identifiers = tokens.chunks_exact(levels).cycle();
            bencher.iter(|| {
                for identifier in identifiers.by_ref().take(LOOKUPS) {
                    black_box(trie.get(identifier));
                }
            });
        });
    }
    group.finish();
}

/// The search alone: a model that costs next to nothing, for as many items as LETTER's Instruments data set has.
fn beam_search(criterion: &mut Criterion) {
    const REQUESTS: usize = 32;
    const BEAMS: usize = 20;
    const ITEMS: usize = 9_922;
    let (levels, codewords) = SHAPES[0];

    let mut group = criterion.benchmark_group("decode: beam search");
    group.throughput(Throughput::Elements(REQUESTS as u64));
    group.bench_function("32 requests, 20 beams, 9922 items", |bencher| {
        let trie = trie(&tokens(ITEMS, levels, codewords), levels);
        let classes = codewords as usize;
        let table = inputs::log_probabilities(REQUESTS * levels, classes);
        let mut scorer = TableScorer::new(REQUESTS, levels, classes, table).expect("a full table");
        let search = BeamSearchConfig::new(BEAMS)
            .init()
            .expect("neither results nor width is 0");
        bencher.iter(|| {
            search
                .search(&trie, REQUESTS, &mut scorer, None)
                .expect("the table holds log-probabilities")
        });
    });
    group.finish();
}

/// The sets of identifiers: shape and number.
fn sets() -> impl Iterator<Item = ((usize, u32), usize)> {
    let large = std::env::var_os("GENREC_BENCH_LARGE").map(|_| 10_000_000);
    let counts = [10_000, 100_000, 1_000_000].into_iter().chain(large);
    SHAPES
        .into_iter()
        .flat_map(move |shape| counts.clone().map(move |count| (shape, count)))
}

fn id(levels: usize, codewords: u32, count: usize) -> BenchmarkId {
    BenchmarkId::new(format!("{levels} x {codewords}"), count)
}

fn tokens(count: usize, levels: usize, codewords: u32) -> Vec<TokenId> {
    let codes = inputs::identifiers(count, levels, codewords);
    codes.into_iter().map(TokenId::new).collect()
}

fn trie(tokens: &[TokenId], levels: usize) -> Trie {
    Trie::from_identifiers(tokens.chunks_exact(levels).zip(0..)).expect("no identifier comes twice")
}
