//! Training of LETTER-TIGER's T5.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Bool, Device, Tensor};
use criterion::Criterion;
use genrec::model::t5::T5Config;

use crate::inputs;
use crate::training::Training;

pub(crate) fn benches(criterion: &mut Criterion) {
    t5_step(criterion);
}

/// 4 + 4 layers of width 128, 64 users with 80 encoder and 5 decoder tokens, dropout on, in pieces of 16 side by side: forward, cross-entropy, backward, AdamW.
fn t5_step(criterion: &mut Criterion) {
    const PIECES: usize = 4;
    const PIECE: usize = 16;
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
            let tokens = |columns| inputs::tokens(PIECE, columns, TOKENS as i64, &device);
            let mask = Tensor::<2, Bool>::full([PIECE, HISTORY], true, &device);
            // Decoder inputs and targets may be the same random numbers: nothing is to be learnt.
            let batch = (tokens(HISTORY), mask, tokens(TARGET));
            (Training::new(t5, &device), batch)
        });
        let (tokens, mask, targets) = batch;
        let cross_entropy = CrossEntropyLossConfig::new().init(&targets.device());
        bencher.iter(|| {
            training.step_in_pieces(PIECES, |t5| {
                let logits = t5.forward(tokens.clone(), mask, targets.clone());
                let logits = logits.reshape([PIECE * TARGET, TOKENS]);
                let targets = targets.clone().reshape([PIECE * TARGET]);
                cross_entropy.forward(logits, targets) / PIECES as f32
            });
        });
    });
    group.finish();
}
