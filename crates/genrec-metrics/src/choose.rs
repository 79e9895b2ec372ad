//! Choosing by validation figures; test figures cannot be chosen by.

use genrec_data::Validation;

use crate::{Error, Metric, Report, Result, table::same_protocol};

/// The place of the best validation report by one metric; of equal ones the first.
///
/// Takes validation reports only, so that nothing can be tuned on test:
///
/// ```compile_fail
/// use genrec_data::Test;
/// use genrec_metrics::{Metric, Report, choose};
///
/// fn best(reports: &[Report<Test>]) -> usize {
///     choose(reports, Metric::Ndcg, 10).unwrap()
/// }
/// ```
///
/// # Errors
///
/// [`Error::Choice`] without reports or if the figure was not measured, [`Error::OtherProtocol`] if the reports were not
/// measured in the same way.
///
/// ```
/// use genrec_data::{Interactions, ItemId, leave_one_out};
/// use genrec_metrics::{EvaluateConfig, ItemKnnConfig, Metric, choose, evaluate};
///
/// let histories = (0..20).map(|user| (user..user + 6).map(|item| ItemId::new(item % 12)).collect());
/// let split = leave_one_out(&Interactions::new(12, histories.collect())?)?;
/// let candidates = [1, 2, 3].map(|window| ItemKnnConfig::new().with_window(window));
///
/// let mut reports = Vec::new();
/// for candidate in &candidates {
///     let knn = candidate.fit(&split.train)?;
///     reports.push(evaluate(&knn, &split.validation, &EvaluateConfig::new(1))?);
/// }
/// let best = &candidates[choose(&reports, Metric::Ndcg, 10)?];
/// let test = evaluate(&best.fit(&split.train)?, &split.test, &EvaluateConfig::new(1))?;
/// # assert!(test.value(Metric::Ndcg, 10).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn choose(reports: &[Report<Validation>], metric: Metric, k: usize) -> Result<usize> {
    let impossible = |reason: &str| Error::Choice {
        figure: format!("{metric}@{k}"),
        reason: reason.to_owned(),
    };
    let first = reports
        .first()
        .ok_or_else(|| impossible("there is no report"))?;
    let value = |report: &Report<Validation>| {
        let measured = || format!("it was measured at {:?} only", report.protocol().ks);
        report
            .value(metric, k)
            .ok_or_else(|| impossible(&measured()))
    };
    let (mut best, mut highest) = (0, value(first)?);
    for (place, report) in reports.iter().enumerate().skip(1) {
        same_protocol(first, report)?;
        let value = value(report)?;
        if value > highest {
            (best, highest) = (place, value);
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EvaluateConfig, ItemKnn, MostPopular, evaluate, fixture};

    #[test]
    fn takes_the_best_and_of_equals_the_first() {
        let split = fixture::split();
        let config = EvaluateConfig::new(1).with_resamples(0);
        let popular =
            evaluate(&MostPopular::fit(&split.train), &split.validation, &config).unwrap();
        let knn = evaluate(&ItemKnn::fit(&split.train), &split.validation, &config).unwrap();
        assert!(knn.value(Metric::Ndcg, 5) > popular.value(Metric::Ndcg, 5));
        let reports = [popular.clone(), knn.clone(), knn, popular];
        assert_eq!(choose(&reports, Metric::Ndcg, 5).unwrap(), 1);
    }

    #[test]
    fn what_was_not_measured_cannot_decide() {
        let split = fixture::split();
        let config = EvaluateConfig::new(1).with_resamples(0);
        let popular = MostPopular::fit(&split.train);
        let report = evaluate(&popular, &split.validation, &config).unwrap();
        let message = choose(std::slice::from_ref(&report), Metric::Ndcg, 7)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("NDCG@7") && message.contains("[5, 10] only"),
            "{message}"
        );
        let message = choose(&[], Metric::Recall, 5).unwrap_err().to_string();
        assert!(message.contains("there is no report"), "{message}");
        let shorter = evaluate(&popular, &split.validation.limit_history(1), &config).unwrap();
        let message = choose(&[report, shorter], Metric::Recall, 5)
            .unwrap_err()
            .to_string();
        assert!(message.contains("history_limit"), "{message}");
    }
}
