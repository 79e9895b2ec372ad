//! Full-ranking evaluation of a recommender on held-out cases.

mod config;
#[cfg(test)]
mod tests;

pub use config::EvaluateConfig;

use std::time::{Duration, Instant};

use genrec_data::{Cases, audit, audit_cases};

use crate::{
    Candidates, Error, EvaluationSet, Outcomes, Protocol, Query, Recommender, Report, Result,
    check::ListCheck, report::Measured, tally::Tally,
};

/// Measures a recommender on all cases of a validation or test set by full ranking.
///
/// Every case is one query with its user and its history; the targets' places in the list give the metrics, ties as
/// [`EvaluateConfig::ties`] says. A target counts once however often the user took it, and one that is not
/// listed counts as missed. Metrics are means over users.
///
/// What the cases (and the training, if [given](EvaluateConfig::with_training)) give away of the answers is counted, stored in the
/// report and printed with it; it is never an error, since people do come back to what they took before.
///
/// The report is of the same kind as the set: what was measured on test cannot be used to choose.
///
/// # Errors
///
/// [`Error::Config`] for an option that makes no sense, [`Error::NoCases`] for an empty set, [`Error::Catalogue`] if
/// recommender or slices were made for another catalogue; [`Error::ListCount`] and [`Error::List`] if the recommender
/// breaks its promise: a list must hold at most k items, valid and unique, with scores that are not NaN and never rise.
pub fn evaluate<S: EvaluationSet>(
    recommender: &dyn Recommender,
    set: &S,
    config: &EvaluateConfig,
) -> Result<Report<S>> {
    evaluate_with_progress(recommender, set, config, |_, _| {})
}

/// As [`evaluate`], calling `progress(users done, users in all)` after every batch.
///
/// # Errors
///
/// As [`evaluate`].
pub fn evaluate_with_progress<S: EvaluationSet>(
    recommender: &dyn Recommender,
    set: &S,
    config: &EvaluateConfig,
    mut progress: impl FnMut(usize, usize),
) -> Result<Report<S>> {
    config.check(set.cases().items())?;
    let among = config
        .candidates
        .as_ref()
        .map(|items| set.cases().among(items));
    let cases = among.as_ref().unwrap_or(set.cases());
    if cases.is_empty() {
        return Err(Error::NoCases {
            held_out: S::HELD_OUT,
        });
    }
    if recommender.items() != cases.items() {
        return Err(Error::Catalogue {
            what: recommender.name().to_owned(),
            found: recommender.items(),
            expected: cases.items(),
        });
    }

    let mut tally = Tally::new(
        &config.ks,
        config.ties,
        cases.items(),
        cases.len(),
        config.slices.as_deref(),
        config.candidates.as_deref(),
    );
    let time = rank_all(recommender, cases, config, &mut tally, &mut progress)?;
    let seen_items = recommender.seen_items();
    let candidates = match &config.candidates {
        Some(items) => Candidates::among(items),
        None => Candidates::FullCatalogue {
            items: cases.items(),
        },
    };
    let measured = Measured {
        recommender: recommender.name().to_owned(),
        protocol: Protocol::new(
            S::HELD_OUT,
            cases,
            seen_items,
            candidates,
            config.ties,
            &config.ks,
        ),
        figures: tally.figures(&config.bootstrap),
        spread: tally.spread(),
        slices: tally.slice_figures(&config.bootstrap),
        bootstrap: config.bootstrap,
        short_lists: tally.short_lists(),
        ties: recommender.ties(),
        tied_lists: tally.tied_lists(),
        audit: match &config.training {
            Some(training) => audit(training, cases),
            None => audit_cases(cases),
        },
        recommend_seconds: time.as_secs_f64(),
    };
    let users = cases.iter().map(|case| case.user).collect();
    let outcomes = Outcomes::new(&config.ks, users, tally.into_rows());
    Ok(Report::new(measured, Some(outcomes)))
}

/// Asks for all lists, checks them, adds them up, and returns the time spent in the recommender alone.
fn rank_all(
    recommender: &dyn Recommender,
    cases: &Cases,
    config: &EvaluateConfig,
    tally: &mut Tally<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Duration> {
    let k = *config.ks.last().expect("checked: at least one k");
    // Which of all items are candidates is not the recommender's business.
    let asked_for = config.candidates.as_ref().map_or(k, |_| cases.items());
    let mut lists = ListCheck::new(cases.items(), asked_for, recommender.seen_items());
    let mut queries = Vec::with_capacity(config.batch.min(cases.len()));
    let mut time = Duration::ZERO;
    for start in (0..cases.len()).step_by(config.batch) {
        let batch = start..cases.len().min(start.saturating_add(config.batch));
        queries.clear();
        queries.extend(batch.clone().map(|index| {
            let case = cases.get(index);
            Query::new(case.user, case.history)
        }));

        let asked = Instant::now();
        let answers = recommender.recommend(&queries, asked_for);
        time += asked.elapsed();

        if answers.len() != queries.len() {
            return Err(Error::ListCount {
                recommender: recommender.name().to_owned(),
                expected: queries.len(),
                found: answers.len(),
            });
        }
        for (index, ranked) in batch.clone().zip(&answers) {
            let case = cases.get(index);
            lists
                .check(case.history, ranked)
                .map_err(|fault| Error::List {
                    recommender: recommender.name().to_owned(),
                    user: case.user,
                    fault,
                })?;
            match &config.candidates {
                Some(items) => tally.add(case.targets, &ranked.among(items, k)),
                None => tally.add(case.targets, ranked),
            }
        }
        progress(batch.end, cases.len());
    }
    Ok(time)
}
