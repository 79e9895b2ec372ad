//! Evaluation against figures by hand and against a naive twin; what it must refuse.

mod report;
mod ties;

use genrec_data::{ItemId, ItemSet, Split};
use proptest::prelude::*;

use super::*;
use crate::{Fifth, HeldOut, ItemSlices, ListFault, Metric, Ranked, Slice, fixture};

/// Answers every history with what a function makes of it.
struct By<F>(usize, F);

impl<F: Fn(&Query<'_>, usize) -> Ranked> Recommender for By<F> {
    fn name(&self) -> &str {
        "by rule"
    }

    fn items(&self) -> usize {
        self.0
    }

    fn recommend(&self, queries: &[Query<'_>], k: usize) -> Vec<Ranked> {
        queries.iter().map(|query| (self.1)(query, k)).collect()
    }
}

fn strict(items: &[u32]) -> Ranked {
    let items: Vec<ItemId> = items.iter().copied().map(ItemId::new).collect();
    let scores = vec![0.0; items.len()];
    Ranked::strict(items, scores)
}

fn config() -> EvaluateConfig {
    EvaluateConfig::new(5).with_resamples(20)
}

/// Three users over six items. Training popularity: item 0 three, item 1 two, item 2 one. Targets: 3, 1, 2.
fn three() -> Split {
    fixture::leave_one_out_of(6, &[&[0, 1, 5, 3], &[0, 2, 4, 1], &[0, 1, 5, 2]])
}

#[test]
fn candidates_compete_among_themselves() {
    let split = three();
    // Everybody gets 0, 1, 2, ...; the targets are 3, 1 and 2.
    let answer = By(6, |_: &Query<'_>, k| {
        let scores: Vec<f32> = (0..6).map(|item| -(item as f32)).collect();
        Ranked::from_scores(&scores, k)
    });
    let among = |members: &[u32]| {
        let items = ItemSet::from_fn(6, |item| members.contains(&item.get()));
        config().with_ks([1, 2]).with_candidates(items)
    };
    let report = evaluate(&answer, &split.test, &among(&[2, 3, 5])).unwrap();
    // Target 1 competes no more; 2 is first, 3 second.
    let recall = |k| report.value(Metric::Recall, k).unwrap();
    assert_eq!((recall(1), recall(2)), (0.5, 1.0));
    let protocol = report.protocol();
    assert_eq!((protocol.cases, protocol.targets), (2, 2));
    assert!(protocol.to_string().contains("ranking of 3 of 6 items"));
    // Both lists show 2 and 3, never 5; and are no shorter than they can be.
    assert!((report.spread()[1].coverage - 2.0 / 3.0).abs() < 1e-12);
    assert!((report.spread()[1].gini - 1.0 / 3.0).abs() < 1e-12);
    let longer = among(&[2, 3, 5]).with_ks([1, 5]);
    let longer = evaluate(&answer, &split.test, &longer).unwrap();
    assert_eq!(longer.short_lists(), 0);
    let mut table = crate::Table::new();
    table.push(report).unwrap();
    for others in [&[2, 3, 4][..], &[0, 1, 2, 3, 4, 5]] {
        let other = evaluate(&answer, &split.test, &among(others)).unwrap();
        let refused = table.push(other).unwrap_err().to_string();
        assert!(refused.contains("candidates is"), "{refused}");
    }
    let nobody = evaluate(&answer, &split.test, &among(&[5])).unwrap_err();
    assert!(matches!(nobody, Error::NoCases { .. }), "{nobody}");
    let foreign = ItemSet::from_fn(7, |_| true);
    let foreign = config().with_candidates(foreign);
    let foreign = evaluate(&answer, &split.test, &foreign).unwrap_err();
    assert!(foreign.to_string().contains("candidates"), "{foreign}");
}

#[test]
fn figures_by_hand() {
    let split = three();
    // The targets 3, 1, 2 have ranks 1, 3 and, tied with item 5, 4.
    let answer = By(6, |query: &Query<'_>, k| match query.user.unwrap().get() {
        0 => strict(&[3, 0]),
        1 => strict(&[0, 2, 1, 4]),
        _ => Ranked::grouped(
            &[
                (vec![ItemId::new(0)], 3.0),
                (vec![], 2.5),
                (vec![4, 2, 5].into_iter().map(ItemId::new).collect(), 2.0),
            ],
            k,
        ),
    });
    let config = config()
        .with_ks([1, 3, 4])
        .with_slices(ItemSlices::of(&split.train));
    let report = evaluate(&answer, &split.test, &config).unwrap();
    let value = |metric, k| report.value(metric, k).unwrap();
    assert_eq!(value(Metric::Recall, 1), 1.0 / 3.0);
    assert_eq!(value(Metric::Recall, 3), 2.0 / 3.0);
    assert_eq!(value(Metric::HitRate, 4), 1.0);
    assert_eq!(value(Metric::Ndcg, 3), (1.0 + 0.5) / 3.0);
    assert!((value(Metric::Ndcg, 4) - (1.5 + 1.0 / 5_f64.log2()) / 3.0).abs() < 1e-12);
    assert!((value(Metric::Mrr, 4) - (1.0 + 1.0 / 3.0 + 0.25) / 3.0).abs() < 1e-12);
    assert_eq!(report.value(Metric::Mrr, 2), None);

    // At 1 the lists show items 3, 0, 0 of popularity 0, 3, 3.
    let spread = report.spread()[0];
    assert_eq!(
        (spread.k, spread.coverage, spread.mean_popularity),
        (1, 2.0 / 6.0, Some(2.0))
    );
    assert_eq!(report.short_lists(), 1);

    let slice = |slice| report.slice(slice).unwrap();
    assert_eq!(slice(Slice::Cold).users, 1);
    assert_eq!(
        slice(Slice::Cold).figure(Metric::Recall, 1).unwrap().value,
        1.0
    );
    assert_eq!(slice(Slice::Warm).users, 2);
    assert_eq!(
        slice(Slice::Warm).figure(Metric::Recall, 3).unwrap().value,
        0.5
    );
    assert!(slice(Slice::Popularity(Fifth::First)).figures.is_empty());
    assert_eq!(report.protocol().measured_on, HeldOut::Test);
    assert_eq!(report.protocol().cases, 3);
}

#[test]
fn batches_do_not_matter_and_progress_is_told() {
    let split = fixture::split();
    let knn = crate::ItemKnn::fit(&split.train);
    let users = split.validation.cases().len();
    let mut told = Vec::new();
    let small = config().with_batch(7);
    let report = evaluate_with_progress(&knn, &split.validation, &small, |done, all| {
        told.push((done, all));
    })
    .unwrap();
    let whole = evaluate(&knn, &split.validation, &config()).unwrap();
    assert_eq!(report.figures(), whole.figures());
    assert_eq!(report.spread(), whole.spread());
    assert_eq!(told.len(), users.div_ceil(7));
    assert_eq!(
        (told[0], told[told.len() - 1]),
        ((7, users), (users, users))
    );
}

#[test]
fn intervals_surround_the_mean() {
    let split = fixture::split();
    let knn = crate::ItemKnn::fit(&split.train);
    let report = evaluate(&knn, &split.test, &config().with_resamples(200)).unwrap();
    let figure = report.figure(Metric::Ndcg, 10).unwrap();
    let interval = figure.interval.unwrap();
    assert!(
        interval.low < figure.value && figure.value < interval.high,
        "{figure:?}"
    );
    let report = evaluate(&knn, &split.test, &config().with_resamples(0)).unwrap();
    assert!(
        report
            .figures()
            .iter()
            .all(|figure| figure.interval.is_none())
    );
}

#[test]
fn broken_promises_name_recommender_and_user() {
    let split = three();
    let message = |answer: fn(&Query<'_>, usize) -> Ranked| {
        evaluate(&By(6, answer), &split.test, &config())
            .unwrap_err()
            .to_string()
    };
    let repeated = message(|query, _| {
        if query.user.unwrap().get() == 1 {
            strict(&[4, 4])
        } else {
            strict(&[4])
        }
    });
    assert_eq!(
        repeated,
        "by rule, user 1: item 4 at position 1 is listed before already; items must be unique"
    );
    let unknown = message(|_, _| strict(&[6]));
    assert!(
        unknown.contains("user 0: item 6 at position 0 is not in the catalogue of 6 items"),
        "{unknown}"
    );
    let nan = message(|_, _| Ranked::from_scores(&[0.0, f32::NAN, 1.0, 0.0, 0.0, 0.0], 2));
    assert!(nan.contains("NaN"), "{nan}");
    let rising =
        message(|_, _| Ranked::strict(vec![ItemId::new(0), ItemId::new(1)], vec![0.0, 1.0]));
    assert!(rising.contains("rises from 0 to 1"), "{rising}");
    let long = evaluate(
        &By(6, |_: &Query<'_>, _| strict(&[0, 1])),
        &split.test,
        &config().with_ks([1]),
    );
    assert!(matches!(
        long,
        Err(Error::List {
            fault: ListFault::TooLong { k: 1, found: 2 },
            ..
        })
    ));
}

#[test]
fn missing_lists_and_wrong_catalogues_are_refused() {
    struct Silent;
    impl Recommender for Silent {
        fn name(&self) -> &str {
            "silent"
        }
        fn items(&self) -> usize {
            6
        }
        fn recommend(&self, _: &[Query<'_>], _: usize) -> Vec<Ranked> {
            Vec::new()
        }
    }
    let split = three();
    let message = evaluate(&Silent, &split.test, &config())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("silent returned 0 lists for 3 queries"),
        "{message}"
    );
    let smaller = By(5, |_: &Query<'_>, _| strict(&[]));
    let message = evaluate(&smaller, &split.test, &config())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("by rule knows 5 items") && message.contains("catalogue of 6"),
        "{message}"
    );
    let slices = ItemSlices::of(&fixture::split().train);
    let message = evaluate(&Silent, &split.test, &config().with_slices(slices))
        .unwrap_err()
        .to_string();
    assert!(message.contains("EvaluateConfig.slices knows"), "{message}");
    let nobody = split.test.filter(|_| false);
    let message = evaluate(&Silent, &nobody, &config())
        .unwrap_err()
        .to_string();
    assert!(message.contains("no test case"), "{message}");
}

#[test]
fn senseless_options_are_refused() {
    let split = three();
    let popular = crate::MostPopular::fit(&split.train);
    for ks in [&[][..], &[0, 5], &[5, 5], &[10, 5]] {
        let error = evaluate(&popular, &split.test, &config().with_ks(ks)).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("EvaluateConfig.ks: found {ks:?}")),
            "{error}"
        );
    }
    let error = evaluate(&popular, &split.test, &config().with_batch(0)).unwrap_err();
    assert!(
        error.to_string().contains("EvaluateConfig.batch"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Several targets, some taken twice, against sets and loops.
    #[test]
    fn evaluation_is_the_mean_of_the_metrics(seed in 0_u32..1000, k in 1_usize..8) {
        let split = fixture::split_by_time();
        let cases = split.test.cases();
        let order = |user: u32| -> Vec<u32> {
            let items = cases.items() as u32;
            let mut order: Vec<u32> = (0..items).collect();
            order.sort_by_key(|&item| (item * 7 + 3) * (user + 13) * (seed + 1) % 101);
            order
        };
        let answer = By(cases.items(), |query: &Query<'_>, k| strict(&order(query.user.unwrap().get())[..k]));
        let slices = ItemSlices::of(&split.train);
        let config = EvaluateConfig::new(1).with_ks([k]).with_resamples(0).with_slices(slices.clone());
        let report = evaluate(&answer, &split.test, &config).unwrap();

        for metric in Metric::ALL {
            let mean = |inside: &dyn Fn(ItemId) -> bool| {
                let mut values = Vec::new();
                for case in cases.iter() {
                    let mut targets: Vec<ItemId> = case.targets.iter().copied().filter(|&item| inside(item)).collect();
                    targets.sort();
                    targets.dedup();
                    let order = order(case.user.get());
                    let rank = |target: &ItemId| order.iter().position(|&item| item == target.get()).unwrap() as u32 + 1;
                    let ranks: Vec<u32> = targets.iter().map(rank).filter(|&rank| rank as usize <= k).collect();
                    if !targets.is_empty() {
                        values.push(metric.at(k, &ranks, targets.len()));
                    }
                }
                (values.iter().sum::<f64>() / values.len() as f64, values.len())
            };
            prop_assert!((report.value(metric, k).unwrap() - mean(&|_| true).0).abs() < 1e-12);
            for slice in Slice::ALL {
                let (value, users) = mean(&|item| slices.contains(slice, item));
                let figures = report.slice(slice).unwrap();
                prop_assert_eq!(figures.users, users);
                if users > 0 {
                    prop_assert!((figures.figure(metric, k).unwrap().value - value).abs() < 1e-12);
                }
            }
        }
    }
}
