//! From raw data to a report through the public interface, every part with its real settings but hardly any training.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use burn::tensor::Device;
use genrec::collaborative::LightGcnConfig;
use genrec::data::{ItemId, SyntheticWorldConfig, leave_one_out};
use genrec::embed::HashedTfIdfConfig;
use genrec::identify::letter::LetterConfig;
use genrec::identify::{Disambiguate, Vocabulary};
use genrec::metrics::{
    Candidates, EvaluateConfig, ItemKnn, ItemSlices, Metric, MostPopular, Query, Recommender,
    Table, evaluate,
};
use genrec::model::{
    Retrieval, SequenceModel, SequenceModelConfig, SequenceRecommender, SequenceTrainer,
    TrainingConfig,
};

#[test]
fn data_become_identifiers_become_recommendations_become_a_report() {
    const SEED: u64 = 4;
    let device = Device::default();
    let folder = tempfile::tempdir().unwrap();

    // Who did what, and what the items say.
    let dataset = SyntheticWorldConfig::new()
        .with_users(200)
        .with_items(288)
        .with_branching(vec![3, 2, 2])
        .with_user_types(12)
        .generate(SEED)
        .dataset();
    let items = dataset.catalog.len();
    let split = leave_one_out(&dataset.interactions)
        .unwrap()
        .limit_history(20);
    let texts = dataset.catalog.texts();
    let text = HashedTfIdfConfig::new()
        .with_dim(96)
        .fit(&texts, SEED)
        .unwrap()
        .encode(&texts)
        .unwrap()
        .expect_rows(items)
        .unwrap();
    let collaborative = LightGcnConfig::new()
        .with_epochs(5)
        .fit(&split.train, SEED, |_| {})
        .unwrap();

    // Identifiers.
    let mut config = LetterConfig::quick(text.dim()).with_seed(SEED);
    config.training.epochs = 3;
    let mut epochs = 0;
    let letter = config
        .init()
        .fit(
            &text,
            Some(collaborative.item_embeddings()),
            &device,
            |epoch| {
                assert!(epoch.loss.is_finite());
                assert!(epoch.collaborative.is_some() && epoch.diversity.is_some());
                epochs += 1;
                ControlFlow::Continue(())
            },
        )
        .unwrap();
    assert_eq!(epochs, 3);
    let identifiers = letter.identify(&Disambiguate::NextBest).unwrap();
    assert_eq!(identifiers.len(), items);
    for (item, identifier) in identifiers.iter() {
        assert_eq!(identifiers.item(identifier), Some(item));
    }
    let tokens = Arc::new(Vocabulary::of(&identifiers).tokenize(&identifiers));
    assert_eq!(
        (tokens.items(), tokens.groups(), tokens.trie().len()),
        (items, items, items)
    );

    // A model that writes them.
    let config = SequenceModelConfig::quick(tokens.vocabulary());
    let model = SequenceModel::new(config, &tokens, SEED, &device)
        .and_then(|model| model.start_from_codebooks(&tokens, &letter.model.codebooks(), SEED))
        .unwrap();
    let training = TrainingConfig::quick()
        .with_epochs(2)
        .with_validation_users(50)
        .with_validate_every(1)
        .with_seed(SEED);
    let trained = SequenceTrainer::new(training, folder.path())
        .fit(model, &tokens, &split.train, &split.validation, |_| {})
        .unwrap();
    assert_eq!(trained.epochs.len(), 2);
    assert!(trained.epochs[1].loss < trained.epochs[0].loss);
    let recommender =
        SequenceRecommender::new("LETTER-TIGER", trained.model, Retrieval::new(tokens));

    // Every list is full, of different items of the catalogue, best first.
    let cases = split.test.cases();
    let queries: Vec<Query<'_>> = cases
        .iter()
        .map(|case| Query::new(case.user, case.history))
        .collect();
    for ranked in recommender.recommend(&queries, 10) {
        let different: HashSet<ItemId> = ranked.items().iter().copied().collect();
        assert_eq!(different.len(), 10);
        assert!(different.iter().all(|item| item.index() < items));
        assert!(ranked.scores().is_sorted_by(|a, b| a >= b));
        assert!(ranked.scores().iter().all(|&score| score <= 0.0));
    }

    // The report, beside those of the baselines.
    let config = EvaluateConfig::new(SEED)
        .with_ks([5, 10])
        .with_resamples(100)
        .with_slices(ItemSlices::of(&split.train));
    let report = evaluate(&recommender, &split.test, &config).unwrap();
    assert_eq!(report.recommender(), "LETTER-TIGER");
    assert_eq!((report.protocol().cases, cases.len()), (200, 200));
    assert_eq!(
        report.protocol().candidates,
        Candidates::FullCatalogue { items }
    );
    assert_eq!(report.short_lists(), 0);
    let at = |k| report.value(Metric::Recall, k).unwrap();
    assert!(0.0 <= at(5) && at(5) <= at(10) && at(10) <= 1.0);

    let mut table = Table::new();
    table.push(report).unwrap();
    for baseline in [
        evaluate(&MostPopular::fit(&split.train), &split.test, &config).unwrap(),
        evaluate(&ItemKnn::fit(&split.train), &split.test, &config).unwrap(),
    ] {
        table.push(baseline).unwrap();
    }
    let printed = table.to_string();
    assert!(printed.contains("LETTER-TIGER"), "{printed}");
}
