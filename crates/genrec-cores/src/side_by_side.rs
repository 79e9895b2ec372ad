//! Works that share nothing, a core for each.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Maps `items` on all cores, several at once; the results are in the order of the items.
///
/// Where there are as many items as cores, each is worked at by one core alone, and what it calls does not look for others: halves of small products that are handed from core to core, and waited for,
/// cost more than they save. Where there are fewer, all cores help with all of them; a single one is worked at right here.
///
/// # Panics
///
/// If `work` does.
pub fn side_by_side<T: Send, R: Send>(
    items: Vec<T>,
    work: impl Fn(T) -> R + Sync + Send,
) -> Vec<R> {
    let cores = rayon::current_num_threads();
    if cores == 1 || items.len() < 2 {
        return items.into_iter().map(work).collect();
    }
    let Some(pools) = pools(cores).filter(|_| items.len() >= cores) else {
        return items.into_par_iter().map(work).collect();
    };
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let waiting = Mutex::new(items.into_iter().enumerate());
    // Not poisoned by a work that fails: nothing fails while these are held.
    let next = || {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.next()
    };
    on_all(&pools, &|| {
        while let Some((place, item)) = next() {
            let result = work(item);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((place, result));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|&(place, _)| place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// So many pools of one thread, which are kept; none if the system has no more threads to give.
fn pools(count: usize) -> Option<Vec<Arc<ThreadPool>>> {
    static POOLS: Mutex<Vec<Arc<ThreadPool>>> = Mutex::new(Vec::new());
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    while pools.len() < count {
        let number = pools.len();
        let name = move |_| format!("genrec-core-{number}");
        let builder = ThreadPoolBuilder::new().num_threads(1).thread_name(name);
        pools.push(Arc::new(builder.build().ok()?));
    }
    Some(pools[..count].to_vec())
}

/// The same work in each of the pools; returns when all are done.
fn on_all(pools: &[Arc<ThreadPool>], work: &(dyn Fn() + Sync)) {
    if let Some((first, others)) = pools.split_first() {
        first.in_place_scope(|scope| {
            scope.spawn(|_| work());
            on_all(others, work);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    /// Who worked at so many items, and how many threads each of them saw.
    fn workers(items: usize) -> Vec<(thread::ThreadId, usize)> {
        let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        pool.install(|| {
            side_by_side((0..items).collect(), |item: usize| {
                thread::sleep(std::time::Duration::from_millis(item as u64 % 3));
                (thread::current().id(), rayon::current_num_threads())
            })
        })
    }

    #[test]
    fn every_item_has_its_result_in_order() {
        for items in [0, 1, 2, 3, 50] {
            let found = side_by_side((0..items).collect(), |item: usize| {
                // Works may have works.
                let inner = side_by_side(vec![item; 5], |item| item + 1);
                inner.iter().sum::<usize>()
            });
            let expected: Vec<usize> = (0..items).map(|item| 5 * (item + 1)).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn many_items_have_a_core_each_and_a_single_one_has_all() {
        // Elsewhere there may be a single core.
        if rayon::current_num_threads() < 2 {
            return;
        }
        let many = workers(40);
        assert!(many.iter().all(|&(_, threads)| threads == 1));
        let who: BTreeSet<String> = many.iter().map(|(who, _)| format!("{who:?}")).collect();
        assert!((1..=2).contains(&who.len()), "{who:?}");
        assert_eq!(workers(1)[0].1, 2);
    }

    #[test]
    #[should_panic(expected = "seven")]
    fn what_fails_is_heard_of() {
        side_by_side((0..20).collect(), |item| assert_ne!(item, 7, "seven"));
    }
}
