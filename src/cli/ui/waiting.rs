//! A sign of life while something takes long.

use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;

/// The time before anything is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// The time between two movements.
const TICK: Duration = Duration::from_millis(120);

/// The spinner that has the terminal.
static SPINNER: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn spinner() -> MutexGuard<'static, Option<ProgressBar>> {
    SPINNER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes something to the terminal, without a spinner in the way.
pub(super) fn without_spinner(write: impl FnOnce()) {
    let spinner = spinner().clone();
    match spinner {
        Some(spinner) => spinner.suspend(write),
        None => write(),
    }
}

/// Shows on a terminal that work goes on, once it takes more than a second.
/// Dropping it clears the line. Within the work of another one, it shows
/// nothing.
pub struct Waiting {
    spinner: ProgressBar,
    /// Its thread ends when this is gone.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    has_terminal: bool,
}

impl Waiting {
    /// Begins. `what` names the work, such as `opening calls.zip`.
    pub fn new(ui: &Ui, what: String) -> Self {
        let spinner = ProgressBar::hidden();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            spinner.set_style(style.tick_chars("|/-\\ "));
        }
        spinner.set_message(what);
        let (stop, stopped) = mpsc::channel();
        let turning = spinner.clone();
        let turn = move || {
            let is_over = |time| stopped.recv_timeout(time) != Err(RecvTimeoutError::Timeout);
            if is_over(PATIENCE) {
                return;
            }
            turning.set_draw_target(ProgressDrawTarget::stderr());
            while !is_over(TICK) {
                turning.tick();
            }
            turning.finish_and_clear();
        };
        let has_terminal = ui.shows_progress() && {
            let mut shown = self::spinner();
            let is_free = shown.is_none();
            shown.get_or_insert_with(|| spinner.clone());
            is_free
        };
        // Without a thread, nothing turns.
        let thread = match has_terminal {
            true => thread::Builder::new().spawn(turn).ok(),
            false => None,
        };
        Self {
            spinner,
            stop: Some(stop),
            thread,
            has_terminal,
        }
    }

    /// Returns the spinner itself, to hide it during a question.
    pub fn handle(&self) -> ProgressBar {
        self.spinner.clone()
    }

    /// Ends when the first data is written to the sink.
    pub fn until_written<W: Write>(self, sink: W) -> UntilWritten<W> {
        UntilWritten {
            waiting: Some(self),
            sink,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if self.has_terminal {
            *spinner() = None;
        }
    }
}

/// A sink that ends the waiting.
pub struct UntilWritten<W> {
    waiting: Option<Waiting>,
    sink: W,
}

impl<W: Write> Write for UntilWritten<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.waiting = None;
        self.sink.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
