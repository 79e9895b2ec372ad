//! Training of LETTER-TIGER's T5, and recommendation with it.

use std::sync::Arc;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Bool, Device, Tensor};
use criterion::{Criterion, Throughput};
use genrec::data::ItemId;
use genrec::identify::{Identifier, IdentifierTable, Vocabulary};
use genrec::metrics::{Query, Recommender};
use genrec::model::t5::T5Config;
use genrec::model::{Retrieval, SequenceModel, SequenceModelConfig, SequenceRecommender};

use crate::inputs;
use crate::training::Training;

pub(crate) fn benches(criterion: &mut Criterion) {
    t5_step(criterion);
    recommend(criterion);
}

/// 4 + 4 layers of width 128, 64 users with 80 encoder and 5 decoder tokens, dropout on: forward, cross-entropy, backward, AdamW.
fn t5_step(criterion: &mut Criterion) {
    const BATCH: usize = 64;
    const HISTORY: usize = 80;
    const TARGET: usize = 5;
    // Four levels of 256 codewords, padding and end.
    const TOKENS: usize = 4 * 256 + 2;

    let mut group = criterion.benchmark_group("model: T5");
    let mut input = None;
    group.bench_function("training step, 64 x 80 and 64 x 5 tokens", |bencher| {
        let (training, batch) = input.get_or_insert_with(|| {
            let device = Device::default();
            device.seed(0);
            let t5 = T5Config::letter_tiger(TOKENS).init(&device).train();
            let device = device.autodiff();
            let tokens = |columns| inputs::tokens(BATCH, columns, TOKENS as i64, &device);
            let mask = Tensor::<2, Bool>::full([BATCH, HISTORY], true, &device);
            // Decoder inputs and targets may be the same random numbers: nothing is to be learnt.
            let batch = (tokens(HISTORY), mask, tokens(TARGET));
            (Training::new(t5, &device), batch)
        });
        let (tokens, mask, targets) = batch;
        let cross_entropy = CrossEntropyLossConfig::new().init(&targets.device());
        bencher.iter(|| {
            training.step(|t5| {
                let logits = t5.forward(tokens.clone(), mask, targets.clone());
                cross_entropy.forward(
                    logits.reshape([BATCH * TARGET, TOKENS]),
                    targets.clone().reshape([BATCH * TARGET]),
                )
            });
        });
    });
    group.finish();
}

/// From histories to items: LETTER-TIGER with random weights, 32 users at once.
fn recommend(criterion: &mut Criterion) {
    const USERS: usize = 32;
    const BEAMS: usize = 20;
    const ITEMS: usize = 9_922;
    const HISTORY: usize = 20;
    const LEVELS: usize = 4;
    const CODEWORDS: u32 = 256;

    let mut group = criterion.benchmark_group("model: recommend");
    group.throughput(Throughput::Elements(USERS as u64));
    let mut input = None;
    group.bench_function("32 users, 20 beams, 9922 items", |bencher| {
        let (recommender, histories) = input.get_or_insert_with(|| {
            let codes = inputs::identifiers(ITEMS, LEVELS, CODEWORDS);
            let identifiers = codes
                .chunks_exact(LEVELS)
                .map(|codes| codes.iter().copied().collect::<Identifier>())
                .collect();
            let table = IdentifierTable::new(identifiers)
                .and_then(|table| table.with_codebook_sizes(vec![CODEWORDS as usize; LEVELS]))
                .expect("no identifier comes twice");
            let vocabulary = Vocabulary::of(&table);
            let tokens = Arc::new(vocabulary.tokenize(&table));
            let config = SequenceModelConfig::paper(&vocabulary);
            let model = SequenceModel::new(config, &tokens, 0, &Device::default())
                .expect("the model is of this vocabulary");
            let retrieval = Retrieval::new(tokens).with_beams(BEAMS).with_batch(USERS);
            let recommender = SequenceRecommender::new("LETTER-TIGER", model, retrieval);
            // Identifiers are random, so consecutive items are as good as random ones.
            let items: Vec<ItemId> = (0..(USERS * HISTORY) as u32).map(ItemId::new).collect();
            (recommender, items)
        });
        let queries: Vec<Query<'_>> = histories
            .chunks_exact(HISTORY)
            .map(Query::anonymous)
            .collect();
        bencher.iter(|| recommender.recommend(&queries, BEAMS));
    });
    group.finish();
}
