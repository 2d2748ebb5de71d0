//! Several services at the same time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use callseal::ErrorKind;
use callseal::files::cause;
use callseal::service::Control;

use crate::cli::failure::Ended;
use crate::cli::ui::Ui;

/// What one service does, in a thread of its own.
pub(super) struct Work<'a> {
    pub name: &'a str,
    pub control: &'a Control,
    pub run: Box<dyn FnOnce() -> Ended + Send + 'a>,
}

/// Runs services until all of them have ended.
///
/// If one of them fails by a fault in the program, all are stopped: whoever supervises the
/// program starts it anew. Otherwise nobody would notice that one of them is missing.
pub(super) fn run(works: Vec<Work<'_>>, ui: &Ui) -> Ended {
    let controls: Vec<&Control> = works.iter().map(|work| work.control).collect();
    let stop = || controls.iter().for_each(|control| control.stop());
    thread::scope(|scope| {
        let (mut threads, mut failed) = (Vec::new(), None);
        for Work { name, run, .. } in works {
            let run = move || {
                catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
                    stop();
                    ui.error(&format!("{name}: it has ended by a fault in callseal"));
                    ui.hint(
                        "start it again, and report the message before this one; nothing is lost",
                    );
                    Some(ErrorKind::Io)
                })
            };
            match thread::Builder::new().spawn_scoped(scope, run) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    stop();
                    ui.error(&format!(
                        "{name}: no thread can be started: {}",
                        cause(&error)
                    ));
                    failed = Some(ErrorKind::Io);
                }
            }
        }
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(Some(ErrorKind::Io)));
        ended.max().flatten().max(failed)
    })
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;
    use std::time::Duration;

    use callseal::ErrorKind;
    use callseal::service::Control;

    use super::{Work, run};
    use crate::cli::ui::{Colour, Ui};

    #[test]
    fn a_service_that_fails_ends_the_others_and_the_program_with_a_failure() {
        let controls = [(); 3].map(|()| Control::new().unwrap());
        let [one, two, three] = &controls;
        let waits = |control: &Control| {
            while !control.is_stopped() {
                sleep(Duration::from_millis(10));
            }
            None
        };
        let works = vec![
            Work {
                name: "one",
                control: one,
                run: Box::new(|| waits(one)),
            },
            Work {
                name: "two",
                control: two,
                run: Box::new(|| panic!("a fault")),
            },
            Work {
                name: "three",
                control: three,
                run: Box::new(|| waits(three)),
            },
        ];
        let ui = Ui::new(true, false, Colour::Never);
        assert_eq!(run(works, &ui), Some(ErrorKind::Io));
        assert!(controls.iter().all(Control::is_stopped));
    }
}
