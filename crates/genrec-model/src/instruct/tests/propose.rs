//! Proposals beside a look at all that could be proposed.

use std::ops::RangeInclusive;

use burn::tensor::activation::log_softmax;

use super::*;
use crate::instruct::batch::Batch;
use crate::t5::T5Config;

/// Two codes each, but for item 0.
fn unequal() -> IdentifierTable {
    let identifiers = (0..ITEMS).map(|item| match item {
        0 => Identifier::from_iter([3]),
        _ => Identifier::from_iter([item % 4, item / 4]),
    });
    IdentifierTable::new(identifiers.collect()).unwrap()
}

/// The log-probability of an identifier after what an item says, all its tokens at once.
fn score(model: &TextModel, all: &Instructions, item: ItemId, identifier: &Identifier) -> f32 {
    let mut response = all.text().encode(&identifier.to_string()).unwrap();
    assert_eq!(response.len(), identifier.len());
    if identifier.len() < 2 {
        response.push(all.eos());
    }
    let prompt = all.text_question(item).unwrap();
    let exchange = Exchange { prompt, response };
    let batch = Batch::new(&[exchange], model.layout(), &model.device());
    let (states, tokens) = model.factors(&batch);
    let logs = log_softmax(states.matmul(tokens.transpose()), 1);
    let right = logs.gather(1, batch.targets.clone().reshape([-1, 1]));
    right.sum().into_scalar::<f32>()
}

#[test]
fn the_likeliest_identifiers_are_proposed() {
    let (table, histories) = (unequal(), histories(false));
    let all = instructions_of(&table, &histories);
    let t5 = T5Config::new(all.text().len())
        .with_d_model(16)
        .with_d_kv(8)
        .with_n_heads(2)
        .with_d_ff(16)
        .with_encoder_layers(1)
        .with_decoder_layers(1)
        .init(&Device::default());
    let codes = (0..4).flat_map(|a| {
        let pairs = (0..3).map(move |b| Identifier::from_iter([a, b]));
        pairs.chain([Identifier::from_iter([a])])
    });
    let codes: Vec<Identifier> = codes.collect();
    for model in [TextModel::from(model(&all)), t5.into()] {
        // Wide enough for all first codes: nothing is missed.
        for k in [4, 16] {
            let per_level = Regeneration::PerLevel;
            let found = propose(&model, &all, &table, 1..=2, k, per_level).unwrap();
            // It says nothing.
            assert_eq!(found.kept(), [ItemId::new(5)]);
            assert_eq!(found.of(5).len(), 1);
            assert_eq!(&*found.of(5)[0].identifier, table.identifier(5.into()));
            for item in (0..ITEMS).filter(|&item| item != 5) {
                let list = found.of(item as usize);
                let score = |codes: &Identifier| score(&model, &all, item.into(), codes);
                let mut scores: Vec<f32> = codes.iter().map(score).collect();
                scores.sort_by(|a, b| b.total_cmp(a));
                assert_eq!(list.len(), k);
                for (found, best) in list.iter().zip(scores) {
                    assert!((found.score - best).abs() < 1e-3, "{found:?}, not {best}");
                    assert!(
                        (found.score - score(&found.identifier)).abs() < 1e-3,
                        "{found:?}"
                    );
                }
            }
        }
        // Only of the length that is asked for.
        let whole = propose(&model, &all, &table, 2..=2, 12, Regeneration::PerLevel).unwrap();
        let mut proposed = (0..ITEMS as usize).flat_map(|item| whole.of(item));
        assert!(proposed.all(|proposal| proposal.identifier.len() == 2));
    }
}

#[test]
fn what_cannot_be_proposed_is_refused() {
    let table = unequal();
    let all = instructions_of(&table, &histories(false));
    let refused = |model: LanguageModel, table: &IdentifierTable, lengths, k| {
        let lengths: RangeInclusive<usize> = lengths;
        let (model, per_level) = (model.into(), Regeneration::PerLevel);
        let proposals = propose(&model, &all, table, lengths, k, per_level);
        proposals.unwrap_err().to_string()
    };
    let small = LanguageModelConfig::new(20, 16, 2).init(&Device::default());
    let error = refused(small.unwrap(), &table, 1..=2, 4);
    assert!(error.contains("with_room"), "{error}");
    let wider = table.clone().with_codebook_sizes(vec![5, 3]).unwrap();
    let error = refused(model(&all), &wider, 1..=2, 4);
    assert!(error.contains("[5, 3]"), "{error}");
    for (lengths, k) in [(1..=2, 0), (1..=3, 4), (RangeInclusive::new(2, 1), 4)] {
        let error = refused(model(&all), &table, lengths, k);
        assert!(error.contains("of the instructions"), "{error}");
    }
}
