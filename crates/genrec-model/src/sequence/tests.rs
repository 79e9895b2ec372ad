//! The recommender against naive twins.

use std::sync::Arc;

use burn::tensor::{Bool, Device, Int, Tensor};
use genrec_data::ItemId;
use genrec_decode::{BeamSearchConfig, Overlay};
use genrec_identify::{Code, CodeTable, Identifier, IdentifierTable, ItemTokens, Vocabulary};
use genrec_metrics::{Query, Ranked, Recommender, SeenItems};

use super::*;
use crate::t5::T5Config;

fn items(ids: &[u32]) -> Vec<ItemId> {
    ids.iter().copied().map(ItemId::new).collect()
}

/// Twelve items with two codes, or with one to three.
fn tokens(ragged: bool) -> Arc<ItemTokens> {
    let identifiers: Vec<Identifier> = (0..12_u32)
        .map(|i| match (ragged, i % 3) {
            (true, 0) => Identifier::from_iter([4 + i]),
            (true, 1) => Identifier::from_iter([i % 4, i / 4, 1]),
            _ => Identifier::from_iter([i % 4, i / 4]),
        })
        .collect();
    let table = IdentifierTable::new(identifiers).unwrap();
    Arc::new(Vocabulary::of(&table).tokenize(&table))
}

fn config(tokens: &ItemTokens) -> SequenceModelConfig {
    let t5 = T5Config::new(tokens.vocabulary().len())
        .with_d_model(16)
        .with_d_kv(4)
        .with_d_ff(32)
        .with_n_heads(2)
        .with_encoder_layers(2)
        .with_decoder_layers(2)
        .with_initializer_factor(2.0);
    SequenceModelConfig::new(t5).with_max_history(4)
}

fn model(config: SequenceModelConfig, tokens: &ItemTokens) -> SequenceModel {
    SequenceModel::new(config, tokens, 3, &Device::default()).unwrap()
}

fn variants(tokens: &ItemTokens) -> Vec<SequenceModelConfig> {
    let config = config(tokens);
    let causal = config.t5.clone().with_causal_encoder(true);
    vec![
        config.clone(),
        config.clone().with_positions(HistoryPositions::Items),
        config.clone().with_softmax(SoftmaxOver::Vocabulary),
        config.clone().with_softmax(SoftmaxOver::Children),
        config
            .clone()
            .with_decoder_input(DecoderInput::TokenAndState),
        SequenceModelConfig {
            t5: causal,
            positions: HistoryPositions::Items,
            decoder_input: DecoderInput::TokenAndState,
            ..config
        },
    ]
}

/// The log-probability of every item by one plain forward pass an item, without beams, groups, caches or ranges.
fn exhaustive(model: &SequenceModel, tokens: &ItemTokens, history: &[ItemId]) -> Vec<f32> {
    let device = model.device();
    let skipped = history.len().saturating_sub(model.config().max_history);
    let inputs = Inputs::new(
        &[&history[skipped..]],
        tokens,
        model.config().positions,
        &device,
    );
    let encoded = model.encode(&inputs);
    let memory = model.t5.memory(encoded.clone());
    (0..tokens.items() as u32)
        .map(|item| {
            let identifier = tokens.tokens(ItemId::new(item));
            let targets: Vec<i64> = identifier
                .iter()
                .map(|token| i64::from(token.get()))
                .collect();
            let length = targets.len();
            let targets =
                Tensor::<1, Int>::from_data(targets.as_slice(), &device).reshape([1, 1, length]);
            let visible: Tensor<3, Bool> = inputs.mask.clone().unsqueeze_dim(1);
            let mut embedded = model.decoder_inputs(&targets, None);
            if model.config().decoder_input == DecoderInput::TokenAndState {
                let [_, positions, d_model] = encoded.dims();
                let last = encoded
                    .clone()
                    .slice([0..1, positions - 1..positions, 0..d_model])
                    .unsqueeze_dim::<4>(1);
                embedded = embedded + last;
            }
            let hidden = model.t5.decode(embedded, &memory, &visible);
            let logits = model.t5.logits(hidden, 0..model.config().t5.vocab_size);
            let classes = logits.dims()[3];
            let logits = logits.reshape([length, classes]);
            (0..length)
                .map(|place| {
                    let row: Vec<f32> = logits
                        .clone()
                        .slice([place..place + 1, 0..classes])
                        .into_data()
                        .iter()
                        .collect();
                    let prefix = &identifier[..place];
                    let can_follow = |token: usize| {
                        (0..tokens.groups()).any(|group| {
                            let other = tokens.group_tokens(group);
                            other.starts_with(prefix)
                                && other.get(place).is_some_and(|other| other.index() == token)
                        })
                    };
                    let among = |token: &usize| match model.config().softmax {
                        SoftmaxOver::Level => model.range(place).contains(token),
                        SoftmaxOver::Vocabulary => true,
                        SoftmaxOver::Children => can_follow(*token),
                    };
                    let sum: f32 = (0..classes)
                        .filter(among)
                        .map(|token| row[token].exp())
                        .sum();
                    row[identifier[place].index()] - sum.ln()
                })
                .sum()
        })
        .collect()
}

#[test]
fn the_beam_search_ranks_as_exhaustive_scoring_does() {
    for ragged in [false, true] {
        let tokens = tokens(ragged);
        for config in variants(&tokens) {
            let model = model(config.clone(), &tokens);
            let retrieval = Retrieval::new(tokens.clone()).with_beams(12);
            for history in [&[][..], &[3], &[0, 11, 5], &[1, 2, 3, 4, 5, 6, 7]] {
                let history = items(history);
                let expected = Ranked::from_scores(&exhaustive(&model, &tokens, &history), 12);
                let found = &retrieval.recommend(&model, &[Query::anonymous(&history)], 12)[0];
                assert_eq!(found.items(), expected.items(), "{config:?} {history:?}");
                for (found, expected) in found.scores().iter().zip(expected.scores()) {
                    assert!(
                        (found - expected).abs() < 1e-4,
                        "{found} for {expected}, {config:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn answers_do_not_depend_on_the_batch() {
    let tokens = tokens(false);
    let model = model(config(&tokens), &tokens);
    let histories: Vec<Vec<ItemId>> = (0..9)
        .map(|n| (0..n).map(|i| ItemId::new(i * 5 % 12)).collect())
        .collect();
    let queries: Vec<Query<'_>> = histories
        .iter()
        .map(|history| Query::anonymous(history))
        .collect();
    let together = Retrieval::new(tokens.clone())
        .with_beams(5)
        .recommend(&model, &queries, 4);
    let alone = Retrieval::new(tokens)
        .with_beams(5)
        .with_batch(1)
        .recommend(&model, &queries, 4);
    for (together, alone) in together.iter().zip(&alone) {
        assert_eq!(together.items(), alone.items());
    }
}

#[test]
fn seen_items_are_left_out_and_the_list_still_fills() {
    let tokens = tokens(false);
    let model = model(config(&tokens), &tokens);
    let history = items(&[0, 1, 2, 3, 4, 5, 6]);
    let retrieval = Retrieval::new(tokens)
        .with_beams(2)
        .with_seen_items(SeenItems::Removed);
    let recommender = SequenceRecommender::new("TIGER", model, retrieval);
    let ranked = &recommender.recommend(&[Query::anonymous(&history)], 5)[0];
    assert_eq!(ranked.len(), 5);
    assert!(ranked.items().iter().all(|item| !history.contains(item)));
}

#[test]
fn collided_items_share_the_last_rank_of_their_group() {
    let codes = [0, 0, 1, 0, 0, 0, 1, 1].map(Code::new).to_vec();
    let table = CodeTable::new(4, 2, codes, vec![2, 2]).unwrap();
    let tokens = Arc::new(Vocabulary::of(&table).tokenize_collided(&table));
    let model = model(config(&tokens), &tokens);
    let ranked = &Retrieval::new(tokens).recommend(&model, &[Query::anonymous(&[])], 4)[0];
    let rank = |item| ranked.rank_of(ItemId::new(item)).unwrap();
    assert_eq!(rank(0), rank(2));
    let others = [rank(1), rank(3)];
    // Two identifiers of one item, one of two: the pair has the rank below both of its places.
    let pair = (1..=4).find(|rank| !others.contains(rank)).unwrap() + 1;
    assert_eq!(rank(0), pair);
}

#[test]
fn codewords_that_are_near_start_near() {
    let tokens = tokens(false);
    let device = Device::default();
    let codebook =
        Tensor::<2>::from_floats([[1.0, 0.0], [1.0, 0.1], [-1.0, 0.0], [0.0, -1.0]], &device);
    let before = model(config(&tokens), &tokens);
    let after = before
        .clone()
        .start_from_codebooks(&tokens, &[codebook], 1)
        .unwrap();
    let row = |model: &SequenceModel, token: usize| -> Tensor<1> {
        model
            .t5
            .shared()
            .val()
            .slice([token..token + 1, 0..16])
            .reshape([16])
    };
    let distance = |a: usize, b: usize| {
        (row(&after, a) - row(&after, b))
            .square()
            .sum()
            .sqrt()
            .into_scalar::<f32>()
    };
    let first = tokens.vocabulary().level(0).start as usize;
    assert!(5.0 * distance(first, first + 1) < distance(first, first + 2));
    // Other tokens keep their start, and the scale is kept.
    let other = tokens.vocabulary().level(1).start as usize;
    assert_eq!(
        row(&after, other).into_data(),
        row(&before, other).into_data()
    );
    let size = |model: &SequenceModel| model.t5.shared().val().square().mean().into_scalar::<f32>();
    assert!((size(&after) / size(&before) - 1.0).abs() < 0.3);
}

#[test]
fn a_model_for_other_identifiers_is_refused() {
    let tokens = tokens(false);
    let other = config(&tokens).with_text_tokens(5);
    let error = SequenceModel::new(other, &tokens, 0, &Device::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("9 tokens") && error.contains("14 tokens"),
        "{error}"
    );
}

#[test]
#[should_panic(expected = "are numbers")]
fn what_is_not_a_number_is_never_a_certainty() {
    let tokens = tokens(false);
    let config = config(&tokens).with_softmax(SoftmaxOver::Children);
    let mut model = model(config, &tokens);
    let nothing = model.t5.shared().val() * f32::NAN;
    model
        .t5
        .set_shared(burn::module::Param::from_tensor(nothing));
    let history = items(&[1, 2]);
    Retrieval::new(tokens).recommend(&model, &[Query::anonymous(&history)], 3);
}

/// A search of all items, and of one whose identifier has so many tokens.
fn search_with(added: usize, softmax: SoftmaxOver) -> Vec<u32> {
    let tokens = tokens(false);
    let model = model(config(&tokens).with_softmax(softmax), &tokens);
    let first = tokens.group_tokens(0)[0];
    let catalogue = Overlay::new(tokens.trie().into());
    let changed = catalogue.update(&[0], [(vec![first; added], 12)]).unwrap();
    let inputs = Inputs::new(
        &[&items(&[3, 5])[..]],
        &tokens,
        model.config().positions,
        &model.device(),
    );
    let mut scorer = SequenceScorer::new(&model, &changed, &inputs);
    let search = BeamSearchConfig::new(12).init().unwrap();
    let found = search.search(&changed, 1, &mut scorer, None).unwrap();
    let mut found: Vec<u32> = found[0].iter().map(|found| found.value).collect();
    found.sort_unstable();
    found
}

#[test]
fn an_overlay_is_searched_where_the_model_knows_its_places() {
    let all: Vec<u32> = (1..=12).collect();
    assert_eq!(search_with(1, SoftmaxOver::Level), all);
    assert_eq!(search_with(3, SoftmaxOver::Vocabulary), all);
}

#[test]
#[should_panic(expected = "identifiers of 3 tokens, expected at most the 2 of the longest")]
fn identifiers_longer_than_the_model_knows_are_refused() {
    search_with(3, SoftmaxOver::Level);
}
