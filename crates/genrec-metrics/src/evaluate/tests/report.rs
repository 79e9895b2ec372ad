//! What a report has beside its figures.

use genrec_data::Check;

use super::*;

#[test]
fn what_the_cases_give_away_is_in_the_report() {
    let split = fixture::leave_one_out_of(6, &[&[0, 1, 5, 0], &[0, 2, 4, 1]]);
    let popular = crate::MostPopular::fit(&split.train);
    let report = evaluate(&popular, &split.test, &config()).unwrap();
    assert_eq!(report.audit().found(Check::TargetInHistory), Some(1));
    assert_eq!(report.audit().found(Check::TargetInTraining), None);
    assert!(
        report
            .to_string()
            .contains("audit: 1 of 2 users (50.0 %) with a target in their own history")
    );
    let audited = config().with_training(split.train.clone());
    let report = evaluate(&popular, &split.test, &audited).unwrap();
    assert_eq!(report.audit().found(Check::TargetInTraining), Some(1));
}

#[test]
fn outcomes_are_the_figures_user_by_user() {
    let split = fixture::split_by_time();
    let knn = crate::ItemKnn::fit(&split.train);
    let report = evaluate(&knn, &split.test, &config().with_ks([2, 7])).unwrap();
    let outcomes = report.outcomes().unwrap();
    let users: Vec<_> = split.test.cases().iter().map(|case| case.user).collect();
    assert_eq!(outcomes.users(), users);
    assert_eq!(outcomes.rows().len(), users.len());
    for figure in report.figures() {
        let values = outcomes.of(figure.metric, figure.k).unwrap();
        assert_eq!(
            values.iter().sum::<f64>() / users.len() as f64,
            figure.value
        );
    }
    assert_eq!(outcomes.of(Metric::Recall, 3), None);
}
