//! Work on all cores: batches of queries, pieces of prompts.

use burn::tensor::Device;
use genrec_cores::{on_cores, side_by_side};

/// How many works are to be done side by side on a device, so that all of it is busy.
fn at_once(device: &Device) -> usize {
    match on_cores(device) {
        true => rayon::current_num_threads(),
        false => 1,
    }
}

/// Answers to `queries`, given by their numbers, in batches of like `length`, several side by side, with the query of each. A batch has at most `most` queries, and fewer where there would otherwise be nothing to do for
/// some cores: so which queries share one depends on the number of cores, and with it how answers round. On an accelerator the batches are answered one after the other.
///
/// # Panics
///
/// If a batch gets more or fewer answers than it has queries.
pub(crate) fn in_batches<A: Send, E: Send>(
    queries: Vec<usize>,
    length: impl Fn(usize) -> usize,
    most: usize,
    device: &Device,
    answer: impl Fn(&[usize]) -> Result<Vec<A>, E> + Sync,
) -> Result<Vec<(usize, A)>, E> {
    batches_at_once(at_once(device), queries, length, most, answer)
}

fn batches_at_once<A: Send, E: Send>(
    at_once: usize,
    mut queries: Vec<usize>,
    length: impl Fn(usize) -> usize,
    most: usize,
    answer: impl Fn(&[usize]) -> Result<Vec<A>, E> + Sync,
) -> Result<Vec<(usize, A)>, E> {
    queries.sort_by_key(|&query| length(query));
    let batch = queries.len().div_ceil(at_once).clamp(1, most);
    let answer = |batch: &[usize]| {
        let answers = answer(batch)?;
        assert_eq!(
            answers.len(),
            batch.len(),
            "expected one answer for each of {} queries, found {}",
            batch.len(),
            answers.len()
        );
        Ok(answers)
    };
    let answers: Vec<Vec<A>> = match at_once {
        1 => queries
            .chunks(batch)
            .map(answer)
            .collect::<Result<_, E>>()?,
        _ => side_by_side(queries.chunks(batch).collect(), answer)
            .into_iter()
            .collect::<Result<_, E>>()?,
    };
    Ok(queries
        .into_iter()
        .zip(answers.into_iter().flatten())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_gets_its_answer_in_batches_of_like_length_that_keep_all_cores_busy() {
        let lengths = [5, 1, 4, 1, 5, 9, 2, 6, 5, 3];
        let sizes = std::sync::Mutex::new(Vec::new());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3);
        let found = pool.build().unwrap().install(|| {
            let which = vec![9, 0, 2, 3, 5, 7, 8];
            let length = |query: usize| lengths[query];
            in_batches(which, length, 100, &Device::default(), |batch| {
                sizes.lock().unwrap().push(batch.len());
                assert!(
                    batch
                        .windows(2)
                        .all(|pair| lengths[pair[0]] <= lengths[pair[1]])
                );
                Ok::<_, ()>(batch.iter().map(|query| query * 10).collect())
            })
        });
        let mut found = found.unwrap();
        found.sort_unstable();
        let expected = [0, 2, 3, 5, 7, 8, 9].map(|query| (query, query * 10));
        assert_eq!(found, expected);
        let mut sizes = sizes.into_inner().unwrap();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 3, 3]);
    }

    #[test]
    fn batches_of_an_accelerator_are_answered_one_after_the_other() {
        let here = std::thread::current().id();
        // The threads of rayon are others than that of the test.
        let answered_here = |at_once| {
            let answer = |batch: &[usize]| {
                Ok::<_, ()>(vec![std::thread::current().id() == here; batch.len()])
            };
            let found = batches_at_once(at_once, (0..9).collect(), |_| 0, 2, answer).unwrap();
            found.into_iter().map(|(_, here)| here).collect::<Vec<_>>()
        };
        assert_eq!(answered_here(1), [true; 9]);
        assert_eq!(answered_here(2), [false; 9]);
    }

    #[test]
    #[should_panic(expected = "one answer for each of 2 queries, found 1")]
    fn a_batch_that_is_not_answered_in_full_is_refused() {
        let answer = |batch: &[usize]| Ok::<_, ()>(vec![(); batch.len().min(1)]);
        let _ = batches_at_once(1, (0..3).collect(), |_| 0, 2, answer);
    }

    #[test]
    fn an_error_of_one_batch_is_the_error() {
        let answer = |batch: &[usize]| match batch.contains(&3) {
            true => Err("three"),
            false => Ok(vec![(); batch.len()]),
        };
        let of = |most: usize| {
            in_batches((0..most).collect(), |_| 0, 1, &Device::default(), answer)
                .map(|all| all.len())
        };
        assert_eq!(of(3), Ok(3));
        assert_eq!(of(5), Err("three"));
        assert_eq!(of(0), Ok(0));
    }
}
