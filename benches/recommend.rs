//! Recommendation in one pass (SETRec) beside beam search over identifiers (LETTER-TIGER), and the two ways to attend from sets.

use std::sync::Arc;

use burn::tensor::Device;
use criterion::{Criterion, Throughput};
use genrec::data::ItemId;
use genrec::embed::Embeddings;
use genrec::identify::{Identifier, IdentifierTable, Vocabulary};
use genrec::metrics::{Query, Recommender};
use genrec::model::set::{ItemRows, SetRecConfig, SetRecommender};
use genrec::model::t5::{SetAttention, T5Config};
use genrec::model::{Retrieval, SequenceModel, SequenceModelConfig, SequenceRecommender};

use crate::inputs;

const ITEMS: usize = 9_922;
const USERS: usize = 32;
/// As many items as are asked for, and beams.
const K: usize = 20;
const LEVELS: usize = 4;
const CODEWORDS: u32 = 256;

/// Random weights of one size, 4 + 4 layers of width 128, in both systems; four tokens an item in both, and SETRec's CF token as the fifth.
pub(crate) fn benches(criterion: &mut Criterion) {
    for history in [20, 50] {
        let mut group = criterion.benchmark_group(format!("model: 32 users of {history} items"));
        group.throughput(Throughput::Elements(USERS as u64));
        // Identifiers and rows are random, so consecutive items are as good as random ones.
        let items: Vec<ItemId> = (0..(USERS * history) as u32).map(ItemId::new).collect();
        let queries: Vec<Query<'_>> = items.chunks_exact(history).map(Query::anonymous).collect();
        let mut add = |name: &str, recommender: &dyn Fn() -> Box<dyn Recommender>| {
            let mut made = None;
            group.bench_function(name, |bencher| {
                let recommender = made.get_or_insert_with(recommender);
                bencher.iter(|| recommender.recommend(&queries, K));
            });
        };
        add("LETTER-TIGER, 20 beams", &|| Box::new(identifiers(history)));
        for (name, attention) in [
            ("SETRec, sparse attention", SetAttention::Sparse),
            ("SETRec, dense attention", SetAttention::Dense),
        ] {
            add(name, &|| Box::new(sets(history, attention)));
        }
        group.finish();
    }
}

fn identifiers(history: usize) -> impl Recommender {
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
    let config = SequenceModelConfig::paper(&vocabulary).with_max_history(history);
    let model = SequenceModel::new(config, &tokens, 0, &Device::default())
        .expect("the model is of this vocabulary");
    let retrieval = Retrieval::new(tokens).with_beams(K);
    SequenceRecommender::new("LETTER-TIGER", model, retrieval)
}

fn sets(history: usize, attention: SetAttention) -> impl Recommender {
    let device = Device::default();
    let rows = |d| {
        Some(Embeddings::from_tensor(inputs::normal(ITEMS, d, &device)).expect("rows are finite"))
    };
    let rows = ItemRows {
        collaborative: rows(64),
        text: rows(384),
    };
    let config = SetRecConfig::paper()
        .with_attention(attention)
        .with_max_history(history)
        .with_t5_of(T5Config::letter_tiger(2));
    let model = config.init(&rows, &device).expect("the rows fit");
    let table = model.table(&rows).expect("the rows fit");
    SetRecommender::new("SETRec", model, table).expect("the table is of this model")
}
