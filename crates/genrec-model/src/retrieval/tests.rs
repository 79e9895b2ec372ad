use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use genrec_data::{Ids, ItemId, UserId};
use genrec_embed::Embeddings;
use genrec_identify::token::{Prompt, Prompts};
use genrec_metrics::{Query, Ranked, Recommender, SeenItems};
use genrec_quantize::Quantizer;
use genrec_retrieve::{ExactSearch, Similarity};
use proptest::prelude::*;

use super::reader::Asked;
use super::train::tests::{Change, config, model, rows, tokens};
use super::*;
use crate::sequence::HistoryPositions;

fn recommender() -> RetrievalRecommender {
    RetrievalRecommender::new("TokenRec", model(&config()), tokens(40, 24), rows(40, 24)).unwrap()
}

fn tokenizers() -> Tokenizers {
    let (config, rows, device) = (config(), rows(40, 24), Device::default());
    let start = |config: &genrec_quantize::MaskedVqConfig, rows: &Embeddings| {
        config
            .init(&device)
            .initialise(&rows.to_tensor(&device), 1)
            .unwrap()
    };
    let users = start(&config.users, rows.users());
    Tokenizers::new(users, start(&config.items, rows.items())).unwrap()
}

fn ids(items: &[u32]) -> Vec<ItemId> {
    items.iter().copied().map(ItemId::new).collect()
}

/// The plain way: one query at a time, cosines with every item in a loop.
fn naive(recommender: &RetrievalRecommender, query: Query<'_>) -> Vec<f32> {
    let answer: Vec<f32> = recommender
        .answers(&[query])
        .into_data()
        .iter::<f32>()
        .collect();
    let norm = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
    let items = recommender.representations().items();
    (0..items.rows())
        .map(|item| {
            let row = items.row(item);
            let dot: f32 = row.iter().zip(&answer).map(|(x, y)| x * y).sum();
            dot / (norm(row) * norm(&answer))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn answers_are_the_nearest_rows_however_they_are_batched(
        asked in prop::collection::vec((0u32..50, prop::collection::vec(0u32..24, 0..9)), 1..70),
        k in 1usize..30,
        removed in any::<bool>(),
    ) {
        let seen = if removed { SeenItems::Removed } else { SeenItems::Ranked };
        let recommender = recommender().with_seen_items(seen);
        let histories: Vec<_> = asked.iter().map(|(_, items)| ids(items)).collect();
        let query = |(place, (user, _)): (usize, &(u32, Vec<u32>))| match user {
            0..40 => Query::new(UserId::new(*user), &histories[place]),
            _ => Query::anonymous(&histories[place]),
        };
        let queries: Vec<Query<'_>> = asked.iter().enumerate().map(query).collect();
        let together = recommender.recommend(&queries, k);
        for (query, ranked) in queries.iter().zip(&together) {
            let mut scores = naive(&recommender, *query);
            if removed {
                query.history.iter().for_each(|item| scores[item.index()] = f32::NEG_INFINITY);
            }
            let expected = Ranked::from_scores(&scores, k);
            prop_assert_eq!(expected.len(), ranked.len());
            for (a, b) in expected.scores().iter().zip(ranked.scores()) {
                prop_assert!((a - b).abs() < 1e-4, "{} {}", a, b);
            }
            for (item, score) in ranked.items().iter().zip(ranked.scores()) {
                prop_assert!((scores[item.index()] - score).abs() < 1e-4, "item {}", item.get());
            }
        }
    }
}

#[test]
fn a_prompt_becomes_positions() {
    let (config, tokens) = (config(), Arc::new(tokens(40, 24)));
    let prompt = Prompt::new("{user} likes {items}.").unwrap();
    let history = ids(&[3, 20]);
    let asked = |user| Asked {
        prompt: &prompt,
        user,
        history: &history,
    };
    let device = Device::default();
    let vocabulary = config.vocabulary();
    let read = |positions, user| {
        let reader = Reader::new(vocabulary.clone(), tokens.clone(), positions).unwrap();
        reader.inputs(&[asked(user)], &device)
    };
    let names = |tensor: Tensor<3, burn::tensor::Int>| -> Vec<String> {
        let numbers = tensor.into_data();
        numbers
            .iter::<i64>()
            .map(|token| vocabulary.name((token as u32).into()))
            .collect()
    };
    let inputs = read(HistoryPositions::Tokens, Some(12));
    assert_eq!(inputs.tokens.dims(), [1, 8, 1]);
    assert!(inputs.token_mask.is_none());
    let expected = [
        "<u1-2>", "<u2-1>", "likes", "<v1-3>", "<v2-0>", "<v1-0>", "<v2-2>", ".",
    ];
    assert_eq!(names(inputs.tokens), expected);
    let inputs = read(HistoryPositions::Items, Some(12));
    assert_eq!(inputs.tokens.dims(), [1, 5, 2]);
    let expected = [
        "<u1-2>", "<u2-1>", "likes", "<pad>", "<v1-3>", "<v2-0>", "<v1-0>", "<v2-2>", ".", "<pad>",
    ];
    assert_eq!(names(inputs.tokens), expected);
    let real: Vec<bool> = inputs
        .token_mask
        .unwrap()
        .into_data()
        .iter::<bool>()
        .collect();
    assert_eq!(
        real,
        [true, true, true, false, true, true, true, true, true, false]
    );
    // Somebody unknown has no place.
    assert_eq!(read(HistoryPositions::Items, None).tokens.dims(), [1, 4, 2]);
}

#[test]
fn users_count_unless_they_are_unknown_and_prompts_do() {
    let recommender = recommender();
    let history = ids(&[1, 2]);
    let answer =
        |recommender: &RetrievalRecommender, query| recommender.answers(&[query]).into_data();
    let user = |user: u32| Query::new(UserId::new(user), &history);
    assert_ne!(answer(&recommender, user(1)), answer(&recommender, user(2)));
    let unknown = answer(&recommender, Query::anonymous(&history));
    assert_eq!(answer(&recommender, user(999)), unknown);
    assert_ne!(answer(&recommender, user(1)), unknown);
    // With the tokens of the user only, histories say nothing; and that is what is asked of somebody without one.
    let only = recommender
        .clone()
        .with_prompt(Prompts::default().user_only)
        .unwrap();
    let without = answer(&recommender, Query::new(UserId::new(1), &[]));
    assert_eq!(answer(&only, user(1)), without);
    assert_ne!(answer(&recommender, user(1)), without);
    assert!(recommender.recommend(&[Query::anonymous(&[])], 5)[0].len() == 5);
    let other = recommender.with_prompt(Prompt::new("Zebras for {user}").unwrap());
    assert!(other.unwrap_err().to_string().contains("\"zebras\""));
}

#[test]
fn newcomers_get_tokens_and_rows_and_nothing_is_trained() {
    let tokenizers = tokenizers();
    let device = Device::default();
    let (old, new) = (rows(40, 24), rows(43, 30));
    let tokens = tokenizers.tokens(&old, &device).unwrap();
    let without =
        RetrievalRecommender::new("TokenRec", model(&config()), tokens, old.clone()).unwrap();
    let (users, items) = (new.users().clone(), new.items().clone());
    let refused = without
        .clone()
        .update_representations(users.clone(), items.clone());
    assert!(refused.unwrap_err().to_string().contains("with_tokenizers"));

    let mut recommender = without.with_tokenizers(tokenizers.clone()).unwrap();
    let before = recommender.clone();
    recommender
        .update_representations(users.clone(), items.clone())
        .unwrap();
    assert_eq!((recommender.users(), recommender.items()), (43, 30));
    assert_eq!(
        recommender.tokens(),
        &tokenizers.tokens(&new, &device).unwrap()
    );
    let history = ids(&[29, 3]);
    let ranked = recommender.recommend(&[Query::new(UserId::new(42), &history)], 30);
    assert_eq!(ranked[0].len(), 30);
    // The rows it started from give the answers it started with.
    let query = [Query::new(UserId::new(7), &history[1..])];
    let mut back = before.clone();
    back.update_representations(old.users().clone(), old.items().clone())
        .unwrap();
    assert_eq!(back.recommend(&query, 9), before.recommend(&query, 9));

    for (users, items, reason) in [
        (
            old.users().clone(),
            items.clone(),
            "found 40, expected at least the 43",
        ),
        (
            users.clone(),
            old.items().clone(),
            "found 24, expected at least the 30",
        ),
        (
            Embeddings::from_vec(43, 2, vec![1.0; 86]).unwrap(),
            items,
            "all of one width",
        ),
    ] {
        let message = recommender
            .update_representations(users, items)
            .unwrap_err()
            .to_string();
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn another_search_answers_the_same_and_must_be_over_the_same_items() {
    let recommender = recommender();
    let history = ids(&[1, 2]);
    let query = [Query::new(UserId::new(3), &history)];
    let search = |items: &Embeddings| {
        ExactSearch::new(items.to_tensor(&Device::default()), Similarity::Cosine).unwrap()
    };
    let same = recommender
        .clone()
        .with_search(search(recommender.representations().items()));
    assert_eq!(
        same.unwrap().recommend(&query, 5),
        recommender.recommend(&query, 5)
    );
    let other = recommender
        .clone()
        .with_search(search(rows(4, 25).items()))
        .unwrap_err()
        .to_string();
    assert!(other.contains("(25, 8, Cosine)"), "{other}");
    let rows = recommender.representations().items();
    let dot = ExactSearch::new(rows.to_tensor(&Device::default()), Similarity::Dot).unwrap();
    let other = recommender.with_search(dot).unwrap_err().to_string();
    assert!(
        other.contains("(24, 8, Dot) (items, width, similarity), expected (24, 8, Cosine)"),
        "{other}"
    );
}

#[test]
fn parts_must_fit_each_other() {
    let make = |tokens, rows| {
        RetrievalRecommender::new("TokenRec", model(&config()), tokens, rows)
            .unwrap_err()
            .to_string()
    };
    let message = make(tokens(40, 23), rows(40, 24));
    assert!(message.contains("tokens of items: found 23"), "{message}");
    let ids = recommender()
        .with_user_ids(Ids::sequential(3))
        .unwrap_err()
        .to_string();
    assert!(ids.contains("one for each of the 40 users"), "{ids}");
    let named = recommender().with_user_ids(Ids::sequential(40)).unwrap();
    assert_eq!(
        (named.user("17"), named.user("40")),
        (Some(UserId::new(17)), None)
    );
    let (small, device) = (config(), Device::default());
    let mut other = small.model.clone();
    other.prompts.seen = vec![Prompt::new("Quo vadis, {user} {items}?").unwrap()];
    let message = RetrievalModel::new(other, small.vocabulary(), 1, &device)
        .unwrap_err()
        .to_string();
    assert!(message.contains("the word \"quo\""), "{message}");
    let model = model(&small);
    let mut narrow = model.projection.clone();
    narrow.bias = Some(burn::module::Param::from_tensor(Tensor::zeros(
        [1],
        &device,
    )));
    let (t5, config) = (model.t5.clone(), model.config().clone());
    let message = RetrievalModel::from_parts(t5, narrow, config, small.vocabulary())
        .unwrap_err()
        .to_string();
    assert!(message.contains("bias of the projection"), "{message}");
    let mut wider = super::train::tests::config();
    wider.items.codebook_sizes = vec![10, 11];
    let wider = RetrievalModel::new(wider.model.clone(), wider.vocabulary(), 1, &device).unwrap();
    let message = RetrievalRecommender::new("TokenRec", wider, tokens(40, 24), rows(40, 24));
    assert!(
        message
            .unwrap_err()
            .to_string()
            .contains("[10, 10] for items")
    );
}

#[test]
fn settings_that_cannot_be_are_named() {
    let change = |change: fn(&mut RetrievalConfig)| {
        let mut config = config().model;
        change(&mut config);
        config.validate().unwrap_err().to_string()
    };
    let cases: [(Change, &str); 5] = [
        (|config| config.targets = 0, "targets"),
        (|config| config.user_only = 1.5, "user_only"),
        (|config| config.prompts.seen.clear(), "seen prompts"),
        (
            |config| config.loss = RetrievalLoss::Pairwise { margin: 2.0 },
            "margin",
        ),
        (
            |config| config.loss = RetrievalLoss::Softmax { temperature: 0.0 },
            "temperature",
        ),
    ];
    for (make, field) in cases {
        let message = change(make);
        assert!(message.contains(field), "{message} should name {field}");
    }
    for config in [
        TokenRecConfig::paper(64),
        TokenRecConfig::released(64),
        TokenRecConfig::quick(64),
    ] {
        config.model.validate().unwrap();
        config.users.check().unwrap();
        config.items.check().unwrap();
    }
}
