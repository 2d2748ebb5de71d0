//! Several services at the same time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use callseal::ErrorKind;
use callseal::files::cause;
use callseal::service::Control;

use crate::cli::failure::Ended;
use crate::cli::watch::log::Log;

/// What one service does, in a thread of its own.
pub(super) struct Work<'a> {
    pub log: &'a Log,
    pub control: &'a Control,
    pub run: Box<dyn FnMut() -> Ended + Send + 'a>,
}

/// How the program ends if some services don't, though they were told to.
pub(super) struct LastStep<'a> {
    /// The time after which it ends.
    pub after: Duration,
    pub end: &'a (dyn Fn() + Sync),
}

impl LastStep<'_> {
    /// Ends the program unless all is over before: a service that seals a huge call would
    /// go on for hours.
    fn wait(&self, is_over: &Receiver<()>) {
        if is_over.recv_timeout(self.after) == Err(RecvTimeoutError::Timeout) {
            (self.end)();
        }
    }
}

/// Runs services until all of them have ended.
///
/// If one of them fails by a fault in the program, all are stopped: whoever supervises the
/// program starts it anew. Otherwise nobody would notice that one of them is missing.
pub(super) fn run(works: Vec<Work<'_>>, last_step: &LastStep<'_>) -> Ended {
    let controls: Vec<&Control> = works.iter().map(|work| work.control).collect();
    let (all_ended, is_over) = mpsc::channel::<()>();
    let is_over = Mutex::new(Some(is_over));
    thread::scope(|scope| {
        let (controls, is_over) = (&controls, &is_over);
        let stop = move || {
            controls.iter().for_each(|control| control.stop());
            let mut is_over = is_over.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(is_over) = is_over.take() {
                // Without it, the program ends when all services have.
                let wait = move || last_step.wait(&is_over);
                let _ = thread::Builder::new().spawn_scoped(scope, wait);
            }
        };
        let (mut threads, mut failed) = (Vec::new(), None);
        for Work { log, mut run, .. } in works {
            let run = move || {
                // What it holds goes last: a service waits for what it does beside.
                catch_unwind(AssertUnwindSafe(&mut run)).unwrap_or_else(|_| {
                    stop();
                    let hint =
                        "start it again, and report the message before this one; nothing is lost";
                    let message = "it has ended by a fault in callseal";
                    log.error("fault", message, Some(hint));
                    Some(ErrorKind::Io)
                })
            };
            match thread::Builder::new().spawn_scoped(scope, run) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    stop();
                    let message = format!("no thread can be started: {}", cause(&error));
                    log.error("fault", &message, None);
                    failed = Some(ErrorKind::Io);
                }
            }
        }
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(Some(ErrorKind::Io)));
        let ended = ended.max().flatten().max(failed);
        drop(all_ended);
        ended
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::sleep;
    use std::time::Duration;

    use callseal::ErrorKind;
    use callseal::service::Control;

    use super::{LastStep, Work, run};
    use crate::cli::watch::log::Log;

    fn waits_until(is_over: impl Fn() -> bool) -> Option<ErrorKind> {
        while !is_over() {
            sleep(Duration::from_millis(10));
        }
        None
    }

    fn work<'a>(
        log: &'a Log,
        control: &'a Control,
        run: impl FnMut() -> Option<ErrorKind> + Send + 'a,
    ) -> Work<'a> {
        Work {
            log,
            control,
            run: Box::new(run),
        }
    }

    #[test]
    fn a_service_that_fails_ends_the_others_and_the_program_with_a_failure() {
        let controls = [(); 3].map(|()| Control::new().unwrap());
        let [one, two, three] = &controls;
        let log = &Log::new("one");
        let works = vec![
            work(log, one, || waits_until(|| one.is_stopped())),
            work(log, two, || panic!("a fault")),
            work(log, three, || waits_until(|| three.is_stopped())),
        ];
        // The others end, so nobody has to end the program.
        let last_step = LastStep {
            after: Duration::from_secs(3600),
            end: &|| panic!("all have ended"),
        };
        assert_eq!(run(works, &last_step), Some(ErrorKind::Io));
        assert!(controls.iter().all(Control::is_stopped));
    }

    #[test]
    fn a_service_that_fails_ends_the_program_though_another_one_goes_on_for_long() {
        let controls = [(); 2].map(|()| Control::new().unwrap());
        let [one, two] = &controls;
        let log = &Log::new("one");
        let is_ended = AtomicBool::new(false);
        let works = vec![
            work(log, one, || {
                waits_until(|| is_ended.load(Ordering::Relaxed))
            }),
            work(log, two, || panic!("a fault")),
        ];
        let last_step = LastStep {
            after: Duration::from_millis(10),
            end: &|| is_ended.store(true, Ordering::Relaxed),
        };
        assert_eq!(run(works, &last_step), Some(ErrorKind::Io));
    }
}
