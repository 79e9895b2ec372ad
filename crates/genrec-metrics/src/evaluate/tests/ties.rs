//! Ties, declared and not.

use super::*;
use crate::{TieRule, TiedTargets, Ties};

#[test]
fn ties_share_a_hit_on_request_beyond_the_list_too() {
    let split = three();
    // The targets are 3, 1, 2. All have the same list of which 3 stands alone and the others are tied, shown or not.
    let answer = By(6, |_: &Query<'_>, k| {
        let tied = [0, 1, 2, 5].map(ItemId::new).to_vec();
        Ranked::grouped(&[(vec![ItemId::new(3)], 2.0), (tied, 1.0)], k)
    });
    let value = |ties| {
        let config = config().with_ks([2]).with_ties(ties);
        let report = evaluate(&answer, &split.test, &config).unwrap();
        assert_eq!(report.protocol().ties, ties);
        report.value(Metric::Recall, 2).unwrap()
    };
    assert_eq!(value(TieRule::Pessimistic), 1.0 / 3.0);
    // One of the four has the second place; item 2 never is shown there.
    assert_eq!(value(TieRule::Shared), (1.0 + 0.25 + 0.25) / 3.0);
}

#[test]
fn a_rule_of_the_recommenders_own_is_counted() {
    let split = three();
    let answer = By(6, |query: &Query<'_>, k| match query.user.unwrap().get() {
        0 => strict(&[3, 0]),
        1 => Ranked::strict(vec![ItemId::new(3), ItemId::new(0)], vec![2.0, 1.0]),
        _ => Ranked::from_scores(&[1.0; 6], k),
    });
    let report = evaluate(&answer, &split.test, &config()).unwrap();
    assert_eq!((report.ties(), report.tied_lists()), (Ties::Declared, 1));
    let text = report.to_string();
    assert!(
        text.contains("equal scores at different ranks in 1 lists"),
        "{text}"
    );
    let popular = evaluate(
        &crate::MostPopular::fit(&split.train),
        &split.test,
        &config(),
    )
    .unwrap();
    assert_eq!((popular.ties(), popular.tied_lists()), (Ties::Broken, 3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Scores with ties over several targets, against counting in the whole catalogue.
    #[test]
    fn shared_ties_are_those_of_the_whole_catalogue(seed in 0_u32..1000, k in 1_usize..9, levels in 1_u32..6) {
        let split = fixture::split_by_time();
        let cases = split.test.cases();
        let items = cases.items() as u32;
        let level = |user: u32, item: u32| (item * 7 + 3) * (user + 13) * (seed + 1) % 101 % levels;
        let answer = By(cases.items(), |query: &Query<'_>, k| {
            let user = query.user.unwrap().get();
            let scores: Vec<f32> = (0..items).map(|item| level(user, item) as f32).collect();
            Ranked::from_scores(&scores, k)
        });
        let config = EvaluateConfig::new(1).with_ks([k]).with_resamples(0).with_ties(TieRule::Shared);
        let report = evaluate(&answer, &split.test, &config).unwrap();
        for metric in Metric::ALL {
            let mut sum = 0.0;
            for case in cases.iter() {
                let user = case.user.get();
                let mut targets: Vec<u32> = case.targets.iter().map(|item| item.get()).collect();
                targets.sort();
                targets.dedup();
                let mut groups = Vec::new();
                for at in (0..levels).rev() {
                    let count = |inside: &dyn Fn(u32) -> bool| (0..items).filter(|&item| inside(item)).count() as u32;
                    let better = count(&|item| level(user, item) > at);
                    let here = targets.iter().filter(|&&item| level(user, item) == at).count() as u32;
                    if here > 0 {
                        let last = better + count(&|item| level(user, item) == at);
                        groups.push(TiedTargets { first: better + 1, last, targets: here });
                    }
                }
                sum += metric.shared_at(k, &groups, targets.len());
            }
            let (found, expected) = (report.value(metric, k).unwrap(), sum / cases.len() as f64);
            prop_assert!((found - expected).abs() < 1e-12, "{metric}: {found}, expected {expected}");
        }
    }
}
