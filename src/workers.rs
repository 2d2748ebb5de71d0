//! The loop by which several threads work on one job.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub(crate) use in_order::{Stopped, work_in_order};

mod in_order;

/// Works on every item, on up to `jobs` threads: the calling one, and as many
/// more as the system grants. A limit on processes or memory may refuse some or
/// all of them; the job then takes longer. Returns the outcomes in the order of
/// the items. An item without one takes no memory: there may be a million.
///
/// `begin` makes the state that a thread keeps from item to item. Items are
/// taken in their order, each by one thread.
pub(crate) fn work_on<'i, T, S, R>(
    items: &'i [T],
    jobs: NonZeroUsize,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize, &'i T) -> Option<R> + Sync,
) -> Vec<R>
where
    T: Sync,
    R: Send,
{
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut state = begin();
        let mut outcomes = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else {
                return outcomes;
            };
            if let Some(outcome) = work(&mut state, number, item) {
                outcomes.push((number, outcome));
            }
        }
    };
    let mut outcomes = thread::scope(|scope| {
        let others: Vec<_> = (1..jobs.get().min(items.len()))
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, worker).ok())
            .collect();
        let mut outcomes = worker();
        for other in others {
            match other.join() {
                Ok(more) => outcomes.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        outcomes
    });
    outcomes.sort_unstable_by_key(|(number, _)| *number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Does two things: if there may be several threads and the system grants another one,
/// at the same time.
pub(crate) fn beside<A: Send, B>(
    jobs: NonZeroUsize,
    other: impl Fn() -> A + Sync,
    here: impl FnOnce() -> B,
) -> (A, B) {
    thread::scope(|scope| {
        let thread = match jobs.get() {
            1 => None,
            _ => thread::Builder::new().spawn_scoped(scope, &other).ok(),
        };
        let done = here();
        let done_by_other = match thread.map(thread::ScopedJoinHandle::join) {
            None => other(),
            Some(Ok(done)) => done,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        };
        (done_by_other, done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(items: &[usize], jobs: usize) -> Vec<(usize, usize)> {
        let jobs = NonZeroUsize::new(jobs).unwrap();
        work_on(
            items,
            jobs,
            || (),
            |(), number, item| Some((number, item * 2)),
        )
    }

    #[test]
    fn outcomes_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        let expected: Vec<_> = (0..1000).map(|i| (i, i * 2)).collect();
        for jobs in [1, 2, 7, 2000] {
            assert_eq!(doubled(&items, jobs), expected);
        }
        assert!(doubled(&[], 3).is_empty());
    }

    #[test]
    fn a_thread_keeps_its_state_from_item_to_item() {
        let count = |seen: &mut usize, _, _: &()| {
            *seen += 1;
            Some(*seen)
        };
        let counted = work_on(&[(); 5], NonZeroUsize::MIN, || 0, count);
        assert_eq!(counted, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn two_things_are_done_with_any_number_of_threads() {
        for jobs in [1, 2] {
            let jobs = NonZeroUsize::new(jobs).unwrap();
            assert_eq!(beside(jobs, || "other", || "here"), ("other", "here"));
        }
    }

    #[test]
    fn an_item_may_have_no_outcome() {
        let odd = |(): &mut (), _, item: &usize| (item % 2 == 1).then_some(*item);
        let jobs = NonZeroUsize::new(3).unwrap();
        assert_eq!(work_on(&[0, 1, 2, 3, 5], jobs, || (), odd), [1, 3, 5]);
    }
}
