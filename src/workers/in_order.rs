//! The same with results that are passed on in the order of the items, while others are
//! still worked on.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The most memory of results that wait for their turn, in bytes. A thread whose result
/// would be too much waits with it.
const MOST_WAITING: usize = 32 << 20;

/// Says that nobody wants the rest.
#[derive(Default)]
pub(crate) struct Stopped(AtomicBool);

impl Stopped {
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Works on every item, on up to `jobs` threads, if the system grants any: else on the
/// calling one. The calling thread passes on the results, in the order of the items, and
/// may stop the work before its end.
///
/// `weight` is the memory of a result in bytes. So a result that takes long keeps few
/// others waiting, or many that are small.
pub(crate) fn work_in_order<'i, T, R>(
    items: &'i [T],
    jobs: NonZeroUsize,
    weight: impl Fn(&R) -> usize + Sync,
    work: impl Fn(&'i T, &Stopped) -> R + Sync,
    mut deliver: impl FnMut(&'i T, R) -> ControlFlow<()>,
) where
    T: Sync,
    R: Send,
{
    let turns = Turns::default();
    let next = AtomicUsize::new(0);
    let worker = || {
        let ending = Ending(&turns);
        while !turns.stopped.is_set() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else {
                break;
            };
            let result = work(item, &turns.stopped);
            let weight = weight(&result);
            turns.hand_in(number, result, weight);
        }
        drop(ending);
    };
    thread::scope(|scope| {
        let _stop = Stop(&turns);
        for _ in 0..jobs.get().min(items.len()) {
            turns.begin_worker();
            if thread::Builder::new().spawn_scoped(scope, worker).is_err() {
                turns.end_worker();
                break;
            }
        }
        for (number, item) in items.iter().enumerate() {
            let result = match turns.take(number) {
                Some(result) => result,
                None if turns.stopped.is_set() => return,
                // There is no other thread.
                None => work(item, &turns.stopped),
            };
            if deliver(item, result).is_break() {
                return;
            }
        }
    });
}

/// Results that wait for their turn.
struct Turns<R> {
    state: Mutex<State<R>>,
    changed: Condvar,
    stopped: Stopped,
}

struct State<R> {
    /// The number of the item whose result is passed on next.
    next: usize,
    waiting: HashMap<usize, (R, usize)>,
    weight: usize,
    workers: usize,
}

impl<R> Default for Turns<R> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                next: 0,
                waiting: HashMap::new(),
                weight: 0,
                workers: 0,
            }),
            changed: Condvar::new(),
            stopped: Stopped::default(),
        }
    }
}

impl<R> Turns<R> {
    /// It is intact after any panic: nothing is called while it's locked.
    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<R>>) -> MutexGuard<'a, State<R>> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_worker(&self) {
        self.state().workers += 1;
    }

    fn end_worker(&self) {
        self.state().workers -= 1;
        self.changed.notify_all();
    }

    fn stop(&self) {
        let state = self.state();
        self.stopped.0.store(true, Ordering::Relaxed);
        drop(state);
        self.changed.notify_all();
    }

    /// Hands in a result, when there is room for it or it's its turn.
    fn hand_in(&self, number: usize, result: R, weight: usize) {
        let mut state = self.state();
        while number != state.next
            && state.weight.saturating_add(weight) > MOST_WAITING
            && !self.stopped.is_set()
        {
            state = self.wait(state);
        }
        state.weight = state.weight.saturating_add(weight);
        state.waiting.insert(number, (result, weight));
        drop(state);
        self.changed.notify_all();
    }

    /// Takes the result of this item, when it's there. `None` if no thread works on it,
    /// or the work is stopped.
    fn take(&self, number: usize) -> Option<R> {
        let mut state = self.state();
        state.next = number;
        // It may be handed in now, whatever its weight.
        self.changed.notify_all();
        loop {
            if let Some((result, weight)) = state.waiting.remove(&number) {
                state.weight = state.weight.saturating_sub(weight);
                return Some(result);
            }
            if state.workers == 0 || self.stopped.is_set() {
                return None;
            }
            state = self.wait(state);
        }
    }
}

/// The end of a worker. If it panics, so does the whole job: nobody may wait for it.
struct Ending<'a, R>(&'a Turns<R>);

impl<R> Drop for Ending<'_, R> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
        self.0.end_worker();
    }
}

/// The end of the calling thread's part.
struct Stop<'a, R>(&'a Turns<R>);

impl<R> Drop for Stop<'_, R> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    fn delivered(number: usize, weight: usize) -> Vec<usize> {
        let items: Vec<usize> = (0..300).collect();
        let mut delivered = Vec::new();
        work_in_order(
            &items,
            jobs(number),
            |_| weight,
            |item, _| *item,
            |_, result| {
                delivered.push(result);
                ControlFlow::Continue(())
            },
        );
        delivered
    }

    #[test]
    fn results_come_in_the_order_of_the_items_whatever_they_weigh() {
        for number in [1, 2, 7, 400] {
            for weight in [0, MOST_WAITING / 2, MOST_WAITING + 1, usize::MAX] {
                assert!(delivered(number, weight).into_iter().eq(0..300));
            }
        }
    }

    #[test]
    fn little_waits_for_a_result_that_takes_long() {
        let (held, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<usize> = (0..100).collect();
        let go_on = AtomicBool::new(false);
        work_in_order(
            &items,
            jobs(3),
            |_| MOST_WAITING / 4,
            |item, _| {
                let now = held.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                while *item == 0 && !go_on.load(Ordering::SeqCst) {
                    // Two wait with theirs, beside the four for which there is room.
                    go_on.store(now_held(&held) == 1 + 4 + 2, Ordering::SeqCst);
                    thread::yield_now();
                }
            },
            |_, ()| {
                held.fetch_sub(1, Ordering::SeqCst);
                ControlFlow::Continue(())
            },
        );
        assert!(most.into_inner() <= 4 + 3 + 1);
    }

    fn now_held(held: &AtomicUsize) -> usize {
        held.load(Ordering::SeqCst)
    }

    #[test]
    fn whoever_gets_the_results_may_stop_the_work() {
        let worked = AtomicUsize::new(0);
        let mut delivered = 0;
        work_in_order(
            &[(); 100_000],
            jobs(2),
            |_| MOST_WAITING,
            |_, _| worked.fetch_add(1, Ordering::SeqCst),
            |_, _| {
                delivered += 1;
                match delivered {
                    3 => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            },
        );
        assert_eq!(delivered, 3);
        assert!(worked.into_inner() < 10);
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_of_a_worker_is_one_of_the_job() {
        work_in_order(
            &[1, 2, 3],
            jobs(2),
            |()| 1,
            |item, _| assert!(*item != 2),
            |_, ()| ControlFlow::Continue(()),
        );
    }
}
